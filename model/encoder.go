package model

import (
	"fmt"

	"harness/model/engine"
	"harness/model/spec"
)

// encoder is the SigLIP-style vision transformer (paper 3.2.1 and 4.1; FACTS 2.6): learned positions, pre-layer-norm
// blocks, a last layer norm, no class token and no pooling head.
type encoder struct {
	spec.Encoder
	tokens int // n
	pixels int // of a patch, over all channels
	eps    float64
}

func newEncoder(t spec.Trial) encoder {
	p := t.Encoder.Patch
	channels := max(t.Encoder.Channels, 1)
	return encoder{Encoder: t.Encoder, tokens: t.Encoder.Tokens(t.Resolution), pixels: channels * p * p, eps: 1e-6}
}

func (e encoder) params(p *parameters) {
	p.linear("encoder.patch", e.pixels, e.Width)
	if side := isqrt(e.tokens); side*side == e.tokens && e.Width%4 == 0 {
		p.add("encoder.pos", false, grid2D(side, e.Width, 0.5), e.tokens, e.Width)
	} else {
		p.normal("encoder.pos", 0.02, e.tokens, e.Width)
	}
	for i := range e.Depth {
		block := fmt.Sprintf("encoder.blocks.%d", i)
		p.layerNorm(block+".ln1", e.Width)
		p.attention(block+".attn", e.Width)
		p.layerNorm(block+".ln2", e.Width)
		p.mlp(block+".mlp", e.Width, e.MLP, e.Width)
	}
	p.layerNorm("encoder.norm", e.Width)
}

// forward encodes patches [I, n, pixels]: [I, n, e].
func (e encoder) forward(o engine.Ops, patches engine.Value) engine.Value {
	return layerNorm(o, "encoder.norm", e.hidden(o, patches), e.eps)
}

// hidden is forward before the last norm.
func (e encoder) hidden(o engine.Ops, patches engine.Value) engine.Value {
	x := o.Add(linear(o, "encoder.patch", patches), o.Param("encoder.pos")) // [I, n, e]
	for i := range e.Depth {
		block := fmt.Sprintf("encoder.blocks.%d", i)
		x = o.Add(x, selfAttention(o, block+".attn", layerNorm(o, block+".ln1", x, e.eps), e.Heads, engine.Mask{}, nil))
		x = o.Add(x, mlp(o, block+".mlp", layerNorm(o, block+".ln2", x, e.eps)))
	}
	return x
}

// adapterParams are the two layers that project visual tokens to the width of the text (paper 3.2.1).
func adapterParams(p *parameters, e, d int) { p.mlp("adapter", e, d, d) }

func isqrt(n int) int {
	side := 0
	for (side+1)*(side+1) <= n {
		side++
	}
	return side
}
