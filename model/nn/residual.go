package nn

import "harness/model/engine"

// ResidualAdapter reads a pair in three branches, as ReAl does (Lu et al., MICCAI 2024): the tokens of reference and main image
// through the paper's adapter, and the residual image through an encoder of its own. Behind the three stand regional features.
//
// Inputs: "encoded" [2B, n, e], "residual" [B, m, pixels] (main minus reference, in patches), and where there are regions "boxes"
// [B·K, 4] and "box.image" [B·K] as [Anatomy] reads them, where a pair counts as one image.
type ResidualAdapter struct {
	PairAdapter
	Branch    Encoder // of the residual image, of width e; m tokens, which are pooled to n
	Regions   int     // K
	Alignment float64 // weight of the alignment loss
}

// Len is 3n + K: reference, main, residual, regions.
func (a ResidualAdapter) Len() int { return 3*a.Tokens + a.Regions }

// Params adds those of PairAdapter, the branch's, residual.align, residual.adapter.* and regions.*.
func (a ResidualAdapter) Params(p *Parameters) {
	a.PairAdapter.Params(p)
	a.Branch.Params(p)
	p.Matrix("residual.align", a.Width, a.Width, a.Width, a.Width)
	p.MLP("residual.adapter", a.Width, a.Out, a.Out)
	if a.Regions > 0 {
		p.Linear("regions", 3*a.Out, a.Out)
	}
}

// Visual is [B, 3n + K, d]; loss is the alignment's.
func (a ResidualAdapter) Visual(o engine.Ops) (visual, loss engine.Value) {
	images, _ := a.PairAdapter.Visual(o)                                    // [B, 2n, d]
	residual := Pool(o, a.Branch.Forward(o, o.Input("residual")), a.Tokens) // [B, n, e]
	change := MLP(o, "residual.adapter", residual)                          // [B, n, d]
	parts := []engine.Value{images, change}
	if a.Regions > 0 {
		parts = append(parts, a.regional(o, images, change))
	}
	return o.Concat(1, parts...), a.align(o, residual)
}

// align is residual feature alignment: Alignment times the mean over all tokens of 2 - 2 cos(f, W (main - reference)), where f
// [B, n, e] is of the residual branch. W has no bias: a constant would agree with a constant branch.
func (a ResidualAdapter) align(o engine.Ops, f engine.Value) engine.Value {
	encoded := o.Input("encoded")
	s := encoded.Shape()
	pairs := o.Reshape(encoded, s[0]/2, 2, s[1], s[2])
	difference := o.Add(pick(o, pairs, 1), o.Scale(pick(o, pairs, 0), -1)) // [B, n, e]
	target := o.Linear(difference, o.Param("residual.align"), nil)
	return o.Scale(o.MSE(o.L2Normalise(f), o.L2Normalise(target)), a.Alignment*float64(s[2]))
}

// regional reads the three branches, in the LM's width, in each region's box ([Anatomy]), behind a linear layer.
func (a ResidualAdapter) regional(o engine.Ops, images, change engine.Value) engine.Value {
	n := a.Tokens
	all := o.Concat(2, o.Slice(images, 1, 0, n), o.Slice(images, 1, n, 2*n), change) // [B, n, 3d]
	return Linear(o, "regions", Anatomy{a.Regions}.Read(o, all))                     // [B, K, d]
}
