package nn

import "harness/model/engine"

// Anatomy reads images as one token a region: RoIAlign at the region's box, mean over its bins. The inputs "boxes" [I·R, 4], in cells
// of the grid of visual tokens, and "box.image" [I·R] hold the R regions of the first image, of the second, …
type Anatomy struct{ Regions int }

// Read reads encoded images [I, n, e]: [I, R, e].
func (a Anatomy) Read(o engine.Ops, encoded engine.Value) engine.Value {
	s := encoded.Shape()
	side := Square(s[1])
	bins := o.RoIAlign(encoded, side, side, "boxes", "box.image") // [I·R, 3, 3, e]
	return o.Reshape(o.Mean(o.Mean(bins, 1), 1), s[0], a.Regions, s[2])
}

// LongitudinalAdapter projects a region's tokens of both images together: one visual token a region of a pair. It reads the input
// "encoded" [2B, n, e]: reference, main, reference, …
type LongitudinalAdapter struct {
	Anatomy
	Width int // e
	Out   int // d
}

// Len is the number of regions.
func (a LongitudinalAdapter) Len() int { return a.Regions }

// Params adds adapter.*.
func (a LongitudinalAdapter) Params(p *Parameters) { AdapterParams(p, 2*a.Width, a.Out) }

// Visual is [B, R, d].
func (a LongitudinalAdapter) Visual(o engine.Ops) (visual, loss engine.Value) {
	tokens := a.Read(o, o.Input("encoded")) // [2B, R, e]
	pairs := o.Reshape(tokens, tokens.Shape()[0]/2, 2, a.Regions, a.Width)
	return MLP(o, "adapter", o.Concat(2, pick(o, pairs, 0), pick(o, pairs, 1))), nil
}
