package method

import (
	"context"

	"harness/model/nn"
	"harness/model/spec"
)

// untrained is the control.
func untrained(_ context.Context, r *Run, start Weights) (Weights, error) {
	return Untrained(r.Trial, start), nil
}

// Untrained is the encoder as it is initialised, or with the published weights that it starts from.
func Untrained(t spec.Trial, start Weights) Weights {
	p := &nn.Parameters{Seed: t.Seed}
	nn.NewEncoder(t).Params(p)
	return Merged(start, ValuesOf(p.List))
}
