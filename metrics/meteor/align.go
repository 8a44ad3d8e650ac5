package meteor

import "math/bits"

// beamSize is the number of paths that the search keeps at each word of the reference.
const beamSize = 40

// aligner chooses among the candidates of a pair by the reference's beam search, from left to right over line 2. Its memory is
// reused. The work is bounded by beamSize times the number of candidates, whatever the text.
type aligner struct {
	units  units
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
	ranks [beamSize]rank  // of the paths, best first
	slots [beamSize]uint8 // where they are in paths
	paths [beamSize]path
	count int
	used  []uint64 // [beamSize][wide]: for each path the words of line 1 that are used
}

// path is one partial alignment.
type path struct {
	lastEnd int32 // end in line 1 of the open chunk, or -1
	idx     int32 // place in line 2 that comes next
	tail    int32 // its last match in nodes, or -1; the fixed matches are not in its chain
}

// rank orders paths, the smaller first: by the words that are missing, then by chunks, then by distance, each in its own bits; below them
// stands the place of the path that was extended, so that of equals the one with the better past comes first, whichever is tried first.
type rank uint64

// oneStep is the unit of distances in a rank: more than beamSize.
const oneStep = 1 << 6

// settle forgets the place of the path before: the order of the beam has taken it in.
func (r rank) settle() rank { return r &^ (oneStep - 1) }

// units are what ranks count in. They leave each part of a rank the bits that it can need in a pair. If there are too few, which takes lines
// of thousands of equal words, distances are counted coarsely; the reference's own have overflown there.
type units struct {
	word, chunk rank
	coarse      int // bits of a distance that do not count
}

func unitsFor(p *pair) units {
	farthest, candidates := uint64(max(p.n1, p.n2)), uint64(0)
	for _, n := range p.cover2 {
		candidates += uint64(n)
	}
	distance, chunks, words := bits.Len64(farthest*candidates), bits.Len(uint(p.n2+1)), bits.Len(uint(p.n1+p.n2))
	coarse := max(0, bits.Len(oneStep-1)+distance+chunks+words-64)
	return units{
		word: oneStep << (distance - coarse + chunks), chunk: oneStep << (distance - coarse), coarse: coarse,
	}
}

// move is a match that may be added to a path, with what it does to the rank.
type move struct {
	match
	words    rank // no more missing
	distance rank
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
	a.units = unitsFor(p)
	a.now.count, a.now.ranks[0], a.now.slots[0] = 1, rank(p.n1+p.n2)*a.units.word, 0
	a.now.paths[0] = path{lastEnd: -1, tail: -1}
}

// find sets moves to the matches that start at word c, in the order of the reference, and reports whether there are any. Those that
// take a word of a fixed match are never free.
func (a *aligner) find(p *pair, c int32) bool {
	a.moves = a.moves[:0]
	for _, s := range p.singles[p.kind[c]] {
		a.moves = append(a.moves, a.units.moveOf(match{s.start1, 1, c, 1, s.stage}))
	}
	for _, m := range p.phrases.startingAt(int(c)) {
		free := true
		for j := m.start2; j < m.start2+m.len2; j++ {
			free = free && !a.used2[j]
		}
		if free {
			a.moves = append(a.moves, a.units.moveOf(m))
		}
	}
	return len(a.moves) > 0
}

// moveOf returns a match as a move. The totals are whole numbers: half a word for a match that is not exact is cut off.
func (u units) moveOf(m match) move {
	words := m.len1/2 + m.len2/2
	if m.stage == Exact {
		words = m.len1 + m.len2
	}
	return move{match: m, words: rank(words) * u.word, distance: rank(m.distance()>>u.coarse) * oneStep}
}

// follow adds the fixed match that starts at word c to all paths; if none does, they stand within one.
func (a *aligner) follow(c int32) {
	m := a.units.moveOf(a.fixed[c])
	if m.len1 == 0 {
		return
	}
	for k := range a.now.count {
		r, p := &a.now.ranks[k], &a.now.paths[a.now.slots[k]]
		*r = r.settle() - m.words + m.distance
		if p.lastEnd >= 0 && m.start1 != p.lastEnd {
			*r += a.units.chunk
		}
		p.lastEnd, p.idx = m.start1+m.len1, c+m.len2
	}
	a.now.sort()
}

// skip passes over word c, at which no match starts, in all paths but those that stand within one.
func (a *aligner) skip(c int32) {
	for k := range a.now.count {
		r, p := &a.now.ranks[k], &a.now.paths[a.now.slots[k]]
		*r = a.pass(r.settle(), p, c)
	}
	a.now.sort()
}

// pass passes over word c in one path of rank r, unless it stands within a match, and returns its rank: an open chunk ends.
func (a *aligner) pass(r rank, p *path, c int32) rank {
	if c < p.idx {
		return r
	}
	p.idx++
	if p.lastEnd >= 0 {
		p.lastEnd = -1
		r += a.units.chunk
	}
	return r
}

// sort puts the paths in order again; of equals the earlier one stays first.
func (b *beam) sort() {
	for i := 1; i < b.count; i++ {
		r, slot := b.ranks[i], b.slots[i]
		k := i
		for ; k > 0 && r < b.ranks[k-1]; k-- {
			b.ranks[k], b.slots[k] = b.ranks[k-1], b.slots[k-1]
		}
		b.ranks[k], b.slots[k] = r, slot
	}
}

// extend makes the paths of the next round from those of this: each with each move at word c that is free, and each without. Those without
// come last, as they are the worse ones, and most find no place.
func (a *aligner) extend(c int32) {
	a.later.count = 0
	a.nodes = append(a.nodes, make([]node, beamSize)...)
	var most rank
	for i := range a.moves {
		most = max(most, a.moves[i].words)
	}
	tried := a.now.count
	for at := range a.now.count {
		r := a.now.ranks[at].settle() | rank(at)
		if !a.later.takes(r - min(r, most)) {
			tried = at // nor does it take one of the paths behind, which are no better
			break
		}
		slot := int(a.now.slots[at])
		if p := &a.now.paths[slot]; c >= p.idx { // not inside a match of several words
			r = a.match(r, p, a.usedBy(a.now, slot))
		}
		a.now.ranks[at] = r
	}
	for at := range tried {
		slot := int(a.now.slots[at])
		p := &a.now.paths[slot]
		if r := a.pass(a.now.ranks[at], p, c); a.later.takes(r) {
			to := a.later.place(r)
			a.later.paths[to] = *p
			inherit(a.usedBy(a.later, to), a.usedBy(a.now, slot))
		}
	}
	a.now, a.later = a.later, a.now
}

// match queues p, of rank r, which uses these words, with each move that is free, and returns the rank that p has then. The distance of a
// match goes to the old path: the new ones after it see it, the one with the match does not.
func (a *aligner) match(r rank, p *path, used []uint64) rank {
	first := len(a.nodes) - beamSize // of this round
	for i := range a.moves {
		m := &a.moves[i]
		if !free(used, m) {
			continue
		}
		with := r - m.words
		if p.lastEnd >= 0 && m.start1 != p.lastEnd {
			with += a.units.chunk
		}
		if a.later.takes(with) {
			to := a.later.place(with)
			a.nodes[first+to] = node{m.match, p.tail}
			a.later.paths[to] = path{m.start1 + m.len1, m.start2 + m.len2, int32(first + to)}
			its := a.usedBy(a.later, to)
			inherit(its, used)
			mark(its, m.match)
		}
		r += m.distance
	}
	return r
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
func (b *beam) takes(r rank) bool { return b.count < beamSize || r < b.ranks[beamSize-1] }

// place returns where to write a path of rank r, which the beam takes; of equals the earlier one comes first.
func (b *beam) place(r rank) int {
	k := b.count
	slot := uint8(k)
	if k == beamSize {
		k--
		slot = b.slots[k]
	} else {
		b.count++
	}
	for ; k > 0 && r < b.ranks[k-1]; k-- {
		b.ranks[k], b.slots[k] = b.ranks[k-1], b.slots[k-1]
	}
	b.ranks[k], b.slots[k] = r, slot
	return int(slot)
}

// collect returns the matches of the best path and the fixed ones, in the order of line 2.
func (a *aligner) collect() []match {
	a.skip(int32(len(a.fixed))) // open chunks end
	for at := a.now.paths[a.now.slots[0]].tail; at >= 0; at = a.nodes[at].before {
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
