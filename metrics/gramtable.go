package metrics

// gramTable numbers the n-grams of characters and words of one sample exactly: an n-gram of characters is the number of its first
// characters and the last one. It is cleared between samples without touching its memory.
type gramTable struct {
	keys  []uint64
	ids   []int32
	when  []uint32 // the sample in which the place was taken
	now   uint32
	next  int32
	words map[string]int32
}

// gramTableSmall is the size to which a table returns after a very long text.
const (
	gramTableSmall = 1 << 12
	gramTableLarge = 1 << 20
)

// count is above every number given since the last clear.
func (t *gramTable) count() int { return int(t.next) }

func (t *gramTable) clear() {
	if len(t.keys) == 0 || len(t.keys) > gramTableLarge || t.now == 1<<32-1 {
		*t = gramTable{}
		t.resize(gramTableSmall)
	}
	t.now++
	t.next = 0
	clear(t.words)
}

func (t *gramTable) resize(size int) {
	t.keys, t.ids, t.when = make([]uint64, size), make([]int32, size), make([]uint32, size)
}

// id returns the number of the characters of prefix, -1 for none, followed by r.
func (t *gramTable) id(prefix int32, r rune) int32 {
	return t.find(uint64(prefix+1)<<21 | uint64(r))
}

// pair returns the number of two words in a row.
func (t *gramTable) pair(first, second int32) int32 {
	return t.find(1<<63 | uint64(first)<<31 | uint64(second))
}

// word returns the number of a word.
func (t *gramTable) word(word string) int32 {
	id, ok := t.words[word]
	if !ok {
		if t.words == nil {
			t.words = map[string]int32{}
		}
		id = t.next
		t.words[word] = id
		t.next++
	}
	return id
}

func (t *gramTable) find(key uint64) int32 {
	i := t.place(key)
	if t.when[i] == t.now {
		return t.ids[i]
	}
	used := int(t.next) - len(t.words) // words have numbers too, but no places here
	if used*2 >= len(t.keys) {
		old := *t
		t.resize(2 * len(old.keys))
		for k, when := range old.when {
			if when == t.now {
				j := t.place(old.keys[k])
				t.keys[j], t.ids[j], t.when[j] = old.keys[k], old.ids[k], t.now
			}
		}
		i = t.place(key)
	}
	t.keys[i], t.ids[i], t.when[i] = key, t.next, t.now
	t.next++
	return t.ids[i]
}

// place returns where key stands or would stand.
func (t *gramTable) place(key uint64) int {
	mask := uint64(len(t.keys) - 1)
	h := key * 0x9E3779B97F4A7C15
	for i := (h ^ h>>29) & mask; ; i = (i + 1) & mask {
		if t.when[i] != t.now || t.keys[i] == key {
			return int(i)
		}
	}
}
