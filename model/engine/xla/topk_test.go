package xla

import (
	"math"
	"testing"

	"harness/model/engine"
)

// The likeliest tokens are taken from logits that were not rounded to bfloat16, as in losses.
func TestTopKOfBF16(t *testing.T) {
	params := []engine.Param{{Name: "w", Tensor: engine.Floats([]float32{1, 1 + 1./512, -1, 0.5}, 4, 1)}}
	program := func(o engine.Ops) []engine.Value {
		logp, index := o.LogSoftmaxTopK(o.Linear(o.Input("x"), o.Param("w"), nil), 2)
		return []engine.Value{logp, index}
	}
	in := engine.Inputs{"x": engine.Floats([]float32{8}, 1, 1)}
	exact, err := open(t, tested(t, Options{}), params).Run("top", program, in)
	if err != nil {
		t.Fatal(err)
	}
	rough, err := open(t, tested(t, Options{BF16: true}), params).Run("top", program, in)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range exact[0].F32 {
		if got := rough[0].F32[i]; math.Abs(float64(got-want)) > 0.02 {
			t.Errorf("log-probability %d is %v in bfloat16, %v in float32", i, got, want)
		}
	}
}
