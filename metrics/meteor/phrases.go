package meteor

import (
	"math/bits"
	"slices"
)

// phraseFinder finds the matches of the paraphrase table between two lines. Its memory is reused.
type phraseFinder struct {
	table  *Paraphrases
	words  []uint32   // the line that is searched, in the table's numbers
	line1  phraseLine // the phrases in both lines
	line2  phraseLine
	found  []match // in the order in which the reference finds them
	sorted []match // by where they start in line 2, then in that order
	starts []int32 // [n2+1]: those that start at place j are sorted[starts[j]:starts[j+1]]
}

// phraseLine are the phrases of the table that stand in a line, and where each stands.
type phraseLine struct {
	phrases []occurrence // by start, then by length
	heads   []int32      // hash table, its length a power of two: 1 + the first of phrases with a number of this hash; 0: none
	next    []int32      // 1 + the next of phrases with the same place in heads; 0: none
}

// occurrence is a phrase in a line.
type occurrence struct {
	id         uint32
	start, len int32
}

// find finds the matches of a scorer's two lines: first the entries whose first phrase is in line 2, then those whose first phrase is in
// line 1, each from left to right; at one place shorter phrases first, then the order of the table. What two entries say is found twice.
func (f *phraseFinder) find(s *Scorer) {
	f.findPhrases(s, s.hyp, &f.line1)
	f.findPhrases(s, s.ref, &f.line2)
	f.found = f.found[:0]
	if len(f.line1.phrases) > 0 && len(f.line2.phrases) > 0 {
		f.line1.index()
		f.line2.index()
		for _, a := range f.line2.phrases {
			f.partners(a, &f.line1, func(b occurrence) match { return match{b.start, b.len, a.start, a.len, Paraphrase} })
		}
		for _, a := range f.line1.phrases {
			f.partners(a, &f.line2, func(b occurrence) match { return match{a.start, a.len, b.start, b.len, Paraphrase} })
		}
	}
	f.sort(len(s.ref))
}

// findPhrases finds the phrases of the table in a line.
func (f *phraseFinder) findPhrases(s *Scorer, line []int32, found *phraseLine) {
	f.words = f.words[:0]
	for _, id := range line {
		f.words = append(f.words, s.words.info[id].inTable)
	}
	found.phrases = found.phrases[:0]
	for start := range f.words {
		h := noWords
		for end := start; end < len(f.words) && f.words[end] != noWord; end++ {
			if h = addWord(h, f.words[end]); !f.table.begins(h) {
				break
			}
			if id, ok := f.table.phrase(h, f.words[start:end+1]); ok {
				found.phrases = append(found.phrases, occurrence{id, int32(start), int32(end + 1 - start)})
			}
		}
	}
}

// index makes heads and next.
func (l *phraseLine) index() {
	size := 64
	for size < 4*len(l.phrases) {
		size *= 2
	}
	l.heads = slices.Grow(l.heads[:0], size)[:size]
	clear(l.heads)
	l.next = slices.Grow(l.next[:0], len(l.phrases))[:len(l.phrases)]
	for k := len(l.phrases) - 1; k >= 0; k-- { // backwards, so that each list goes forwards
		at := l.place(l.phrases[k].id)
		l.next[k] = l.heads[at]
		l.heads[at] = int32(k + 1)
	}
}

// place is where the list of a phrase begins in heads.
func (l *phraseLine) place(id uint32) uint32 {
	return id * 0x9E3779B1 >> (bits.LeadingZeros32(uint32(len(l.heads)-1)) & 31)
}

// partners adds the matches of a phrase of one line with the phrases of the other.
func (f *phraseFinder) partners(a occurrence, other *phraseLine, with func(occurrence) match) {
	for list := f.table.partnersOfPhrase(a.id); len(list) > 0; list = list[4:] {
		id := list.at(0)
		for k := other.heads[other.place(id)]; k > 0; k = other.next[k-1] {
			if b := other.phrases[k-1]; b.id == id {
				f.found = append(f.found, with(b))
			}
		}
	}
}

// sort fills sorted and starts for a line 2 of n words.
func (f *phraseFinder) sort(n int) {
	f.starts = slices.Grow(f.starts[:0], n+2)[:n+2]
	clear(f.starts)
	for _, m := range f.found {
		f.starts[m.start2+2]++
	}
	for j := 2; j < len(f.starts); j++ {
		f.starts[j] += f.starts[j-1]
	}
	f.sorted = slices.Grow(f.sorted[:0], len(f.found))[:len(f.found)]
	for _, m := range f.found {
		f.sorted[f.starts[m.start2+1]] = m
		f.starts[m.start2+1]++
	}
}

// startingAt returns the matches that start at place j of line 2.
func (f *phraseFinder) startingAt(j int) []match {
	if len(f.sorted) == 0 {
		return nil
	}
	return f.sorted[f.starts[j]:f.starts[j+1]]
}
