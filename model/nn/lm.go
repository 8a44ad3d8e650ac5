package nn

import (
	"fmt"

	"harness/model/engine"
	"harness/model/spec"
)

// LanguageModel is the GPT-2 decoder of difference VQA over [reference; main; question; answer] (paper 3.4, eq. 4).
// Row 2n of the positions is that of the first question token (FACTS 6 #8). Causal over the whole sequence.
type LanguageModel struct {
	spec.LM
	Vocab  int // V
	Visual int // 2n: tokens of both images; 0 for the control that sees none
	Images int // that the visual part begins with, of equally many tokens each; 0 means 2
	Others int // visual tokens behind those of the images
	Eps    float64
	// RandomPositions starts all positions at random.
	RandomPositions bool
}

// NewLanguageModel is the LM of a trial, behind the given number of visual positions.
func NewLanguageModel(t spec.Trial, vocab, visual int) LanguageModel {
	return LanguageModel{LM: t.LM, Vocab: vocab, Visual: visual, Eps: 1e-5, RandomPositions: t.Init.Positions == spec.InitRandom}
}

// Params adds transformer.*; table is the first value of the tokens [V, d].
func (m LanguageModel) Params(p *Parameters, table []float32) {
	p.Add("transformer.wte.weight", false, table, m.Vocab, m.Width)
	p.Add("transformer.wpe.weight", false, m.positions(p), m.Visual+m.MaxPositionEmbeddings, m.Width)
	for i := range m.Depth {
		block := fmt.Sprintf("transformer.h.%d", i)
		p.LayerNorm(block+".ln_1", m.Width)
		p.Conv1D(block+".attn.c_attn", m.Width, 3*m.Width)
		p.Conv1D(block+".attn.c_proj", m.Width, m.Width)
		p.LayerNorm(block+".ln_2", m.Width)
		p.Conv1D(block+".mlp.c_fc", m.Width, m.MLP)
		p.Conv1D(block+".mlp.c_proj", m.MLP, m.Width)
	}
	p.LayerNorm("transformer.ln_f", m.Width)
}

// positions are the first values of wpe. Unless they are all to be random: the same grid for all images, so that equal places start alike; one random
// row is added to all places of the main image, and another to those of a third, so that the images differ; and small random rows for the text.
func (m LanguageModel) positions(p *Parameters) []float32 {
	p.Normal("transformer.wpe.weight", 0.02, m.Visual+m.MaxPositionEmbeddings, m.Width)
	table := p.List[len(p.List)-1].Tensor.F32
	p.List = p.List[:len(p.List)-1]
	if p.Blank() {
		return nil
	}
	images := max(m.Images, 2)
	n := (m.Visual - m.Others) / images
	if side := Square(n); !m.RandomPositions && side*side == n && n > 0 && m.Width%4 == 0 {
		grid := Grid2D(side, m.Width, 0.5)
		copy(table, grid)
		r := p.Source("transformer.wpe.main")
		offset := make([]float32, m.Width)
		for k := 1; k < images; k++ {
			image := table[k*n*m.Width:][:n*m.Width]
			copy(image, grid)
			for c := range offset {
				offset[c] = float32(0.3 * r.NormFloat64())
			}
			for i := range image {
				image[i] += offset[i%m.Width]
			}
		}
	}
	return table
}

// Forward runs the blocks over visual [B, 2n, d] (nil once it is in the cache) and a text [B, L]: [B, 2n+L, d] before the last norm, at
// the positions that are read of the text. positions are the rows of wpe for it all.
func (m LanguageModel) Forward(o engine.Ops, visual engine.Value, text Text, positions engine.Value, keep Cache) engine.Value {
	x := o.Embedding(o.Param("transformer.wte.weight"), text.IDs)
	if visual != nil {
		x = o.Concat(1, visual, x)
	}
	x = m.dropout(o, text.unpad(o, o.Add(x, positions)))
	for i := range m.Depth {
		x = recomputed(o, x, func(x engine.Value) engine.Value {
			return m.block(o, fmt.Sprintf("transformer.h.%d", i), x, text.onlyLast(i, m.Depth), keep)
		})
	}
	return x
}

// block is one pre-layer-norm block of GPT-2 over x [B, S, d], behind the attention at the positions that are read.
func (m LanguageModel) block(o engine.Ops, name string, x engine.Value, read selection, keep Cache) engine.Value {
	qkv := Conv1D(o, name+".attn.c_attn", LayerNorm(o, name+".ln_1", x, m.Eps)) // [B, S, 3d]
	q := o.Slice(qkv, 2, 0, m.Width)
	k := o.Slice(qkv, 2, m.Width, 2*m.Width)
	v := o.Slice(qkv, 2, 2*m.Width, 3*m.Width)
	if keep != nil {
		k, v = keep(name+".k", k), keep(name+".v", v)
	}
	seen := o.Attention(q, k, v, m.Heads, engine.Mask{Causal: true})
	x = o.Add(read(o, x), m.dropout(o, Conv1D(o, name+".attn.c_proj", read(o, seen))))
	h := o.GELU(Conv1D(o, name+".mlp.c_fc", LayerNorm(o, name+".ln_2", x, m.Eps)), engine.GELUTanh)
	return o.Add(x, m.dropout(o, Conv1D(o, name+".mlp.c_proj", h)))
}

// dropout is GPT-2's, on the residual branches; the int32 input "dropout" is its seed.
func (m LanguageModel) dropout(o engine.Ops, x engine.Value) engine.Value {
	if m.Dropout == 0 {
		return x
	}
	return o.Dropout(x, m.Dropout, "dropout")
}

// Logits are those of rows [R, d] before the last norm: [R, V].
func (m LanguageModel) Logits(o engine.Ops, rows engine.Value) engine.Value {
	return o.Linear(LayerNorm(o, "transformer.ln_f", rows, m.Eps), o.Param("transformer.wte.weight"), nil)
}
