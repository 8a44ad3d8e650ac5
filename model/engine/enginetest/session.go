package enginetest

import (
	"math"
	"slices"
	"strings"
	"testing"

	"harness/model/engine"
	"harness/model/engine/flops"
)

// refusals: misuse is an error of one line that says what did not fit, and the session still works.
func refusals(t *testing.T, e engine.Engine) {
	zeros := func(shape ...int) engine.Tensor { return engine.Floats(make([]float32, engine.Size(shape)), shape...) }
	params := []engine.Param{{Name: "x", Tensor: zeros(2, 3)}, {Name: "w", Tensor: zeros(4, 5)}}
	s := session(t, e, params)
	in := engine.Inputs{"ids": engine.Ints([]int32{0, 7}, 2), "x": zeros(2)}
	cases := map[string]func(o engine.Ops) engine.Value{
		"no such parameter": func(o engine.Ops) engine.Value { return o.Param("y") },
		"no such input":     func(o engine.Ops) engine.Value { return o.Input("y") },
		"integers":          func(o engine.Ops) engine.Value { return o.Input("ids") },
		"linear":            func(o engine.Ops) engine.Value { return o.Linear(o.Param("x"), o.Param("w"), nil) },
		"add":               func(o engine.Ops) engine.Value { return o.Add(o.Param("x"), o.Param("w")) },
		"reshape":           func(o engine.Ops) engine.Value { return o.Reshape(o.Param("x"), 7) },
		"slice":             func(o engine.Ops) engine.Value { return o.Slice(o.Param("x"), 1, 2, 9) },
		"concat":            func(o engine.Ops) engine.Value { return o.Concat(0, o.Param("x"), o.Param("w")) },
		"attention": func(o engine.Ops) engine.Value {
			x := o.Reshape(o.Param("x"), 1, 2, 3)
			return o.Attention(x, x, x, 2, engine.Mask{})
		},
	}
	for name, op := range cases {
		program := func(o engine.Ops) []engine.Value { return []engine.Value{op(o)} }
		_, err := s.Run(name, program, in)
		_, counted := flops.New(params).Count(name, program, in, flops.Inference)
		for _, err := range []error{err, counted} {
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s: error %v, not one line", name, err)
			}
		}
	}
	out, err := s.Run("fine", func(o engine.Ops) []engine.Value { return []engine.Value{o.Param("x")} }, in)
	if err != nil || !slices.Equal(out[0].Shape, []int{2, 3}) {
		t.Errorf("after the refusals: %v, %v", out, err)
	}
	if _, err := s.Param("y"); err == nil {
		t.Error("an unknown parameter was found")
	}
}

// notFinite: a loss that is not a number changes no parameter.
func notFinite(t *testing.T, e engine.Engine) {
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1))} {
		s := session(t, e, []engine.Param{{Name: "x", Tensor: engine.Floats([]float32{1, 2, 3, 4}, 2, 2), Decay: true}})
		in := engine.Inputs{
			"y": engine.Floats([]float32{bad, 1, 1, 1}, 2, 2), "labels": engine.Ints([]int32{0, 1}, 2),
			"weights": engine.Floats([]float32{1, 1}, 2),
		}
		program := func(o engine.Ops) []engine.Value {
			return []engine.Value{o.CrossEntropy(o.Mul(o.Param("x"), o.Input("y")), "labels", "weights", 0)}
		}
		before, err := s.Save()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Step("step", program, in, 0.1, engine.AdamW{Beta1: 0.9, Beta2: 0.99, Eps: 1e-8}); err == nil {
			t.Errorf("a step with %g was taken", bad)
		}
		after, err := s.Save()
		if err != nil {
			t.Fatal(err)
		}
		for name, tensor := range before {
			if !slices.Equal(tensor.F32, after[name].F32) || !slices.Equal(tensor.I32, after[name].I32) {
				t.Errorf("%s moved", name)
			}
		}
	}
}

// saveLoad: a session that loads what another saved continues exactly like it, bit for bit, and refuses a state that does not fit.
func saveLoad(t *testing.T, e engine.Engine) {
	params := []engine.Param{
		{Name: "a", Tensor: engine.Floats([]float32{1, -2, 3, 0.5, 0, 1}, 2, 3), Decay: true},
		{Name: "b", Tensor: engine.Floats([]float32{1, 2, 3, 1, 2, 2}, 2, 3)},
		{Name: "c", Tensor: engine.Floats([]float32{1, 1}, 2), Frozen: true},
	}
	program := func(o engine.Ops) []engine.Value {
		return []engine.Value{o.MSE(o.Linear(o.Param("a"), o.Param("b"), o.Param("c")), o.Input("y"))}
	}
	in := engine.Inputs{"y": engine.Floats([]float32{1, 2, 3, 4}, 2, 2)}
	opt := engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.1, MaxGradNorm: 1}
	steps := func(s engine.Session, n int) (loss float64) {
		for range n {
			got, err := s.Step("step", program, in, 0.01, opt)
			if err != nil {
				t.Fatal(err)
			}
			loss = got.Loss
		}
		return loss
	}
	one, other := session(t, e, params), session(t, e, params)
	steps(one, 3)
	state, err := one.Save()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Load(state); err != nil {
		t.Fatal(err)
	}
	if got, want := steps(other, 3), steps(one, 3); got != want {
		t.Errorf("loss %g after loading, not %g", got, want)
	}
	if c, err := one.Param("c"); err != nil || !slices.Equal(c.F32, []float32{1, 1}) {
		t.Errorf("the frozen parameter became %v (%v)", c.F32, err)
	}
	delete(state, "adam.v.b")
	if err := other.Load(state); err == nil {
		t.Error("a state without a moment was loaded")
	}
}

// frozen: parameters that stay have no gradient, those that no program reads a gradient of zero.
func frozen(t *testing.T, e engine.Engine) {
	two := func() engine.Tensor { return engine.Floats([]float32{1, 2}, 2) }
	s := session(t, e, []engine.Param{{Name: "still", Tensor: two(), Frozen: true}, {Name: "read", Tensor: two()}, {Name: "unread", Tensor: two()}})
	for range 2 {
		_, grads, err := s.Gradients("loss", func(o engine.Ops) []engine.Value {
			return []engine.Value{o.MSE(o.GELU(o.Param("still"), engine.GELUTanh), o.Param("read"))}
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := grads["still"]; ok || len(grads) != 2 {
			t.Errorf("gradients of %v", sortedNames(grads))
		}
		if g := grads["unread"].F32; !slices.Equal(g, []float32{0, 0}) {
			t.Errorf("gradient of a parameter that is not read: %v", g)
		}
		if g := grads["read"].F32; g[0] == 0 || g[1] == 0 {
			t.Errorf("gradient of a parameter that is read: %v", g)
		}
	}
}

// extras: what a program returns behind its loss comes with the step, as it was before the parameters moved.
func extras(t *testing.T, e engine.Engine) {
	s := session(t, e, []engine.Param{{Name: "x", Tensor: engine.Floats([]float32{1, 2, 3}, 3)}})
	in := engine.Inputs{"y": engine.Floats([]float32{0, 0, 0}, 3)}
	got, err := s.Step("step", func(o engine.Ops) []engine.Value {
		doubled := o.Scale(o.Param("x"), 2)
		return []engine.Value{o.MSE(doubled, o.Input("y")), doubled, o.Slice(doubled, 0, 1, 3)}
	}, in, 0.1, engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8})
	if err != nil {
		t.Fatal(err)
	}
	if math.Abs(got.Loss-56.0/3) > 1e-5 || len(got.Extra) != 2 || !slices.Equal(got.Extra[0].F32, []float32{2, 4, 6}) ||
		!slices.Equal(got.Extra[1].F32, []float32{4, 6}) {
		t.Errorf("step gave %+v", got)
	}
	moved, err := s.Param("x")
	if err != nil || math.Abs(float64(moved.F32[0])-0.9) > 1e-5 {
		t.Errorf("x became %v (%v)", moved.F32, err)
	}
}
