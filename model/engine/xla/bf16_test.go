package xla

import (
	"math"
	"slices"
	"testing"

	"harness/model/engine"
	"harness/model/engine/native"
)

// TestBF16 compares random programs in bfloat16 with the native engine. Few numbers in a row, of any size, average out little of the
// rounding; TestTwins of package model holds the real models to less.
func TestBF16(t *testing.T) {
	var losses, gradients []float64
	for seed := range randomPrograms(60) {
		options := Options{BF16: true, Flags: quick}
		if seed%2 == 1 {
			options.Sizes = small.Sizes
		}
		p := randomProgram(seed)
		exact, rough := open(t, native.New(1), p.params), open(t, tested(t, options), p.params)
		want, wantGrads, err := exact.Gradients("p", p.build, p.in)
		if err != nil {
			t.Fatal(err)
		}
		got, gotGrads, err := rough.Gradients("p", p.build, p.in)
		if err != nil {
			t.Fatal(err)
		}
		loss, gradient := math.Abs(got-want)/math.Abs(want), distance(gotGrads, wantGrads)
		if loss > 2e-2 || gradient > 3e-2 {
			t.Errorf("seed %d: the loss is %.2g apart and the gradients %.2g", seed, loss, gradient)
		}
		losses, gradients = append(losses, loss), append(gradients, gradient)
	}
	loss, gradient := median(losses), median(gradients)
	t.Logf("medians: loss %.2g, gradients %.2g apart", loss, gradient)
	if loss > 2e-3 || gradient > 1e-2 || loss == 0 {
		t.Errorf("medians: loss %.2g, gradients %.2g apart", loss, gradient)
	}
}

// distance is the norm of the difference of all gradients together, relative to that of want.
func distance(got, want map[string]engine.Tensor) float64 {
	var apart, size float64
	for name, w := range want {
		for i, v := range w.F32 {
			d := float64(got[name].F32[i]) - float64(v)
			apart, size = apart+d*d, size+float64(v)*float64(v)
		}
	}
	return math.Sqrt(apart / size)
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
