package meteor

import "slices"

// batchSize is how many entries are looked up together.
const batchSize = 256

// maxNumbers bounds the arrays of a table, whose places are 32-bit numbers. The largest of the official table has 9 million.
const maxNumbers = 1 << 28

// tableBuilder collects the entries of a table. Words and phrases are numbered in the order of their first occurrence.
type tableBuilder struct {
	wordStarts []uint32
	wordText   []byte
	wordSlots  []uint32

	wordsOf     []uint32
	phraseWords []uint32
	phraseSlots []uint64

	from, to []uint32 // the entries

	words []uint32 // of the phrase that is being read, and of the second phrases that wait
	ends  []int    // of these in words
	hash  []uint64 // theirs
	warm  uint64   // see flush
}

// newTableBuilder returns an empty builder with room for the entries of so many bytes of text: how many bytes each number takes was
// measured on the official table.
func newTableBuilder(size int) *tableBuilder {
	phrases := size / 100
	slots := 1 << 10
	for 3*slots <= 4*phrases {
		slots *= 2
	}
	return &tableBuilder{
		wordStarts: []uint32{0}, wordSlots: make([]uint32, 1<<10),
		wordsOf: make([]uint32, 1, phrases+1), phraseWords: make([]uint32, 0, size/28), phraseSlots: make([]uint64, slots),
		from: make([]uint32, 0, size/50), to: make([]uint32, 0, size/50),
	}
}

// full reports whether another entry could go beyond what a table can number.
func (b *tableBuilder) full() bool {
	return len(b.from) >= maxNumbers || len(b.phraseWords) >= maxNumbers || len(b.wordText) >= maxNumbers
}

// first numbers the first phrase of entries; ok is false for one without words.
func (b *tableBuilder) first(line []byte) (id uint32, ok bool) {
	start := len(b.words)
	h := b.split(line)
	if len(b.words) == start {
		return 0, false
	}
	id = b.phrase(h, b.words[start:])
	b.words = b.words[:start]
	return id, true
}

// add takes an entry; ok is false if its second phrase has no words.
func (b *tableBuilder) add(from uint32, line []byte) (ok bool) {
	start := len(b.words)
	h := b.split(line)
	if len(b.words) == start {
		return false
	}
	b.from, b.ends, b.hash = append(b.from, from), append(b.ends, len(b.words)), append(b.hash, h)
	if len(b.hash) == batchSize {
		b.flush()
	}
	return true
}

// flush numbers the second phrases that wait. Where they stand in a large table is nowhere near: the first two loops touch all of it,
// so that memory is waited for once a batch and not twice a phrase.
func (b *tableBuilder) flush() {
	mask := uint32(len(b.phraseSlots) - 1)
	for _, h := range b.hash {
		if slot := b.phraseSlots[phrasePlace(h, mask)]; slot>>32 == h>>32 {
			b.warm += uint64(b.wordsOf[uint32(slot)])
		}
	}
	for _, h := range b.hash {
		if slot := b.phraseSlots[phrasePlace(h, mask)]; slot>>32 == h>>32 {
			b.warm += uint64(b.phraseWords[b.wordsOf[uint32(slot)-1]])
		}
	}
	start := 0
	for i, h := range b.hash {
		b.to = append(b.to, b.phrase(h, b.words[start:b.ends[i]]))
		start = b.ends[i]
	}
	b.words, b.ends, b.hash = b.words[:0], b.ends[:0], b.hash[:0]
}

// split appends the numbers of the words of a phrase to b.words and returns the hash of the phrase.
func (b *tableBuilder) split(line []byte) uint64 {
	h := noWords
	for i := 0; i < len(line); {
		if isBreak(line[i]) {
			i++
			continue
		}
		start := i
		for i < len(line) && !isBreak(line[i]) {
			i++
		}
		word := b.word(line[start:i])
		b.words = append(b.words, word)
		h = addWord(h, word)
	}
	return h
}

// word numbers a word.
func (b *tableBuilder) word(text []byte) uint32 {
	mask := uint32(len(b.wordSlots) - 1)
	at := hashWord(text) & mask
	for b.wordSlots[at] != 0 {
		if id := b.wordSlots[at] - 1; string(b.wordText[b.wordStarts[id]:b.wordStarts[id+1]]) == string(text) {
			return id
		}
		at = (at + 1) & mask
	}
	id := uint32(len(b.wordStarts) - 1)
	b.wordSlots[at] = id + 1
	b.wordText = append(b.wordText, text...)
	b.wordStarts = append(b.wordStarts, uint32(len(b.wordText)))
	if 2*len(b.wordStarts) > len(b.wordSlots) {
		b.growWords()
	}
	return id
}

func (b *tableBuilder) growWords() {
	b.wordSlots = make([]uint32, 2*len(b.wordSlots))
	mask := uint32(len(b.wordSlots) - 1)
	for id := range uint32(len(b.wordStarts) - 1) {
		at := hashWord(b.wordText[b.wordStarts[id]:b.wordStarts[id+1]]) & mask
		for b.wordSlots[at] != 0 {
			at = (at + 1) & mask
		}
		b.wordSlots[at] = id + 1
	}
}

// phrase numbers the phrase of these words.
func (b *tableBuilder) phrase(h uint64, words []uint32) uint32 {
	mask := uint32(len(b.phraseSlots) - 1)
	at := phrasePlace(h, mask)
	for b.phraseSlots[at] != 0 {
		if slot := b.phraseSlots[at]; slot>>32 == h>>32 {
			if id := uint32(slot) - 1; slices.Equal(b.phraseWords[b.wordsOf[id]:b.wordsOf[id+1]], words) {
				return id
			}
		}
		at = (at + 1) & mask
	}
	id := uint32(len(b.wordsOf) - 1)
	b.phraseSlots[at] = h>>32<<32 | uint64(id+1)
	b.phraseWords = append(b.phraseWords, words...)
	b.wordsOf = append(b.wordsOf, uint32(len(b.phraseWords)))
	if 4*len(b.wordsOf) > 3*len(b.phraseSlots) {
		b.growPhrases()
	}
	return id
}

func (b *tableBuilder) growPhrases() {
	old := b.phraseSlots
	b.phraseSlots = make([]uint64, 2*len(old))
	mask := uint32(len(b.phraseSlots) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		at := phrasePlace(slot, mask)
		for b.phraseSlots[at] != 0 {
			at = (at + 1) & mask
		}
		b.phraseSlots[at] = slot
	}
}

// partners groups the second phrases of the entries by their first, in the order of the table.
func (b *tableBuilder) partners() (partnersOf, partners []uint32) {
	partnersOf = make([]uint32, len(b.wordsOf))
	for _, id := range b.from {
		partnersOf[id+1]++
	}
	for id := 1; id < len(partnersOf); id++ {
		partnersOf[id] += partnersOf[id-1]
	}
	partners = make([]uint32, len(b.to))
	for i, id := range b.from { // partnersOf[id] counts up to where those of id+1 begin
		partners[partnersOf[id]] = b.to[i]
		partnersOf[id]++
	}
	copy(partnersOf[1:], partnersOf)
	partnersOf[0] = 0
	return partnersOf, partners
}

// beginnings returns the bits of all words with which phrases begin.
func (b *tableBuilder) beginnings() []byte {
	size := 8
	for 4*size < len(b.phraseWords) { // at least 2 bits for each
		size *= 2
	}
	filter := make([]byte, size)
	for id := range len(b.wordsOf) - 1 {
		h := noWords
		for _, word := range b.phraseWords[b.wordsOf[id]:b.wordsOf[id+1]] {
			h = addWord(h, word)
			at := beginningBit(h, size)
			filter[at>>3] |= 1 << (at & 7)
		}
	}
	return filter
}
