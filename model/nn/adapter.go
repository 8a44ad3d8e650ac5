package nn

import "harness/model/engine"

// Adapter turns what difference VQA reads of two images into the visual part of the LM's sequence.
type Adapter interface {
	// Len is the number of visual tokens of a pair.
	Len() int
	// Params adds the adapter's parameters.
	Params(p *Parameters)
	// Visual is the visual part [B, Len, d]; loss is a scalar to add to the loss of the answers, nil for none.
	Visual(o engine.Ops) (visual, loss engine.Value)
}

// PairAdapter is the paper's: temporal embeddings (eq. 2; one row a position and image) and two layers (eq. 3) over the
// input "encoded" [2B, n, e]: reference, main, reference, …
type PairAdapter struct {
	Tokens int // n, of an image
	Width  int // e
	Out    int // d
}

// Len is 2n.
func (a PairAdapter) Len() int { return 2 * a.Tokens }

// Params adds temporal and adapter.*.
func (a PairAdapter) Params(p *Parameters) {
	p.Normal("temporal", 0.02, 2, a.Tokens, a.Width)
	AdapterParams(p, a.Width, a.Out)
}

// Visual is [B, 2n, d].
func (a PairAdapter) Visual(o engine.Ops) (visual, loss engine.Value) {
	return PairTokens(o, o.Input("encoded"), func(pairs engine.Value) engine.Value { return MLP(o, "adapter", pairs) }), nil
}

// PairTokens adds the temporal embeddings to encoded pairs [2B, n, e], projects them, and joins both images' tokens: [B, 2n, d].
func PairTokens(o engine.Ops, encoded engine.Value, project func(engine.Value) engine.Value) engine.Value {
	s := encoded.Shape()
	pairs := o.Reshape(encoded, s[0]/2, 2, s[1], s[2])
	x := project(o.Add(pairs, o.Param("temporal"))) // [B, 2, n, d]
	return o.Reshape(x, s[0]/2, 2*s[1], x.Shape()[3])
}

// AdapterParams are the two layers that project visual tokens to the width of the text (paper 3.2.1).
func AdapterParams(p *Parameters, e, d int) { p.MLP("adapter", e, d, d) }

// Pool averages the visual tokens [I, n, e] over square cells so that tokens are left; n and tokens are squares.
func Pool(o engine.Ops, x engine.Value, tokens int) engine.Value {
	s := x.Shape()
	if s[1] == tokens {
		return x
	}
	side, left := Square(s[1]), Square(tokens)
	cell := side / left
	x = o.Reshape(x, s[0]*left, cell, left, cell, s[2])
	x = o.Mean(o.Mean(x, 3), 1) // [I·left, left, e]
	return o.Reshape(x, s[0], tokens, s[2])
}
