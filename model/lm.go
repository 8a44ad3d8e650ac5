package model

import (
	"fmt"

	"harness/model/engine"
	"harness/model/spec"
)

// languageModel is the GPT-2 decoder of difference VQA over [reference; main; question; answer] (paper 3.4, eq. 4).
// Row 2n of the positions is that of the first question token (FACTS 6 #8). Causal over the whole sequence.
type languageModel struct {
	spec.LM
	vocab  int // V
	visual int // 2n: tokens of both images; 0 for the control that sees none
	eps    float64
}

func newLanguageModel(t spec.Trial, vocab, visual int) languageModel {
	return languageModel{LM: t.LM, vocab: vocab, visual: visual, eps: 1e-5}
}

func (m languageModel) params(p *parameters, table []float32) {
	p.add("transformer.wte.weight", false, table, m.vocab, m.Width)
	p.add("transformer.wpe.weight", false, m.positions(p), m.visual+m.MaxPositionEmbeddings, m.Width)
	for i := range m.Depth {
		block := fmt.Sprintf("transformer.h.%d", i)
		p.layerNorm(block+".ln_1", m.Width)
		p.conv1D(block+".attn.c_attn", m.Width, 3*m.Width)
		p.conv1D(block+".attn.c_proj", m.Width, m.Width)
		p.layerNorm(block+".ln_2", m.Width)
		p.conv1D(block+".mlp.c_fc", m.Width, m.MLP)
		p.conv1D(block+".mlp.c_proj", m.MLP, m.Width)
	}
	p.layerNorm("transformer.ln_f", m.Width)
}

// positions are the first values of wpe: the same grid for both images, so that equal places start alike; one random
// row is added to all places of the main image, so that the two images differ; and small random rows for the text.
func (m languageModel) positions(p *parameters) []float32 {
	p.normal("transformer.wpe.weight", 0.02, m.visual+m.MaxPositionEmbeddings, m.Width)
	table := p.list[len(p.list)-1].Tensor.F32
	p.list = p.list[:len(p.list)-1]
	n := m.visual / 2
	if side := isqrt(n); side*side == n && n > 0 && m.Width%4 == 0 {
		grid := grid2D(side, m.Width, 0.5)
		copy(table, grid)
		main := table[n*m.Width:][:n*m.Width]
		copy(main, grid)
		r := p.source("transformer.wpe.main")
		offset := make([]float32, m.Width)
		for c := range offset {
			offset[c] = float32(0.3 * r.NormFloat64())
		}
		for i := range main {
			main[i] += offset[i%m.Width]
		}
	}
	return table
}

// visualParams are the temporal embeddings (eq. 2; one row a position and image) and the adapter (eq. 3).
func visualParams(p *parameters, n, e, d int) {
	p.normal("temporal", 0.02, 2, n, e)
	adapterParams(p, e, d)
}

// project turns encoded pairs [B·2, n, e] (reference, main, reference, …) into the visual part [B, 2n, d].
func project(o engine.Ops, encoded engine.Value) engine.Value {
	s := encoded.Shape() // [2B, n, e]
	pairs := o.Reshape(encoded, s[0]/2, 2, s[1], s[2])
	x := mlp(o, "adapter", o.Add(pairs, o.Param("temporal"))) // [B, 2, n, d]
	return o.Reshape(x, s[0]/2, 2*s[1], x.Shape()[3])
}

// forward runs the blocks over visual [B, 2n, d] (nil once it is in the cache) and the int32 input ids [B, L]:
// [B, 2n+L, d] before the last norm. positions are the rows of wpe for it all.
func (m languageModel) forward(o engine.Ops, visual engine.Value, ids string, positions engine.Value, keep cache) engine.Value {
	x := o.Embedding(o.Param("transformer.wte.weight"), ids)
	if visual != nil {
		x = o.Concat(1, visual, x)
	}
	x = m.dropout(o, o.Add(x, positions))
	for i := range m.Depth {
		block := fmt.Sprintf("transformer.h.%d", i)
		qkv := conv1D(o, block+".attn.c_attn", layerNorm(o, block+".ln_1", x, m.eps)) // [B, S, 3d]
		q := o.Slice(qkv, 2, 0, m.Width)
		k := o.Slice(qkv, 2, m.Width, 2*m.Width)
		v := o.Slice(qkv, 2, 2*m.Width, 3*m.Width)
		if keep != nil {
			k, v = keep(block+".k", k), keep(block+".v", v)
		}
		seen := o.Attention(q, k, v, m.Heads, engine.Mask{Causal: true})
		x = o.Add(x, m.dropout(o, conv1D(o, block+".attn.c_proj", seen)))
		h := o.GELU(conv1D(o, block+".mlp.c_fc", layerNorm(o, block+".ln_2", x, m.eps)), engine.GELUTanh)
		x = o.Add(x, m.dropout(o, conv1D(o, block+".mlp.c_proj", h)))
	}
	return x
}

// dropout is GPT-2's, on the residual branches; the int32 input "dropout" is its seed.
func (m languageModel) dropout(o engine.Ops, x engine.Value) engine.Value {
	if m.Dropout == 0 {
		return x
	}
	return o.Dropout(x, m.Dropout, "dropout")
}

// logits are those of rows [R, d] before the last norm: [R, V].
func (m languageModel) logits(o engine.Ops, rows engine.Value) engine.Value {
	return o.Linear(layerNorm(o, "transformer.ln_f", rows, m.eps), o.Param("transformer.wte.weight"), nil)
}
