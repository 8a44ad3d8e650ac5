package reports

import (
	"math"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Level is the error level of tests and intervals.
const Level = 0.05

// moments returns mean, standard deviation (n-1) and the half width of the 95% interval of the mean (Student's t).
// What cannot be computed from so few values is NaN.
func moments(values []float64) (mean, std, ci float64) {
	switch n := len(values); n {
	case 0:
		return math.NaN(), math.NaN(), math.NaN()
	case 1:
		return values[0], math.NaN(), math.NaN()
	default:
		mean, std = stat.MeanStdDev(values, nil)
		t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(n - 1)}.Quantile(1 - Level/2)
		return mean, std, t * std / math.Sqrt(float64(n))
	}
}

// signFlip is the exact two-sided paired sign-flip test: the share of all 2^n choices of signs whose sum is at least as
// far from zero as that of the differences. Floor is the least value that n differences can reach.
func signFlip(differences []float64) Test {
	n := len(differences)
	if n == 0 || n > 20 {
		return Test{P: math.NaN(), Holm: math.NaN(), Floor: math.NaN(), N: n}
	}
	observed := 0.0
	for _, d := range differences {
		observed += d
	}
	observed = math.Abs(observed) * (1 - 1e-12) // ties by rounding count as ties
	extreme := 0
	for signs := range 1 << n {
		sum := 0.0
		for i, d := range differences {
			if signs>>i&1 == 1 {
				d = -d
			}
			sum += d
		}
		if math.Abs(sum) >= observed {
			extreme++
		}
	}
	all := math.Pow(2, float64(n))
	return Test{P: float64(extreme) / all, Holm: math.NaN(), Floor: math.Min(1, 2/all), N: n}
}

// tCovers tells whether the 95% interval of the mean difference covers zero; true where there are fewer than two.
func tCovers(differences []float64) bool {
	mean, _, ci := moments(differences)
	return math.IsNaN(ci) || math.Abs(mean) <= ci
}

// paired returns a-b where both are numbers.
func paired(a, b []float64) []float64 {
	var differences []float64
	for i := range min(len(a), len(b)) {
		if d := a[i] - b[i]; !math.IsNaN(d) {
			differences = append(differences, d)
		}
	}
	return differences
}
