package probe

import (
	"math"
	"testing"
)

func TestAUC(t *testing.T) {
	for _, c := range []struct {
		scores  []float64
		present []bool
		want    float64
	}{
		{[]float64{1, 2, 3, 4}, []bool{false, false, true, true}, 1},
		{[]float64{4, 3, 2, 1}, []bool{false, false, true, true}, 0},
		{[]float64{1, 1, 1, 1}, []bool{false, true, false, true}, 0.5},
		{[]float64{1, 3, 2, 4}, []bool{false, false, true, true}, 0.75},
		{[]float64{2, 1, 2}, []bool{true, false, false}, 0.75},
	} {
		if got := AUC(c.scores, c.present); got != c.want {
			t.Errorf("%v %v: got %v, want %v", c.scores, c.present, got, c.want)
		}
	}
	if got := AUC([]float64{1, 2}, []bool{true, true}); !math.IsNaN(got) {
		t.Errorf("without negatives: got %v", got)
	}
	if got := AUC([]float64{1, math.NaN(), 2}, []bool{true, true, false}); !math.IsNaN(got) {
		t.Errorf("a score that is not a number: got %v", got)
	}
}

func TestBestPenalty(t *testing.T) {
	present := [][]bool{{false, true, true}}
	bad, good := [][]float64{{2, 1, 3}}, [][]float64{{1, 2, 3}}
	if got := BestPenalty([][][]float64{bad, good, good, bad}, present); got != 1 {
		t.Errorf("got %d, want the first of the two best", got)
	}
	if got := BestPenalty([][][]float64{{nil}, {nil}, {nil}, {nil}}, [][]bool{nil}); got != 2 {
		t.Errorf("without validation rows: got %d, want the third", got)
	}
}
