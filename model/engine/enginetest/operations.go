package enginetest

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"

	"harness/model/engine"
)

func sortedNames(params map[string]engine.Tensor) []string { return slices.Sorted(maps.Keys(params)) }

// differences lists every operation with a gradient, in sizes that are not multiples of any vector.
func differences() []difference {
	r := rand.New(rand.NewPCG(3, 4))
	p := func(name string) func(o engine.Ops) engine.Value {
		return func(o engine.Ops) engine.Value { return o.Param(name) }
	}
	x := p("x")
	one := func(shape ...int) map[string]engine.Tensor { return map[string]engine.Tensor{"x": random(r, shape...)} }
	xwb := func(xs, ws []int, out int) map[string]engine.Tensor {
		return map[string]engine.Tensor{"x": random(r, xs...), "w": random(r, ws...), "b": random(r, out)}
	}
	qkv := func(b, queries, keys, w int) map[string]engine.Tensor {
		return map[string]engine.Tensor{"q": random(r, b, queries, w), "k": random(r, b, keys, w), "v": random(r, b, keys, w)}
	}
	attend := func(heads int, mask engine.Mask) func(o engine.Ops) engine.Value {
		return func(o engine.Ops) engine.Value {
			return o.Attention(o.Param("q"), o.Param("k"), o.Param("v"), heads, mask)
		}
	}
	away := random(r, 3, 7) // no element near 0, where |x| has a corner
	for i, v := range away.F32 {
		away.F32[i] = v + float32(math.Copysign(0.2, float64(v)))
	}
	apart := engine.Floats(make([]float32, 24), 2, 4, 3) // no two elements alike
	for i, at := range r.Perm(24) {
		apart.F32[i] = float32(at) / 5
	}
	ints := func(v ...int32) engine.Tensor { return engine.Ints(v, len(v)) }
	return []difference{
		{"Linear", xwb([]int{2, 5, 17}, []int{9, 17}, 9), nil, func(o engine.Ops) engine.Value { return o.Linear(x(o), o.Param("w"), o.Param("b")) }},
		{"Linear without bias, many rows", map[string]engine.Tensor{"x": random(r, 70, 33), "w": random(r, 35, 33)}, nil, func(o engine.Ops) engine.Value { return o.Linear(x(o), o.Param("w"), nil) }},
		{"LinearInOut", xwb([]int{3, 17}, []int{17, 37}, 37), nil, func(o engine.Ops) engine.Value { return o.LinearInOut(x(o), o.Param("w"), o.Param("b")) }},
		{"LayerNorm", xwb([]int{2, 3, 19}, []int{19}, 19), nil, func(o engine.Ops) engine.Value { return o.LayerNorm(x(o), o.Param("w"), o.Param("b"), 1e-5) }},
		{"GELU tanh", one(5, 13), nil, func(o engine.Ops) engine.Value { return o.GELU(x(o), engine.GELUTanh) }},
		{"GELU erf", one(5, 13), nil, func(o engine.Ops) engine.Value { return o.GELU(x(o), engine.GELUErf) }},
		{"Attention", qkv(2, 7, 19, 10), nil, attend(2, engine.Mask{})},
		{"Attention causal", qkv(2, 5, 9, 12), nil, attend(3, engine.Mask{Causal: true})},
		{"Attention padded", qkv(3, 61, 8, 10), engine.Inputs{"lengths": ints(8, 3, 0)}, attend(2, engine.Mask{KeyLengths: "lengths"})},
		{"Attention causal for some", qkv(2, 6, 6, 8), engine.Inputs{"lengths": ints(6, 4), "causal": ints(1, 0)}, attend(2, engine.Mask{Causal: true, KeyLengths: "lengths", CausalRows: "causal"})},
		{"Attention with itself", one(2, 5, 8), nil, func(o engine.Ops) engine.Value { return o.Attention(x(o), x(o), x(o), 2, engine.Mask{}) }},
		{"Attention of slices", one(2, 5, 18), nil, func(o engine.Ops) engine.Value {
			return o.Attention(o.Slice(x(o), 2, 0, 6), o.Slice(x(o), 2, 6, 12), o.Slice(x(o), 2, 12, 18), 2, engine.Mask{Causal: true})
		}},
		{"Attention of few queries", qkv(2, 2, 9, 10), nil, attend(2, engine.Mask{Causal: true})},
		{"Embedding", one(6, 5), engine.Inputs{"ids": engine.Ints([]int32{1, 5, 1, 0}, 2, 2)}, func(o engine.Ops) engine.Value { return o.Embedding(x(o), "ids") }},
		{"Add", map[string]engine.Tensor{"x": random(r, 3, 4, 5), "y": random(r, 3, 4, 5)}, nil, func(o engine.Ops) engine.Value { return o.Add(x(o), o.Param("y")) }},
		{"Add repeated", map[string]engine.Tensor{"x": random(r, 3, 4, 5), "y": random(r, 4, 5)}, nil, func(o engine.Ops) engine.Value { return o.Add(x(o), o.Param("y")) }},
		{"Add to itself and on", one(4, 5), nil, func(o engine.Ops) engine.Value {
			y := o.GELU(x(o), engine.GELUTanh)
			z := o.Add(y, y)
			return o.Add(o.Add(z, y), o.Mul(z, y))
		}},
		{"Mul", map[string]engine.Tensor{"x": random(r, 3, 7), "y": random(r, 3, 7)}, nil, func(o engine.Ops) engine.Value { return o.Mul(x(o), o.Param("y")) }},
		{"Mul repeated", map[string]engine.Tensor{"x": random(r, 3, 7), "y": random(r, 7)}, nil, func(o engine.Ops) engine.Value { return o.Mul(x(o), o.Param("y")) }},
		{"Scale", one(3, 7), nil, func(o engine.Ops) engine.Value { return o.Scale(x(o), -0.7) }},
		{"Abs", map[string]engine.Tensor{"x": away}, nil, func(o engine.Ops) engine.Value { return o.Abs(x(o)) }},
		{"Concat", map[string]engine.Tensor{"x": random(r, 2, 3, 4), "y": random(r, 2, 2, 4)}, nil, func(o engine.Ops) engine.Value { return o.Concat(1, x(o), o.Param("y"), x(o)) }},
		{"Slice first", one(5, 3), nil, func(o engine.Ops) engine.Value { return o.Slice(x(o), 0, 1, 4) }},
		{"Slice middle", one(2, 5, 3), nil, func(o engine.Ops) engine.Value { return o.Slice(x(o), 1, 1, 4) }},
		{"Slice last", one(2, 5, 9), nil, func(o engine.Ops) engine.Value { return o.GELU(o.Slice(x(o), 2, 2, 7), engine.GELUTanh) }},
		{"Reshape", one(4, 6), nil, func(o engine.Ops) engine.Value { return o.Add(o.Reshape(x(o), 2, 12), o.Reshape(x(o), 2, 12)) }},
		{"Mean", one(2, 5, 3), nil, func(o engine.Ops) engine.Value { return o.Mean(x(o), 1) }},
		{"Max", map[string]engine.Tensor{"x": apart}, nil, func(o engine.Ops) engine.Value { return o.Max(x(o), 1) }},
		{"MatMul", map[string]engine.Tensor{"x": random(r, 7, 11), "y": random(r, 5, 11)}, nil, func(o engine.Ops) engine.Value { return o.MatMul(x(o), o.Param("y")) }},
		{"Dropout", one(6, 7), engine.Inputs{"seed": ints(9)}, func(o engine.Ops) engine.Value { return o.Dropout(o.Dropout(x(o), 0.3, "seed"), 0.5, "seed") }},
		{"StopGradient", one(6, 7), engine.Inputs{"still": random(r, 6, 7)}, func(o engine.Ops) engine.Value { return o.Mul(x(o), o.StopGradient(o.Input("still"))) }},
		{"CrossEntropy", one(5, 21), engine.Inputs{"labels": ints(3, 20, 0, -1, 7), "weights": engine.Floats([]float32{1, 0.5, 2, 0, 1}, 5)}, func(o engine.Ops) engine.Value { return o.CrossEntropy(x(o), "labels", "weights", 0.1) }},
		{"SigmoidPair", map[string]engine.Tensor{"x": random(r, 3, 6), "y": random(r, 3, 6), "s": random(r, 1), "b": random(r, 1)}, engine.Inputs{"sign": engine.Floats([]float32{1, -1, -1, -1, 1, 1, -1, 1, 1}, 3, 3)}, func(o engine.Ops) engine.Value {
			return o.SigmoidPair(o.L2Normalise(x(o)), o.L2Normalise(o.Param("y")), o.Param("s"), o.Param("b"), "sign")
		}},
		{"SigmoidPair of 2 images and 4 texts", map[string]engine.Tensor{"x": random(r, 2, 6), "y": random(r, 4, 6), "s": random(r, 1), "b": random(r, 1)}, engine.Inputs{"sign": engine.Floats([]float32{1, -1, -1, -1, -1, 1, -1, 1}, 2, 4)}, func(o engine.Ops) engine.Value {
			return o.SigmoidPair(o.L2Normalise(x(o)), o.L2Normalise(o.Param("y")), o.Param("s"), o.Param("b"), "sign")
		}},
		{"MSE", map[string]engine.Tensor{"x": random(r, 3, 6), "y": random(r, 3, 6)}, nil, func(o engine.Ops) engine.Value { return o.MSE(x(o), o.Param("y")) }},
		{"L2Normalise", one(4, 7), nil, func(o engine.Ops) engine.Value { return o.L2Normalise(x(o)) }},
		{"RoIAlign", one(2, 30, 5), engine.Inputs{"boxes": engine.Floats([]float32{0.4, 0.3, 4.2, 3.9, -1.5, 2, 7, 5.5, 1, 1, 2, 2}, 3, 4), "rows": ints(1, 0, 1)}, func(o engine.Ops) engine.Value { return o.RoIAlign(x(o), 5, 6, "boxes", "rows") }},
	}
}
