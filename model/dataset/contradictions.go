package dataset

import (
	"fmt"
	"slices"
	"strings"

	"harness/metrics"
)

// Causes of question rows that say something impossible.
const (
	contradiction = "another row answers the same question differently"
	selfPair      = "a pair of a study with itself"
)

// dropContradictions takes out the question rows that answer one question on the same studies differently and adds them to the bad
// rows: nothing says which is right. Rows that repeat an answer stay, and so do blank answers, which have a count of their own.
func (t *tables) dropContradictions(path string, r *tableResult) {
	type key struct{ study, reference, kind, question string }
	answers := make(map[key]string, len(t.questions))
	doubtful := map[key]bool{}
	keyOf := func(q questionRow) key { return key{q.study, q.reference, q.kind, q.question} }
	for _, q := range t.questions {
		if q.answer == "" {
			continue
		}
		k := keyOf(q)
		first, met := answers[k]
		if !met {
			answers[k] = q.answer
		} else if first != q.answer && meaning(q.kind, first) != meaning(q.kind, q.answer) {
			doubtful[k] = true
		}
	}
	if len(doubtful) == 0 {
		return
	}
	kept := t.questions[:0]
	for _, q := range t.questions {
		if q.answer != "" && doubtful[keyOf(q)] {
			r.bad = append(r.bad, badRow(path, q.line, contradiction))
			continue
		}
		kept = append(kept, q)
	}
	t.questions = kept
}

// meaning returns an answer without what does not change it: case, the last stop and the order of a list, which the generator of
// Medical-Diff-VQA draws at random (FACTS 1.4).
func meaning(kind, answer string) string {
	if kind == difference {
		if a, err := metrics.ParseAnswer(answer); err == nil {
			slices.Sort(a.Added)
			slices.Sort(a.Missing)
			return strings.ToLower(fmt.Sprintf("%q %q %q %v", a.Levels, a.Added, a.Missing, a.Nothing))
		}
	}
	parts := strings.Split(strings.TrimRight(strings.ToLower(answer), ". "), ", ")
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}
