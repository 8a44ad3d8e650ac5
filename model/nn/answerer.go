package nn

import "harness/model/engine"

// Answerer is the trained part of difference VQA: an adapter and an LM over what is read of two images (paper 3.4).
// Without an adapter it is the control that sees the question only.
type Answerer struct {
	Adapter   Adapter // nil: no image is seen
	LM        LanguageModel
	Smoothing float64
}

// Params are the parameters with their first values; table is that of the LM's tokens.
func (a Answerer) Params(seed int64, table []float32) []engine.Param {
	p := &Parameters{Seed: seed}
	if a.Adapter != nil {
		a.Adapter.Params(p)
	}
	a.LM.Params(p, table)
	return p.List
}

// visual is the part of the sequence that the images make, nil for the control.
func (a Answerer) visual(o engine.Ops) (visual, loss engine.Value) {
	if a.Adapter == nil {
		return nil, nil
	}
	return a.Adapter.Visual(o)
}

// Loss is the smoothed mean cross-entropy over answer tokens and EOS (eq. 5), and the adapter's own loss where it has one.
func (a Answerer) Loss(o engine.Ops) []engine.Value {
	visual, extra := a.visual(o)
	group := Group("text")
	length := o.IntShape(group.IDs)[1]
	positions := o.Slice(o.Param("transformer.wpe.weight"), 0, 0, a.LM.Visual+length)
	x := a.LM.Forward(o, visual, group, positions, nil)       // [B, 2n+L, d]
	text := o.Slice(x, 1, a.LM.Visual, a.LM.Visual+length)    // [B, L, d]
	logits := a.LM.Logits(o, GatherRows(o, text, group.Rows)) // [R, V]
	loss := o.CrossEntropy(logits, "labels", "weights", a.Smoothing)
	if extra != nil {
		loss = o.Add(loss, extra)
	}
	return []engine.Value{loss}
}

// Prompt stores images and question ids [B, L] in the cache and returns the logits behind them [B, V].
func (a Answerer) Prompt(o engine.Ops) []engine.Value {
	visual, _ := a.visual(o)
	length := o.IntShape("ids")[1]
	positions := o.Slice(o.Param("transformer.wpe.weight"), 0, 0, a.LM.Visual+length)
	return a.last(o, a.LM.Forward(o, visual, Text{IDs: "ids"}, positions, o.Append))
}

// Next continues with one token for each sequence: ids [B, 1] at positions [B, 1].
func (a Answerer) Next(o engine.Ops) []engine.Value {
	return a.last(o, a.LM.Forward(o, nil, Text{IDs: "ids"}, o.Embedding(o.Param("transformer.wpe.weight"), "positions"), o.Append))
}

func (a Answerer) last(o engine.Ops, x engine.Value) []engine.Value {
	return []engine.Value{a.LM.Logits(o, lastRow(o, x))}
}

// lastRow is the last position of x [B, L, d]: [B, d].
func lastRow(o engine.Ops, x engine.Value) engine.Value {
	return pick(o, x, x.Shape()[1]-1)
}
