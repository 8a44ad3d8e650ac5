package metrics

import (
	"context"
	"math/bits"
	"math/rand/v2"
)

// ApproximateRandomization exchanges the two systems' outputs at random samples. p is the share of trials whose
// difference is at least as far from 0 as the observed one, as (c+1)/(n+1) (Noreen 1989). systems[0] is the baseline.
func ApproximateRandomization(ctx context.Context, systems []*Scores, r Resampling) ([]Comparison, error) {
	r = r.defaults(DefaultTrials)
	var comparisons []Comparison
	for other := 1; other < len(systems); other++ {
		pair := []*Scores{systems[0], systems[other]}
		draws, err := resample(ctx, pair, r, func(rng *rand.Rand, samples int, sums *sums) {
			for i := 0; i < samples; i += 64 {
				for swapped := rng.Uint64(); swapped != 0; swapped &= swapped - 1 {
					if k := i + bits.TrailingZeros64(swapped); k < samples {
						sums.exchange(k)
					}
				}
			}
			sums.afterExchanges()
		})
		if err != nil {
			return nil, err
		}
		pairs := draws.compare(func(c *Comparison, system, key int) {
			if system > 0 {
				c.P = beyond(draws.differences(1, 0, key), c.Delta)
				c.System = other
			}
		})
		if other > 1 {
			pairs = pairs[len(draws.keys):] // the baseline's own rows came with the first system
		}
		comparisons = append(comparisons, pairs...)
	}
	r.adjust(comparisons)
	return comparisons, nil
}
