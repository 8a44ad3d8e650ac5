package meteor

// beamSize is the number of paths that the search keeps at each word of the reference.
const beamSize = 40

// aligner chooses among the candidates of a pair by the reference's beam search, from left to right over line 2. Its memory is
// reused. The work is bounded by beamSize times the number of candidates, whatever the text.
type aligner struct {
	fixed     []match // by place in line 2; len1 is 0 where there is none
	used2     []bool  // words of line 2 in fixed matches
	base      []uint64
	paths     []path
	next      []step
	bits      [2][]uint64 // the used words of line 1 of the kept paths, of this step and of the next
	nodes     []node
	chosen    []match
	wordsBits int
}

// path is one partial alignment.
type path struct {
	rank    rank
	lastEnd int32 // end in line 1 of the open chunk, or -1
	idx     int32 // place in line 2 that comes next
	tail    int32 // its last match in nodes, or -1
	used    []uint64
}

// rank orders paths: more matched words first, then fewer chunks, then the smaller distance.
type rank struct {
	total1, total2, chunks int32
	distance               int64
}

func (a *rank) better(b *rank) bool {
	if x, y := a.total1+a.total2, b.total1+b.total2; x != y {
		return x > y
	}
	if a.chunks != b.chunks {
		return a.chunks < b.chunks
	}
	return a.distance < b.distance
}

// step is a path of the next round before it is known whether it is kept.
type step struct {
	rank    rank
	lastEnd int32
	idx     int32
	from    int32 // the path that it extends
	added   match // len1 is 0 when nothing is added
}

// node is a match in the chain of a path.
type node struct {
	match  match
	before int32
}

// run returns the matches of the best alignment in the order of line 2. They are valid until the next call.
func (a *aligner) run(p *pair) []match {
	a.prepare(p)
	for c := 0; c <= p.n2; c++ {
		a.next = a.next[:0]
		for i := range a.paths {
			a.extend(p, int32(i), c)
		}
		if len(a.next) == 0 { // every path was dropped: the best one stays
			a.keep(0)
		}
		a.advance(c)
	}
	a.chosen = a.chosen[:0]
	for at := a.paths[0].tail; at >= 0; at = a.nodes[at].before {
		a.chosen = append(a.chosen, a.nodes[at].match)
	}
	for i, j := 0, len(a.chosen)-1; i < j; i, j = i+1, j-1 {
		a.chosen[i], a.chosen[j] = a.chosen[j], a.chosen[i]
	}
	return a.chosen
}

// prepare takes the fixed matches and sets the first path.
func (a *aligner) prepare(p *pair) {
	a.wordsBits = (p.n1 + 63) / 64
	a.fixed = append(a.fixed[:0], make([]match, p.n2)...)
	a.used2 = append(a.used2[:0], make([]bool, p.n2)...)
	for i := range a.bits {
		if size := beamSize * a.wordsBits; len(a.bits[i]) < size {
			a.bits[i] = make([]uint64, size)
		}
	}
	first := a.bits[0][:a.wordsBits]
	clear(first)
	for j := range p.n2 {
		m, ok := p.fixed(j)
		if !ok {
			continue
		}
		a.fixed[j] = m
		mark(first, m)
		for k := range m.len2 {
			a.used2[m.start2+k] = true
		}
	}
	a.nodes = a.nodes[:0]
	a.paths = append(a.paths[:0], path{lastEnd: -1, tail: -1, used: first})
}

// extend puts the continuations of path i at word c into the queue.
func (a *aligner) extend(p *pair, i int32, c int) {
	from := &a.paths[i]
	switch {
	case c == p.n2:
		s := step{rank: from.rank, lastEnd: from.lastEnd, idx: from.idx, from: i}
		if from.lastEnd >= 0 {
			s.rank.chunks++
		}
		a.queue(s)
	case a.used2[c] || c < int(from.idx):
		if c < int(from.idx) {
			a.keep(i)
		} else if m := a.fixed[c]; m.len1 > 0 {
			s := a.taking(i, from.rank, m)
			s.rank.distance += m.distance()
			a.queue(s)
		}
	default:
		rank := from.rank
		for _, m := range p.singles[p.kind[c]] {
			if from.used[m.start1>>6]>>(m.start1&63)&1 == 0 {
				full := match{m.start1, 1, int32(c), 1, m.stage}
				if !a.hopeless(&rank, m.stage) {
					a.queue(a.taking(i, rank, full))
				}
				rank.distance += full.distance()
			}
		}
		for _, m := range p.phrases[int32(c)] {
			if a.free(from, m) {
				a.queue(a.taking(i, rank, m))
				rank.distance += m.distance()
			}
		}
		skip := step{rank: rank, lastEnd: -1, idx: from.idx + 1, from: i}
		if from.lastEnd >= 0 {
			skip.rank.chunks++
		}
		a.queue(skip)
	}
}

// keep puts path i into the queue as it is.
func (a *aligner) keep(i int32) {
	from := &a.paths[i]
	a.queue(step{rank: from.rank, lastEnd: from.lastEnd, idx: from.idx, from: i})
}

// taking returns path i with a match added. The totals are whole numbers: half a word for a match that is not exact is cut off.
func (a *aligner) taking(i int32, r rank, m match) step {
	if m.stage == Exact {
		r.total1, r.total2 = r.total1+m.len1, r.total2+m.len2
	} else {
		r.total1, r.total2 = r.total1+m.len1/2, r.total2+m.len2/2
	}
	if last := a.paths[i].lastEnd; last >= 0 && m.start1 != last {
		r.chunks++
	}
	return step{rank: r, lastEnd: m.start1 + m.len1, idx: m.start2 + m.len2, from: i, added: m}
}

// hopeless reports whether a path of rank r with a match of one word added cannot enter the full queue, whatever its chunks.
func (a *aligner) hopeless(r *rank, stage Stage) bool {
	if len(a.next) < beamSize {
		return false
	}
	worst := &a.next[beamSize-1].rank
	total, worstTotal := r.total1+r.total2, worst.total1+worst.total2
	if stage == Exact {
		total += 2
	}
	return total < worstTotal || total == worstTotal && (r.chunks > worst.chunks || r.chunks == worst.chunks && r.distance >= worst.distance)
}

// free reports whether no word of m is used.
func (a *aligner) free(from *path, m match) bool {
	for i := m.start1; i < m.start1+m.len1; i++ {
		if from.used[i>>6]>>(i&63)&1 != 0 {
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

// queue keeps the best beamSize steps, sorted; of equals the earlier one comes first.
func (a *aligner) queue(s step) {
	n := len(a.next)
	if n == beamSize {
		if !s.rank.better(&a.next[n-1].rank) {
			return
		}
		n--
	} else {
		a.next = append(a.next, s)
	}
	for n > 0 && s.rank.better(&a.next[n-1].rank) {
		a.next[n] = a.next[n-1]
		n--
	}
	a.next[n] = s
}

// advance turns the kept steps into the paths of the next round; c is the round, whose parity names the free memory.
func (a *aligner) advance(c int) {
	bits := a.bits[(c+1)&1]
	old := a.paths
	var fresh [beamSize]path
	for i, s := range a.next {
		from := &old[s.from]
		used := bits[i*a.wordsBits : (i+1)*a.wordsBits]
		copy(used, from.used)
		tail := from.tail
		if s.added.len1 > 0 {
			mark(used, s.added)
			a.nodes = append(a.nodes, node{s.added, tail})
			tail = int32(len(a.nodes) - 1)
		}
		fresh[i] = path{rank: s.rank, lastEnd: s.lastEnd, idx: s.idx, tail: tail, used: used}
	}
	a.paths = append(a.paths[:0], fresh[:len(a.next)]...)
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
