package metrics

import (
	"context"
	"errors"
	"fmt"
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

// Resamples is how many resamples a test needs whose p is judged together with those of a family of so many comparisons:
// the smallest p of a resampling test is 1/(n+1), and Holm's correction multiplies it by the size of the family.
func Resamples(family int) int { return max(DefaultResamples, resamplesEach*family) }

// resamplesEach holds the smallest adjusted p at half of the level 0.05.
const resamplesEach = 40

// Resampling chooses how systems are compared.
type Resampling struct {
	N       int      // resamples; 0 for the default of the test
	Seed    uint64   // 0 for DefaultSeed
	Threads int      // 0 for every core; no result depends on it
	Family  []string // the keys whose comparisons are one family for Holm's correction; nil for all
}

// withReplacement draws as many samples as there are, the same ones for every system.
func withReplacement(rng *rand.Rand, samples int, sums *sums) {
	for range samples {
		sums.add(rng.IntN(samples))
	}
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

// differences returns by how much a system exceeds another in each resample.
func (d *draws) differences(system, base, key int) []float64 {
	from := d.values(base, key)
	out := make([]float64, d.n)
	for i, v := range d.values(system, key) {
		out[i] = v - from[i]
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
			out := make([]float64, len(scored))
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
