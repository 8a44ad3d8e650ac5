package metrics

// FindingCounts are the sufficient statistics of the finding-level extraction: of one sample, or summed over many.
type FindingCounts struct {
	Added, Missing Matches // findings by direction
	Rows           int     // samples that count for the sets: the reference is a difference answer and not a level alone
	Exact          int     // of those, both sets are equal
	Nothing        int     // of those, both agree whether anything changed
	Levels         int     // level changes in the references
	LevelsRight    int     // of those, stated with the same finding and the same two levels
}

// Matches counts a set comparison: true positives, false positives and false negatives.
type Matches struct{ TP, FP, FN int }

func (m Matches) plus(o Matches) Matches { return Matches{m.TP + o.TP, m.FP + o.FP, m.FN + o.FN} }

// Precision returns TP / (TP+FP), 0 when nothing was predicted.
func (m Matches) Precision() float64 { return ratio(m.TP, m.TP+m.FP) }

// Recall returns TP / (TP+FN), 0 when there was nothing to find.
func (m Matches) Recall() float64 { return ratio(m.TP, m.TP+m.FN) }

// F1 returns 2TP / (2TP+FP+FN), 0 when there is nothing on either side.
func (m Matches) F1() float64 { return ratio(2*m.TP, 2*m.TP+m.FP+m.FN) }

// Both returns the counts of additional and missing findings together: a finding is a pair of direction and name.
func (c FindingCounts) Both() Matches { return c.Added.plus(c.Missing) }

// ExactAccuracy returns the share of rows whose two sets both equal the reference's; NaN without rows.
func (c FindingCounts) ExactAccuracy() float64 { return float64(c.Exact) / float64(c.Rows) }

// NothingAccuracy returns the share of rows that agree with the reference whether anything changed; NaN without rows.
func (c FindingCounts) NothingAccuracy() float64 { return float64(c.Nothing) / float64(c.Rows) }

// LevelAccuracy returns the share of the references' level changes that are stated exactly; NaN without any.
func (c FindingCounts) LevelAccuracy() float64 { return float64(c.LevelsRight) / float64(c.Levels) }

// Plus returns the sums of two sets of counts.
func (c FindingCounts) Plus(o FindingCounts) FindingCounts {
	return FindingCounts{
		Added: c.Added.plus(o.Added), Missing: c.Missing.plus(o.Missing),
		Rows: c.Rows + o.Rows, Exact: c.Exact + o.Exact, Nothing: c.Nothing + o.Nothing,
		Levels: c.Levels + o.Levels, LevelsRight: c.LevelsRight + o.LevelsRight,
	}
}

// CountFindings compares the text of a hypothesis with that of a reference (FACTS 1.7). ok is false when the reference is not
// a difference answer: such a sample has no finding-level extraction. A hypothesis counts with the sentences that can be read.
func CountFindings(hyp, ref string) (counts FindingCounts, ok bool) {
	want, err := ParseAnswer(ref)
	if err != nil {
		return FindingCounts{}, false
	}
	got, _ := ParseAnswer(hyp) // what cannot be read states nothing
	counts.Levels = len(want.Levels)
	stated := map[LevelChange]int{}
	for _, change := range got.Levels {
		stated[change]++
	}
	for _, change := range want.Levels {
		if stated[change] > 0 {
			stated[change]--
			counts.LevelsRight++
		}
	}
	if want.LevelOnly() {
		return counts, true
	}
	counts.Rows = 1
	counts.Added = matchSets(got.Added, want.Added)
	counts.Missing = matchSets(got.Missing, want.Missing)
	if both := counts.Both(); both.FP == 0 && both.FN == 0 && (want.Nothing == got.Nothing) {
		counts.Exact = 1
	}
	if want.Nothing == got.Nothing && got.states() { // silence is no agreement that something has changed
		counts.Nothing = 1
	}
	return counts, true
}

// matchSets compares two lists as sets.
func matchSets(got, want []string) Matches {
	wanted, seen := setOf(want), map[string]bool{}
	var m Matches
	for _, name := range got {
		if seen[name] {
			continue
		}
		seen[name] = true
		if wanted[name] {
			m.TP++
		} else {
			m.FP++
		}
	}
	m.FN = len(wanted) - m.TP
	return m
}

func ratio(part, whole int) float64 {
	if whole == 0 {
		return 0
	}
	return float64(part) / float64(whole)
}
