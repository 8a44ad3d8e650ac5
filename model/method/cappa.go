package method

import (
	"context"

	"harness/model/spec"
)

// capPa is captioning alone, part of it predicted in parallel (Tschannen et al. 2023; FACTS 3.3).
func capPa(ctx context.Context, r *Run, start Weights) (Weights, error) {
	return r.Train(ctx, r.Trial, spec.StagePretrain, func() (Training, error) { return r.generative(spec.CAP, start) })
}
