package enginetest

import (
	"math"
	"testing"

	"harness/model/engine"
)

// parts holds the engine to [engine.PartOf]: the parts of a batch have, together, its loss and its gradients.
func parts(t *testing.T, e engine.Engine) {
	params := []engine.Param{{Name: "w", Tensor: engine.Floats([]float32{.3, -.2, .5, .1, .4, -.6}, 3, 2)}, {Name: "t", Tensor: engine.Floats([]float32{.1, .2}, 2)}}
	program := func(o engine.Ops) []engine.Value {
		x := o.Input("x")
		loss := o.CrossEntropy(o.Linear(x, o.Param("w"), nil), "labels", "weights", 0.1)
		return []engine.Value{o.Add(loss, o.MSE(x, o.Add(o.Scale(x, 0.5), o.Param("t"))))}
	}
	x, labels, weights := []float32{1, 2, -1, .5, 0, 3, .25, -2}, []int32{0, 2, 1, 1}, []float32{1, 0, 1, 1}
	inputs := func(from, to int) engine.Inputs {
		return engine.Inputs{"x": engine.Floats(x[2*from:2*to], to-from, 2), "labels": engine.Ints(labels[from:to], to-from), "weights": engine.Floats(weights[from:to], to-from)}
	}
	s := session(t, e, params)
	loss, want, err := s.Gradients("whole", program, inputs(0, 4))
	if err != nil {
		t.Fatal(err)
	}
	total, sums := 0.0, map[string][]float64{}
	for _, p := range []struct {
		from, to int
		share    float32
	}{{0, 2, 1. / 3}, {2, 4, 2. / 3}} {
		in := inputs(p.from, p.to)
		in["weights"+engine.Share] = engine.Floats([]float32{p.share})
		one, grads, err := s.Gradients("part", engine.PartOf(program, 2), in)
		if err != nil {
			t.Fatal(err)
		}
		total += one
		for name, g := range grads {
			if sums[name] == nil {
				sums[name] = make([]float64, len(g.F32))
			}
			for i, v := range g.F32 {
				sums[name][i] += float64(v)
			}
		}
	}
	if math.Abs(total-loss) > 1e-6*loss {
		t.Errorf("the parts have loss %v, the whole %v", total, loss)
	}
	for name, g := range want {
		for i, v := range g.F32 {
			if math.Abs(sums[name][i]-float64(v)) > 1e-6 {
				t.Errorf("gradient of %s at %d: %v in parts, %v at once", name, i, sums[name][i], v)
			}
		}
	}
}
