// Package nn holds the layers, models and decoding that the methods of pretraining and difference VQA share, written once against
// [engine.Ops].
//
//	Parameters     the parameters of a model, with their first values
//	Encoder        the vision transformer; Decoder, LanguageModel, TextTower: what reads and writes text
//	Captioner      encoder, adapter and decoder: generative pretraining
//	Answerer       an Adapter and a LanguageModel over what is read of two images: difference VQA
//	Sequence       a text ready for a decoder; Collate makes the inputs of many, Text names them
//	Generator      greedy and beam search
//
// Letters of the shapes in this package: I images, B sequences, L text positions, n visual tokens of an image,
// e encoder width, d decoder or LM width, V vocabulary, R rows that count for the loss.
package nn

import "harness/model/engine"

// Cache is how a block keeps the keys and values of earlier positions: nil while training.
type Cache func(state string, x engine.Value) engine.Value

// Linear is the layer NAME.weight, NAME.bias of [engine.Ops.Linear].
func Linear(o engine.Ops, name string, x engine.Value) engine.Value {
	return o.Linear(x, o.Param(name+".weight"), o.Param(name+".bias"))
}

// Conv1D is the layer NAME.weight, NAME.bias of [engine.Ops.LinearInOut].
func Conv1D(o engine.Ops, name string, x engine.Value) engine.Value {
	return o.LinearInOut(x, o.Param(name+".weight"), o.Param(name+".bias"))
}

// LayerNorm is the layer NAME.weight, NAME.bias.
func LayerNorm(o engine.Ops, name string, x engine.Value, eps float64) engine.Value {
	return o.LayerNorm(x, o.Param(name+".weight"), o.Param(name+".bias"), eps)
}

// MLP is fc2(GELU(fc1(x))), the tanh form.
func MLP(o engine.Ops, name string, x engine.Value) engine.Value {
	return Linear(o, name+".fc2", o.GELU(Linear(o, name+".fc1", x), engine.GELUTanh))
}

// SelfAttention is what multi-head attention of x with itself, and with what the cache holds, sees: before the layer NAME.out.
func SelfAttention(o engine.Ops, name string, x engine.Value, heads int, mask engine.Mask, keep Cache) engine.Value {
	q, k, v := Linear(o, name+".q", x), Linear(o, name+".k", x), Linear(o, name+".v", x)
	if keep != nil {
		k, v = keep(name+".k", k), keep(name+".v", v)
	}
	return o.Attention(q, k, v, heads, mask)
}

// Block is a pre-layer-norm transformer block that reads x [B, L, d] alone: self-attention, then two layers.
func Block(o engine.Ops, name string, x engine.Value, heads int, mask engine.Mask, eps float64) engine.Value {
	return blockOnly(o, name, x, heads, mask, eps, all)
}

// blockOnly is Block for the last of a model: behind the attention only that is computed which is read of the model.
func blockOnly(o engine.Ops, name string, x engine.Value, heads int, mask engine.Mask, eps float64, read selection) engine.Value {
	return recomputed(o, x, func(x engine.Value) engine.Value {
		seen := SelfAttention(o, name+".attn", LayerNorm(o, name+".ln1", x, eps), heads, mask, nil)
		x = o.Add(read(o, x), Linear(o, name+".attn.out", read(o, seen)))
		return o.Add(x, MLP(o, name+".mlp", LayerNorm(o, name+".ln2", x, eps)))
	})
}

// recomputed is [engine.Ops.Recompute] for a block of one result: what is kept of a depth of blocks is what passes between them.
func recomputed(o engine.Ops, x engine.Value, block func(x engine.Value) engine.Value) engine.Value {
	return o.Recompute(x, func(x engine.Value) []engine.Value { return []engine.Value{block(x)} })[0]
}

// embed is the text of the int32 input ids [B, L] by its tables of tokens and positions: [B, L, d].
func embed(o engine.Ops, tokens, positions, ids string) engine.Value {
	return o.Add(o.Embedding(o.Param(tokens), ids), o.Slice(o.Param(positions), 0, 0, o.IntShape(ids)[1]))
}

// pick takes x [B, L, ...] at one place of its second axis: [B, ...].
func pick(o engine.Ops, x engine.Value, at int) engine.Value {
	shape := x.Shape()
	return o.Reshape(o.Slice(x, 1, at, at+1), append([]int{shape[0]}, shape[2:]...)...)
}

// Gather takes the samples of x [I, ...] that the int32 input rows [B] names: [B, ...].
func Gather(o engine.Ops, x engine.Value, rows string) engine.Value {
	shape := x.Shape()
	flat := o.Embedding(o.Reshape(x, shape[0], engine.Size(shape[1:])), rows)
	return o.Reshape(flat, append([]int{flat.Shape()[0]}, shape[1:]...)...)
}

// GatherRows takes rows of x [B, L, d], counted over B·L, that the int32 input names: [R, d].
func GatherRows(o engine.Ops, x engine.Value, rows string) engine.Value {
	shape := x.Shape()
	return o.Embedding(o.Reshape(x, shape[0]*shape[1], shape[2]), rows)
}
