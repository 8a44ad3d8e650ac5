package xla

import (
	"errors"
	"testing"

	"harness/model/engine"
)

// TestRemember checks that blocks are computed again only where the device has no room for what they compute: then a step has their
// products once more.
func TestRemember(t *testing.T) {
	const width = 8
	params := []engine.Param{{Name: "w", Tensor: engine.Floats(make([]float32, width*width), width, width)}}
	in := engine.Inputs{"x": engine.Floats(make([]float32, 4*width), 4, width)}
	program := func(o engine.Ops) []engine.Value {
		x := o.Input("x")
		for range 3 {
			x = o.Recompute(x, func(x engine.Value) []engine.Value {
				return []engine.Value{o.GELU(o.Linear(x, o.Param("w"), nil), engine.GELUTanh)}
			})[0]
		}
		return []engine.Value{o.Mean(o.Reshape(x, 4*width), 0)}
	}
	open := func(sizes Sizes) *session {
		s := withoutPlugin(t, "cpu", Options{Sizes: sizes}).newSession()
		for _, p := range params {
			s.declare(p)
		}
		return s
	}
	flops := func(sizes Sizes) float64 {
		s := open(sizes)
		var err error
		func() {
			defer recovered(&err, "prepare")
			s.prepare(ForStep, "p", program, in)
		}()
		var lowered loweredOnly
		if !errors.As(err, &lowered) {
			t.Fatal(err)
		}
		return lowered.facts.FLOPs
	}
	again := flops(Sizes{Recompute: 1}) // recomputed from one element on
	kept := flops(Sizes{Room: 1 << 30})
	if want := 3 * 2.0 * 4 * width * width; again-kept != want { // the blocks' own products
		t.Errorf("blocks computed again cost %v operations, kept %v: want %v apart", again, kept, want)
	}
	// Too small for the state alone, and for the products beside it.
	for _, room := range []int64{4 * 4 * width * width, 4*4*width*width + 64} {
		if open(Sizes{Room: room}).remembers(ForStep, program, in) {
			t.Errorf("a device of %d bytes has room", room)
		}
	}
}
