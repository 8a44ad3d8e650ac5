package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/bits"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// DefaultSeed is the default seed of both tests, as in sacrebleu.
const DefaultSeed = 12345

// The numbers of resamples that sacrebleu takes by default.
const (
	DefaultResamples = 1000
	DefaultTrials    = 10000
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
	Adjusted float64 // P after Holm over all comparisons of the call
}

// Resampling chooses how systems are compared.
type Resampling struct {
	N       int    // resamples; 0 for the default of the test
	Seed    uint64 // 0 for DefaultSeed
	Threads int    // 0 for every core; no result depends on it
}

// PairedBootstrap resamples the samples with replacement, the same ones for every system, and recomputes each corpus number from
// the sums of its sufficient statistics. p is the share of resamples in which |d*| - mean|d*| exceeds the observed |d|, as (c+1)/(n+1); the
// interval holds the middle 95% (sacrebleu's definitions). systems[0] is the baseline; all must have scored the same ids and keys.
func PairedBootstrap(ctx context.Context, systems []*Scores, r Resampling) ([]Comparison, error) {
	r = r.defaults(DefaultResamples)
	draws, err := resample(ctx, systems, r, func(rng *rand.Rand, samples int, sums *sums) {
		for range samples {
			i := rng.IntN(samples)
			sums.add(i)
		}
	})
	if err != nil {
		return nil, err
	}
	comparisons := draws.compare(func(c *Comparison, system, key int) {
		values := draws.values(system, key)
		c.Mean = mean(values)
		c.Low, c.High = interval(values)
		c.Half = (c.High - c.Low) / 2
		if system > 0 {
			differences := draws.differences(system, key)
			m := mean(differences)
			c.P = tail(differences, func(d float64) bool { return d-m > math.Abs(c.Delta) })
		}
	})
	return comparisons, nil
}

// ApproximateRandomization exchanges the two systems' outputs at random samples. p is the share of trials in which |d*| exceeds the
// observed |d|, as (c+1)/(n+1). systems[0] is the baseline.
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
		comparisons = append(comparisons, draws.compare(func(c *Comparison, system, key int) {
			if system > 0 {
				c.P = tail(draws.differences(1, key), func(d float64) bool { return d > math.Abs(c.Delta) })
				c.System = other
			}
		})...)
	}
	if len(systems) > 2 { // the baseline's own rows came once for each system
		seen := map[string]bool{}
		comparisons = slices.DeleteFunc(comparisons, func(c Comparison) bool {
			again := c.System == 0 && seen[c.Key]
			seen[c.Key] = true
			return again
		})
	}
	adjust(comparisons)
	return comparisons, nil
}

func (r Resampling) defaults(n int) Resampling {
	if r.N <= 0 {
		r.N = n
	}
	if r.Seed == 0 {
		r.Seed = DefaultSeed
	}
	if r.Threads <= 0 {
		r.Threads = runtime.GOMAXPROCS(0)
	}
	return r
}

// draws holds the corpus numbers of every resample.
type draws struct {
	systems []*Scores
	keys    []string
	n       int
	data    []float64 // [systems][keys][n]
}

func (d *draws) values(system, key int) []float64 {
	at := (system*len(d.keys) + key) * d.n
	return d.data[at : at+d.n]
}

// differences returns how far a system lies from the baseline in each resample.
func (d *draws) differences(system, key int) []float64 {
	base := d.values(0, key)
	out := make([]float64, d.n)
	for i, v := range d.values(system, key) {
		out[i] = math.Abs(v - base[i])
	}
	return out
}

// sums accumulates rows of statistics for every system.
type sums struct {
	groups [][]Statistics // [system][group]
	totals [][][]float64  // [system][group][width]
	whole  [][][]float64  // the totals over all samples, for afterExchanges
}

func newSums(systems []*Scores) *sums {
	s := &sums{}
	for k, system := range systems {
		s.groups = append(s.groups, system.statistics)
		s.totals, s.whole = append(s.totals, nil), append(s.whole, nil)
		for _, st := range system.statistics {
			s.totals[k] = append(s.totals[k], make([]float64, st.Width))
			s.whole[k] = append(s.whole[k], make([]float64, st.Width))
		}
	}
	for i := range systems[0].IDs {
		s.add(i)
	}
	s.totals, s.whole = s.whole, s.totals
	return s
}

// add adds the rows of sample i.
func (s *sums) add(i int) {
	for k, groups := range s.groups {
		for g := range groups {
			total := s.totals[k][g]
			for j, v := range groups[g].Rows[i*len(total) : (i+1)*len(total)] {
				total[j] += v
			}
		}
	}
}

// exchange gives the two systems each other's output at sample i; the difference gathers in the totals of the first.
func (s *sums) exchange(i int) {
	for g := range s.groups[0] {
		total := s.totals[0][g]
		a := s.groups[0][g].Rows[i*len(total) : (i+1)*len(total)]
		b := s.groups[1][g].Rows[i*len(total) : (i+1)*len(total)]
		for j := range total {
			total[j] += b[j] - a[j]
		}
	}
}

// afterExchanges turns the gathered differences into the totals of both systems.
func (s *sums) afterExchanges() {
	for g, moved := range s.totals[0] {
		for j, d := range moved {
			s.totals[0][g][j], s.totals[1][g][j] = s.whole[0][g][j]+d, s.whole[1][g][j]-d
		}
	}
}

// resample fills draws. Each resample has a generator of its own, seeded by its number, so that threads do not matter.
func resample(ctx context.Context, systems []*Scores, r Resampling, fill func(*rand.Rand, int, *sums)) (*draws, error) {
	if err := checkComparable(systems); err != nil {
		return nil, err
	}
	d := &draws{systems: systems, n: r.N}
	for _, st := range systems[0].statistics {
		d.keys = append(d.keys, st.Keys...)
	}
	d.data = make([]float64, len(systems)*len(d.keys)*r.N)
	samples := len(systems[0].IDs)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range r.Threads {
		wg.Go(func() {
			acc := newSums(systems)
			out := make([]float64, len(keys))
			for {
				k := int(next.Add(1)) - 1
				if k >= r.N || ctx.Err() != nil {
					return
				}
				for _, system := range acc.totals {
					for _, total := range system {
						clear(total)
					}
				}
				fill(rand.New(rand.NewPCG(r.Seed, uint64(k))), samples, acc)
				for s := range systems {
					key := 0
					for g, st := range systems[s].statistics {
						st.Value(acc.totals[s][g], float64(samples), out[:len(st.Keys)])
						for _, v := range out[:len(st.Keys)] {
							d.values(s, key)[k] = v
							key++
						}
					}
				}
			}
		})
	}
	wg.Wait()
	return d, ctx.Err()
}

// checkComparable makes sure that the systems scored the same samples with the same metrics.
func checkComparable(systems []*Scores) error {
	if len(systems) == 0 {
		return errors.New("no systems to compare")
	}
	first := systems[0]
	for _, s := range systems[1:] {
		if !slices.Equal(first.IDs, s.IDs) {
			return errors.New("the systems did not score the same samples in the same order")
		}
		same := slices.EqualFunc(first.statistics, s.statistics, func(a, b Statistics) bool { return slices.Equal(a.Keys, b.Keys) })
		if !same {
			return fmt.Errorf("the systems have different metrics: %v and %v", first.Keys, s.Keys)
		}
	}
	return nil
}

// compare makes the comparisons of every system and key and adjusts their p-values.
func (d *draws) compare(fill func(c *Comparison, system, key int)) []Comparison {
	var all []Comparison
	for s := range d.systems {
		for k, key := range d.keys {
			nan := math.NaN()
			c := Comparison{Key: key, System: s, Score: d.systems[s].Corpus[key], Mean: nan, Half: nan, Low: nan, High: nan, P: nan, Adjusted: nan}
			c.Delta = c.Score - d.systems[0].Corpus[key]
			fill(&c, s, k)
			if math.IsNaN(c.Delta) {
				c.P = nan
			}
			all = append(all, c)
		}
	}
	adjust(all)
	return all
}

// adjust applies Holm's correction to the p-values that there are.
func adjust(all []Comparison) {
	var ps []float64
	var at []int
	for i, c := range all {
		if !math.IsNaN(c.P) {
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

// tail returns (c+1)/(n+1) for the c of n values that exceed. Where no resample shows any difference it returns 1:
// sacrebleu has 1/(n+1) there, since nothing exceeds 0, and so calls a system significantly different from itself.
func tail(values []float64, exceeds func(float64) bool) float64 {
	if !slices.ContainsFunc(values, func(v float64) bool { return v != 0 }) {
		return 1
	}
	c := 0
	for _, v := range values {
		if exceeds(v) {
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
