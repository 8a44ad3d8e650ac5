package enginetest

import (
	"fmt"
	"math/rand/v2"

	"harness/model/engine"
)

// Size is the size of a small ViT encoder with a cross-attending decoder; its MLPs are four times as wide.
type Size struct {
	Width, Heads, Encoder, Decoder        int
	Words, Length, Patches, Pixels, Batch int
}

var (
	// Peer is the model whose training step is compared between engines and with PyTorch: 64 patches of 64 pixels, 4
	// encoder and 2 decoder blocks, 512 words, 32 target tokens, batch 16; 1,474,944 parameters.
	Peer = Size{Width: 128, Heads: 4, Encoder: 4, Decoder: 2, Words: 512, Length: 32, Patches: 64, Pixels: 64, Batch: 16}
	// Typical is what our small presets are like: more patches, narrow heads.
	Typical = Size{Width: 96, Heads: 4, Encoder: 4, Decoder: 2, Words: 600, Length: 60, Patches: 196, Pixels: 256, Batch: 16}
)

// At is the size at another width, with heads of 64.
func (n Size) At(width int) Size {
	n.Width, n.Heads = width, max(1, width/64)
	return n
}

// Workload is a training step: pre-LN, tanh GELU, learned positions, an untied head with bias.
type Workload struct {
	Params  []engine.Param
	Program engine.Program
	Inputs  engine.Inputs
	AdamW   engine.AdamW
}

// New makes the model with random weights and one random batch.
func (n Size) New() Workload {
	r := rand.New(rand.NewPCG(1, 1))
	p := Workload{AdamW: engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01}}
	normal := func(name string, shape ...int) {
		t := random(r, shape...)
		for i := range t.F32 {
			t.F32[i] *= 0.02
		}
		p.Params = append(p.Params, engine.Param{Name: name, Tensor: t, Decay: true})
	}
	constant := func(name string, value float32, size int) {
		t := engine.Floats(make([]float32, size), size)
		for i := range t.F32 {
			t.F32[i] = value
		}
		p.Params = append(p.Params, engine.Param{Name: name, Tensor: t, Decay: true})
	}
	linear := func(name string, in, out int) {
		normal(name+".w", out, in)
		constant(name+".b", 0, out)
	}
	norm := func(name string) {
		constant(name+".w", 1, n.Width)
		constant(name+".b", 0, n.Width)
	}
	attention := func(name string) {
		for _, part := range []string{".q", ".k", ".v", ".o"} {
			linear(name+part, n.Width, n.Width)
		}
	}
	mlp := func(name string) {
		linear(name+".fc", n.Width, 4*n.Width)
		linear(name+".proj", 4*n.Width, n.Width)
	}
	linear("patch", n.Pixels, n.Width)
	normal("pos", n.Patches, n.Width)
	for i := range n.Encoder {
		name := fmt.Sprintf("encoder.%d", i)
		norm(name + ".n1")
		attention(name + ".self")
		norm(name + ".n2")
		mlp(name)
	}
	norm("encoder.norm")
	normal("token", n.Words, n.Width)
	normal("token.pos", n.Length, n.Width)
	for i := range n.Decoder {
		name := fmt.Sprintf("decoder.%d", i)
		norm(name + ".n1")
		attention(name + ".self")
		norm(name + ".n2")
		attention(name + ".cross")
		norm(name + ".n3")
		mlp(name)
	}
	norm("decoder.norm")
	linear("head", n.Width, n.Words)

	words := func(shape ...int) engine.Tensor {
		ids := make([]int32, engine.Size(shape))
		for i := range ids {
			ids[i] = r.Int32N(int32(n.Words))
		}
		return engine.Ints(ids, shape...)
	}
	rows := n.Batch * n.Length
	ones := make([]float32, rows)
	for i := range ones {
		ones[i] = 1
	}
	p.Inputs = engine.Inputs{
		"patches": random(r, n.Batch, n.Patches, n.Pixels), "tokens": words(n.Batch, n.Length),
		"targets": words(rows), "weights": engine.Floats(ones, rows),
	}
	p.Program = n.program
	return p
}

func (n Size) program(o engine.Ops) []engine.Value {
	linear := func(name string, x engine.Value) engine.Value {
		return o.Linear(x, o.Param(name+".w"), o.Param(name+".b"))
	}
	norm := func(name string, x engine.Value) engine.Value {
		return o.LayerNorm(x, o.Param(name+".w"), o.Param(name+".b"), 1e-5)
	}
	attention := func(name string, x, memory engine.Value, causal bool) engine.Value {
		q, k, v := linear(name+".q", x), linear(name+".k", memory), linear(name+".v", memory)
		return linear(name+".o", o.Attention(q, k, v, n.Heads, engine.Mask{Causal: causal}))
	}
	mlp := func(name string, x engine.Value) engine.Value {
		return linear(name+".proj", o.GELU(linear(name+".fc", x), engine.GELUTanh))
	}
	x := o.Add(linear("patch", o.Input("patches")), o.Param("pos")) // [B, patches, width]
	for i := range n.Encoder {
		name := fmt.Sprintf("encoder.%d", i)
		h := norm(name+".n1", x)
		x = o.Add(x, attention(name+".self", h, h, false))
		x = o.Add(x, mlp(name, norm(name+".n2", x)))
	}
	memory := norm("encoder.norm", x)
	y := o.Add(o.Embedding(o.Param("token"), "tokens"), o.Param("token.pos")) // [B, length, width]
	for i := range n.Decoder {
		name := fmt.Sprintf("decoder.%d", i)
		h := norm(name+".n1", y)
		y = o.Add(y, attention(name+".self", h, h, true))
		y = o.Add(y, attention(name+".cross", norm(name+".n2", y), memory, false))
		y = o.Add(y, mlp(name, norm(name+".n3", y)))
	}
	logits := linear("head", norm("decoder.norm", y)) // [B, length, words]
	return []engine.Value{o.CrossEntropy(o.Reshape(logits, n.Batch*n.Length, n.Words), "targets", "weights", 0)}
}
