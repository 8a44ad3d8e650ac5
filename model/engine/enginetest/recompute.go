package enginetest

import (
	"math/rand/v2"
	"testing"

	"harness/model/engine"
)

// block is layers of a width of 8, with a dropout, that read a parameter and a value of outside: two results.
func block(o engine.Ops, x, outside engine.Value) []engine.Value {
	h := o.Dropout(o.GELU(o.Linear(x, o.Param("w"), nil), engine.GELUTanh), 0.3, "seed")
	seen := o.Attention(h, o.Add(x, outside), h, 2, engine.Mask{Causal: true})
	return []engine.Value{o.Add(x, seen), o.Mean(h, 1)}
}

// recompute: blocks that may be computed again, one in another, one with a result that nothing reads, give what plain calls give:
// the same numbers on the native engine, and the same masks of dropout everywhere.
func recompute(t *testing.T, e engine.Engine) {
	tolerance := 1e-6
	if e.Name() == "native" {
		tolerance = 0
	}
	r := rand.New(rand.NewPCG(23, 24))
	params := []engine.Param{{Name: "x", Tensor: random(r, 2, 5, 8)}, {Name: "w", Tensor: random(r, 8, 8)}, {Name: "outside", Tensor: random(r, 8)}}
	in := engine.Inputs{"seed": engine.Ints([]int32{5}, 1), "y": random(r, 2, 5, 8)}
	type run func(x engine.Value, block func(x engine.Value) []engine.Value) []engine.Value
	program := func(call func(o engine.Ops) run) engine.Program {
		return func(o engine.Ops) []engine.Value {
			outside := o.Scale(o.Param("outside"), 2)
			x := o.Dropout(o.Param("x"), 0.1, "seed")
			first := call(o)(x, func(x engine.Value) []engine.Value { return block(o, x, outside) })
			second := call(o)(first[0], func(x engine.Value) []engine.Value {
				inner := call(o)(o.Scale(x, 0.5), func(x engine.Value) []engine.Value { return block(o, x, outside) })
				return []engine.Value{o.Add(inner[0], first[0]), inner[1]}
			})
			last := o.Dropout(second[0], 0.2, "seed")
			return []engine.Value{o.Add(o.MSE(last, o.Input("y")), o.Mean(o.Reshape(o.Abs(first[1]), 16), 0)), last, second[1]}
		}
	}
	plain := program(func(engine.Ops) run {
		return func(x engine.Value, block func(x engine.Value) []engine.Value) []engine.Value { return block(x) }
	})
	again := program(func(o engine.Ops) run { return o.Recompute })
	alike(t, session(t, e, params), plain, again, in, tolerance)
}
