package tokenizer

import (
	"fmt"
	"strings"
)

// pieces is WordPiece as tokenizer.json has it.
type pieces struct {
	vocab   map[string]int
	inside  string // before pieces that do not begin a word
	longest int    // characters of a word, beyond which it is unknown
	unknown int
	count   int
}

func (w *pieces) fill(vocab map[string]int, unknown string) error {
	w.vocab = vocab
	var ok bool
	if w.unknown, ok = vocab[unknown]; !ok {
		return fmt.Errorf("model WordPiece: unk_token %q is not in the vocabulary", unknown)
	}
	if w.longest < 1 {
		return fmt.Errorf("model WordPiece: max_input_chars_per_word %d is not possible", w.longest)
	}
	var err error
	w.count, err = sizeOf(vocab)
	return err
}

// sizeOf is one more than the largest id of a vocabulary.
func sizeOf(vocab map[string]int) (int, error) {
	size := 0
	for token, id := range vocab {
		if id < 0 || id > 1<<24 {
			return 0, fmt.Errorf("token %q has the id %d", token, id)
		}
		size = max(size, id+1)
	}
	return size, nil
}

func (w *pieces) size() int { return w.count }

// appendPieces appends the pieces of a word: from the left the longest piece there is; the word is unknown if some rest has none.
func (w *pieces) appendPieces(ids []int, word string) []int {
	starts := make([]int, 0, len(word)+1) // of the characters, in bytes
	for i := range word {
		starts = append(starts, i)
	}
	if len(starts) > w.longest {
		return append(ids, w.unknown)
	}
	starts = append(starts, len(word))
	begin := len(ids)
	for from := 0; from < len(starts)-1; {
		to, id, ok := len(starts)-1, 0, false
		for ; to > from; to-- {
			piece := word[starts[from]:starts[to]]
			if from > 0 {
				piece = w.inside + piece
			}
			if id, ok = w.vocab[piece]; ok {
				break
			}
		}
		if !ok {
			return append(ids[:begin], w.unknown)
		}
		ids, from = append(ids, id), to
	}
	return ids
}

// bytePairs is a BPE model over bytes, whose vocabulary may have any special tokens and gaps.
type bytePairs struct{ bpe BPE }

func newBytePairs(vocab map[string]int, pairs [][2]string) (*bytePairs, error) {
	size, err := sizeOf(vocab)
	if err != nil {
		return nil, err
	}
	if size > 16*len(vocab)+1<<16 {
		return nil, fmt.Errorf("a vocabulary of %d tokens with the id %d", len(vocab), size-1)
	}
	b := &bytePairs{BPE{tokens: make([]string, size), merges: map[pair]merge{}, parts: map[int32]pair{}, eos: -1}}
	t := &b.bpe
	for i := range t.bytes {
		t.bytes[i] = -1
	}
	index := make(map[string]int32, len(vocab))
	for token, id := range vocab {
		text, written := fromAlphabet(token)
		if written && len(text) == 1 {
			t.bytes[text[0]] = int32(id)
		}
		t.tokens[id] = token
		index[token] = int32(id)
	}
	for b, id := range t.bytes {
		if id < 0 {
			return nil, fmt.Errorf("no token for the byte %#02x: not a byte-level vocabulary", b)
		}
	}
	for rank, p := range pairs {
		left, okLeft := index[p[0]]
		right, okRight := index[p[1]]
		joined, okBoth := index[p[0]+p[1]]
		if !okLeft || !okRight || !okBoth {
			return nil, fmt.Errorf("merge %d: %q and %q, or the two together, are not in the vocabulary", rank+1, p[0], p[1])
		}
		t.addMerge(pair{left, right}, int32(rank), joined)
	}
	return b, nil
}

func (b *bytePairs) size() int { return len(b.bpe.tokens) }

func (b *bytePairs) appendPieces(ids []int, word string) []int {
	return append(ids, b.bpe.word(word)...)
}

// splitMerges reads the lines of a merges.txt, two tokens each; lines are the numbers of those that hold a pair.
func splitMerges(text []byte) (pairs [][2]string, lines []int, err error) {
	number := 0
	for line := range strings.Lines(string(text)) {
		number++
		line = strings.TrimRight(line, "\r\n")
		if number == 1 && strings.HasPrefix(line, "#version") || line == "" {
			continue
		}
		fields := strings.Split(line, " ")
		if len(fields) != 2 {
			return nil, nil, fmt.Errorf("line %d: want two tokens with a space between", number)
		}
		pairs, lines = append(pairs, [2]string{fields[0], fields[1]}), append(lines, number)
	}
	return pairs, lines, nil
}
