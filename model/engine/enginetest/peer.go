package enginetest

import (
	"fmt"
	"math/rand/v2"

	"harness/model/engine"
)

// Peer is the model whose training step is compared between engines and with PyTorch: 64 patches of 64 pixels, width
// 128, 4 encoder and 2 cross-attending decoder blocks of 4 heads, 512 words, 32 target tokens, batch 16; pre-LN, tanh
// GELU, untied head with bias; 1,474,944 parameters.
type Peer struct {
	Params  []engine.Param
	Program engine.Program
	Inputs  engine.Inputs
	AdamW   engine.AdamW
}

const (
	peerWidth, peerHeads, peerEncoder, peerDecoder           = 128, 4, 4, 2
	peerWords, peerLength, peerPatches, peerPatch, peerBatch = 512, 32, 64, 64, 16
)

// NewPeer makes the model with random weights and one random batch.
func NewPeer() Peer {
	r := rand.New(rand.NewPCG(1, 1))
	p := Peer{AdamW: engine.AdamW{Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Decay: 0.01}}
	normal := func(name string, shape ...int) {
		t := random(r, shape...)
		for i := range t.F32 {
			t.F32[i] *= 0.02
		}
		p.Params = append(p.Params, engine.Param{Name: name, Tensor: t, Decay: true})
	}
	constant := func(name string, value float32, n int) {
		t := engine.Floats(make([]float32, n), n)
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
		constant(name+".w", 1, peerWidth)
		constant(name+".b", 0, peerWidth)
	}
	attention := func(name string) {
		for _, part := range []string{".q", ".k", ".v", ".o"} {
			linear(name+part, peerWidth, peerWidth)
		}
	}
	mlp := func(name string) {
		linear(name+".fc", peerWidth, 4*peerWidth)
		linear(name+".proj", 4*peerWidth, peerWidth)
	}
	linear("patch", peerPatch, peerWidth)
	normal("pos", peerPatches, peerWidth)
	for i := range peerEncoder {
		name := fmt.Sprintf("encoder.%d", i)
		norm(name + ".n1")
		attention(name + ".self")
		norm(name + ".n2")
		mlp(name)
	}
	norm("encoder.norm")
	normal("token", peerWords, peerWidth)
	normal("token.pos", peerLength, peerWidth)
	for i := range peerDecoder {
		name := fmt.Sprintf("decoder.%d", i)
		norm(name + ".n1")
		attention(name + ".self")
		norm(name + ".n2")
		attention(name + ".cross")
		norm(name + ".n3")
		mlp(name)
	}
	norm("decoder.norm")
	linear("head", peerWidth, peerWords)

	words := func(shape ...int) engine.Tensor {
		ids := make([]int32, engine.Size(shape))
		for i := range ids {
			ids[i] = r.Int32N(peerWords)
		}
		return engine.Ints(ids, shape...)
	}
	rows := peerBatch * peerLength
	ones := make([]float32, rows)
	for i := range ones {
		ones[i] = 1
	}
	p.Inputs = engine.Inputs{
		"patches": random(r, peerBatch, peerPatches, peerPatch), "tokens": words(peerBatch, peerLength),
		"targets": words(rows), "weights": engine.Floats(ones, rows),
	}
	p.Program = peerProgram
	return p
}

func peerProgram(o engine.Ops) []engine.Value {
	linear := func(name string, x engine.Value) engine.Value {
		return o.Linear(x, o.Param(name+".w"), o.Param(name+".b"))
	}
	norm := func(name string, x engine.Value) engine.Value {
		return o.LayerNorm(x, o.Param(name+".w"), o.Param(name+".b"), 1e-5)
	}
	attention := func(name string, x, memory engine.Value, causal bool) engine.Value {
		q, k, v := linear(name+".q", x), linear(name+".k", memory), linear(name+".v", memory)
		return linear(name+".o", o.Attention(q, k, v, peerHeads, engine.Mask{Causal: causal}))
	}
	mlp := func(name string, x engine.Value) engine.Value {
		return linear(name+".proj", o.GELU(linear(name+".fc", x), engine.GELUTanh))
	}
	x := o.Add(linear("patch", o.Input("patches")), o.Param("pos")) // [B, patches, width]
	for i := range peerEncoder {
		name := fmt.Sprintf("encoder.%d", i)
		h := norm(name+".n1", x)
		x = o.Add(x, attention(name+".self", h, h, false))
		x = o.Add(x, mlp(name, norm(name+".n2", x)))
	}
	memory := norm("encoder.norm", x)
	y := o.Add(o.Embedding(o.Param("token"), "tokens"), o.Param("token.pos")) // [B, length, width]
	for i := range peerDecoder {
		name := fmt.Sprintf("decoder.%d", i)
		h := norm(name+".n1", y)
		y = o.Add(y, attention(name+".self", h, h, true))
		y = o.Add(y, attention(name+".cross", norm(name+".n2", y), memory, false))
		y = o.Add(y, mlp(name, norm(name+".n3", y)))
	}
	logits := linear("head", norm("decoder.norm", y)) // [B, length, words]
	return []engine.Value{o.CrossEntropy(o.Reshape(logits, peerBatch*peerLength, peerWords), "targets", "weights", 0)}
}
