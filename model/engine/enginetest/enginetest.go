// Package enginetest holds the tests that every engine must pass: the recorded operations of the reference, gradients
// against finite differences, decoding with states against the same without, and what must be refused.
//
// An engine's own test calls [Run]; its speed can be seen by [Peer], the model of the PyTorch comparison.
package enginetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"harness/model/engine"
)

// Run checks an engine as subtests of t.
func Run(t *testing.T, e engine.Engine) {
	t.Run("Reference", func(t *testing.T) { reference(t, e) })
	t.Run("AdamW", func(t *testing.T) { adamW(t, e) })
	t.Run("Clip", func(t *testing.T) { clip(t, e) })
	t.Run("FiniteDifferences", func(t *testing.T) { finiteDifferences(t, e) })
	t.Run("Recompute", func(t *testing.T) { recompute(t, e) })
	t.Run("Unpad", func(t *testing.T) { unpad(t, e) })
	t.Run("Decoding", func(t *testing.T) { decoding(t, e) })
	t.Run("TopK", func(t *testing.T) { topK(t, e) })
	t.Run("Refusals", func(t *testing.T) { refusals(t, e) })
	t.Run("NotFinite", func(t *testing.T) { notFinite(t, e) })
	t.Run("Frozen", func(t *testing.T) { frozen(t, e) })
	t.Run("Extras", func(t *testing.T) { extras(t, e) })
	t.Run("SaveLoad", func(t *testing.T) { saveLoad(t, e) })
	t.Run("Accumulation", func(t *testing.T) { accumulation(t, e) })
	t.Run("Parts", func(t *testing.T) { parts(t, e) })
	t.Run("PairChunks", func(t *testing.T) { pairChunks(t, e) })
	t.Run("Shapes", func(t *testing.T) { shapes(t, e) })
}

// session makes one and closes it with the test.
func session(t *testing.T, e engine.Engine, params []engine.Param) engine.Session {
	t.Helper()
	s, err := e.New(params)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

// weighted is Σ y·g: the loss whose gradient by y is g.
func weighted(o engine.Ops, y, g engine.Value) engine.Value {
	n := engine.Size(y.Shape())
	return o.Scale(o.Mean(o.Reshape(o.Mul(y, g), n), 0), float64(n))
}

// build gives the operation of a case on its parameters, named as its inputs, and the int32 and float inputs it needs.
// nil: the case is not an operation of engine.Ops.
func build(c opCase, shapeOf func(string) []int) (func(o engine.Ops) engine.Value, engine.Inputs) {
	in := engine.Inputs{}
	switch {
	case c.Name == "linear_in_out":
		return func(o engine.Ops) engine.Value { return o.LinearInOut(o.Param("x"), o.Param("w"), o.Param("b")) }, in
	case strings.HasPrefix(c.Name, "linear"):
		return func(o engine.Ops) engine.Value { return o.Linear(o.Param("x"), o.Param("w"), o.Param("b")) }, in
	case strings.HasPrefix(c.Name, "layernorm"):
		return func(o engine.Ops) engine.Value { return o.LayerNorm(o.Param("x"), o.Param("w"), o.Param("b"), c.Eps) }, in
	case c.Name == "gelu_tanh":
		return func(o engine.Ops) engine.Value { return o.GELU(o.Param("x"), engine.GELUTanh) }, in
	case c.Name == "gelu_erf":
		return func(o engine.Ops) engine.Value { return o.GELU(o.Param("x"), engine.GELUErf) }, in
	case c.Name == "embedding":
		in["ids"] = engine.Ints(c.IDs, len(c.IDs))
		return func(o engine.Ops) engine.Value { return o.Embedding(o.Param("table"), "ids") }, in
	case c.Name == "l2_normalise":
		return func(o engine.Ops) engine.Value { return o.L2Normalise(o.Param("x")) }, in
	case strings.HasPrefix(c.Name, "softmax_cross_entropy"):
		var labels []int32
		if json.Unmarshal(c.Labels, &labels) != nil {
			return nil, nil
		}
		weights := c.Weights
		if weights == nil {
			weights = slices.Repeat([]float32{1}, len(labels))
		}
		in["labels"], in["weights"] = engine.Ints(labels, len(labels)), engine.Floats(weights, len(weights))
		return func(o engine.Ops) engine.Value {
			return o.CrossEntropy(o.Param("logits"), "labels", "weights", c.Smoothing)
		}, in
	case strings.HasPrefix(c.Name, "attention"):
		mask := engine.Mask{Causal: c.Causal}
		if c.KeyLengths != nil {
			mask.KeyLengths = "lengths"
			in["lengths"] = engine.Ints(c.KeyLengths, len(c.KeyLengths))
		}
		return func(o engine.Ops) engine.Value {
			return o.Attention(o.Param("q"), o.Param("k"), o.Param("v"), c.Heads, mask)
		}, in
	case c.Name == "sigmoid_pair_loss":
		var rows [][]float32
		if json.Unmarshal(c.Labels, &rows) != nil {
			return nil, nil
		}
		in["sign"] = engine.Floats(slices.Concat(rows...), len(rows), len(rows))
		return func(o engine.Ops) engine.Value {
			return o.SigmoidPair(o.L2Normalise(o.Param("image")), o.L2Normalise(o.Param("text")), o.Param("log_scale"),
				o.Param("bias"), "sign")
		}, in
	case c.Name == "roi_align":
		shape := shapeOf("features")
		cells, channels := c.Grid[0]*c.Grid[1], shape[len(shape)-1]
		var boxes []float32
		for _, b := range c.Boxes {
			boxes = append(boxes, b[:]...)
		}
		samples := engine.Size(shape) / (cells * channels)
		rows := make([]int32, 0, len(c.Boxes)*samples)
		for s := range samples {
			rows = append(rows, slices.Repeat([]int32{int32(s)}, len(c.Boxes))...)
		}
		boxes = slices.Repeat(boxes, samples)
		in["boxes"], in["rows"] = engine.Floats(boxes, len(rows), 4), engine.Ints(rows, len(rows))
		return func(o engine.Ops) engine.Value {
			features := o.Reshape(o.Param("features"), samples, cells, channels)
			return o.RoIAlign(features, c.Grid[0], c.Grid[1], "boxes", "rows")
		}, in
	}
	return nil, nil
}

// reference compares every recorded operation and its gradients: max |Δ| / max |reference| <= 1e-5, and 1e-4 for the
// layer norm of small variance.
func reference(t *testing.T, e engine.Engine) {
	cases, tensors := readCases(t, Reference(t))
	checked := 0
	for _, c := range cases {
		op, in := build(c, func(name string) []int { return tensors[c.Name+"/in/"+name].Shape })
		if op == nil {
			continue
		}
		checked++
		t.Run(c.Name, func(t *testing.T) {
			tolerance := 1e-5
			if c.Name == "layernorm_small_variance" {
				tolerance = 1e-4
			}
			var params []engine.Param
			for _, name := range c.Inputs {
				params = append(params, engine.Param{Name: name, Tensor: tensors[c.Name+"/in/"+name]})
			}
			s := session(t, e, params)
			want, up := tensors[c.Name+"/out/y"], tensors[c.Name+"/grad_out/y"]
			in["up"] = up
			forth := func(o engine.Ops) []engine.Value { return []engine.Value{op(o)} }
			back := func(o engine.Ops) []engine.Value {
				y := op(o)
				return []engine.Value{weighted(o, o.Reshape(y, engine.Size(y.Shape())), o.Reshape(o.Input("up"), engine.Size(up.Shape)))}
			}
			got, err := s.Run("forth", forth, in)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(got[0].F32, want.F32); d > tolerance {
				t.Errorf("y is %.2g apart", d)
			}
			_, grads, err := s.Gradients("back", back, in)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range c.Inputs {
				if d := distance(grads[name].F32, tensors[c.Name+"/grad_in/"+name].F32); d > tolerance {
					t.Errorf("gradient of %s is %.2g apart", name, d)
				}
			}
			if c.Loss != 0 {
				loss, _, err := s.Gradients("loss", forth, in)
				if err != nil || math.Abs(loss-c.Loss) > 1e-6*math.Abs(c.Loss) {
					t.Errorf("loss %.9g, not %.9g (%v)", loss, c.Loss, err)
				}
			}
		})
	}
	if checked < 15 {
		t.Errorf("only %d operations were recognised", checked)
	}
}

// adamW follows the recorded steps of the optimiser. The gradient is handed in through a linear loss.
func adamW(t *testing.T, e engine.Engine) {
	cases, tensors := readCases(t, Reference(t))
	i := slices.IndexFunc(cases, func(c opCase) bool { return c.Name == "adamw" })
	if i < 0 {
		t.Fatal("ops.json has no adamw")
	}
	c := cases[i]
	start, gradients := tensors["adamw/in/start"], tensors["adamw/in/gradients"]
	n := len(start.F32)
	s := session(t, e, []engine.Param{{Name: "decay", Tensor: start, Decay: true}, {Name: "no_decay", Tensor: start}})
	program := func(o engine.Ops) []engine.Value {
		g := o.Input("g")
		return []engine.Value{o.Add(weighted(o, o.Param("decay"), g), weighted(o, o.Param("no_decay"), g))}
	}
	opt := engine.AdamW{Beta1: c.Betas[0], Beta2: c.Betas[1], Eps: c.Eps, Decay: c.WeightDecay}
	for step := range gradients.Shape[0] {
		in := engine.Inputs{"g": engine.Floats(gradients.F32[step*n:(step+1)*n], n)}
		if _, err := s.Step("step", program, in, c.LR, opt); err != nil {
			t.Fatal(err)
		}
		for _, name := range s.Names() {
			got, err := s.Param(name)
			if err != nil {
				t.Fatal(err)
			}
			if d := distance(got.F32, tensors["adamw/out/"+name].F32[step*n:(step+1)*n]); d > 1e-5 {
				t.Errorf("step %d: %s is %.2g apart", step+1, name, d)
			}
		}
	}
}

// clip checks the norm, and the clipped gradients by the first moment of AdamW: m = (1-β₁) g.
func clip(t *testing.T, e engine.Engine) {
	cases, tensors := readCases(t, Reference(t))
	i := slices.IndexFunc(cases, func(c opCase) bool { return c.Name == "clip_norm" })
	if i < 0 {
		t.Fatal("ops.json has no clip_norm")
	}
	in := engine.Inputs{}
	var params []engine.Param
	for j := range 3 {
		g := tensors[fmt.Sprintf("clip_norm/in/%d", j)]
		name := fmt.Sprint(j)
		in[name] = g
		params = append(params, engine.Param{Name: name, Tensor: engine.Floats(make([]float32, g.Size()), g.Shape...)})
	}
	s := session(t, e, params)
	program := func(o engine.Ops) []engine.Value {
		loss := weighted(o, o.Param("0"), o.Input("0"))
		for _, name := range []string{"1", "2"} {
			loss = o.Add(loss, weighted(o, o.Param(name), o.Input(name)))
		}
		return []engine.Value{loss}
	}
	got, err := s.Step("step", program, in, 0.01, engine.AdamW{Beta1: 0.5, Beta2: 0.5, Eps: 1e-8, MaxGradNorm: cases[i].MaxNorm})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.GradNorm-cases[i].Norm) > 1e-6*cases[i].Norm {
		t.Errorf("norm %g, not %g", got.GradNorm, cases[i].Norm)
	}
	state, err := s.Save()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(in)) {
		m := slices.Clone(state["adam.m."+name].F32)
		for j := range m {
			m[j] *= 2
		}
		if d := distance(m, tensors["clip_norm/out/"+name].F32); d > 1e-5 {
			t.Errorf("clipped gradient %s is %.2g apart", name, d)
		}
	}
}
