package probe

import (
	"cmp"
	"math"
	"slices"
)

// AUC is the area under the ROC curve: the chance that a row in which a finding is present scores above one in which it is not, ties
// counting half; NaN without both.
func AUC(scores []float64, present []bool) float64 {
	order := make([]int, len(scores))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(scores[a], scores[b]), a-b) })
	rankSum, positives := 0.0, 0
	for at := 0; at < len(order); {
		end := at
		for end < len(order) && scores[order[end]] == scores[order[at]] {
			end++
		}
		if end == at { // NaN equals nothing
			return math.NaN()
		}
		rank := float64(at+end+1) / 2 // ranks count from 1; ties share their mean
		for ; at < end; at++ {
			if present[order[at]] {
				rankSum += rank
				positives++
			}
		}
	}
	negatives := len(scores) - positives
	if positives == 0 || negatives == 0 {
		return math.NaN()
	}
	return (rankSum - float64(positives)*float64(positives+1)/2) / (float64(positives) * float64(negatives))
}

// meanAUC is the mean over the findings that have one; NaN where none has.
func meanAUC(scores [][]float64, present [][]bool) float64 {
	sum, n := 0.0, 0
	for k := range scores {
		if auc := AUC(scores[k], present[k]); !math.IsNaN(auc) {
			sum, n = sum+auc, n+1
		}
	}
	return sum / float64(n)
}

// middle is the penalty that is taken where no validation row says which is best.
const middle = 2

// BestPenalty is the index of the penalty whose scores of the validation rows, [penalty][finding][row], have the best mean AUC, the
// smaller one among equals.
func BestPenalty(scores [][][]float64, present [][]bool) int {
	best, bestAUC := -1, math.Inf(-1)
	for k := range scores {
		if auc := meanAUC(scores[k], present); auc > bestAUC {
			best, bestAUC = k, auc
		}
	}
	if best < 0 {
		return middle
	}
	return best
}
