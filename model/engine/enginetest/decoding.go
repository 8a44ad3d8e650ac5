package enginetest

import (
	"math/rand/v2"
	"testing"

	"harness/model/engine"
)

// random is a tensor of normal numbers.
func random(r *rand.Rand, shape ...int) engine.Tensor {
	x := make([]float32, engine.Size(shape))
	for i := range x {
		x[i] = float32(r.NormFloat64())
	}
	return engine.Floats(x, shape...)
}

// decoding compares attention over states, fed piece by piece and reordered like surviving beams, with attention over
// the same keys and values handed in whole.
func decoding(t *testing.T, e engine.Engine) {
	const width, heads, positions = 20, 2, 12
	r := rand.New(rand.NewPCG(1, 2))
	s := session(t, e, []engine.Param{{Name: "one", Tensor: random(r, 1)}})
	attend := func(o engine.Ops) []engine.Value {
		k, v := o.Append("k", o.Input("k")), o.Append("v", o.Input("v"))
		return []engine.Value{o.Attention(o.Input("q"), k, v, heads, engine.Mask{Causal: true}), o.State("k")}
	}
	whole := func(o engine.Ops) []engine.Value {
		return []engine.Value{o.Attention(o.Input("q"), o.Input("k"), o.Input("v"), heads, engine.Mask{Causal: true})}
	}
	for again := range 3 { // again after a Reset, to other sizes
		s.Reset(5, positions+3*again)
		var k, v [][]float32 // of each row, all positions so far
		for _, step := range []struct {
			n    int
			rows []int32 // the old rows that continue, before the step
		}{{6, nil}, {1, []int32{0, 1, 1, 0, 1}}, {1, []int32{4, 0, 1, 1, 3}}, {2, nil}, {1, []int32{2, 2}}, {1, []int32{1, 0}}} {
			if step.rows != nil {
				s.Reorder(step.rows)
				k, v = pick(k, step.rows), pick(v, step.rows)
			}
			if k == nil {
				k, v = make([][]float32, 2), make([][]float32, 2)
			}
			batch := len(k)
			in := engine.Inputs{
				"q": random(r, batch, step.n, width), "k": random(r, batch, step.n, width), "v": random(r, batch, step.n, width),
			}
			extend(k, in["k"].F32)
			extend(v, in["v"].F32)
			got, err := s.Run("attend", attend, in)
			if err != nil {
				t.Fatal(err)
			}
			all := engine.Inputs{"q": in["q"], "k": joined(k, width), "v": joined(v, width)}
			want, err := s.Run("whole", whole, all)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(got[0].F32, want[0].F32); d > 1e-5 {
				t.Errorf("attention over %v is %.2g apart", all["k"].Shape, d)
			}
			if d := distance(got[1].F32, all["k"].F32); d != 0 {
				t.Errorf("state %v is %.2g apart", got[1].Shape, d)
			}
		}
	}
	big := engine.Inputs{"k": random(r, 2, positions+1, width)}
	s.Reset(2, positions)
	if _, err := s.Run("big", func(o engine.Ops) []engine.Value { return []engine.Value{o.Append("k", o.Input("k"))} }, big); err == nil {
		t.Error("a state took more positions than it has")
	}
}

func pick(x [][]float32, rows []int32) [][]float32 {
	out := make([][]float32, len(rows))
	for i, from := range rows {
		out[i] = append([]float32(nil), x[from]...)
	}
	return out
}

// extend puts the rows of x, one sample after the other, behind those of each sample.
func extend(samples [][]float32, x []float32) {
	n := len(x) / len(samples)
	for i := range samples {
		samples[i] = append(samples[i], x[i*n:(i+1)*n]...)
	}
}

func joined(samples [][]float32, width int) engine.Tensor {
	var all []float32
	for _, s := range samples {
		all = append(all, s...)
	}
	return engine.Floats(all, len(samples), len(samples[0])/width, width)
}
