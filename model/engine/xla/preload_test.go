package xla

import (
	"testing"

	"harness/model/engine"
)

// TestPreload checks that a call takes the inputs that were copied ahead, those that it does not read too, whatever order they came in, and
// that a step of them is the step of the same inputs copied by the call.
func TestPreload(t *testing.T) {
	e := tested(t, Options{Flags: quick, Sizes: Sizes{Preload: 1}})
	p := randomProgram(3)
	opt := engine.AdamW{Beta1: 0.9, Beta2: 0.99, Eps: 1e-3, MaxGradNorm: 0.5}
	open := func() *session {
		s, err := e.New(p.params)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		return s.(*session)
	}
	ahead, plain := open(), open()
	for i := range 3 {
		in := engine.Inputs{"not read": engine.Floats(make([]float32, 6), 2, 3), "empty": engine.Floats(nil, 0)}
		for name, given := range p.in {
			in[name] = engine.Tensor{Shape: given.Shape, F32: append([]float32(nil), given.F32...), I32: append([]int32(nil), given.I32...)}
		}
		done := make(chan error)
		go func() { done <- ahead.Preload(in) }()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		if len(ahead.preloaded.waiting) != len(in)-1 {
			t.Errorf("%d inputs wait", len(ahead.preloaded.waiting))
		}
		got, err := ahead.Step("p", p.build, in, 0.01, opt)
		if err != nil {
			t.Fatal(err)
		}
		want, err := plain.Step("p", p.build, p.in, 0.01, opt)
		if err != nil {
			t.Fatal(err)
		}
		if got.Loss != want.Loss || got.GradNorm != want.GradNorm {
			t.Errorf("step %d: %v, %v ahead; %v, %v by the call", i, got.Loss, got.GradNorm, want.Loss, want.GradNorm)
		}
		if len(ahead.preloaded.waiting) != 0 {
			t.Errorf("%d inputs still wait", len(ahead.preloaded.waiting))
		}
	}
	if err := ahead.Preload(p.in); err != nil {
		t.Fatal(err)
	}
	if err := ahead.Preload(p.in); err != nil { // in the place of the former
		t.Fatal(err)
	}
	few, err := tested(t, Options{Flags: quick}).New(p.params)
	if err != nil {
		t.Fatal(err)
	}
	defer few.Close()
	if err := few.(*session).Preload(p.in); err != nil || few.(*session).preloaded.waiting != nil {
		t.Errorf("few inputs are copied ahead: %v", err)
	}
}
