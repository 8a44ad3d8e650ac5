package native

// arena hands out the memory of one run's values. All of it is taken back at once by reset; single blocks may come back
// before. What it took from the system it keeps, so that a repeated step allocates nothing.
type arena struct {
	chunks [][]float32
	chunk  int // the one in use
	used   int // of it
	back   map[int][][]float32
}

const (
	firstChunk = 1 << 20 // floats
	largeChunk = 1 << 26
)

// roundUp makes blocks whole cache lines.
func roundUp(n int) int { return (n + 15) &^ 15 }

// take is a block of n floats with anything in it.
func (a *arena) take(n int) []float32 {
	size := max(roundUp(n), 16)
	if free := a.back[size]; len(free) > 0 {
		a.back[size] = free[:len(free)-1]
		return free[len(free)-1][:n]
	}
	for a.chunk < len(a.chunks) && a.used+size > len(a.chunks[a.chunk]) {
		a.chunk++
		a.used = 0
	}
	if a.chunk == len(a.chunks) {
		a.chunks = append(a.chunks, mapFloats(max(size, min(firstChunk<<len(a.chunks), largeChunk))))
	}
	block := a.chunks[a.chunk][a.used : a.used+size : a.used+size]
	a.used += size
	return block[:n]
}

// giveBack lets a block be taken again within the same run.
func (a *arena) giveBack(block []float32) {
	if a.back == nil {
		a.back = map[int][][]float32{}
	}
	size := cap(block)
	a.back[size] = append(a.back[size], block[:size])
}

// reset takes everything back.
func (a *arena) reset() {
	a.chunk, a.used = 0, 0
	for size, blocks := range a.back {
		a.back[size] = blocks[:0]
	}
}

func (a *arena) free() {
	for _, c := range a.chunks {
		unmapFloats(c)
	}
	*a = arena{}
}
