package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Difference is how far one setting lies from another in one number, as trained with several seeds and tested on the same samples.
type Difference struct {
	Key   string
	Delta float64 // mean over the seeds
	Low   float64 // ends of the 95% interval
	High  float64
	P     float64 // two-sided; NaN where a seed has no value

	spread spread
}

// Detectable is about the smallest true difference that the test finds with a chance of Power at an error level, given the spread that was
// seen: the half width of the interval of that level, and the quantile of Power in standard errors (Bloom 1995).
func (d Difference) Detectable(level float64) float64 {
	return d.spread.half(level) + math.Sqrt(d.spread.overSeeds+d.spread.overSamples)*tQuantile(2*(1-Power), d.spread.freedom())
}

// Hierarchical compares two settings, base and other, of which each has the scores of at least two seeds, in the same order, on
// the same samples. It asks whether the difference would show again with other seeds and other samples.
//
// The model is that of two crossed random factors, seeds and samples. S, the variance of the mean over seeds, comes from the
// seeds' differences; V, the variance of the mean over samples, from resampling the samples, the same ones for all seeds. What seeds and
// samples share, I, stands in both, so W = V-I is the samples' own; I comes from resampling for each seed: (mean variance of
// one seed's difference - V)/(n-1). The half width of the interval is explained at spread.half; p is the level at which the interval ends at 0.
func Hierarchical(ctx context.Context, base, other []*Scores, r Resampling) ([]Difference, error) {
	n := len(base)
	if n < 2 || len(other) != n {
		return nil, fmt.Errorf("compare seeds: %d and %d", n, len(other))
	}
	draws, err := resample(ctx, append(append([]*Scores(nil), base...), other...), r.defaults(DefaultResamples), withReplacement)
	if err != nil {
		return nil, err
	}
	samples := len(base[0].IDs)
	if samples < 2 {
		return nil, errors.New("compare on one sample")
	}
	var all []Difference
	for k, key := range draws.keys {
		spread := spread{seeds: n, samples: samples}
		d := Difference{Key: key, Delta: math.NaN(), P: math.NaN(), Low: math.NaN(), High: math.NaN()}
		observed := make([]float64, n)
		together := make([]float64, draws.n)
		each := 0.0
		for s := range n {
			observed[s] = other[s].Corpus[key] - base[s].Corpus[key]
			drawn := draws.differences(n+s, s, k)
			each += stat.Variance(drawn, nil) / float64(n)
			for i, v := range drawn {
				together[i] += v / float64(n)
			}
		}
		whole := stat.Variance(together, nil)
		d.Delta = mean(observed)
		spread.overSeeds = stat.Variance(observed, nil) / float64(n)
		spread.overSamples = max(0, whole-max(0, each-whole)/float64(n-1))
		if variance := spread.overSeeds + spread.overSamples; math.IsNaN(variance) || math.IsInf(variance, 0) {
			all = append(all, d)
			continue
		}
		half := spread.half(Level)
		d.spread = spread
		d.Low, d.High, d.P = d.Delta-half, d.Delta+half, spread.p(d.Delta)
		all = append(all, d)
	}
	return all, nil
}

// Level is the error level of tests and intervals.
const Level = 0.05

// spread holds the variances of a mean difference by where they come from.
type spread struct {
	seeds, samples         int
	overSeeds, overSamples float64
}

// half is half the width of the interval at an error level: the mean of two known answers. One adds the squares of the half
// widths over seeds and over samples (Graybill and Wang 1980; Zou and Donner 2008), which is too wide where both matter and
// seeds are three; the other is that of Student's t with the degrees of freedom of Welch and Satterthwaite, which is too narrow there.
// With three to ten seeds their mean errs in 3.3 to 6.1 of a hundred cases at the level 5% (docs/statistics.md).
func (s spread) half(level float64) float64 {
	seeds, samples := float64(s.seeds-1), float64(s.samples-1)
	a, b := tQuantile(level, seeds), tQuantile(level, samples)
	sum := s.overSeeds + s.overSamples
	if sum == 0 {
		return 0
	}
	added := math.Sqrt(s.overSeeds*a*a + s.overSamples*b*b)
	welch := math.Sqrt(sum) * tQuantile(level, s.freedom())
	return (added + welch) / 2
}

// freedom are the degrees of freedom of Welch and Satterthwaite, of which there are at least those of the seeds.
func (s spread) freedom() float64 {
	seeds, samples := float64(s.seeds-1), float64(s.samples-1)
	sum := s.overSeeds + s.overSamples
	if sum == 0 {
		return seeds
	}
	return max(seeds, sum*sum/(s.overSeeds*s.overSeeds/seeds+s.overSamples*s.overSamples/samples))
}

// smallestLevel bounds the search for p: nothing below it is told apart.
const smallestLevel = 1e-12

// p is the error level whose interval around delta ends at 0.
func (s spread) p(delta float64) float64 {
	delta = math.Abs(delta)
	switch {
	case s.half(smallestLevel) <= delta:
		if delta == 0 {
			return 1
		}
		return smallestLevel
	case delta == 0:
		return 1
	}
	low, high := math.Log(smallestLevel), 0.0 // half falls from low to high
	for range 32 {                            // p to eight digits
		if middle := (low + high) / 2; s.half(math.Exp(middle)) > delta {
			low = middle
		} else {
			high = middle
		}
	}
	return math.Exp((low + high) / 2)
}

// tQuantile is the quantile of Student's t that a two-sided test at the given level compares with.
func tQuantile(level, freedom float64) float64 {
	if level >= 1 {
		return 0
	}
	return -distuv.StudentsT{Mu: 0, Sigma: 1, Nu: freedom}.Quantile(level / 2)
}
