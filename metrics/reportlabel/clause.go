package reportlabel

import (
	"slices"
	"strings"
)

// span is a part of a sentence's words, [start, end).
type span struct{ start, end int }

// contrasts begin a clause of its own: nothing before them reaches what follows.
var contrasts = newPatternList(`
	but; however; although; though; whereas; while; yet; nevertheless; nonetheless; except; aside from; apart from;
	other than; outside of; besides; otherwise; despite`)

// finite are verbs of which a clause has one: a second one with a subject of its own begins a clause.
var finite = wordSet(`
	is are was were has have had remain remains remained appear appears appeared demonstrate demonstrates show shows showed
	shown contain contains project projects terminate terminates persist persists obscures seem seems represents represent
	reflects continue continues`)

// subjects begin a clause after "and" or a comma when a finite verb follows.
var subjects = wordSet(`the there this these a an it its`)

// answers judge alone what stands before a colon.
var answers = wordSet(`no none absent negative normal present enlarged`)

func wordSet(words string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(words) {
		set[word] = true
	}
	return set
}

// clauses parts the sentence where a negation or a doubt cannot reach over.
func (s sentence) clauses() []span {
	var spans []span
	start := 0
	cut := func(at, next int) {
		if at > start {
			spans = append(spans, span{start, at})
		}
		start = next
	}
	for i := 0; i < len(s.words); i++ {
		switch {
		case s.words[i] == ";" || s.words[i] == ":" && !s.answers(i+1):
			cut(i, i+1)
		case contrasts.longest(s.words, i) > 0:
			cut(i, i)
		case (s.words[i] == "and" || s.words[i] == ",") && s.beginsClause(start, i):
			cut(i, i+1)
		}
	}
	cut(len(s.words), len(s.words))
	return spans
}

// answers reports whether what follows a colon is the judgement of what stands before it, as in "effusion: none".
func (s sentence) answers(i int) bool {
	return i == len(s.words)-1 && answers[s.words[i]]
}

// beginsClause reports whether the words after the "and" or comma at i have a subject and a verb of their own.
func (s sentence) beginsClause(start, i int) bool {
	end := i + 1
	for end < len(s.words) && s.words[end] != "and" && s.words[end] != "," && s.words[end] != ";" && contrasts.longest(s.words, end) == 0 {
		end++
	}
	after := s.words[i+1 : end]
	if len(after) == 0 || after[0] == "or" || after[0] == "nor" || finite[after[0]] || !slices.ContainsFunc(after, isFinite) {
		return false
	}
	return subjects[after[0]] || slices.ContainsFunc(s.words[start:i], isFinite)
}

func isFinite(word string) bool { return finite[word] }
