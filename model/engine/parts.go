package engine

// Share is the name of the float32 input, a scalar, that says how much of a whole batch's weights a part of it has.
const Share = ".share"

// PartOf is a program over one of several parts of a batch, whose loss is the part's share in that of the whole: the losses of all parts add up to
// what p computes of the batch, and so do their gradients. A mean over weights named W is multiplied by the input W.share
// ([Share]), a mean over all elements by 1/parts, which is exact for parts of equal size. Losses that compare everything in a batch with
// everything have no parts: see [SigmoidPairChunk].
func PartOf(p Program, parts int) Program {
	return func(o Ops) []Value { return p(part{o, parts}) }
}

// part is the Ops of one part of a batch.
type part struct {
	Ops
	parts int
}

func (p part) CrossEntropy(logits Value, labels, weights string, smoothing float64) Value {
	return p.Mul(p.Ops.CrossEntropy(logits, labels, weights, smoothing), p.Input(weights+Share))
}

func (p part) MSE(x, y Value) Value { return p.Scale(p.Ops.MSE(x, y), 1/float64(p.parts)) }

func (p part) SigmoidPair(image, text, logScale, bias Value, sign string) Value {
	panic("engine: SigmoidPair compares a whole batch: it has no parts")
}
