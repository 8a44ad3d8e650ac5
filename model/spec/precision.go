package spec

// Precision is the number format in which a model computes. Parameters, the state of the optimiser, norms, softmax, losses and what the
// LM says of each token are float32 with either.
type Precision string

const (
	Float32 Precision = "float32" // "" means the same
	BF16    Precision = "bf16"    // products, and what passes between them, in bfloat16, with float32 sums
)

// suffix is how the precision is written behind the name of an engine.
func (p Precision) suffix() string {
	if p == BF16 {
		return "," + string(BF16)
	}
	return ""
}
