package metrics

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// means are the scores of a system whose number is the mean of one value a sample.
func means(values []float64) *Scores {
	s := &Scores{IDs: sampleIDs[:len(values)], Keys: []string{"mean"}, Corpus: map[string]float64{"mean": mean(values)}}
	s.statistics = []Statistics{{Keys: s.Keys, Width: 1, Rows: values, Value: func(sum []float64, n float64, out []float64) { out[0] = sum[0] / n }}}
	return s
}

// sampleIDs are names of samples.
var sampleIDs = func() (ids []string) {
	for i := range 1000 {
		ids = append(ids, strconv.Itoa(i))
	}
	return ids
}()

// TestTestsAgreeWithScipy compares with what testdata/metrics/significance_scipy.py recorded.
func TestTestsAgreeWithScipy(t *testing.T) {
	var golden struct {
		SignFlip []struct {
			Differences  []float64
			P, Low, High float64
		} `json:"sign_flip"`
		Samples []struct {
			A, B                                []float64
			Bootstrap, Randomization, Low, High float64
		}
		T []struct {
			Level   float64
			Freedom float64
			T       float64
		}
	}
	readRecorded(t, "significance_scipy.json", &golden)
	if len(golden.SignFlip) < 20 || len(golden.Samples) < 3 || len(golden.T) < 16 {
		t.Fatal("too little was recorded")
	}
	for _, c := range golden.SignFlip {
		if p, _ := SignFlip(c.Differences); math.Abs(p-c.P) > 1e-9 {
			t.Errorf("sign-flip of %v: p %v, want %v", c.Differences, p, c.P)
		}
		// without spread over samples the two-level interval is Student's
		s := spread{seeds: len(c.Differences), samples: 300}
		m := mean(c.Differences)
		for _, d := range c.Differences {
			s.overSeeds += (d - m) * (d - m) / float64(s.seeds*(s.seeds-1))
		}
		if half := s.half(Level); math.Abs(m-half-c.Low) > 1e-7*max(1, half) || math.Abs(m+half-c.High) > 1e-7*max(1, half) {
			t.Errorf("interval of %v: %v ± %v, want %v to %v", c.Differences, m, half, c.Low, c.High)
		}
	}
	for i, c := range golden.Samples {
		systems := []*Scores{means(c.A), means(c.B)}
		boot, err := PairedBootstrap(context.Background(), systems, Resampling{N: 20000})
		if err != nil {
			t.Fatal(err)
		}
		random, err := ApproximateRandomization(context.Background(), systems, Resampling{N: 20000})
		if err != nil {
			t.Fatal(err)
		}
		noise := func(p float64) float64 { return 4*math.Sqrt(p*(1-p)/20000) + 1e-4 }
		if p := boot[1].P; math.Abs(p-c.Bootstrap) > noise(c.Bootstrap) {
			t.Errorf("bootstrap %d: p %v, want %v", i, p, c.Bootstrap)
		}
		if p := random[1].P; math.Abs(p-c.Randomization) > noise(c.Randomization) {
			t.Errorf("randomisation %d: p %v, want %v", i, p, c.Randomization)
		}
		if math.Abs(boot[1].DeltaLow-c.Low) > .005 || math.Abs(boot[1].DeltaHigh-c.High) > .005 {
			t.Errorf("interval %d: %v to %v, want %v to %v", i, boot[1].DeltaLow, boot[1].DeltaHigh, c.Low, c.High)
		}
	}
	for _, c := range golden.T {
		if got := tQuantile(c.Level, c.Freedom); math.Abs(got/c.T-1) > 1e-6 {
			t.Errorf("t at %v, %v: %v, want %v", c.Level, c.Freedom, got, c.T)
		}
	}
}

// TestIntervalAndPAgree holds that p < .05 exactly where the interval leaves 0 out, and that p falls as the difference grows.
func TestIntervalAndPAgree(t *testing.T) {
	for _, s := range []spread{{3, 300, .01, .002}, {2, 50, 1e-4, 0}, {10, 300, 0, 4}, {5, 16000, 1e-6, 1e-7}} {
		half := s.half(Level)
		if p := s.p(half); math.Abs(p-Level) > 1e-6 {
			t.Errorf("%+v: p at the end of the interval is %v", s, p)
		}
		last := 1.
		for _, k := range []float64{0, .1, .5, .9, 1.1, 2, 10, 1e6} {
			p := s.p(-k * half)
			if p > last || p < smallestLevel || (p < Level) != (k > 1) {
				t.Errorf("%+v: p of %v half widths is %v behind %v", s, k, p, last)
			}
			last = p
		}
	}
	if p := (spread{3, 300, 0, 0}).p(0); p != 1 {
		t.Errorf("nothing differs: p %v", p)
	}
}

// TestFewSamplesProveNothing is the table that called one of two systems better from two answers.
func TestFewSamplesProveNothing(t *testing.T) {
	boot, err := PairedBootstrap(context.Background(), []*Scores{means([]float64{0, 0}), means([]float64{1, 1.1})}, Resampling{})
	if err != nil || boot[1].P < .5 {
		t.Errorf("two samples: %+v, %v", boot[1], err)
	}
}

// TestNaNIsNotSignificant gives a resampled number that does not always exist.
func TestNaNIsNotSignificant(t *testing.T) {
	odd := func(values []float64) *Scores {
		s := means(values)
		value := s.statistics[0].Value
		s.statistics[0].Value = func(sum []float64, n float64, out []float64) {
			if value(sum, n, out); sum[0] > n {
				out[0] = math.NaN()
			}
		}
		return s
	}
	a, b := []float64{0, .1, .2, .1, 0, .2}, []float64{1, .9, 1.1, 1, .8, 1.1}
	boot, err := PairedBootstrap(context.Background(), []*Scores{odd(a), odd(b)}, Resampling{})
	if err != nil || !math.IsNaN(boot[1].P) || !math.IsNaN(boot[1].Adjusted) {
		t.Errorf("bootstrap: %+v, %v", boot[1], err)
	}
	both, err := Hierarchical(context.Background(), []*Scores{odd(a), odd(a)}, []*Scores{odd(b), odd(b)}, Resampling{})
	if err != nil || !math.IsNaN(both[0].P) || !math.IsNaN(both[0].Low) {
		t.Errorf("hierarchical: %+v, %v", both, err)
	}
}

// world is where systems come from in a simulation: how much the difference of two varies with the seed, with the sample, and
// with both, and its mean.
type world struct{ seed, sample, both, effect float64 }

// draw makes the scores of a baseline and of another system, n seeds each on the same samples.
func (w world) draw(rng *rand.Rand, n, samples int) (base, other []*Scores) {
	shift := make([]float64, samples)
	for i := range shift {
		shift[i] = w.sample * rng.NormFloat64()
	}
	for range n {
		seed := w.effect + w.seed*rng.NormFloat64()
		a, b := make([]float64, samples), make([]float64, samples)
		for i := range a {
			a[i] = rng.NormFloat64()
			b[i] = a[i] + seed + shift[i] + w.both*rng.NormFloat64()
		}
		base, other = append(base, means(a)), append(other, means(b))
	}
	return base, other
}

// share runs a simulation many times on two goroutines and returns the share of those in which reject says yes.
func share(t *testing.T, runs int, reject func(rng *rand.Rand) bool) float64 {
	t.Helper()
	counts := make([]int, 2)
	var wait sync.WaitGroup
	for k := range counts {
		wait.Go(func() {
			rng := rand.New(rand.NewPCG(11, uint64(k)))
			for i := k; i < runs; i += len(counts) {
				if reject(rng) {
					counts[k]++
				}
			}
		})
	}
	wait.Wait()
	return float64(counts[0]+counts[1]) / float64(runs)
}

const simulatedSamples = 300

// nullWorlds are those in which the two systems do not differ: seeds matter most, both matter, samples matter most.
var nullWorlds = map[string]world{"seeds": {seed: .5, sample: .3, both: .5}, "both": {seed: .1, sample: 1, both: 1}, "samples": {seed: .02, sample: 1, both: .3}}

// TestNullIsRejectedAtFivePercent simulates systems that do not differ, where each test must call one in twenty different.
func TestNullIsRejectedAtFivePercent(t *testing.T) {
	const runs = 1000
	hold := func(what string, got float64) {
		t.Helper()
		t.Logf("%s: %.3f", what, got)
		if got < .03 || got > .07 {
			t.Errorf("%s rejects in %.3f of the runs, want .05", what, got)
		}
	}
	small := Resampling{N: 100, Threads: 1}
	for _, n := range []int{3, 5, 8, 10} {
		for name, w := range nullWorlds {
			hold(fmt.Sprintf("hierarchical, %d seeds, %s vary", n, name), share(t, 7500/n, func(rng *rand.Rand) bool {
				base, other := w.draw(rng, n, simulatedSamples)
				d, err := Hierarchical(context.Background(), base, other, small)
				return err == nil && d[0].P < Level
			}))
		}
	}
	for _, n := range []int{8, 10} { // fewer seeds than 6 cannot reject: TestSignFlip
		hold(fmt.Sprintf("sign-flip, %d seeds", n), share(t, 10*runs, func(rng *rand.Rand) bool {
			deltas := make([]float64, n)
			for i := range deltas {
				deltas[i] = rng.NormFloat64()
			}
			p, _ := SignFlip(deltas)
			return p < Level
		}))
	}
	one := world{sample: 1}
	for name, test := range map[string]func(context.Context, []*Scores, Resampling) ([]Comparison, error){
		"bootstrap": PairedBootstrap, "randomisation": ApproximateRandomization,
	} {
		hold(name+", 300 samples", share(t, runs, func(rng *rand.Rand) bool {
			base, other := one.draw(rng, 1, simulatedSamples)
			c, err := test(context.Background(), []*Scores{base[0], other[0]}, Resampling{N: 200, Threads: 1})
			return err == nil && c[1].P < Level
		}))
	}
}

var power = flag.Bool("power", false, "TestPower prints the table of docs/statistics.md")

// TestPower prints how often a difference that is there is found.
func TestPower(t *testing.T) {
	if !*power {
		t.Skip("a table for the docs: run with -power -v")
	}
	const runs = 1000
	var lines strings.Builder
	for _, n := range []int{3, 5, 8, 10} {
		fmt.Fprintf(&lines, "| %d |", n)
		for _, effect := range []float64{1, 2, 4} {
			for _, family := range []float64{1, 12} {
				found := share(t, runs, func(rng *rand.Rand) bool {
					base, other := world{seed: .1, sample: 1, both: 1, effect: .1 * effect}.draw(rng, n, simulatedSamples)
					d, err := Hierarchical(context.Background(), base, other, Resampling{N: 200, Threads: 1})
					return err == nil && d[0].P*family < Level
				})
				fmt.Fprintf(&lines, " %.2f |", found)
			}
		}
		for _, family := range []float64{1, 12} {
			found := share(t, runs, func(rng *rand.Rand) bool {
				deltas := make([]float64, n)
				for i := range deltas {
					deltas[i] = 2 + rng.NormFloat64()
				}
				p, _ := SignFlip(deltas)
				return p*family < Level
			})
			fmt.Fprintf(&lines, " %.2f |", found)
		}
		lines.WriteByte('\n')
	}
	t.Log("\n" + lines.String())
}
