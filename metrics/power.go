package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
)

// Power is the chance with which the smallest difference that a test can find is found.
const Power = 0.8

// DetectableSignFlip is the smallest true difference that the sign-flip test over n seeds finds with a chance of Power at an error level,
// in standard deviations of the seeds' differences, which are taken for normal. It is +Inf where n seeds cannot reach the level, however
// large the difference.
//
// Up to exactPower seeds it is that of the test itself. Of differences d+z with a positive sum a sign pattern counts against the
// observed one where the mean of those it turns is at most 0, which is where d is at most minus their mean of z; so the test begins to
// reject at an order statistic of these means, and the answer is the quantile of that over draws of z. With more seeds the test has the
// power of Student's t (Hoeffding 1952).
func DetectableSignFlip(n int, level float64) float64 {
	patterns := int(level * math.Pow(2, float64(n-1)) * (1 + 1e-12)) // that may lie as far from 0 as the observed one, itself among them
	if level*math.Pow(2, float64(n-1)) == float64(patterns) {
		patterns-- // p < level, not p = level
	}
	switch {
	case n < 2 || SmallestSignFlip(n) >= level:
		return math.Inf(1)
	case n > exactPower:
		return DetectableT(float64(n-1), level) / math.Sqrt(float64(n))
	}
	key := [2]float64{float64(n), float64(patterns)}
	if known, ok := signFlips.Load(key); ok {
		return known.(float64)
	}
	rng := rand.New(rand.NewPCG(DefaultSeed, uint64(n)))
	starts := make([]float64, powerDraws)
	z, sums, sizes := make([]float64, n), make([]float64, 1<<n), make([]float64, 1<<n)
	for i := range starts {
		for k := range z {
			z[k] = rng.NormFloat64()
		}
		starts[i] = rejectedFrom(z, patterns, sums, sizes)
	}
	slices.Sort(starts)
	found := starts[int(math.Ceil(Power*powerDraws))-1]
	signFlips.Store(key, found)
	return found
}

// What was computed before: tables ask for the same again and again.
var (
	signFlips sync.Map // DetectableSignFlip by the numbers of seeds and of patterns
	tTests    sync.Map // DetectableT by degrees of freedom and level
)

const (
	exactPower = 10   // seeds
	powerDraws = 4000 // of the seeds' differences: the answer varies by about a hundredth
)

// rejectedFrom is the shift d from which on the sign-flip test of z+d finds at most so many patterns as far from 0 as the observed one.
// sums and sizes have room for all subsets.
func rejectedFrom(z []float64, patterns int, sums, sizes []float64) float64 {
	worst := make([]float64, 0, patterns) // the largest of minus the means of subsets, falling
	for set := 1; set < len(sums)-1; set++ {
		rest := set & (set - 1)
		one := 0
		for set>>one&1 == 0 {
			one++
		}
		sums[set], sizes[set] = sums[rest]+z[one], sizes[rest]+1
		from := -sums[set] / sizes[set]
		if len(worst) == patterns && from <= worst[patterns-1] {
			continue
		}
		at, _ := slices.BinarySearchFunc(worst, from, func(a, b float64) int { // falling
			switch {
			case a > b:
				return -1
			case a < b:
				return 1
			}
			return 0
		})
		if len(worst) == patterns {
			worst = worst[:patterns-1]
		}
		worst = slices.Insert(worst, at, from)
	}
	return worst[patterns-1]
}

// DetectableT is the smallest true difference that a two-sided test by Student's t finds with a chance of Power at an error level, in
// standard errors of the difference: the noncentrality at which that is the power (Cohen 1988; Bloom 1995).
func DetectableT(freedom, level float64) float64 {
	key := [2]float64{freedom, level}
	if known, ok := tTests.Load(key); ok {
		return known.(float64)
	}
	critical := distuv.UnitNormal.Quantile(1 - level/2)
	if !math.IsInf(freedom, 1) {
		critical = tQuantile(level, freedom)
	}
	low, high := 0.0, 10.0
	for powerT(freedom, critical, high) < Power && high < 1e6 {
		high *= 2
	}
	for range 50 {
		if middle := (low + high) / 2; powerT(freedom, critical, middle) < Power {
			low = middle
		} else {
			high = middle
		}
	}
	tTests.Store(key, (low+high)/2)
	return (low + high) / 2
}

// powerT is the chance that a noncentral t lies beyond the critical value on the side of the difference: over the chi-square of the
// estimated variance, by Simpson's rule in its quantiles' range.
func powerT(freedom, critical, noncentrality float64) float64 {
	if math.IsInf(freedom, 1) {
		return distuv.UnitNormal.CDF(noncentrality - critical)
	}
	chi := distuv.ChiSquared{K: freedom}
	const steps = 400
	low, high := math.Sqrt(chi.Quantile(1e-12)/freedom), math.Sqrt(chi.Quantile(1-1e-12)/freedom)
	width := (high - low) / steps
	total := 0.0
	for i := range steps + 1 {
		s := low + float64(i)*width // of the estimated standard deviation over the true one
		weight := 2.0
		switch {
		case i == 0 || i == steps:
			weight = 1
		case i%2 == 1:
			weight = 4
		}
		total += weight * distuv.UnitNormal.CDF(noncentrality-critical*s) * chi.Prob(s*s*freedom) * 2 * s * freedom
	}
	return total * width / 3
}
