package meteor

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// simplePath is a path of simpleAlign.
type simplePath struct {
	matches            []match
	used               map[int32]bool // of line 1
	total1, total2     int
	chunks             int
	lastEnd, idx, away int
}

func (p simplePath) with(m match) simplePath {
	p.used = map[int32]bool{}
	for _, old := range append(p.matches, m) {
		for i := range old.len1 {
			p.used[old.start1+i] = true
		}
	}
	p.matches = append(slices.Clone(p.matches), m)
	if m.stage == Exact {
		p.total1, p.total2 = p.total1+int(m.len1), p.total2+int(m.len2)
	} else {
		p.total1, p.total2 = p.total1+int(m.len1)/2, p.total2+int(m.len2)/2
	}
	if p.lastEnd >= 0 && int(m.start1) != p.lastEnd {
		p.chunks++
	}
	p.lastEnd, p.idx = int(m.start1+m.len1), int(m.start2+m.len2)
	return p
}

func (p simplePath) closed() simplePath {
	if p.lastEnd >= 0 {
		p.chunks, p.lastEnd = p.chunks+1, -1
	}
	return p
}

func better(a, b simplePath) int {
	return slices.Compare([]int{b.total1 + b.total2, a.chunks, a.away}, []int{a.total1 + a.total2, b.chunks, b.away})
}

// simpleAlign is part 3 of docs/METEOR.md word by word: slow, and without any of the aligner's shortcuts.
func simpleAlign(p *pair) []match {
	fixed, used2 := map[int32]match{}, map[int32]bool{}
	queue := []simplePath{{lastEnd: -1}}
	start := map[int32]bool{}
	for j := range p.n2 {
		if m, ok := p.fixed(j); ok {
			fixed[m.start2] = m
			for i := range m.len1 {
				start[m.start1+i] = true
			}
			for k := range m.len2 {
				used2[m.start2+k] = true
			}
		}
	}
	best := func() []simplePath {
		slices.SortStableFunc(queue, better)
		return queue[:min(beamSize, len(queue))]
	}
	for c := range int32(p.n2) {
		queue = best()
		var next []simplePath
		for _, path := range queue {
			if used2[c] {
				if m, ok := fixed[c]; int(c) >= path.idx && ok {
					path = path.with(m)
					path.away += int(m.distance())
				}
				next = append(next, path)
				continue
			}
			if int(c) < path.idx {
				next = append(next, path)
				continue
			}
			var all []match
			for _, s := range p.singles[p.kind[c]] {
				all = append(all, match{s.start1, 1, c, 1, s.stage})
			}
			old := path
			for _, m := range append(all, p.phrases.startingAt(int(c))...) {
				free := true
				for i := range m.len1 {
					free = free && !path.used[m.start1+i] && !start[m.start1+i]
				}
				for k := range m.len2 {
					free = free && !used2[m.start2+k]
				}
				if free {
					next = append(next, old.with(m))
					old.away += int(m.distance())
				}
			}
			old = old.closed()
			old.idx++
			next = append(next, old)
		}
		queue = next
	}
	queue = best()
	for i := range queue {
		queue[i] = queue[i].closed()
	}
	chosen := best()[0].matches
	slices.SortFunc(chosen, func(a, b match) int { return int(a.start2 - b.start2) })
	return chosen
}

// TestAlignIsTheSearch compares the aligner with the simple search on lines that fill its beam: of few words, some related, with phrases.
func TestAlignIsTheSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("image images picture the a of left right opacity opacities")
	line := func(n int) string {
		var list []string
		for range n {
			list = append(list, words[r.IntN(1+r.IntN(len(words)))])
		}
		return strings.Join(list, " ")
	}
	full := 0
	for round := range 400 {
		var table strings.Builder
		for range r.IntN(8) {
			fmt.Fprintf(&table, "1\n%s\n%s\n", line(1+r.IntN(4)), line(1+r.IntN(3)))
		}
		p, err := ReadParaphrases(t.Context(), strings.NewReader(table.String()))
		if err != nil {
			t.Fatal(err)
		}
		s := mustNew(t, p)
		s.hyp, s.ref = s.Reference(line(1+r.IntN(1+round%70))), s.Reference(line(1+r.IntN(14)))
		if round%3 == 0 { // a line and itself in another order, with a word more: in the end nothing is missing
			s.ref = append(slices.Clone(s.hyp[:min(len(s.hyp), 12)]), s.hyp[0])
			s.hyp = slices.Clone(s.ref[1:])
			r.Shuffle(len(s.hyp), func(i, j int) { s.hyp[i], s.hyp[j] = s.hyp[j], s.hyp[i] })
		}
		s.pair.load(s)
		want := simpleAlign(&s.pair)
		got := s.align.run(&s.pair)
		if !slices.Equal(got, want) {
			t.Fatalf("%v against %v:\n got %v\nwant %v", s.hyp, s.ref, got, want)
		}
		if s.align.now.count == beamSize {
			full++
		}
	}
	if full < 100 {
		t.Errorf("the beam was full in only %d rounds", full)
	}
}
