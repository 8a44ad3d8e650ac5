package probe

import "slices"

// Readable lists the findings that a probe can be fitted and tested on, sorted: those that some of the training rows and some of the test
// rows have, and others have not. train and test name the findings of each row.
func Readable(train, test [][]string) []string {
	var kept []string
	for _, name := range namesOf(train) {
		if varies(Present(train, name)) && varies(Present(test, name)) {
			kept = append(kept, name)
		}
	}
	return kept
}

func namesOf(rows [][]string) []string {
	all := slices.Concat(rows...)
	slices.Sort(all)
	return slices.Compact(all)
}

func varies(present []bool) bool {
	return slices.Contains(present, true) && slices.Contains(present, false)
}

// Present says which rows have a finding.
func Present(rows [][]string, name string) []bool {
	has := make([]bool, len(rows))
	for i, names := range rows {
		has[i] = slices.Contains(names, name)
	}
	return has
}

// Prevalence is the share of rows that have a finding.
func Prevalence(present []bool) float64 {
	n := 0
	for _, v := range present {
		if v {
			n++
		}
	}
	return float64(n) / float64(len(present))
}
