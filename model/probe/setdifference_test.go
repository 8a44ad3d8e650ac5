package probe

import (
	"math"
	"testing"
)

func TestThreshold(t *testing.T) {
	scores := []float64{5, 1, 4, 2, 3}
	for prevalence, want := range map[float64]float64{0: 5, 0.25: 4, 0.5: 3, 0.375: 3.5, 1: 1} { // numpy.quantile(scores, 1-prevalence)
		if got := Threshold(scores, prevalence); got != want {
			t.Errorf("prevalence %v: got %v, want %v", prevalence, got, want)
		}
	}
	if got := Threshold([]float64{7}, 0.3); got != 7 {
		t.Errorf("one score: got %v", got)
	}
	if scores[0] != 5 {
		t.Error("the scores were sorted in place")
	}
}

func TestSetF1(t *testing.T) {
	pairs := []Pair{{0, 1}, {2, 3}}
	no, yes := false, true
	present := [][]bool{{no, yes, yes, no}, {yes, yes, no, yes}} // a appears, a goes; b stays, b appears
	for _, c := range []struct {
		name      string
		predicted [][]bool
		want      float64
	}{
		{"all right", present, 1},
		{"nothing said", [][]bool{{no, no, no, no}, {yes, yes, yes, yes}}, 0},
		{"the other direction", [][]bool{{yes, no, no, yes}, {yes, yes, yes, no}}, 0},
		{"one of three, one too many", [][]bool{{no, yes, no, no}, {no, yes, no, no}}, 2 * 1. / (2 + 3)},
	} {
		if got := SetF1(pairs, c.predicted, present); math.Abs(got-c.want) > 1e-15 {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
	still := [][]bool{{no, no, yes, yes}}
	if got := SetF1(pairs, still, still); !math.IsNaN(got) {
		t.Errorf("nothing changes and nothing is said: got %v", got)
	}
}
