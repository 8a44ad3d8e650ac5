package meteor

import "math/bits"

// beamSize is the number of paths that the search keeps at each word of the reference.
const beamSize = 40

// aligner chooses among the candidates of a pair by the reference's beam search, from left to right over line 2. Its memory is
// reused. The work is bounded by beamSize times the number of candidates, whatever the text.
type aligner struct {
	fixed  []match // by place in line 2; len1 is 0 where there is none
	used2  []bool  // words of line 2 in fixed matches
	wide   int     // words of 64 bits that hold line 1
	now    *beam   // one of beams
	later  *beam   // the other
	beams  [2]beam
	moves  []move
	nodes  []node
	chosen []match
}

// beam holds the paths of one round.
type beam struct {
	paths  [beamSize]path
	sorted [beamSize]uint8 // the places of the paths, best first
	count  int
	used   []uint64 // [beamSize][wide]: for each path the words of line 1 that are used
}

// path is one partial alignment.
type path struct {
	rank
	lastEnd int32 // end in line 1 of the open chunk, or -1
	idx     int32 // place in line 2 that comes next
	tail    int32 // its last match in nodes, or -1; the fixed matches are not in its chain
}

// rank orders paths: more matched words first, then fewer chunks, then the smaller distance, then the place of the path before. order is
// the missing words in the upper and the chunks in the lower half; distance counts in units of oneStep, below which stands the place of the
// path that was extended. So of equals the one with the better past comes first, whichever is tried first.
type rank struct {
	order    uint64
	distance uint64
}

const (
	oneWord  = 1 << 32
	oneChunk = 1
	oneStep  = 1 << 6 // more than beamSize
)

// settle forgets the place of the path before: the order of the beam has taken it in.
func (r *rank) settle() { r.distance &^= oneStep - 1 }

func (a rank) better(b rank) bool {
	_, borrow := bits.Sub64(a.distance, b.distance, 0)
	_, borrow = bits.Sub64(a.order, b.order, borrow)
	return borrow != 0
}

// move is a match that may be added to a path, with what it does to the rank.
type move struct {
	match
	words    uint64 // in the upper half of order
	distance uint64
}

// node is a match in the chain of a path.
type node struct {
	match  match
	before int32
}

// run returns the matches of the best alignment in the order of line 2. They are valid until the next call.
func (a *aligner) run(p *pair) []match {
	a.prepare(p)
	for c := range int32(p.n2) {
		switch {
		case a.used2[c]:
			a.follow(c)
		case !a.find(p, c):
			a.skip(c)
		default:
			a.extend(c)
		}
	}
	return a.collect()
}

// identity returns the alignment of a line of n words with itself. The search finds no other: at each word its path has the most words,
// no closed chunk and no distance, and comes first among equals.
func (a *aligner) identity(n int) []match {
	a.chosen = a.chosen[:0]
	for i := range int32(n) {
		a.chosen = append(a.chosen, match{i, 1, i, 1, Exact})
	}
	return a.chosen
}

// prepare takes the fixed matches and sets the first path.
func (a *aligner) prepare(p *pair) {
	a.wide = (p.n1 + 63) / 64
	a.fixed = append(a.fixed[:0], make([]match, p.n2)...)
	a.used2 = append(a.used2[:0], make([]bool, p.n2)...)
	a.now, a.later = &a.beams[0], &a.beams[1]
	if size := beamSize * a.wide; len(a.now.used) < size {
		a.now.used, a.later.used = make([]uint64, size), make([]uint64, size)
	}
	clear(a.now.used[:a.wide])
	for j := range p.n2 {
		m, ok := p.fixed(j)
		if !ok {
			continue
		}
		a.fixed[j] = m
		mark(a.now.used, m)
		for k := range m.len2 {
			a.used2[m.start2+k] = true
		}
	}
	a.nodes = a.nodes[:0]
	a.now.count, a.now.sorted[0] = 1, 0
	a.now.paths[0] = path{rank: rank{order: uint64(p.n1+p.n2) * oneWord}, lastEnd: -1, tail: -1}
}

// find sets moves to the matches that start at word c, in the order of the reference, and reports whether there are any. Those that
// take a word of a fixed match are never free.
func (a *aligner) find(p *pair, c int32) bool {
	a.moves = a.moves[:0]
	for _, s := range p.singles[p.kind[c]] {
		a.moves = append(a.moves, moveOf(match{s.start1, 1, c, 1, s.stage}))
	}
	for _, m := range p.phrases.startingAt(int(c)) {
		free := true
		for j := m.start2; j < m.start2+m.len2; j++ {
			free = free && !a.used2[j]
		}
		if free {
			a.moves = append(a.moves, moveOf(m))
		}
	}
	return len(a.moves) > 0
}

// moveOf returns a match as a move. The totals are whole numbers: half a word for a match that is not exact is cut off.
func moveOf(m match) move {
	words := m.len1/2 + m.len2/2
	if m.stage == Exact {
		words = m.len1 + m.len2
	}
	return move{match: m, words: uint64(words) * oneWord, distance: uint64(m.distance()) * oneStep}
}

// follow adds the fixed match that starts at word c to all paths; if none does, they stand within one.
func (a *aligner) follow(c int32) {
	m := moveOf(a.fixed[c])
	if m.len1 == 0 {
		return
	}
	for k := range a.now.count {
		p := &a.now.paths[k]
		p.order -= m.words
		if p.lastEnd >= 0 && m.start1 != p.lastEnd {
			p.order += oneChunk
		}
		p.settle()
		p.distance += m.distance
		p.lastEnd, p.idx = m.start1+m.len1, c+m.len2
	}
	a.now.sort()
}

// skip passes over word c, at which no match starts, in all paths but those that stand within one.
func (a *aligner) skip(c int32) {
	for k := range a.now.count {
		p := &a.now.paths[k]
		p.settle()
		if c >= p.idx {
			p.close()
			p.idx++
		}
	}
	a.now.sort()
}

// close ends the open chunk of a path.
func (p *path) close() {
	if p.lastEnd >= 0 {
		p.order += oneChunk
		p.lastEnd = -1
	}
}

// sort puts the paths in order again; of equals the earlier one stays first.
func (b *beam) sort() {
	for i := 1; i < b.count; i++ {
		slot := b.sorted[i]
		r := b.paths[slot].rank
		k := i
		for ; k > 0 && r.better(b.paths[b.sorted[k-1]].rank); k-- {
			b.sorted[k] = b.sorted[k-1]
		}
		b.sorted[k] = slot
	}
}

// extend makes the paths of the next round from those of this: each with each move at word c that is free, and each without. Those without
// come last, as they are the worse ones, and most find no place.
func (a *aligner) extend(c int32) {
	a.later.count = 0
	a.nodes = append(a.nodes, make([]node, beamSize)...)
	var most uint64
	for i := range a.moves {
		most = max(most, a.moves[i].words)
	}
	tried := a.now.count
	for at, slot := range a.now.sorted[:a.now.count] {
		p := &a.now.paths[slot]
		p.settle()
		p.distance |= uint64(at)
		if !a.later.takes(rank{p.order - most, p.distance}) {
			tried = at // nor does it take one of the paths behind, which are no better
			break
		}
		if c >= p.idx { // not inside a match of several words
			a.match(p, a.usedBy(a.now, int(slot)))
		}
	}
	for _, slot := range a.now.sorted[:tried] {
		p := &a.now.paths[slot]
		if c >= p.idx {
			p.close()
			p.idx++
		}
		if a.later.takes(p.rank) {
			to := a.later.place(p.rank)
			a.later.paths[to] = *p
			inherit(a.usedBy(a.later, to), a.usedBy(a.now, int(slot)))
		}
	}
	a.now, a.later = a.later, a.now
}

// match queues p, which uses these words, with each move that is free. The distance of a match goes to the old path: the new ones after it
// see it, the one with the match does not.
func (a *aligner) match(p *path, used []uint64) {
	first := len(a.nodes) - beamSize // of this round
	for i := range a.moves {
		m := &a.moves[i]
		if !free(used, m) {
			continue
		}
		r := rank{p.order - m.words, p.distance}
		if p.lastEnd >= 0 && m.start1 != p.lastEnd {
			r.order += oneChunk
		}
		if a.later.takes(r) {
			to := a.later.place(r)
			a.nodes[first+to] = node{m.match, p.tail}
			a.later.paths[to] = path{r, m.start1 + m.len1, m.start2 + m.len2, int32(first + to)}
			its := a.usedBy(a.later, to)
			inherit(its, used)
			mark(its, m.match)
		}
		p.distance += m.distance
	}
}

// inherit copies the words of line 1 that are used; most lines have at most 64.
func inherit(to, from []uint64) {
	if len(to) == 1 {
		to[0] = from[0]
		return
	}
	copy(to, from)
}

// usedBy returns the words of line 1 that a path uses.
func (a *aligner) usedBy(b *beam, slot int) []uint64 { return b.used[slot*a.wide:][:a.wide] }

// free reports whether no word of line 1 that m takes is used.
func free(used []uint64, m *move) bool {
	if m.len1 == 1 {
		return used[m.start1>>6]>>(m.start1&63)&1 == 0
	}
	for i := m.start1; i < m.start1+m.len1; i++ {
		if used[i>>6]>>(i&63)&1 != 0 {
			return false
		}
	}
	return true
}

// takes reports whether a path of rank r would be among the best beamSize.
func (b *beam) takes(r rank) bool {
	return b.count < beamSize || r.better(b.paths[b.sorted[beamSize-1]].rank)
}

// place returns where to write a path of rank r, which the beam takes; of equals the earlier one comes first.
func (b *beam) place(r rank) int {
	k := b.count
	slot := uint8(k)
	if k == beamSize {
		k--
		slot = b.sorted[k]
	} else {
		b.count++
	}
	for ; k > 0 && r.better(b.paths[b.sorted[k-1]].rank); k-- {
		b.sorted[k] = b.sorted[k-1]
	}
	b.sorted[k] = slot
	return int(slot)
}

// collect returns the matches of the best path and the fixed ones, in the order of line 2.
func (a *aligner) collect() []match {
	for k := range a.now.count {
		a.now.paths[k].settle()
		a.now.paths[k].close()
	}
	a.now.sort()
	for at := a.now.paths[a.now.sorted[0]].tail; at >= 0; at = a.nodes[at].before {
		a.fixed[a.nodes[at].match.start2] = a.nodes[at].match
	}
	a.chosen = a.chosen[:0]
	for _, m := range a.fixed {
		if m.len1 > 0 {
			a.chosen = append(a.chosen, m)
		}
	}
	return a.chosen
}

// mark sets the words of line 1 that m uses.
func mark(used []uint64, m match) {
	for i := m.start1; i < m.start1+m.len1; i++ {
		used[i>>6] |= 1 << (i & 63)
	}
}

// distance is how far apart the two sides of a match stand.
func (m match) distance() int64 {
	d := int64(m.start2) - int64(m.start1)
	return max(d, -d)
}
