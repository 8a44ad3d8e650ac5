package meteor

// beamSize is the number of paths that the search keeps at each word of the reference.
const beamSize = 40

// aligner chooses among the candidates of a pair by the reference's beam search, from left to right over line 2. Its memory is
// reused. The work is bounded by beamSize times the number of candidates, whatever the text.
type aligner struct {
	fixed  []match // by place in line 2; len1 is 0 where there is none
	used2  []bool  // words of line 2 in fixed matches
	wide   int     // words of 64 bits that hold line 1
	now    beam
	later  beam
	steps  [beamSize]step // the paths of the next round, before they are made
	sorted [beamSize]int8 // their order, best first
	count  int            // how many of them there are
	nodes  []node
	chosen []match
}

// beam holds the paths of one round, best first, and for each the words of line 1 that are used.
type beam struct {
	paths []path
	used  []uint64 // [paths][wide]
}

// path is one partial alignment.
type path struct {
	rank
	lastEnd int32 // end in line 1 of the open chunk, or -1
	idx     int32 // place in line 2 that comes next
	tail    int32 // its last match in nodes, or -1; the fixed matches are not in its chain
}

// rank orders paths: more matched words first, then fewer chunks, then the smaller distance. order is the missing words in the upper and
// the chunks in the lower half.
type rank struct {
	order    uint64
	distance int64
}

const (
	oneWord  = 1 << 32
	oneChunk = 1
)

func (a rank) better(b rank) bool {
	return a.order < b.order || a.order == b.order && a.distance < b.distance
}

// step is a path of the next round.
type step struct {
	path
	from  int32 // the path that it extends
	added match // len1 is 0 when nothing is added to the chain
}

// node is a match in the chain of a path.
type node struct {
	match  match
	before int32
}

// run returns the matches of the best alignment in the order of line 2. They are valid until the next call.
func (a *aligner) run(p *pair) []match {
	a.prepare(p)
	silent := false // the round before found nothing to match: another such round changes nothing
	for c := 0; c < p.n2; c++ {
		if a.used2[c] {
			silent = false
		} else if nothing := p.candidates(c) == 0; nothing && silent {
			for i := range a.now.paths {
				a.now.paths[i].idx++
			}
			continue
		} else {
			silent = nothing && len(p.phrases.sorted) == 0
		}
		a.count = 0
		for i := range a.now.paths {
			a.extend(p, int32(i), c)
		}
		a.advance()
	}
	a.count = 0
	for i := range a.now.paths {
		a.finish(int32(i))
	}
	a.advance()
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
	for _, b := range []*beam{&a.now, &a.later} {
		if size := beamSize * a.wide; len(b.used) < size {
			b.used = make([]uint64, size)
		}
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
	words := uint64(p.n1 + p.n2)
	a.now.paths = append(a.now.paths[:0], path{rank: rank{order: words * oneWord}, lastEnd: -1, tail: -1})
}

// extend puts the continuations of path i at word c into the queue.
func (a *aligner) extend(p *pair, i int32, c int) {
	from := &a.now.paths[i]
	switch {
	case c < int(from.idx): // inside a match of several words
		a.keep(from.rank, from, i)
		return
	case a.used2[c]: // by a fixed match, which starts here
		m := a.fixed[c]
		r := from.taking(m)
		r.distance += m.distance()
		if s := a.place(r); s != nil {
			s.lastEnd, s.idx, s.tail, s.from, s.added.len1 = m.start1+m.len1, m.start2+m.len2, from.tail, i, 0
		}
		return
	}
	// The distance of a match goes to the old path: the new ones after it see it, the one with the match does not.
	old := *from
	used := a.now.used[int(i)*a.wide : (int(i)+1)*a.wide]
	for _, s := range p.singles[p.kind[c]] {
		if used[s.start1>>6]>>(s.start1&63)&1 == 0 {
			a.take(&old, i, match{s.start1, 1, int32(c), 1, s.stage})
		}
	}
	for _, m := range p.phrases.startingAt(c) {
		if a.free(used, m) {
			a.take(&old, i, m)
		}
	}
	if old.lastEnd >= 0 {
		old.order += oneChunk
		old.lastEnd = -1
	}
	old.idx++
	a.keep(old.rank, &old, i)
}

// take queues a copy of path i, now old, with m added, and charges the distance to old.
func (a *aligner) take(old *path, i int32, m match) {
	if s := a.place(old.taking(m)); s != nil {
		s.lastEnd, s.idx, s.tail, s.from, s.added = m.start1+m.len1, m.start2+m.len2, old.tail, i, m
	}
	old.distance += m.distance()
}

// finish closes the open chunk of path i.
func (a *aligner) finish(i int32) {
	from := &a.now.paths[i]
	r := from.rank
	if from.lastEnd >= 0 {
		r.order += oneChunk
	}
	a.keep(r, from, i)
}

// keep queues a continuation of path i without a match, whose rank is r and whose other fields are those of p.
func (a *aligner) keep(r rank, p *path, i int32) {
	if s := a.place(r); s != nil {
		s.lastEnd, s.idx, s.tail, s.from, s.added.len1 = p.lastEnd, p.idx, p.tail, i, 0
	}
}

// taking returns the rank with m added. The totals are whole numbers: half a word for a match that is not exact is cut off.
func (p *path) taking(m match) rank {
	r := p.rank
	if m.stage == Exact {
		r.order -= uint64(m.len1+m.len2) * oneWord
	} else {
		r.order -= uint64(m.len1/2+m.len2/2) * oneWord
	}
	if p.lastEnd >= 0 && m.start1 != p.lastEnd {
		r.order += oneChunk
	}
	return r
}

// free reports whether no word of m is used.
func (a *aligner) free(used []uint64, m match) bool {
	for i := m.start1; i < m.start1+m.len1; i++ {
		if used[i>>6]>>(i&63)&1 != 0 {
			return false
		}
	}
	for j := m.start2; j < m.start2+m.len2; j++ {
		if a.used2[j] {
			return false
		}
	}
	return true
}

// place returns where to write a step of rank r, or nil if it is not among the best beamSize; of equals the earlier one comes first.
func (a *aligner) place(r rank) *step {
	k := a.count
	slot := int8(k)
	if k == beamSize {
		k--
		slot = a.sorted[k]
		if !r.better(a.steps[slot].rank) {
			return nil
		}
	} else {
		a.count++
	}
	for k > 0 && r.better(a.steps[a.sorted[k-1]].rank) {
		a.sorted[k] = a.sorted[k-1]
		k--
	}
	a.sorted[k] = slot
	s := &a.steps[slot]
	s.rank = r
	return s
}

// advance makes the queued steps the paths of this round.
func (a *aligner) advance() {
	a.later.paths = a.later.paths[:0]
	for i, slot := range a.sorted[:a.count] {
		s := &a.steps[slot]
		used := a.later.used[i*a.wide : (i+1)*a.wide]
		copy(used, a.now.used[int(s.from)*a.wide:])
		if s.added.len1 > 0 {
			mark(used, s.added)
			a.nodes = append(a.nodes, node{s.added, s.tail})
			s.tail = int32(len(a.nodes) - 1)
		}
		a.later.paths = append(a.later.paths, s.path)
	}
	a.now, a.later = a.later, a.now
}

// collect returns the matches of the first path and the fixed ones, in the order of line 2.
func (a *aligner) collect() []match {
	for at := a.now.paths[0].tail; at >= 0; at = a.nodes[at].before {
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
