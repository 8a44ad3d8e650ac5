package main

import (
	"math/rand/v2"

	"harness/model/engine"
	"harness/model/engine/enginetest"
)

// Sizes of enginetest.Peer and torch_peer.py: B samples of T positions, D wide, in H heads.
const (
	batch     = 16  // B
	positions = 64  // T
	width     = 128 // D
	heads     = 4   // H
	rows      = batch * positions
)

// workload is what every contestant computes.
type workload struct {
	name    string // as torch_steps.py knows it
	what    string
	params  []engine.Param
	inputs  engine.Inputs
	program engine.Program
	adamW   *engine.AdamW // nil: forth and back only
}

// mlpBlock is linear, tanh GELU, linear, with the mean squared distance from a target as its loss.
func mlpBlock() workload {
	r := rand.New(rand.NewPCG(1, 1))
	return workload{
		name: "mlp", what: "MLP block, forward and backward: 1024 rows, 128 -> 512 -> 128, tanh GELU",
		params: append(linearParams(r, "fc", width, 4*width), linearParams(r, "proj", 4*width, width)...),
		inputs: blockInputs(r),
		program: func(o engine.Ops) []engine.Value {
			h := o.GELU(linear(o, "fc", o.Input("x")), engine.GELUTanh) // [B, T, 4D]
			return []engine.Value{o.MSE(linear(o, "proj", h), o.Input("target"))}
		},
	}
}

// attentionBlock is unmasked self-attention with its four projections, and the same loss.
func attentionBlock() workload {
	r := rand.New(rand.NewPCG(2, 2))
	w := workload{
		name: "attention", what: "attention block, forward and backward: 16 samples, 64 positions, width 128, 4 heads",
		inputs: blockInputs(r),
		program: func(o engine.Ops) []engine.Value {
			x := o.Input("x") // [B, T, D]
			h := o.Attention(linear(o, "q", x), linear(o, "k", x), linear(o, "v", x), heads, engine.Mask{})
			return []engine.Value{o.MSE(linear(o, "o", h), o.Input("target"))}
		},
	}
	for _, name := range []string{"q", "k", "v", "o"} {
		w.params = append(w.params, linearParams(r, name, width, width)...)
	}
	return w
}

// trainingStep is the whole step that DESIGN compares, AdamW included.
func trainingStep() workload {
	peer := enginetest.Peer.New()
	return workload{
		name: "step", what: "training step: 4 encoder and 2 decoder blocks, 1,474,944 parameters, batch 16, AdamW",
		params: peer.Params, inputs: peer.Inputs, program: peer.Program, adamW: &peer.AdamW,
	}
}

func linear(o engine.Ops, name string, x engine.Value) engine.Value {
	return o.LinearInOut(x, o.Param(name+".w"), o.Param(name+".b"))
}

// linearParams are the weight [in, out], which Gorgonia needs no transposition for, and the bias [out].
func linearParams(r *rand.Rand, name string, in, out int) []engine.Param {
	return []engine.Param{
		{Name: name + ".w", Tensor: normal(r, 0.05, in, out)},
		{Name: name + ".b", Tensor: normal(r, 0.05, out)},
	}
}

func blockInputs(r *rand.Rand) engine.Inputs {
	return engine.Inputs{"x": normal(r, 1, batch, positions, width), "target": normal(r, 1, batch, positions, width)}
}

func normal(r *rand.Rand, deviation float64, shape ...int) engine.Tensor {
	t := engine.Floats(make([]float32, engine.Size(shape)), shape...)
	for i := range t.F32 {
		t.F32[i] = float32(r.NormFloat64() * deviation)
	}
	return t
}
