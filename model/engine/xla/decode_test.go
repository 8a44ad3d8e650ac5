package xla

import (
	"math/rand/v2"
	"strings"
	"testing"

	"harness/model/engine"
)

// TestDecoding checks that attention over a cache, filled by a prompt and then token by token, with rows reordered in
// between, equals causal attention over whole sequences.
func TestDecoding(t *testing.T) {
	const heads, width, prompt = 2, 6, 3
	session := open(t, tested(t, Options{}), nil)
	random := rand.New(rand.NewPCG(1, 2))
	causal := engine.Mask{Causal: true}
	cached := func(o engine.Ops) []engine.Value {
		x := o.Input("x")
		return []engine.Value{o.Attention(x, o.Append("k", o.Scale(x, 0.5)), o.Append("v", x), heads, causal)}
	}
	whole := func(o engine.Ops) []engine.Value {
		x := o.Input("x")
		return []engine.Value{o.Attention(x, o.Scale(x, 0.5), x, heads, causal)}
	}
	run := func(key string, p engine.Program, x engine.Tensor) engine.Tensor {
		t.Helper()
		out, err := session.Run(key, p, engine.Inputs{"x": x})
		if err != nil {
			t.Fatal(err)
		}
		return out[0]
	}
	for pass := range 2 { // the second time with everything compiled, with a little more room requested
		session.Reset(4, 8+pass)
		history := [][]float32{noise(random, prompt*width), noise(random, prompt*width)} // a row each
		got := run("cached", cached, stack(history, prompt, width))
		near(t, "prompt", got.F32, run("whole", whole, stack(history, prompt, width)).F32, 1e-6)
		for step, parents := range [][]int32{{0, 0, 1, 1}, {0, 1, 2, 3}, {3, 0, 0, 2}, {1, 2}} {
			session.Reorder(parents)
			next := make([][]float32, len(parents))
			grown := make([][]float32, len(parents))
			for i, parent := range parents {
				next[i] = noise(random, width)
				grown[i] = append(append([]float32{}, history[parent]...), next[i]...)
			}
			history = grown
			got := run("cached", cached, stack(next, 1, width))
			all := run("whole", whole, stack(history, prompt+step+1, width))
			near(t, "step", got.F32, lastRows(all), 1e-6)
		}
	}
	for signature, list := range programs(session) {
		if len(list) > 2 {
			t.Errorf("%d executables for %s: a length was compiled in", len(list), signature)
		}
	}
	two := engine.Inputs{"x": stack([][]float32{noise(random, 2*width), noise(random, 2*width)}, 2, width)}
	if _, err := session.Run("cached", cached, two); err != nil { // behind 7 of 9 positions
		t.Error(err)
	}
	if _, err := session.Run("cached", cached, two); err == nil || !strings.Contains(err.Error(), "exceed") {
		t.Errorf("more positions than Reset allowed: %v", err)
	}
	session.Reorder([]int32{7})
	if _, err := session.Run("cached", cached, engine.Inputs{"x": stack([][]float32{noise(random, width)}, 1, width)}); err == nil ||
		!strings.Contains(err.Error(), "row 7 of 2") {
		t.Errorf("a row that is not there: %v", err)
	}
}

// TestState checks that a state made by one program is read whole by another.
func TestState(t *testing.T) {
	session := open(t, tested(t, Options{}), nil)
	session.Reset(2, 5)
	x := engine.Floats([]float32{1, 2, 3, 4, 5, 6}, 1, 3, 2)
	store := func(o engine.Ops) []engine.Value {
		o.Append("s", o.Input("x"))
		return []engine.Value{o.Input("x")}
	}
	if _, err := session.Run("store", store, engine.Inputs{"x": x}); err != nil {
		t.Fatal(err)
	}
	session.Reorder([]int32{0, 0})
	out, err := session.Run("read", func(o engine.Ops) []engine.Value { return []engine.Value{o.State("s")} }, nil)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "state", out[0].F32, append(append([]float32{}, x.F32...), x.F32...), 0)
}

func noise(random *rand.Rand, n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(random.NormFloat64())
	}
	return x
}

// stack makes [rows, positions, width] of rows.
func stack(rows [][]float32, positions, width int) engine.Tensor {
	var data []float32
	for _, r := range rows {
		data = append(data, r...)
	}
	return engine.Floats(data, len(rows), positions, width)
}

// lastRows takes the last position of each row of [rows, positions, width].
func lastRows(t engine.Tensor) []float32 {
	var out []float32
	positions, width := t.Shape[1], t.Shape[2]
	for i := range t.Shape[0] {
		out = append(out, t.F32[(i*positions+positions-1)*width:][:width]...)
	}
	return out
}

// programs are the executables that a session has compiled.
func programs(s engine.Session) map[string][]*program { return s.(*session).programs }
