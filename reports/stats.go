package reports

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"

	"harness/metrics"
)

// Level is the error level of tests and intervals.
const Level = metrics.Level

// meanStd returns mean and standard deviation (n-1). What cannot be computed from so few values is NaN.
func meanStd(values []float64) (mean, std float64) {
	switch n := len(values); n {
	case 0:
		return math.NaN(), math.NaN()
	case 1:
		return values[0], math.NaN()
	default:
		mean, std = stat.MeanStdDev(values, nil)
		if !finite(mean) { // the sum overflows
			mean = 0
			for _, v := range values {
				mean += v / float64(n)
			}
		}
		if !finite(std) {
			std = math.NaN()
		}
		return mean, std
	}
}

// moments returns, beside mean and standard deviation, the half width of the 95% interval of the mean (Student's t), NaN where there
// is no standard deviation.
func moments(values []float64) (mean, std, ci float64) {
	mean, std = meanStd(values)
	if math.IsNaN(std) {
		return mean, std, math.NaN()
	}
	return mean, std, quantileT(len(values)-1) * std / math.Sqrt(float64(len(values)))
}

// quantiles are the values of quantileT that were computed: a large table asks for the same ones a hundred thousand times.
var quantiles sync.Map

// quantileT is the quantile of Student's t at which a two-sided interval of Level ends.
func quantileT(freedom int) float64 {
	if known, ok := quantiles.Load(freedom); ok {
		return known.(float64)
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(freedom)}.Quantile(1 - Level/2)
	quantiles.Store(freedom, t)
	return t
}

// signFlip is the paired sign-flip test over seeds.
func signFlip(differences []float64) *Test {
	p, smallest := metrics.SignFlip(differences)
	mean, _, half := moments(differences)
	return &Test{Method: SignFlip, P: p, Holm: math.NaN(), SmallestP: smallest, Low: mean - half, High: mean + half, N: len(differences)}
}

// finite reports whether a number can be averaged.
func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
