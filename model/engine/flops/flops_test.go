package flops_test

import (
	"strings"
	"testing"

	"harness/model/engine"
	"harness/model/engine/flops"
)

// shape is a parameter or input without data.
func shape(dims ...int) engine.Tensor { return engine.Tensor{Shape: dims} }

func param(name string, dims ...int) engine.Param {
	return engine.Param{Name: name, Tensor: shape(dims...)}
}

func frozen(name string, dims ...int) engine.Param {
	p := param(name, dims...)
	p.Frozen = true
	return p
}

func count(t *testing.T, params []engine.Param, p engine.Program, in engine.Inputs, pass flops.Pass) flops.Count {
	t.Helper()
	c, err := flops.New(params).Count("program", p, in, pass)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestByHand counts small programs whose products are written out beside them.
func TestByHand(t *testing.T) {
	sum := func(o engine.Ops, x engine.Value) engine.Value {
		return o.Mean(o.Reshape(x, engine.Size(x.Shape())), 0)
	}
	in := engine.Inputs{
		"x": shape(2, 3, 4), "y": shape(2, 3, 5), "rows": shape(6), "lengths": shape(2), "sign": shape(6, 9), "images": shape(6, 4),
	}
	for _, c := range []struct {
		name              string
		params            []engine.Param
		program           func(o engine.Ops) []engine.Value
		operation         flops.Operation
		forward, backward int64
	}{
		{"linear of an input: back to w alone", []engine.Param{param("w", 5, 4), param("b", 5)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.Linear(o.Input("x"), o.Param("w"), o.Param("b")))}
		}, flops.Linear, 2 * 6 * 5 * 4, 2 * 6 * 5 * 4},
		{"linear in-out of a parameter: back to both", []engine.Param{param("x", 3, 4), param("w", 4, 5)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.LinearInOut(o.Param("x"), o.Param("w"), nil))}
		}, flops.Linear, 2 * 3 * 4 * 5, 2 * 2 * 3 * 4 * 5},
		{"frozen weight: back to x alone", []engine.Param{param("x", 3, 4), frozen("w", 5, 4)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.Linear(o.Param("x"), o.Param("w"), nil))}
		}, flops.Linear, 2 * 3 * 4 * 5, 2 * 3 * 4 * 5},
		{"frozen layer, then a trained one: the way back ends at it", []engine.Param{frozen("v", 7, 4), param("w", 5, 7)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.Linear(o.GELU(o.Linear(o.Input("x"), o.Param("v"), nil), engine.GELUTanh), o.Param("w"), nil))}
		}, flops.Linear, 2*6*7*4 + 2*6*5*7, 2 * 6 * 5 * 7},
		{"stopped gradient", []engine.Param{param("v", 7, 4), param("w", 5, 7)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.Linear(o.StopGradient(o.Linear(o.Input("x"), o.Param("v"), nil)), o.Param("w"), nil))}
		}, flops.Linear, 2*6*7*4 + 2*6*5*7, 2 * 6 * 5 * 7},
		{"a trained bias alone: forth only", []engine.Param{frozen("w", 5, 4), param("b", 5)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.Linear(o.Input("x"), o.Param("w"), o.Param("b")))}
		}, flops.Linear, 2 * 6 * 5 * 4, 0},
		{"what the loss does not read has no way back", []engine.Param{param("w", 5, 4)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.Param("w")), o.Linear(o.Input("x"), o.Param("w"), nil)}
		}, flops.Linear, 2 * 6 * 5 * 4, 0},
		{"read twice, gone back once", []engine.Param{param("w", 5, 4)}, func(o engine.Ops) []engine.Value {
			y := o.Linear(o.Input("x"), o.Param("w"), nil)
			return []engine.Value{sum(o, o.Mul(y, o.Add(y, y)))}
		}, flops.Linear, 2 * 6 * 5 * 4, 2 * 6 * 5 * 4},
		{"attention of parameters: two products forth, four back", []engine.Param{param("q", 2, 7, 6), param("k", 2, 9, 6), param("v", 2, 9, 6)}, func(o engine.Ops) []engine.Value {
			mask := engine.Mask{Causal: true, KeyLengths: "lengths"}
			return []engine.Value{sum(o, o.Attention(o.Param("q"), o.Param("k"), o.Param("v"), 3, mask))}
		}, flops.Attention, 2 * (2 * 2 * 7 * 9 * 6), 4 * (2 * 2 * 7 * 9 * 6)},
		{"attention, keys and values frozen: back by the weights to q", []engine.Param{param("q", 2, 7, 6), frozen("k", 2, 9, 6), frozen("v", 2, 9, 6)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.Attention(o.Param("q"), o.Param("k"), o.Param("v"), 1, engine.Mask{}))}
		}, flops.Attention, 2 * (2 * 2 * 7 * 9 * 6), 2 * (2 * 2 * 7 * 9 * 6)},
		{"attention, values alone", []engine.Param{frozen("q", 2, 7, 6), frozen("k", 2, 9, 6), param("v", 2, 9, 6)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.Attention(o.Param("q"), o.Param("k"), o.Param("v"), 1, engine.Mask{}))}
		}, flops.Attention, 2 * (2 * 2 * 7 * 9 * 6), 2 * 2 * 7 * 9 * 6},
		{"matmul", []engine.Param{param("a", 7, 11), param("b", 5, 11)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{sum(o, o.MatMul(o.Param("a"), o.Param("b")))}
		}, flops.MatMul, 2 * 7 * 11 * 5, 2 * 2 * 7 * 11 * 5},
		{"sigmoid pair of 6 given images and 9 trained texts", []engine.Param{param("texts", 9, 4), param("s", 1), param("b", 1)}, func(o engine.Ops) []engine.Value {
			return []engine.Value{o.SigmoidPair(o.L2Normalise(o.Input("images")), o.L2Normalise(o.Param("texts")), o.Param("s"), o.Param("b"), "sign")}
		}, flops.SigmoidPair, 2 * 6 * 9 * 4, 2 * 6 * 9 * 4},
	} {
		trained := count(t, c.params, c.program, in, flops.Training)
		if got := trained.Of(c.operation); got.Forward != c.forward || got.Backward != c.backward {
			t.Errorf("%s: %d forth and %d back, not %d and %d", c.name, got.Forward, got.Backward, c.forward, c.backward)
		}
		if got, want := trained.Total(), c.forward+c.backward; got != want {
			t.Errorf("%s: %d in all, not %d: another operation was counted", c.name, got, want)
		}
		if got := count(t, c.params, c.program, in, flops.Inference); got.Work() != (flops.Work{Forward: c.forward}) {
			t.Errorf("%s: %+v for inference, not %d", c.name, got.Work(), c.forward)
		}
	}
}

// TestKnown: the program runs once for a key, a pass and the inputs' shapes.
func TestKnown(t *testing.T) {
	c := flops.New([]engine.Param{param("w", 5, 4)})
	runs := 0
	program := func(o engine.Ops) []engine.Value {
		runs++
		y := o.Linear(o.Input("x"), o.Param("w"), nil)
		return []engine.Value{o.Mean(o.Reshape(y, engine.Size(y.Shape())), 0), y}
	}
	for i, call := range []struct {
		key        string
		rows       int
		pass       flops.Pass
		runs       int
		total, dim int64
	}{
		{"a", 3, flops.Inference, 1, 120, 3}, {"a", 3, flops.Inference, 1, 120, 3}, {"a", 3, flops.Training, 2, 240, 3},
		{"a", 6, flops.Training, 3, 480, 6}, {"b", 6, flops.Training, 4, 480, 6}, {"a", 3, flops.Training, 4, 240, 3},
	} {
		got, err := c.Count(call.key, program, engine.Inputs{"x": shape(call.rows, 4)}, call.pass)
		if err != nil {
			t.Fatal(err)
		}
		if runs != call.runs || got.Total() != call.total {
			t.Errorf("call %d: %d runs and %d operations, not %d and %d", i, runs, got.Total(), call.runs, call.total)
		}
		results := got.Results()
		if len(results) != 2 || len(results[0]) != 0 || len(results[1]) != 2 || int64(results[1][0]) != call.dim {
			t.Errorf("call %d: results %v", i, results)
		}
		results[1][0] = 77 // a caller's own
	}
}

// TestRefusals: what does not fit is one line that names the program.
func TestRefusals(t *testing.T) {
	params := []engine.Param{param("w", 5, 4), param("x", 2, 3)}
	in := engine.Inputs{"ids": engine.Ints([]int32{1, 2}, 2), "floats": engine.Floats([]float32{1, 2}, 2), "short": engine.Floats([]float32{1}, 2)}
	for _, c := range []struct {
		want    string
		program engine.Program
	}{
		{"no parameter u", func(o engine.Ops) []engine.Value { return []engine.Value{o.Param("u")} }},
		{"no input u", func(o engine.Ops) []engine.Value { return []engine.Value{o.Input("u")} }},
		{"input ids holds integers", func(o engine.Ops) []engine.Value { return []engine.Value{o.Input("ids")} }},
		{"input floats [2]: int32", func(o engine.Ops) []engine.Value { return []engine.Value{o.Embedding(o.Param("w"), "floats")} }},
		{"input short [2] holds 1 elements", func(o engine.Ops) []engine.Value { return []engine.Value{o.Input("short")} }},
		{"linear: x [2 3] does not fit w [5 4]", func(o engine.Ops) []engine.Value {
			return []engine.Value{o.Linear(o.Param("x"), o.Param("w"), nil)}
		}},
		{"decoding states are not counted", func(o engine.Ops) []engine.Value { return []engine.Value{o.Append("k", o.Param("x"))} }},
		{"no result", func(o engine.Ops) []engine.Value { return nil }},
		{"a value of another engine", func(o engine.Ops) []engine.Value { return []engine.Value{o.Abs(nil)} }},
		{"the loss has shape [2 3]", func(o engine.Ops) []engine.Value { return []engine.Value{o.Param("x")} }},
	} {
		_, err := flops.New(params).Count("odd", c.program, in, flops.Training)
		if err == nil || !strings.HasPrefix(err.Error(), "count odd: ") || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("error %v, not one line with %q", err, c.want)
		}
	}
	if _, err := flops.New(params).Count("odd", nil, nil, 7); err == nil {
		t.Error("a pass that is not known was taken")
	}
}
