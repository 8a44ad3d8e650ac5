package model

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestAreaUnderROC(t *testing.T) {
	for _, c := range []struct {
		scores   []float64
		positive []bool
		want     float64
	}{
		{[]float64{1, 2, 3, 4}, []bool{false, false, true, true}, 1},
		{[]float64{4, 3, 2, 1}, []bool{false, false, true, true}, 0},
		{[]float64{1, 1, 1, 1}, []bool{false, true, false, true}, 0.5},
		{[]float64{1, 3, 2, 4}, []bool{false, false, true, true}, 0.75},
		{[]float64{2, 1, 2}, []bool{true, false, false}, 0.75},
	} {
		if got := areaUnderROC(c.scores, c.positive); got != c.want {
			t.Errorf("%v %v: got %v, want %v", c.scores, c.positive, got, c.want)
		}
	}
	if got := areaUnderROC([]float64{1, 2}, []bool{true, true}); !math.IsNaN(got) {
		t.Errorf("without negatives: got %v", got)
	}
}

// A finding that is a direction of the features is read almost perfectly, one that is not is not.
func TestRidgeReadsADirection(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	rows := make([]probeRows, 3)
	for k, n := range []int{400, 100, 200} {
		for range n {
			x := make([]float64, 20)
			for c := range x {
				x[c] = r.NormFloat64()
			}
			var names []string
			if x[3]-2*x[7] > 0.3 {
				names = append(names, "seen")
			}
			if r.IntN(3) == 0 {
				names = append(names, "unseen")
			}
			rows[k].x, rows[k].names = append(rows[k].x, x), append(rows[k].names, names)
		}
	}
	scores := fitRidge(rows, []string{"seen", "unseen"})
	if auc := areaUnderROC(scores[0], presence(rows[2].names, "seen")); auc < 0.98 {
		t.Errorf("a direction is read with AUC %v", auc)
	}
	if auc := areaUnderROC(scores[1], presence(rows[2].names, "unseen")); auc < 0.35 || auc > 0.65 {
		t.Errorf("chance is read with AUC %v", auc)
	}
}
