package nn

import (
	"fmt"

	"harness/model/engine"
	"harness/model/spec"
)

// Decoder is the text decoder of pretraining: a transformer that reads the visual tokens by cross-attention in every
// block (paper 3.2.1). Input and output embeddings are tied; row V of the table is MASK, an input only.
type Decoder struct {
	spec.Decoder
	Vocab int // V, without MASK
	Eps   float64
}

// NewDecoder is the decoder of a trial for a vocabulary of V tokens.
func NewDecoder(t spec.Trial, vocab int) Decoder {
	return Decoder{Decoder: t.Decoder, Vocab: vocab, Eps: 1e-6}
}

// Mask is the id of the MASK token.
func (d Decoder) Mask() int32 { return int32(d.Vocab) }

// Params adds decoder.*; table is the first value of the tokens [V+1, d].
func (d Decoder) Params(p *Parameters, table []float32) {
	p.Add("decoder.token", false, table, d.Vocab+1, d.Width)
	p.Normal("decoder.pos", 0.02, d.MaxPositionEmbeddings, d.Width)
	for i := range d.Depth {
		block := fmt.Sprintf("decoder.blocks.%d", i)
		for _, norm := range []string{".ln1", ".ln2", ".ln3"} {
			p.LayerNorm(block+norm, d.Width)
		}
		p.Attention(block+".self", d.Width)
		p.Attention(block+".cross", d.Width)
		p.MLP(block+".mlp", d.Width, d.MLP, d.Width)
	}
	p.LayerNorm("decoder.norm", d.Width)
}

// Memory is what the decoder reads of the images: keys and values of each block, [I, n, d].
type Memory struct {
	Keys, Values []engine.Value
	Lengths      string // an int32 input [I]: how much of it is read of each; "": all
	rows         string // an int32 input: the images that are read, see Of; "": all
}

// Remember projects visual tokens [I, n, d] to the keys and values of every block, once an image however many
// sequences are decoded from it.
func (d Decoder) Remember(o engine.Ops, visual engine.Value) Memory {
	var m Memory
	for i := range d.Depth {
		cross := fmt.Sprintf("decoder.blocks.%d.cross", i)
		m.Keys = append(m.Keys, Linear(o, cross+".k", visual))
		m.Values = append(m.Values, Linear(o, cross+".v", visual))
	}
	return m
}

// Of takes the images that the int32 input rows names. Each block gathers its own when it reads them, so that copies need not
// be kept.
func (m Memory) Of(rows string) Memory {
	m.rows = rows
	return m
}

// at are the keys and values of the i-th block that reads.
func (m Memory) at(o engine.Ops, i int) (keys, values engine.Value) {
	if m.rows == "" {
		return m.Keys[i], m.Values[i]
	}
	return Gather(o, m.Keys[i], m.rows), Gather(o, m.Values[i], m.rows)
}

// Stored puts m into the session's states, or reads it back where m is empty.
func (d Decoder) Stored(o engine.Ops, m Memory) Memory {
	var kept Memory
	for i := range d.Depth {
		key, value := fmt.Sprintf("cross.%d.k", i), fmt.Sprintf("cross.%d.v", i)
		if m.Keys == nil {
			kept.Keys, kept.Values = append(kept.Keys, o.State(key)), append(kept.Values, o.State(value))
		} else {
			kept.Keys = append(kept.Keys, o.Append(key, m.Keys[i]))
			kept.Values = append(kept.Values, o.Append(value, m.Values[i]))
		}
	}
	return kept
}

// Forward decodes a text [B, L] at the given positions [L, d] or [B, L, d], reading m [B, n, d]: [B, L, d], after the last norm, at the
// positions that are read of the text.
func (d Decoder) Forward(o engine.Ops, text Text, positions engine.Value, m Memory, mask engine.Mask, keep Cache) engine.Value {
	x := text.unpad(o, o.Add(o.Embedding(o.Param("decoder.token"), text.IDs), positions))
	for i := range d.Depth {
		block, read := fmt.Sprintf("decoder.blocks.%d", i), text.onlyLast(i, d.Depth)
		x = recomputed(o, x, func(x engine.Value) engine.Value {
			said := SelfAttention(o, block+".self", LayerNorm(o, block+".ln1", x, d.Eps), d.Heads, mask, keep)
			x = o.Add(x, Linear(o, block+".self.out", said))
			q := Linear(o, block+".cross.q", LayerNorm(o, block+".ln2", x, d.Eps))
			k, v := m.at(o, i)
			seen := o.Attention(q, k, v, d.Heads, engine.Mask{KeyLengths: m.Lengths})
			x = o.Add(read(o, x), Linear(o, block+".cross.out", read(o, seen)))
			return o.Add(x, MLP(o, block+".mlp", LayerNorm(o, block+".ln3", x, d.Eps)))
		})
	}
	return LayerNorm(o, "decoder.norm", x, d.Eps)
}

// Logits are those of rows [R, d]: [R, V]; MASK is never predicted.
func (d Decoder) Logits(o engine.Ops, rows engine.Value) engine.Value {
	return o.Linear(rows, o.Slice(o.Param("decoder.token"), 0, 0, d.Vocab), nil)
}

// positions are those of the int32 input ids [B, L], from the first on: [L, d].
func (d Decoder) positions(o engine.Ops, ids string) engine.Value {
	return o.Slice(o.Param("decoder.pos"), 0, 0, o.IntShape(ids)[1])
}

// Prompt starts generating: it stores the visual tokens [B, n, d] and the prefix ids [B, L] in the cache, and returns the logits
// behind the prefix [B, V].
func (d Decoder) Prompt(o engine.Ops, visual engine.Value) []engine.Value {
	return d.extend(o, d.positions(o, "ids"), d.Stored(o, d.Remember(o, visual)))
}

// Next continues with one token for each sequence: ids [B, 1] at positions [B, 1].
func (d Decoder) Next(o engine.Ops) []engine.Value {
	return d.extend(o, o.Embedding(o.Param("decoder.pos"), "positions"), d.Stored(o, Memory{}))
}

// extend reads ids behind what the cache holds and returns the logits of the last.
func (d Decoder) extend(o engine.Ops, positions engine.Value, m Memory) []engine.Value {
	x := d.Forward(o, Text{IDs: "ids"}, positions, m, engine.Mask{Causal: true}, o.Append)
	return []engine.Value{d.Logits(o, lastRow(o, x))}
}
