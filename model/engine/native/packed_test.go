package native

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"harness/model/engine"
)

// TestPanelsGEMM compares products with packed weights of all sizes around tiles, panels and blocks with the definition in float64.
func TestPanelsGEMM(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	sizes := []int{1, 2, 5, 6, 7, 13, 14, 15, 31, 32, 33, 64, 65, 127, 128, 129, 300}
	for _, k := range kinds() {
		d := openDevice(2, k, noBF16)
		defer d.close()
		for range 100 {
			m, n, inner := sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))], sizes[r.IntN(len(sizes))]
			a, b, bias := normal(r, m*inner), normal(r, inner*n), normal(r, n)
			weight := rowMajor(b, n)
			if r.IntN(2) == 1 {
				weight = rowMajor(b, inner).transposed()
			}
			if r.IntN(2) == 1 {
				bias = nil
			}
			packed, got := make([]float32, d.packedSize(n, inner)), make([]float32, m*n)
			d.pack(n, inner, weight, packed)
			d.panelsGEMM(m, n, inner, a, packed, bias, got)
			for i := range m {
				for j := range n {
					want, size := 0.0, 1.0
					if bias != nil {
						want = float64(bias[j])
					}
					for l := range inner {
						term := float64(a[i*inner+l]) * float64(b[l*weight.row+j*weight.col])
						want += term
						size += math.Abs(term)
					}
					if !(math.Abs(float64(got[i*n+j])-want) <= 1e-6*size) {
						t.Fatalf("%s: [%d %d %d]: element %d,%d is %g, not %g", d.name(), m, n, inner, i, j, got[i*n+j], want)
					}
				}
			}
		}
	}
}

// TestPackedWeightsFollow: what Run keeps of the weights is not used once they have moved, by a step or by Load.
func TestPackedWeightsFollow(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	params := []engine.Param{{Name: "w", Tensor: engine.Floats(normal(r, 7*9), 7, 9)}, {Name: "v", Tensor: engine.Floats(normal(r, 7*9), 7, 9)}}
	in := engine.Inputs{"x": engine.Floats(normal(r, 3*9), 3, 9), "z": engine.Floats(normal(r, 3*7), 3, 7)}
	program := func(o engine.Ops) []engine.Value {
		y := o.Linear(o.Input("x"), o.Param("w"), nil)
		// the first rows of a parameter, and a parameter the other way round
		u := o.Linear(o.Input("x"), o.Slice(o.Param("v"), 0, 0, 4), nil)
		return []engine.Value{o.Mean(o.Reshape(y, 21), 0), y, u, o.LinearInOut(o.Input("z"), o.Param("w"), nil)}
	}
	open := func(params []engine.Param) engine.Session {
		s, err := New(2).New(params)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s
	}
	s := open(params)
	before, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	for _, move := range []struct {
		what string
		do   func() error
	}{
		{"nothing", func() error { return nil }},
		{"a step", func() error {
			_, err := s.Step("step", program, in, 0.1, engine.AdamW{Beta1: 0.9, Beta2: 0.9, Eps: 1e-8, Decay: 0})
			return err
		}},
		{"load", func() error { return s.Load(before) }},
	} {
		if err := move.do(); err != nil {
			t.Fatal(err)
		}
		var now []engine.Param
		for _, name := range s.Names() {
			tensor, err := s.Param(name)
			if err != nil {
				t.Fatal(err)
			}
			now = append(now, engine.Param{Name: name, Tensor: tensor})
		}
		got, err := s.Run("run", program, in)
		if err != nil {
			t.Fatal(err)
		}
		want, err := open(now).Run("run", program, in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want {
			if !slices.Equal(got[i].F32, want[i].F32) {
				t.Errorf("after %s: result %d is not that of the present weights", move.what, i)
			}
		}
	}
}
