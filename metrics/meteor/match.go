package meteor

// match pairs words of the hypothesis (1) with words of the reference (2).
type match struct {
	start1, len1, start2, len2 int32
	stage                      Stage
}

// single is a match of one word with the word of line 1 at start1.
type single struct {
	start1 int32
	stage  Stage
}

// pair holds the candidate matches of two lines. The candidates that start at place j of line 2 are singles[kind[j]] and then
// those that phrases has there: words that occur often share their list, which keeps a line of equal words cheap.
type pair struct {
	n1, n2  int
	kind    []int32
	singles [][]single
	phrases phraseFinder
	cover1  []int32 // number of candidates that cover a word, by line
	cover2  []int32

	words  []int32 // kind -> word
	counts []int32 // kind -> how often
	kindOf []int32 // word -> kind in the pair numbered stamp; kinds of other pairs are void
	stamps []int32
	stamp  int32

	stems, synonyms []single
}

// load finds the candidates of the scorer's two lines.
func (p *pair) load(s *Scorer) {
	p.n1, p.n2 = len(s.hyp), len(s.ref)
	p.kinds(s.ref, len(s.words.info))
	for k, word := range p.words {
		p.singles[k] = p.appendSingles(p.singles[k][:0], s, word)
	}
	if p.phrases.table != nil {
		p.phrases.find(s)
	}
	p.cover()
}

// kinds numbers the different words of line 2; vocabulary is how many words there are at all.
func (p *pair) kinds(ref []int32, vocabulary int) {
	if missing := vocabulary - len(p.kindOf); missing > 0 {
		p.kindOf = append(p.kindOf, make([]int32, missing)...)
		p.stamps = append(p.stamps, make([]int32, missing)...)
	}
	p.stamp++
	p.kind, p.words, p.counts = p.kind[:0], p.words[:0], p.counts[:0]
	for _, word := range ref {
		if p.stamps[word] != p.stamp {
			p.stamps[word], p.kindOf[word] = p.stamp, int32(len(p.words))
			p.words, p.counts = append(p.words, word), append(p.counts, 0)
		}
		k := p.kindOf[word]
		p.kind = append(p.kind, k)
		p.counts[k]++
	}
	for len(p.singles) < len(p.words) {
		p.singles = append(p.singles, nil)
	}
}

// appendSingles appends the matches of a word of line 2: stage by stage, each in the order of line 1.
func (p *pair) appendSingles(list []single, s *Scorer, word int32) []single {
	p.stems, p.synonyms = p.stems[:0], p.synonyms[:0]
	row := s.words.row(word)
	for i, other := range s.hyp {
		if other == word {
			if s.enabled[Exact] {
				list = append(list, single{int32(i), Exact})
			}
			continue
		}
		r := s.words.related(row, word, other)
		if r == unrelated {
			continue
		}
		if r&sameStem != 0 && s.enabled[Stem] {
			p.stems = append(p.stems, single{int32(i), Stem})
		}
		if r&synonymous != 0 && s.enabled[Synonym] {
			p.synonyms = append(p.synonyms, single{int32(i), Synonym})
		}
	}
	return append(append(list, p.stems...), p.synonyms...)
}

// cover counts the candidates over each word.
func (p *pair) cover() {
	p.cover1 = append(p.cover1[:0], make([]int32, p.n1)...)
	p.cover2 = append(p.cover2[:0], make([]int32, p.n2)...)
	for k := range p.words {
		for _, m := range p.singles[k] {
			p.cover1[m.start1] += p.counts[k]
		}
	}
	for j, k := range p.kind {
		p.cover2[j] += int32(len(p.singles[k]))
	}
	for _, m := range p.phrases.sorted {
		for i := range m.len1 {
			p.cover1[m.start1+i]++
		}
		for j := range m.len2 {
			p.cover2[m.start2+j]++
		}
	}
}

// fixed returns the match that is certain at place j: the only one that starts there, over words that no other covers.
func (p *pair) fixed(j int) (match, bool) {
	singles, phrases := p.singles[p.kind[j]], p.phrases.startingAt(j)
	var m match
	switch {
	case len(singles) == 1 && len(phrases) == 0:
		m = match{singles[0].start1, 1, int32(j), 1, singles[0].stage}
	case len(singles) == 0 && len(phrases) == 1:
		m = phrases[0]
	default:
		return match{}, false
	}
	for i := range m.len1 {
		if p.cover1[m.start1+i] != 1 {
			return match{}, false
		}
	}
	for k := range m.len2 {
		if p.cover2[m.start2+k] != 1 {
			return match{}, false
		}
	}
	return m, true
}
