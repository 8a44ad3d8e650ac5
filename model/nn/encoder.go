package nn

import (
	"cmp"
	"fmt"

	"harness/model/engine"
	"harness/model/spec"
)

// Encoder is the SigLIP-style vision transformer (paper 3.2.1 and 4.1; FACTS 2.6): learned positions, pre-layer-norm
// blocks, a last layer norm, no class token and no pooling head.
type Encoder struct {
	spec.Encoder
	Tokens int // n
	Pixels int // of a patch, over all channels
	Eps    float64
	// Name begins the names of its parameters; "" is encoder.
	Name string
	// RandomPositions starts the learned positions at random instead of at waves of their place, which are Waves high; 0 is
	// spec.DefaultWaves.
	RandomPositions bool
	Waves           float64
	PatchGain       float64 // of the patch embedding's first weights over Xavier's; 0 is 1
}

// NewEncoder is the encoder of a trial, at its resolution.
func NewEncoder(t spec.Trial) Encoder {
	p := t.Encoder.Patch
	channels := max(t.Encoder.Channels, 1)
	return Encoder{Encoder: t.Encoder, Tokens: t.Encoder.Tokens(t.Resolution), Pixels: channels * p * p, Eps: 1e-6,
		RandomPositions: t.Init.Positions == spec.InitRandom, Waves: t.Init.Waves, PatchGain: t.Init.Patch}
}

func (e Encoder) name(part string) string {
	if e.Name == "" {
		return "encoder." + part
	}
	return e.Name + "." + part
}

func (e Encoder) block(i int) string { return e.name(fmt.Sprintf("blocks.%d", i)) }

// Params adds encoder.*, or NAME.*.
func (e Encoder) Params(p *Parameters) {
	first := len(p.List)
	p.Linear(e.name("patch"), e.Pixels, e.Width)
	for i := range p.List[first:] {
		patch := &p.List[first+i]
		patch.Frozen = e.FreezePatch
		for k := range patch.Tensor.F32 {
			patch.Tensor.F32[k] *= float32(cmp.Or(e.PatchGain, 1))
		}
	}
	if side := Square(e.Tokens); !e.RandomPositions && side*side == e.Tokens && e.Width%4 == 0 {
		p.Add(e.name("pos"), false, Grid2D(side, e.Width, cmp.Or(e.Waves, spec.DefaultWaves)), e.Tokens, e.Width)
	} else {
		p.Normal(e.name("pos"), 0.02, e.Tokens, e.Width)
	}
	for i := range e.Depth {
		p.Block(e.block(i), e.Width, e.MLP)
	}
	p.LayerNorm(e.name("norm"), e.Width)
}

// Forward encodes patches [I, n, pixels]: [I, n, e].
func (e Encoder) Forward(o engine.Ops, patches engine.Value) engine.Value {
	return LayerNorm(o, e.name("norm"), e.Hidden(o, patches), e.Eps)
}

// Hidden is Forward before the last norm.
func (e Encoder) Hidden(o engine.Ops, patches engine.Value) engine.Value {
	x := o.Add(Linear(o, e.name("patch"), patches), o.Param(e.name("pos"))) // [I, n, e]
	for i := range e.Depth {
		x = Block(o, e.block(i), x, e.Heads, engine.Mask{}, e.Eps)
	}
	return x
}

// Square is the side of a square grid of n cells, rounded down.
func Square(n int) int {
	side := 0
	for (side+1)*(side+1) <= n {
		side++
	}
	return side
}
