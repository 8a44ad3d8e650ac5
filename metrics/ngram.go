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

func newNgramTable(words int) *ngramTable {
	return &ngramTable{keys: make([]uint64, 1<<12), ids: make([]int32, 1<<12), count: int32(words), words: int32(words)}
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

// number returns the numbers of the n-grams of words, by the place of their first word and then by order: those of the 1-grams are the
// words themselves and are left out.
func (t *ngramTable) number(words []int32) []int32 {
	numbers := make([]int32, 0, len(words)*(maxOrder-1))
	for i := range words {
		id := words[i]
		for n := 2; n <= maxOrder && i+n <= len(words); n++ {
			id = t.add(id, words[i+n-1])
			numbers = append(numbers, id)
		}
	}
	return numbers
}

// ngrams calls yield with the order 1..maxOrder and the number of every n-gram of a text.
func (t *text) ngrams(yield func(order int, id int32)) {
	next := t.numbers
	for i, word := range t.words {
		yield(1, word)
		for n := 2; n <= maxOrder && i+n <= len(t.words); n++ {
			yield(n, next[0])
			next = next[1:]
		}
	}
}

// ngrams numbers the n-grams of all texts, once.
func (c *corpus) ngrams() *ngramTable {
	if c.table == nil {
		c.table = newNgramTable(len(c.vocab.ids))
		for i := range c.samples {
			c.hyps[i].numbers = c.table.number(c.hyps[i].words)
			for k := range c.refs[i] {
				c.refs[i][k].numbers = c.table.number(c.refs[i][k].words)
			}
		}
	}
	return c.table
}

// counter counts n-grams of one text at a time in arrays over all n-gram numbers; clear undoes only what was touched.
type counter struct {
	counts []int32
	seen   []int32 // in order of first occurrence
	orders []int8
}

func newCounter(t *ngramTable) *counter { return &counter{counts: make([]int32, t.count)} }

func (k *counter) add(order int, id int32) {
	if k.counts[id] == 0 {
		k.seen = append(k.seen, id)
		k.orders = append(k.orders, int8(order))
	}
	k.counts[id]++
}

func (k *counter) clear() {
	for _, id := range k.seen {
		k.counts[id] = 0
	}
	k.seen, k.orders = k.seen[:0], k.orders[:0]
}
