package tokenizer

import (
	"container/heap"
	"math"
	"strings"
	"sync"
	"sync/atomic"
)

// noRank is the rank of a pair that does not merge.
const noRank = math.MaxInt32

// pair is two neighbouring tokens.
type pair struct{ left, right int32 }

// merge is what a pair becomes. Pairs of lower rank merge first.
type merge struct{ rank, id int32 }

// BPE is a byte-level byte-pair vocabulary in the manner of GPT-2.
type BPE struct {
	tokens []string       // id -> bytes
	bytes  [256]int32     // byte -> id
	merges map[pair]merge // neighbours -> token
	parts  map[int32]pair // token -> the neighbours it is made of
	eos    int

	words sync.Map     // word -> []int
	known atomic.Int32 // how many words hold
}

// maxWords bounds the memory of words, give or take one a goroutine. Reports repeat a few thousand words; beyond the limit words
// are merged again each time.
const maxWords = 1 << 16

// Size is the number of ids, EOS included.
func (t *BPE) Size() int { return len(t.tokens) }

// EOS is the id of <|endoftext|>.
func (t *BPE) EOS() int { return t.eos }

// Encode returns the ids of text.
func (t *BPE) Encode(text string) []int {
	ids := make([]int, 0, len(text)/4+1)
	for len(text) > 0 {
		n := nextWord(text)
		ids = append(ids, t.word(text[:n])...)
		text = text[n:]
	}
	return ids
}

// Decode returns the text of ids; EOS is nothing, an id outside the vocabulary U+FFFD.
func (t *BPE) Decode(ids []int) string {
	var out strings.Builder
	for _, id := range ids {
		switch {
		case id == t.eos:
		case id < 0 || id >= len(t.tokens):
			out.WriteRune('\uFFFD')
		default:
			out.WriteString(t.tokens[id])
		}
	}
	return out.String()
}

// word returns the ids of one word, from memory if it was seen.
func (t *BPE) word(word string) []int {
	if ids, ok := t.words.Load(word); ok {
		return ids.([]int)
	}
	ids := t.merged(word)
	if len(word) <= 64 && t.known.Load() < maxWords {
		t.known.Add(1)
		t.words.Store(strings.Clone(word), ids)
	}
	return ids
}

// merged returns the tokens of a word: of its bytes, the pair of lowest rank is merged again and again, the leftmost of equals.
func (t *BPE) merged(word string) []int {
	if len(word) <= shortWord {
		return t.mergeShort(word)
	}
	return t.mergeLong(word)
}

// shortWord is the length up to which it is quicker to look at all pairs for the next merge than to keep a queue.
const shortWord = 32

func (t *BPE) mergeShort(word string) []int {
	var tokens [shortWord]int32
	var merges [shortWord]merge // of a token with the next
	rate := func(i int) {
		m, ok := t.merges[pair{tokens[i], tokens[i+1]}]
		if !ok {
			m.rank = noRank
		}
		merges[i] = m
	}
	n := len(word)
	for i := range n {
		tokens[i] = t.bytes[word[i]]
	}
	for i := range n - 1 {
		rate(i)
	}
	for n > 1 {
		best := 0
		for i := 1; i < n-1; i++ {
			if merges[i].rank < merges[best].rank {
				best = i
			}
		}
		if merges[best].rank == noRank {
			break
		}
		tokens[best] = merges[best].id
		n--
		copy(tokens[best+1:n], tokens[best+2:])
		copy(merges[best:n], merges[best+1:])
		if best > 0 {
			rate(best - 1)
		}
		if best < n-1 {
			rate(best)
		}
	}
	ids := make([]int, n)
	for i := range ids {
		ids[i] = int(tokens[i])
	}
	return ids
}

// piece is a token of a word under way, in a list of neighbours.
type piece struct {
	id         int32
	prev, next int32 // -1: none
	rank       int32 // of the merge with next
}

// mergeLong keeps a queue, which makes it n log n, so that a long run of one letter costs no more than ordinary text.
func (t *BPE) mergeLong(word string) []int {
	pieces := make([]piece, len(word))
	for i := range pieces {
		pieces[i] = piece{id: t.bytes[word[i]], prev: int32(i) - 1, next: int32(i) + 1, rank: noRank}
	}
	if len(pieces) > 0 {
		pieces[len(pieces)-1].next = -1
	}
	var queue mergeQueue
	rate := func(i int32) {
		p := &pieces[i]
		p.rank = noRank
		if p.next < 0 {
			return
		}
		if m, ok := t.merges[pair{p.id, pieces[p.next].id}]; ok {
			p.rank = m.rank
			heap.Push(&queue, candidate{m.rank, i})
		}
	}
	for i := range pieces {
		rate(int32(i))
	}
	for len(queue) > 0 {
		best := heap.Pop(&queue).(candidate)
		p := &pieces[best.at]
		if p.rank != best.rank { // merged or re-rated since
			continue
		}
		gone := &pieces[p.next]
		p.id = t.merges[pair{p.id, gone.id}].id
		p.next = gone.next
		gone.rank = noRank
		if p.next >= 0 {
			pieces[p.next].prev = best.at
		}
		rate(best.at)
		if p.prev >= 0 {
			rate(p.prev)
		}
	}
	ids := make([]int, 0, len(word))
	for i := int32(0); i >= 0 && len(pieces) > 0; i = pieces[i].next {
		ids = append(ids, int(pieces[i].id))
	}
	return ids
}

// candidate is a merge that may be done at a piece.
type candidate struct{ rank, at int32 }

// mergeQueue is a heap of candidates, by rank, then from the left.
type mergeQueue []candidate

func (q mergeQueue) Len() int { return len(q) }
func (q mergeQueue) Less(i, j int) bool {
	return q[i].rank < q[j].rank || q[i].rank == q[j].rank && q[i].at < q[j].at
}
func (q mergeQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q *mergeQueue) Push(x any)   { *q = append(*q, x.(candidate)) }
func (q *mergeQueue) Pop() any {
	last := len(*q) - 1
	x := (*q)[last]
	*q = (*q)[:last]
	return x
}
