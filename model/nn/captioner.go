package nn

import "harness/model/engine"

// Captioner is the model of generative pretraining: encoder, adapter and cross-attending decoder (paper 3.2.1).
type Captioner struct {
	Encoder Encoder
	Decoder Decoder
	// Read chooses what the decoder reads of encoded images [I, n, e]: [I, tokens, e]. nil: all of it.
	Read func(o engine.Ops, encoded engine.Value) engine.Value
}

// Params are the parameters with their first values; table is that of the decoder's tokens.
func (c Captioner) Params(seed int64, table []float32) []engine.Param {
	p := &Parameters{Seed: seed}
	c.Encoder.Params(p)
	AdapterParams(p, c.Encoder.Width, c.Decoder.Width)
	c.Decoder.Params(p, table)
	return p.List
}

// CaptionGroup and RegionGroup are the two decoder calls of a step: padding short region texts to the length of
// reports would waste a fifth of the work.
const (
	CaptionGroup = "caption"
	RegionGroup  = "region"
)

// Loss is the mean cross-entropy over all loss tokens of the given groups (eq. 1), for patches [I, n, pixels].
func (c Captioner) Loss(groups []string) engine.Program {
	return func(o engine.Ops) []engine.Value {
		m := c.Decoder.Remember(o, c.visual(o, c.Encoder.Forward(o, o.Input("patches"))))
		var rows []engine.Value
		for _, g := range groups {
			rows = append(rows, c.rows(o, g, m))
		}
		all := rows[0]
		if len(rows) > 1 {
			all = o.Concat(0, rows...) // [R, d]
		}
		return []engine.Value{o.CrossEntropy(c.Decoder.Logits(o, all), "labels", "weights", 0)}
	}
}

// visual is what the decoder reads of encoded images [I, n, e]: [I, tokens, d].
func (c Captioner) visual(o engine.Ops, encoded engine.Value) engine.Value {
	if c.Read != nil {
		encoded = c.Read(o, encoded)
	}
	return MLP(o, "adapter", encoded)
}

// rows decodes one group and takes the outputs that count: [R, d].
func (c Captioner) rows(o engine.Ops, group string, m Memory) engine.Value {
	text := Group(group)
	mask := engine.Mask{Causal: true, KeyLengths: text.Lengths, CausalRows: group + ".causal"}
	x := c.Decoder.Forward(o, text, c.Decoder.positions(o, text.IDs), m.Of(group+".image"), mask, nil)
	return GatherRows(o, x, text.Rows)
}

// Prompt starts generating: it stores the images and the prefix ids [B, L] in the cache, and returns the logits behind
// the prefix [B, V]. visual features come as the input "encoded" [B, n, e].
func (c Captioner) Prompt(o engine.Ops) []engine.Value {
	return c.Decoder.Prompt(o, c.visual(o, o.Input("encoded")))
}

// Next continues with one token for each sequence: ids [B, 1] at positions [B, 1].
func (c Captioner) Next(o engine.Ops) []engine.Value {
	return c.Decoder.Next(o)
}
