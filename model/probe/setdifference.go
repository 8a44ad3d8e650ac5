package probe

import (
	"math"
	"slices"
)

// Threshold is the value above which a score means present: the quantile of the validation scores at 1 - prevalence, linear between
// two scores, so that as large a share of them lies above it as of the training rows has the finding. It reads no label of the
// scored rows.
func Threshold(validation []float64, prevalence float64) float64 {
	sorted := slices.Sorted(slices.Values(validation))
	at := (1 - prevalence) * float64(len(sorted)-1)
	below := int(at)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[below] + (at-float64(below))*(sorted[below+1]-sorted[below])
}

// Above says which scores lie above a threshold.
func Above(scores []float64, threshold float64) []bool {
	above := make([]bool, len(scores))
	for i, v := range scores {
		above[i] = v > threshold
	}
	return above
}

// Pair is two rows of the same patient.
type Pair struct{ Ref, Main int }

// SetF1 compares sets of (finding, appeared or gone): a finding has appeared between the rows of a pair that is present in Main alone,
// and is gone if it is present in Ref alone. It is the F1 of the predicted sets against the true ones, all pairs taken together; NaN where
// neither holds anything. predicted and present are ordered [finding][row].
func SetF1(pairs []Pair, predicted, present [][]bool) float64 {
	both, either := 0, 0
	for k := range present {
		for _, p := range pairs {
			said := predicted[k][p.Ref] != predicted[k][p.Main]
			is := present[k][p.Ref] != present[k][p.Main]
			if said {
				either++
			}
			if is {
				either++
			}
			if said && is && predicted[k][p.Main] == present[k][p.Main] {
				both++
			}
		}
	}
	if either == 0 {
		return math.NaN()
	}
	return 2 * float64(both) / float64(either)
}
