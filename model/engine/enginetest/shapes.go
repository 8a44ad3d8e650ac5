package enginetest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"harness/model/engine"
	"harness/model/engine/flops"
)

// shapes: what package flops says about the shapes of results is what the engine returns, for every operation.
func shapes(t *testing.T, e engine.Engine) {
	for _, d := range differences() {
		program := func(o engine.Ops) []engine.Value { return []engine.Value{d.op(o)} }
		got, err := session(t, e, d.parameters()).Run("op", program, d.inputs)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		count, err := flops.New(d.parameters()).Count("op", program, d.inputs, flops.Inference)
		if err != nil {
			t.Fatalf("%s: %v", d.name, err)
		}
		if want := count.Results()[0]; !slices.Equal(got[0].Shape, want) {
			t.Errorf("%s: shape %v, counted as %v", d.name, got[0].Shape, want)
		}
		loss, in := d.loss(rand.New(rand.NewPCG(7, 8)))
		if _, err := flops.New(d.parameters()).Count("loss", loss, in, flops.Training); err != nil {
			t.Errorf("%s: %v", d.name, err)
		}
	}
}
