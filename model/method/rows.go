package method

import "slices"

// Rows is how many of total samples a program takes at a time, at most limit: on an engine that compiles always the same number, so that one
// compiled program serves all; 0 on one that takes any.
func (r *Run) Rows(limit, total int) int {
	if r.Native() {
		return 0
	}
	rows := 1
	for rows < total && rows < limit {
		rows *= 2
	}
	return min(rows, limit)
}

// Filled repeats the last of the samples until there are so many rows.
func Filled(samples []int, rows int) []int {
	if len(samples) == 0 || len(samples) >= rows {
		return samples
	}
	filled := slices.Clone(samples)
	for len(filled) < rows {
		filled = append(filled, samples[len(samples)-1])
	}
	return filled
}
