package model

import (
	"fmt"

	"harness/model/engine"
	"harness/model/spec"
)

// decoder is the text decoder of pretraining: a transformer that reads the visual tokens by cross-attention in every
// block (paper 3.2.1). Input and output embeddings are tied; row V of the table is MASK, an input only.
type decoder struct {
	spec.Decoder
	vocab int // V, without MASK
	eps   float64
}

func newDecoder(t spec.Trial, vocab int) decoder {
	return decoder{Decoder: t.Decoder, vocab: vocab, eps: 1e-6}
}

// mask is the id of the MASK token.
func (d decoder) mask() int32 { return int32(d.vocab) }

func (d decoder) params(p *parameters, table []float32) {
	p.add("decoder.token", false, table, d.vocab+1, d.Width)
	p.normal("decoder.pos", 0.02, d.MaxPositionEmbeddings, d.Width)
	for i := range d.Depth {
		block := fmt.Sprintf("decoder.blocks.%d", i)
		for _, norm := range []string{".ln1", ".ln2", ".ln3"} {
			p.layerNorm(block+norm, d.Width)
		}
		p.attention(block+".self", d.Width)
		p.attention(block+".cross", d.Width)
		p.mlp(block+".mlp", d.Width, d.MLP, d.Width)
	}
	p.layerNorm("decoder.norm", d.Width)
}

// memory is what the decoder reads of the images: keys and values of each block, [I, n, d].
type memory struct{ keys, values []engine.Value }

// remember projects visual tokens [I, n, d] to the keys and values of every block, once an image however many
// sequences are decoded from it.
func (d decoder) remember(o engine.Ops, visual engine.Value) memory {
	var m memory
	for i := range d.Depth {
		cross := fmt.Sprintf("decoder.blocks.%d.cross", i)
		m.keys = append(m.keys, linear(o, cross+".k", visual))
		m.values = append(m.values, linear(o, cross+".v", visual))
	}
	return m
}

// of takes the images that the int32 input rows names.
func (m memory) of(o engine.Ops, rows string) memory {
	var taken memory
	for i := range m.keys {
		taken.keys = append(taken.keys, gather(o, m.keys[i], rows))
		taken.values = append(taken.values, gather(o, m.values[i], rows))
	}
	return taken
}

// stored puts m into the session's states, or reads it back where m is empty.
func (d decoder) stored(o engine.Ops, m memory) memory {
	var kept memory
	for i := range d.Depth {
		key, value := fmt.Sprintf("cross.%d.k", i), fmt.Sprintf("cross.%d.v", i)
		if m.keys == nil {
			kept.keys, kept.values = append(kept.keys, o.State(key)), append(kept.values, o.State(value))
		} else {
			kept.keys = append(kept.keys, o.Append(key, m.keys[i]))
			kept.values = append(kept.values, o.Append(value, m.values[i]))
		}
	}
	return kept
}

// forward decodes the int32 input ids [B, L] at the given positions [L, d] or [B, L, d], reading m [B, n, d]:
// [B, L, d], after the last norm.
func (d decoder) forward(o engine.Ops, ids string, positions engine.Value, m memory, mask engine.Mask, keep cache) engine.Value {
	x := o.Add(o.Embedding(o.Param("decoder.token"), ids), positions)
	for i := range d.Depth {
		block := fmt.Sprintf("decoder.blocks.%d", i)
		x = o.Add(x, selfAttention(o, block+".self", layerNorm(o, block+".ln1", x, d.eps), d.Heads, mask, keep))
		q := linear(o, block+".cross.q", layerNorm(o, block+".ln2", x, d.eps))
		seen := o.Attention(q, m.keys[i], m.values[i], d.Heads, engine.Mask{})
		x = o.Add(x, linear(o, block+".cross.out", seen))
		x = o.Add(x, mlp(o, block+".mlp", layerNorm(o, block+".ln3", x, d.eps)))
	}
	return layerNorm(o, "decoder.norm", x, d.eps)
}

// logits are those of rows [R, d]: [R, V]; MASK is never predicted.
func (d decoder) logits(o engine.Ops, rows engine.Value) engine.Value {
	return o.Linear(rows, o.Slice(o.Param("decoder.token"), 0, 0, d.vocab), nil)
}
