package method

import (
	"slices"

	"harness/model/engine"
)

// Accumulate makes the parts of a batch, each with its own means, add up to the loss of the whole ([engine.PartOf]). Parts without weight are left out,
// unless all are.
func Accumulate(parts []Part) []Part {
	if len(parts) < 2 {
		return parts
	}
	all := 0.0
	for _, part := range parts {
		all += weightOf(part)
	}
	if all == 0 {
		return parts[:1] // its loss says so
	}
	n := len(parts)
	parts = slices.DeleteFunc(parts, func(p Part) bool { return weightOf(p) == 0 })
	for i, part := range parts {
		part.Inputs["weights"+engine.Share] = engine.Floats([]float32{float32(weightOf(part) / all)})
		parts[i] = Part{part.Key + " part", engine.PartOf(part.Program, n), part.Inputs}
	}
	return parts
}

// share is part k of n of the samples of a batch; the parts are as equal as can be.
func share[T any](samples []T, k, n int) []T { return samples[k*len(samples)/n : (k+1)*len(samples)/n] }

// weightOf is the sum of a part's weights.
func weightOf(p Part) float64 {
	sum := 0.0
	for _, w := range p.Inputs["weights"].F32 {
		sum += float64(w)
	}
	return sum
}

func (b *Batch) accumulate() { b.Parts = Accumulate(b.Parts) }
