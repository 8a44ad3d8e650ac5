package enginetest

import (
	"math/rand/v2"
	"testing"

	"harness/model/engine"
)

// unpad: a program that leaves out padding, and what is not read, has the results and gradients of the one that computes them: on the native
// engine the same bits, whatever the operations. Texts are as long as may be, of one position, of none and all between.
func unpad(t *testing.T, e engine.Engine) {
	tolerance := 1e-6
	if e.Name() == "native" {
		tolerance = 0
	}
	const samples, length, width, memory, always = 41, 11, 12, 7, 2
	r := rand.New(rand.NewPCG(31, 32))
	var params []engine.Param
	for _, p := range []struct {
		name  string
		shape []int
	}{
		{"x", []int{samples, length, width}}, {"positions", []int{length, width}},
		{"few", []int{samples, 3, width}}, {"shared", []int{samples, memory, width}}, {"memory", []int{samples, memory, width}}, {"all", []int{samples, memory, width}},
		{"q", []int{width, width}}, {"kv", []int{width, 2 * width}}, {"out", []int{width, width}},
		{"row", []int{width}}, {"norm", []int{width}}, {"bias", []int{width}},
	} {
		params = append(params, engine.Param{Name: p.name, Tensor: random(r, p.shape...)})
	}
	lengths, rest, remembered, causal := make([]int32, samples), make([]int32, samples), make([]int32, samples), make([]int32, samples)
	var rows, behind []int32 // those that are read, and their numbers when the first positions of each sample do not count
	for b := range samples {
		lengths[b], remembered[b], causal[b] = int32(r.IntN(length+1)), int32(r.IntN(memory+1)), int32(r.IntN(2))
		if b < 3 {
			lengths[b] = []int32{length, 0, 1}[b]
		}
		rest[b] = max(0, lengths[b]-always)
		for at := range lengths[b] {
			if at >= always && r.IntN(3) > 0 {
				rows = append(rows, int32(b*length)+at)
				behind = append(behind, int32(b*(length-always))+at-always)
			}
		}
	}
	in := engine.Inputs{
		"lengths": engine.Ints(lengths, samples), "rest": engine.Ints(rest, samples), "remembered": engine.Ints(remembered, samples), "causal": engine.Ints(causal, samples),
		"rows": engine.Ints(rows, len(rows)), "behind": engine.Ints(append(behind, behind[0]), len(behind)+1), "seed": engine.Ints([]int32{3}, 1), "y": random(r, len(rows), width),
	}
	program := func(leave bool) engine.Program {
		return func(o engine.Ops) []engine.Value {
			unpad := func(x engine.Value, lengths string) engine.Value {
				if leave {
					return o.Unpad(x, 0, lengths)
				}
				return x
			}
			x := unpad(o.Add(o.Param("x"), o.Param("positions")), "lengths")
			m := unpad(o.Param("memory"), "remembered")
			read := func(x, m engine.Value, mask engine.Mask) engine.Value { // an attention block
				h := o.LayerNorm(x, o.Param("norm"), o.Param("bias"), 1e-5)
				kv := o.LinearInOut(m, o.Param("kv"), nil)
				k, v := o.Slice(kv, 2, 0, width), o.Slice(kv, 2, width, 2*width)
				seen := o.Attention(o.Linear(h, o.Param("q"), o.Param("row")), k, v, 3, mask)
				return o.Add(x, o.GELU(o.Linear(seen, o.Param("out"), o.Param("bias")), engine.GELUTanh))
			}
			x = o.Recompute(x, func(x engine.Value) []engine.Value {
				return []engine.Value{read(x, x, engine.Mask{Causal: true, KeyLengths: "lengths", CausalRows: "causal"})}
			})[0]
			x = read(x, m, engine.Mask{KeyLengths: "remembered"})
			x = read(x, o.Param("all"), engine.Mask{})
			x = o.Mul(o.Add(x, o.Param("row")), o.Param("norm"))
			x = o.Add(o.Abs(x), o.Scale(o.Mul(x, x), 0.1))
			x = o.Add(o.Dropout(x, 0.2, "seed"), o.Mul(x, o.StopGradient(x)))
			if leave { // as an LM reads it, behind positions that all samples have
				x = o.Unpad(o.Add(x, o.Param("positions")), always, "rest")
			} else {
				x = o.Add(x, o.Param("positions"))
			}
			only := func(x engine.Value) engine.Value {
				if leave {
					return o.Only(x, always, "behind")
				}
				return x
			}
			seen := read(o.Dropout(x, 0.1, "seed"), x, engine.Mask{Causal: true})
			x = o.Add(only(x), o.Dropout(o.Linear(only(seen), o.Param("out"), o.Param("row")), 0.3, "seed"))
			x = o.Add(x, o.GELU(o.LinearInOut(o.LayerNorm(x, o.Param("norm"), o.Param("bias"), 1e-5), o.Param("q"), o.Param("bias")), engine.GELUErf))
			x = o.Embedding(o.Reshape(o.Reshape(x, samples, length, width), samples*length, width), "rows")
			kv := o.LinearInOut(unpad(o.Param("shared"), "remembered"), o.Param("kv"), nil)
			few := o.Attention(o.Param("few"), o.Slice(kv, 2, 0, width), o.Slice(kv, 2, width, 2*width), 3, engine.Mask{KeyLengths: "remembered"})
			others := o.Mean(o.Reshape(o.Mul(few, few), samples*3*width), 0)
			return []engine.Value{o.Add(o.MSE(x, o.Input("y")), others), x, few}
		}
	}
	alike(t, session(t, e, params), program(false), program(true), in, tolerance)
}
