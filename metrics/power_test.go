package metrics

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestDetectable holds the smallest detectable differences to known values and to simulated tests.
func TestDetectable(t *testing.T) {
	// The two-sided t-test of one sample: by the noncentral t of scipy 1.17 it takes .9960 standard deviations with 10 observations.
	for _, c := range []struct {
		n     float64
		level float64
		want  float64
	}{{10, .05, .9960}, {20, .05, .6604}, {6, .05, 1.4345}} {
		if got := DetectableT(c.n-1, c.level) / math.Sqrt(c.n); math.Abs(got-c.want) > 2e-3 {
			t.Errorf("n = %g: %.4f, want %.4f", c.n, got, c.want)
		}
	}
	if got := DetectableT(math.Inf(1), .05); math.Abs(got-2.8016) > 1e-3 {
		t.Errorf("normal: %.4f, want 1.9600 + 0.8416", got)
	}
	// With six seeds only the pattern in which all have one sign is significant: the chance is that of six positive differences.
	want := math.Sqrt2 * math.Erfinv(2*math.Pow(Power, 1./6)-1)
	if got := DetectableSignFlip(6, .05); math.Abs(got-want) > .03 {
		t.Errorf("six seeds: %.3f, want %.3f", got, want)
	}
	for _, n := range []int{1, 5} {
		if got := DetectableSignFlip(n, .05); !math.IsInf(got, 1) {
			t.Errorf("%d seeds: %g, want none", n, got)
		}
	}
	if got := DetectableSignFlip(8, .05/7); !math.IsInf(got, 1) { // 2/256 = .0078
		t.Errorf("eight seeds among seven: %g, want none", got)
	}
	if got := DetectableSignFlip(6, 2./64); !math.IsInf(got, 1) {
		t.Errorf("p = level: %g, want none: p must be below", got)
	}
}

// TestDetectablePower simulates the sign-flip test at the difference that it is said to find.
func TestDetectablePower(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for _, c := range []struct {
		n     int
		level float64
	}{{6, .05}, {8, .05}, {8, .05 / 5}, {9, .01}, {12, .05}} {
		d := DetectableSignFlip(c.n, c.level)
		found := 0
		const runs = 3000
		deltas := make([]float64, c.n)
		for range runs {
			for i := range deltas {
				deltas[i] = d + rng.NormFloat64()
			}
			if p, _ := SignFlip(deltas); p < c.level {
				found++
			}
		}
		if share := float64(found) / runs; share < .76 || share > .84 {
			t.Errorf("%d seeds, level %.3f: a difference of %.2f is found in %.3f of the runs, want %.2f", c.n, c.level, d, share, Power)
		}
	}
}

// TestDetectableSpread holds the approximation for seeds × samples to simulated differences of means with both spreads.
func TestDetectableSpread(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 10))
	for _, c := range []struct{ seeds, overSeeds, overSamples float64 }{{3, .01, .0001}, {5, .01, .01}, {8, .01, .0001}, {8, .0001, .01}} {
		s := spread{seeds: int(c.seeds), samples: 300, overSeeds: c.overSeeds, overSamples: c.overSamples}
		d := Difference{spread: s}.Detectable(Level)
		found := 0
		const runs = 4000
		for range runs {
			drawn := s // both variances are estimated: chi-squares over their degrees of freedom
			drawn.overSeeds *= chiSquare(rng, s.seeds-1) / float64(s.seeds-1)
			drawn.overSamples *= chiSquare(rng, s.samples-1) / float64(s.samples-1)
			if observed := d + math.Sqrt(s.overSeeds+s.overSamples)*rng.NormFloat64(); observed > drawn.half(Level) {
				found++
			}
		}
		if share := float64(found) / runs; share < .72 || share > .9 {
			t.Errorf("%+v: a difference of %.3f is found in %.3f of the runs, want about %.2f", s, d, share, Power)
		}
	}
}

func chiSquare(rng *rand.Rand, freedom int) float64 {
	sum := 0.0
	for range freedom {
		z := rng.NormFloat64()
		sum += z * z
	}
	return sum
}
