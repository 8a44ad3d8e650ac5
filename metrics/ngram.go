package metrics

// maxOrder is the longest n-gram of BLEU and CIDEr.
const maxOrder = 4

// ngramTable numbers n-grams exactly: an n-gram is the number of its first n-1 words and its last word. Words themselves are the
// 1-grams.
type ngramTable struct {
	keys  []uint64 // prefix<<32 | word + 1; 0 is a free place
	ids   []int32
	count int32
	words int32 // numbers below this are single words
}

// newNgramTable returns a table for texts of so many tokens of so many words.
func newNgramTable(words, tokens int) *ngramTable {
	size := 1 << 12
	for 2*size < tokens {
		size *= 2
	}
	return &ngramTable{keys: make([]uint64, size), ids: make([]int32, size), count: int32(words), words: int32(words)}
}

func ngramKey(prefix, word int32) uint64 {
	return uint64(uint32(prefix))<<32 | uint64(uint32(word)) + 1
}

// place returns where key stands or would stand.
func (t *ngramTable) place(key uint64) int {
	mask := uint64(len(t.keys) - 1)
	h := key * 0x9E3779B97F4A7C15
	for i := (h ^ h>>29) & mask; ; i = (i + 1) & mask {
		if t.keys[i] == key || t.keys[i] == 0 {
			return int(i)
		}
	}
}

// add returns the number of prefix followed by word, a new one if need be.
func (t *ngramTable) add(prefix, word int32) int32 {
	key := ngramKey(prefix, word)
	i := t.place(key)
	if t.keys[i] != 0 {
		return t.ids[i]
	}
	if used := int(t.count - t.words); used*2 >= len(t.keys) {
		t.grow()
		i = t.place(key)
	}
	t.keys[i], t.ids[i] = key, t.count
	t.count++
	return t.ids[i]
}

func (t *ngramTable) grow() {
	old := *t
	t.keys, t.ids = make([]uint64, 2*len(old.keys)), make([]int32, 2*len(old.keys))
	for i, key := range old.keys {
		if key != 0 {
			j := t.place(key)
			t.keys[j], t.ids[j] = key, old.ids[i]
		}
	}
}

// gram is an n-gram of a text and how often it occurs there.
type gram struct{ id, count int32 }

// ngrams counts the n-grams of all texts, once.
func (c *corpus) ngrams() *ngramTable {
	if c.table == nil {
		tokens := 0
		for _, t := range c.texts {
			tokens += len(t.words)
		}
		c.table = newNgramTable(len(c.vocab.ids), tokens)
		var counter ngramCounter
		for _, t := range c.texts {
			counter.count(c.table, t)
		}
	}
	return c.table
}

// ngramCounter counts n-grams of one text at a time. Its memory is reused.
type ngramCounter struct {
	ids   []int32 // by the place of their first word
	place []int32 // by n-gram number: 1 + its place in grams; those of other texts are 0
	room  []gram  // for those of the texts to come
	grams []gram
}

// count fills in the n-grams of a text.
func (k *ngramCounter) count(table *ngramTable, t *text) {
	k.ids, k.grams = append(k.ids[:0], t.words...), k.grams[:0]
	for n := 1; n <= maxOrder; n++ {
		for i := range max(0, len(t.words)-n+1) {
			if n > 1 {
				k.ids[i] = table.add(k.ids[i], t.words[i+n-1])
			}
			k.add(k.ids[i])
		}
		t.ends[n] = int32(len(k.grams))
	}
	for _, g := range k.grams {
		k.place[g.id] = 0
	}
	if len(k.room) < len(k.grams) {
		k.room = make([]gram, max(len(k.grams), 1<<16))
	}
	t.grams, k.room = k.room[:len(k.grams):len(k.grams)], k.room[len(k.grams):]
	copy(t.grams, k.grams)
}

func (k *ngramCounter) add(id int32) {
	if int(id) >= len(k.place) {
		k.place = append(k.place, make([]int32, int(id)+1)...)
	}
	at := k.place[id]
	if at == 0 {
		k.grams = append(k.grams, gram{id: id})
		at = int32(len(k.grams))
		k.place[id] = at
	}
	k.grams[at-1].count++
}
