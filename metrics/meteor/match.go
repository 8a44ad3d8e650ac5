package meteor

import "slices"

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
// phrases[j]: words that occur often share their list, which keeps a line of equal words cheap.
type pair struct {
	n1, n2  int
	kind    []int32
	singles [][]single
	phrases map[int32][]match
	cover1  []int32 // number of candidates that cover a word, by line
	cover2  []int32

	kindOf map[int32]int32 // word -> kind, of this pair
	words  []int32         // kind -> word
	counts []int32
}

// load finds the candidates of the scorer's two lines.
func (p *pair) load(s *Scorer) {
	p.n1, p.n2 = len(s.hyp), len(s.ref)
	p.kinds(s.ref)
	p.phrases = nil
	onlyExact := s.equalTokens()
	for k, word := range p.words {
		list := p.singles[k][:0]
		list = p.appendSingles(list, s, word, Exact, onlyExact)
		list = p.appendSingles(list, s, word, Stem, onlyExact)
		list = p.appendSingles(list, s, word, Synonym, onlyExact)
		p.singles[k] = list
	}
	if s.table != nil && !onlyExact {
		p.findPhrases(s)
	}
	p.cover()
}

// kinds numbers the different words of line 2.
func (p *pair) kinds(ref []int32) {
	if p.kindOf == nil {
		p.kindOf = map[int32]int32{}
	}
	clear(p.kindOf)
	p.kind, p.words, p.counts = p.kind[:0], p.words[:0], p.counts[:0]
	for _, word := range ref {
		k, ok := p.kindOf[word]
		if !ok {
			k = int32(len(p.words))
			p.kindOf[word] = k
			p.words = append(p.words, word)
			p.counts = append(p.counts, 0)
		}
		p.kind = append(p.kind, k)
		p.counts[k]++
	}
	for len(p.singles) < len(p.words) {
		p.singles = append(p.singles, nil)
	}
}

// appendSingles appends the matches of one stage, in the order of line 1.
func (p *pair) appendSingles(list []single, s *Scorer, word int32, stage Stage, onlyExact bool) []single {
	if !s.enabled[stage] || onlyExact && stage != Exact {
		return list
	}
	info := &s.words.info[word]
	if stage == Synonym && info.bloom == 0 {
		return list
	}
	for i, other := range s.hyp {
		ok := false
		switch stage {
		case Exact:
			ok = other == word
		case Stem:
			ok = other != word && s.words.info[other].stem == info.stem
		case Synonym:
			ok = other != word && s.words.synonyms(other, word)
		}
		if ok {
			list = append(list, single{int32(i), stage})
		}
	}
	return list
}

// findPhrases adds the matches of the paraphrase table, first those that begin in line 2, then those that begin in line 1.
func (p *pair) findPhrases(s *Scorer) {
	p.phrases = map[int32][]match{}
	for j := range s.ref {
		for _, e := range s.table.byFirst[s.ref[j]] {
			if startsWith(s.ref[j:], e.from) {
				for _, i := range occurrences(s.hyp, e.to) {
					p.addPhrase(i, len(e.to), j, len(e.from))
				}
			}
		}
	}
	for i := range s.hyp {
		for _, e := range s.table.byFirst[s.hyp[i]] {
			if startsWith(s.hyp[i:], e.from) {
				for _, j := range occurrences(s.ref, e.to) {
					p.addPhrase(i, len(e.from), j, len(e.to))
				}
			}
		}
	}
}

func (p *pair) addPhrase(i, len1, j, len2 int) {
	p.phrases[int32(j)] = append(p.phrases[int32(j)], match{int32(i), int32(len1), int32(j), int32(len2), Paraphrase})
}

func startsWith(line, phrase []int32) bool {
	return len(line) >= len(phrase) && slices.Equal(line[:len(phrase)], phrase)
}

func occurrences(line, phrase []int32) []int {
	var places []int
	for i := range line {
		if startsWith(line[i:], phrase) {
			places = append(places, i)
		}
	}
	return places
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
	for _, list := range p.phrases {
		for _, m := range list {
			for i := range m.len1 {
				p.cover1[m.start1+i]++
			}
			for j := range m.len2 {
				p.cover2[m.start2+j]++
			}
		}
	}
}

// fixed returns the match that is taken at once at place j: the only one that starts there, over words that no other covers.
func (p *pair) fixed(j int) (match, bool) {
	singles, phrases := p.singles[p.kind[j]], p.phrases[int32(j)]
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
