package enginetest

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

// topK compares the largest of log softmax with their definition: rows that are longer and shorter than any vector, equal logits, and
// logits that are not finite.
func topK(t *testing.T, e engine.Engine) {
	r := rand.New(rand.NewPCG(5, 6))
	s := session(t, e, []engine.Param{{Name: "one", Tensor: random(r, 1)}})
	run := func(x engine.Tensor, k int) ([]engine.Tensor, error) {
		return s.Run(fmt.Sprint("top", k), func(o engine.Ops) []engine.Value {
			logp, index := o.LogSoftmaxTopK(o.Input("x"), k)
			return []engine.Value{logp, index}
		}, engine.Inputs{"x": x})
	}
	for _, size := range []struct{ rows, classes, k int }{{1, 1, 1}, {2, 5, 5}, {3, 21, 4}, {5, 127, 1}, {4, 600, 20}, {3, 1037, 20}, {2, 129, 129}} {
		x := random(r, size.rows, size.classes)
		for i := range x.F32 {
			x.F32[i] = float32(math.Round(float64(x.F32[i])*20)) / 4 // many are equal
		}
		got, err := run(x, size.k)
		if err != nil {
			t.Fatal(err)
		}
		for row := range size.rows {
			logits := x.F32[row*size.classes:][:size.classes]
			for j, at := range largest(logits)[:size.k] {
				want := float64(logits[at]) - logSum(logits)
				logp, index := got[0].F32[row*size.k+j], got[1].F32[row*size.k+j]
				if index != float32(at) || !(math.Abs(float64(logp)-want) <= 2e-6*max(1, math.Abs(want))) {
					t.Fatalf("%+v: number %d of row %d is %g with %g, not %d with %g", size, j, row, index, logp, at, want)
				}
			}
		}
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		x := random(r, 2, 300)
		x.F32[300+217] = float32(bad)
		got, err := run(x, 4)
		if err != nil {
			t.Fatal(err)
		}
		for j, logp := range got[0].F32 {
			if math.IsNaN(float64(logp)) != (j >= 4) {
				t.Errorf("a logit of %g in row 1: log p %d is %g", bad, j, logp)
			}
		}
	}
	for _, k := range []int{0, 6} {
		if _, err := run(random(r, 2, 5), k); err == nil {
			t.Errorf("the %d largest of 5 were found", k)
		}
	}
}

// largest are the indices of x, the largest element first and the first among equals.
func largest(x []float32) []int {
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(x[b], x[a]) })
	return order
}

func logSum(x []float32) float64 {
	top, sum := float64(slices.Max(x)), 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	return top + math.Log(sum)
}
