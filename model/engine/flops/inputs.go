package flops

import (
	"slices"

	"harness/model/engine"
)

// Param is the parameter of that name.
func (r *run) Param(name string) engine.Value {
	p, ok := r.counter.params[name]
	if !ok {
		refuse("no parameter %s", name)
	}
	return &value{shape: p.Tensor.Shape, needs: r.pass == Training && !p.Frozen}
}

// input is the input of that name; what data it has must fit its shape.
func (r *run) input(name string) engine.Tensor {
	t, ok := r.in[name]
	if !ok {
		refuse("no input %s", name)
	}
	if n := len(t.F32) + len(t.I32); n != 0 && n != t.Size() {
		refuse("input %s %v holds %d elements", name, t.Shape, n)
	}
	return t
}

// Input is the float32 input of that name.
func (r *run) Input(name string) engine.Value {
	t := r.input(name)
	if len(t.I32) > 0 {
		refuse("input %s holds integers where floats are wanted", name)
	}
	return &value{shape: slices.Clone(t.Shape)}
}

// IntShape is the shape of an int32 input.
func (r *run) IntShape(name string) []int { return r.ints(name, -1) }

// ints is the shape of an int32 input; n is its number of elements, or -1 for any.
func (r *run) ints(name string, n int) []int {
	t := r.input(name)
	if len(t.F32) > 0 || n >= 0 && t.Size() != n {
		refuse("input %s %v: int32 [%d] is wanted", name, t.Shape, n)
	}
	return slices.Clone(t.Shape)
}

// floats checks a float32 input of n elements.
func (r *run) floats(name string, n int) {
	t := r.input(name)
	if len(t.I32) > 0 || t.Size() != n {
		refuse("input %s %v: %d floats are wanted", name, t.Shape, n)
	}
}

// Append and State belong to decoding, whose cost grows with what was generated: it does not follow from shapes.
func (r *run) Append(state string, x engine.Value) engine.Value {
	refuse("append %s: decoding states are not counted", state)
	return nil
}

// State is refused like Append.
func (r *run) State(state string) engine.Value {
	refuse("state %s: decoding states are not counted", state)
	return nil
}
