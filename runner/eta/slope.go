package eta

import (
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"

	"harness/registry"
)

// slopes is how settings change durations: of a number by its logarithm, so that twice as many steps may take twice as long; of other
// values by what each adds. It is a ridge regression of logarithms of durations, which says nothing where little was seen.
type slopes struct {
	numbers map[string]float64            // by path
	centers map[string]float64            // of the logarithms
	values  map[string]map[string]float64 // by path and value
}

// How far a slope of a number, and what a value adds, are from nothing before anything is seen: variances, in those of the noise.
const (
	numberPrior = 10
	valuePrior  = 2.5
	rounds      = 30
)

// feature is a column of the regression.
type feature struct {
	x     []float64
	prior float64
	beta  float64
	keep  func(beta float64)
}

// fit finds the slopes in trials of one sweep.
func fit(list []reference) slopes {
	s := slopes{map[string]float64{}, map[string]float64{}, map[string]map[string]float64{}}
	var y, weights []float64
	var used []reference
	for _, r := range list {
		if !r.kin && r.Took > 0 && r.State != registry.Stopped {
			used = append(used, r)
			y, weights = append(y, math.Log(r.Took.Seconds())), append(weights, r.share())
		}
	}
	if len(used) < 2 {
		return s
	}
	features := s.features(used, weights)
	residual, mean := y, weightedMean(y, weights)
	for i := range residual {
		residual[i] -= mean
	}
	for range rounds {
		shift := weightedMean(residual, weights)
		for i := range residual {
			residual[i] -= shift
		}
		for k := range features {
			f := &features[k]
			var xy, xx float64
			for i, x := range f.x {
				xy += weights[i] * x * (residual[i] + f.beta*x)
				xx += weights[i] * x * x
			}
			beta := xy / (xx + 1/f.prior)
			for i, x := range f.x {
				residual[i] -= (beta - f.beta) * x
			}
			f.beta = beta
		}
	}
	for _, f := range features {
		f.keep(f.beta)
	}
	return s
}

// features are a column for each number that varies, and for each value of what is none.
func (s slopes) features(list []reference, weights []float64) (features []feature) {
	seen := map[string]map[string]bool{}
	var paths []string
	for _, r := range list {
		for _, path := range r.paths() {
			if seen[path] == nil {
				seen[path] = map[string]bool{}
				paths = append(paths, path)
			}
			seen[path][r.Params[path]] = true
		}
	}
	for _, path := range paths {
		if len(seen[path]) < 2 && all(list, path) {
			continue // it does not vary
		}
		logs, numeric := make([]float64, len(list)), true
		for i, r := range list {
			v, ok := logOf(r.Params[path])
			numeric = numeric && ok
			logs[i] = v
		}
		if numeric {
			center := weightedMean(logs, weights)
			for i := range logs {
				logs[i] -= center
			}
			s.centers[path] = center
			features = append(features, feature{x: logs, prior: numberPrior, keep: func(beta float64) { s.numbers[path] = beta }})
			continue
		}
		s.values[path] = map[string]float64{}
		for _, value := range slices.Sorted(maps.Keys(seen[path])) {
			x := make([]float64, len(list))
			for i, r := range list {
				if own, has := r.Params[path]; has && own == value {
					x[i] = 1
				}
			}
			features = append(features, feature{x: x, prior: valuePrior, keep: func(beta float64) { s.values[path][value] = beta }})
		}
	}
	return features
}

// factor is how much longer one trial takes than another by their settings.
func factor(log, other float64) float64 {
	return math.Exp(math.Max(-most, math.Min(most, log-other)))
}

// most is the logarithm of the greatest factor that is believed.
const most = 5

// log is the logarithm of how long a trial takes by its settings, but for what is common to all.
func (s slopes) log(t Timing) (sum float64) {
	for _, path := range t.paths() {
		if beta, is := s.numbers[path]; is {
			if v, ok := logOf(t.Params[path]); ok {
				sum += beta * (v - s.centers[path])
			}
		}
		sum += s.values[path][t.Params[path]]
	}
	return sum
}

// paths are the settings that tell of durations; what a trial has announced in steps is known already.
func (t Timing) paths() []string {
	var list []string
	for _, path := range slices.Sorted(maps.Keys(t.Params)) {
		if t.Announced == nil || !strings.HasSuffix(path, ".steps") {
			list = append(list, path)
		}
	}
	return list
}

// logOf is the logarithm of a setting that is a positive number.
func logOf(text string) (float64, bool) {
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v <= 0 || math.IsInf(v, 0) {
		return 0, false
	}
	return math.Log(v), true
}

func all(list []reference, path string) bool {
	for _, r := range list {
		if _, has := r.Params[path]; !has {
			return false
		}
	}
	return true
}

func weightedMean(values, weights []float64) float64 {
	var sum, weight float64
	for i, v := range values {
		sum, weight = sum+weights[i]*v, weight+weights[i]
	}
	if weight == 0 {
		return 0
	}
	return sum / weight
}
