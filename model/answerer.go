package model

import (
	"harness/model/engine"
	"harness/model/spec"
)

// answerer is the trained part of difference VQA: temporal embeddings, adapter and LM over the features of a frozen
// encoder (paper 3.4).
// With visual 0 it is the control that sees the question only.
type answerer struct {
	width     int // e, of the features
	tokens    int // visual tokens an image after pooling
	lm        languageModel
	smoothing float64
}

func newAnswerer(t spec.Trial, vocab int, seesImages bool) answerer {
	a := answerer{width: t.Encoder.Width, smoothing: t.DiffVQA.LabelSmoothing}
	if seesImages {
		a.tokens = newEncoder(t).tokens
		if t.Method == spec.BLIP2 {
			a.tokens = queries
		} else if p := t.DiffVQA.Pool; p > 1 {
			a.tokens /= p * p
		}
	}
	a.lm = newLanguageModel(t, vocab, 2*a.tokens)
	return a
}

func (a answerer) params(seed int64, table []float32) []engine.Param {
	p := &parameters{seed: seed}
	if a.tokens > 0 {
		visualParams(p, a.tokens, a.width, a.lm.Width)
	}
	a.lm.params(p, table)
	return p.list
}

// visual is the part [B, 2n, d] of the sequence that the images make, nil for the control.
func (a answerer) visual(o engine.Ops) engine.Value {
	if a.tokens == 0 {
		return nil
	}
	return project(o, o.Input("encoded")) // [2B, n, e]
}

// loss is the smoothed mean cross-entropy over answer tokens and EOS (eq. 5).
func (a answerer) loss(o engine.Ops) []engine.Value {
	visual := a.visual(o)
	length := o.IntShape("text.ids")[1]
	positions := o.Slice(o.Param("transformer.wpe.weight"), 0, 0, a.lm.visual+length)
	x := a.lm.forward(o, visual, "text.ids", positions, nil)   // [B, 2n+L, d]
	text := o.Slice(x, 1, a.lm.visual, a.lm.visual+length)     // [B, L, d]
	logits := a.lm.logits(o, gatherRows(o, text, "text.rows")) // [R, V]
	return []engine.Value{o.CrossEntropy(logits, "labels", "weights", a.smoothing)}
}

// prompt stores images and question ids [B, L] in the cache and returns the logits behind them [B, V].
func (a answerer) prompt(o engine.Ops) []engine.Value {
	visual := a.visual(o)
	length := o.IntShape("ids")[1]
	positions := o.Slice(o.Param("transformer.wpe.weight"), 0, 0, a.lm.visual+length)
	return a.last(o, a.lm.forward(o, visual, "ids", positions, o.Append))
}

// next continues with one token for each sequence: ids [B, 1] at positions [B, 1].
func (a answerer) next(o engine.Ops) []engine.Value {
	return a.last(o, a.lm.forward(o, nil, "ids", o.Embedding(o.Param("transformer.wpe.weight"), "positions"), o.Append))
}

func (a answerer) last(o engine.Ops, x engine.Value) []engine.Value {
	s := x.Shape()
	end := o.Reshape(o.Slice(x, 1, s[1]-1, s[1]), s[0], s[2])
	return []engine.Value{a.lm.logits(o, end)}
}

// pool averages the visual tokens [I, n, e] over square cells so that tokens are left; n and tokens are squares.
func pool(o engine.Ops, x engine.Value, tokens int) engine.Value {
	s := x.Shape()
	if s[1] == tokens {
		return x
	}
	side, left := isqrt(s[1]), isqrt(tokens)
	cell := side / left
	x = o.Reshape(x, s[0]*left, cell, left, cell, s[2])
	x = o.Mean(o.Mean(x, 3), 1) // [I·left, left, e]
	return o.Reshape(x, s[0], tokens, s[2])
}
