package model

import "harness/model/engine"

// Letters of the shapes in this package: I images, B sequences, L text positions, n visual tokens of an image,
// e encoder width, d decoder or LM width, V vocabulary, R rows that count for the loss.

// cache is how a block keeps the keys and values of earlier positions: nil while training.
type cache func(state string, x engine.Value) engine.Value

func linear(o engine.Ops, name string, x engine.Value) engine.Value {
	return o.Linear(x, o.Param(name+".weight"), o.Param(name+".bias"))
}

func conv1D(o engine.Ops, name string, x engine.Value) engine.Value {
	return o.LinearInOut(x, o.Param(name+".weight"), o.Param(name+".bias"))
}

func layerNorm(o engine.Ops, name string, x engine.Value, eps float64) engine.Value {
	return o.LayerNorm(x, o.Param(name+".weight"), o.Param(name+".bias"), eps)
}

func mlp(o engine.Ops, name string, x engine.Value) engine.Value {
	return linear(o, name+".fc2", o.GELU(linear(o, name+".fc1", x), engine.GELUTanh))
}

// selfAttention is multi-head attention of x with itself, and with what the cache holds.
func selfAttention(o engine.Ops, name string, x engine.Value, heads int, mask engine.Mask, keep cache) engine.Value {
	q, k, v := linear(o, name+".q", x), linear(o, name+".k", x), linear(o, name+".v", x)
	if keep != nil {
		k, v = keep(name+".k", k), keep(name+".v", v)
	}
	return linear(o, name+".out", o.Attention(q, k, v, heads, mask))
}

// gather takes the samples of x [I, ...] that the int32 input rows [B] names: [B, ...].
func gather(o engine.Ops, x engine.Value, rows string) engine.Value {
	shape := x.Shape()
	flat := o.Embedding(o.Reshape(x, shape[0], engine.Size(shape[1:])), rows)
	return o.Reshape(flat, append([]int{flat.Shape()[0]}, shape[1:]...)...)
}

// gatherRows takes rows of x [B, L, d], counted over B·L, that the int32 input names: [R, d].
func gatherRows(o engine.Ops, x engine.Value, rows string) engine.Value {
	shape := x.Shape()
	return o.Embedding(o.Reshape(x, shape[0]*shape[1], shape[2]), rows)
}
