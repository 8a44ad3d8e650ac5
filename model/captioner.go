package model

import "harness/model/engine"

// captioner is the model of generative pretraining: encoder, adapter and cross-attending decoder (paper 3.2.1).
type captioner struct {
	encoder encoder
	decoder decoder
}

func (c captioner) params(seed int64, table []float32) []engine.Param {
	p := &parameters{seed: seed}
	c.encoder.params(p)
	adapterParams(p, c.encoder.Width, c.decoder.Width)
	c.decoder.params(p, table)
	return p.list
}

// captionGroup and regionGroup are the two decoder calls of a step: padding short region texts to the length of
// reports would waste a fifth of the work.
const (
	captionGroup = "caption"
	regionGroup  = "region"
)

// loss is the mean cross-entropy over all loss tokens of the given groups (eq. 1), for patches [I, n, pixels].
func (c captioner) loss(groups []string) engine.Program {
	return func(o engine.Ops) []engine.Value {
		visual := mlp(o, "adapter", c.encoder.forward(o, o.Input("patches"))) // [I, n, d]
		m := c.decoder.remember(o, visual)
		var rows []engine.Value
		for _, g := range groups {
			rows = append(rows, c.rows(o, g, m))
		}
		all := rows[0]
		if len(rows) > 1 {
			all = o.Concat(0, rows...) // [R, d]
		}
		return []engine.Value{o.CrossEntropy(c.decoder.logits(o, all), "labels", "weights", 0)}
	}
}

// rows decodes one group and takes the outputs that count: [R, d].
func (c captioner) rows(o engine.Ops, group string, m memory) engine.Value {
	length := o.IntShape(group + ".ids")[1]
	positions := o.Slice(o.Param("decoder.pos"), 0, 0, length)
	mask := engine.Mask{Causal: true, KeyLengths: group + ".lengths", CausalRows: group + ".causal"}
	x := c.decoder.forward(o, group+".ids", positions, m.of(o, group+".image"), mask, nil)
	return gatherRows(o, x, group+".rows")
}

// prompt starts generating: it stores the images and the prefix ids [B, L] in the cache, and returns the logits behind
// the prefix [B, V]. visual features come as the input "encoded" [B, n, e].
func (c captioner) prompt(o engine.Ops) []engine.Value {
	m := c.decoder.stored(o, c.decoder.remember(o, mlp(o, "adapter", o.Input("encoded"))))
	length := o.IntShape("ids")[1]
	x := c.decoder.forward(o, "ids", o.Slice(o.Param("decoder.pos"), 0, 0, length), m, engine.Mask{Causal: true}, o.Append)
	return c.last(o, x)
}

// next continues with one token for each sequence: ids [B, 1] at positions [B, 1].
func (c captioner) next(o engine.Ops) []engine.Value {
	m := c.decoder.stored(o, memory{})
	x := c.decoder.forward(o, "ids", o.Embedding(o.Param("decoder.pos"), "positions"), m, engine.Mask{Causal: true}, o.Append)
	return c.last(o, x)
}

func (c captioner) last(o engine.Ops, x engine.Value) []engine.Value {
	s := x.Shape() // [B, L, d]
	end := o.Reshape(o.Slice(x, 1, s[1]-1, s[1]), s[0], s[2])
	return []engine.Value{c.decoder.logits(o, end)}
}
