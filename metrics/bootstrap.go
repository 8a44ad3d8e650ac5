package metrics

import (
	"context"
	"math"
	"slices"
)

// Comparison is one system against the baseline in one number.
type Comparison struct {
	Key      string
	System   int     // index into the systems given; 0 is the baseline itself, which has no P
	Score    float64 // on all samples
	Delta    float64 // Score minus the baseline's
	Mean     float64 // over the resamples; NaN after a randomisation test
	Half     float64 // half the width of the 95% interval of Score; NaN after a randomisation test
	Low      float64 // lower end of that interval
	High     float64 // upper end
	P        float64 // two-sided; NaN for the baseline and for a blank
	Adjusted float64 // P after Holm over the family; NaN outside of it

	DeltaLow  float64 // ends of the 95% interval of Delta; NaN where there is no P, and after a randomisation test
	DeltaHigh float64
}

// PairedBootstrap resamples the samples with replacement, the same ones for every system, and recomputes each corpus number from
// the sums of its sufficient statistics. The differences of the resamples are shifted to a mean of 0, which is the null
// hypothesis; p is the share of them that are at least as far from 0 as the observed difference, on either side, as
// (c+1)/(n+1) (Efron and Tibshirani 1993, section 16.4), and never less than exchanging the answers to so few samples could reach,
// which is 2/2^samples. Intervals hold the middle 95% of the resamples.
// systems[0] is the baseline; all must have scored the same ids and keys.
func PairedBootstrap(ctx context.Context, systems []*Scores, r Resampling) ([]Comparison, error) {
	draws, err := resample(ctx, systems, r.defaults(DefaultResamples), withReplacement)
	if err != nil {
		return nil, err
	}
	comparisons := draws.compare(func(c *Comparison, system, key int) {
		values := draws.values(system, key)
		c.Mean = mean(values)
		c.Low, c.High = interval(values)
		c.Half = (c.High - c.Low) / 2
		if system > 0 {
			differences := draws.differences(system, 0, key)
			c.DeltaLow, c.DeltaHigh = interval(differences)
			center := mean(differences)
			for i := range differences {
				differences[i] -= center
			}
			c.P = max(beyond(differences, c.Delta), SmallestSignFlip(len(systems[0].IDs)))
		}
	})
	r.adjust(comparisons)
	return comparisons, nil
}

// compare makes the comparisons of every system and key, the baseline's first; their p-values are not adjusted yet.
func (d *draws) compare(fill func(c *Comparison, system, key int)) []Comparison {
	var all []Comparison
	for s := range d.systems {
		for k, key := range d.keys {
			nan := math.NaN()
			c := Comparison{Key: key, System: s, Score: d.systems[s].Corpus[key], Mean: nan, Half: nan, Low: nan, High: nan, P: nan, Adjusted: nan,
				DeltaLow: nan, DeltaHigh: nan}
			c.Delta = c.Score - d.systems[0].Corpus[key]
			fill(&c, s, k)
			if math.IsNaN(c.Delta) {
				c.P = nan
			}
			all = append(all, c)
		}
	}
	return all
}

// adjust applies Holm's correction to the p-values of the family.
func (r Resampling) adjust(all []Comparison) {
	var ps []float64
	var at []int
	for i, c := range all {
		if !math.IsNaN(c.P) && (r.Family == nil || slices.Contains(r.Family, c.Key)) {
			ps, at = append(ps, c.P), append(at, i)
		}
	}
	for k, p := range Holm(ps) {
		all[at[k]].Adjusted = p
	}
}

func mean(values []float64) float64 {
	sum := 0.0
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// beyond returns (c+1)/(n+1) for the c of n values that are at least as far from 0 as the observed one. Where no value differs from 0
// and nothing was observed it is 1: a system does not differ from itself. A NaN among the values gives NaN.
func beyond(values []float64, observed float64) float64 {
	c := 0
	size := 1e-12 * math.Abs(observed) // equal differences may differ in their last bits
	for _, v := range values {
		switch {
		case math.IsNaN(v):
			return math.NaN()
		case math.Abs(v) >= math.Abs(observed)-size:
			c++
		}
	}
	return float64(c+1) / float64(len(values)+1)
}

// interval returns the ends of the middle 95% of the values; NaN when a value is.
func interval(values []float64) (low, high float64) {
	if slices.ContainsFunc(values, math.IsNaN) {
		return math.NaN(), math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	cut := len(sorted) / 40
	return sorted[cut], sorted[len(sorted)-cut-1]
}
