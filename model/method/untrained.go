package method

import (
	"context"

	"harness/model/nn"
)

// untrained is the control: the encoder as it was initialised, or with the published weights that it starts from.
func untrained(_ context.Context, r *Run, start Weights) (Weights, error) {
	p := &nn.Parameters{Seed: r.Trial.Seed}
	nn.NewEncoder(r.Trial).Params(p)
	return Merged(start, ValuesOf(p.List)), nil
}
