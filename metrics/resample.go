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

// PrimaryOf returns those of some numbers that count in a family of tests; all where none is primary.
func PrimaryOf(keys []string) []string {
	primary := slices.DeleteFunc(slices.Clone(keys), func(key string) bool { m, _ := Lookup(key); return !m.Primary })
	if len(primary) == 0 {
		return keys
	}
	return primary
}

// resamplesEach holds the smallest adjusted p at half of the level 0.05.
const resamplesEach = 40

// Resampling chooses how systems are compared.
type Resampling struct {
	N       int      // resamples; 0 for the default of the test
	Seed    uint64   // 0 for DefaultSeed
	Threads int      // 0 for every core; no result depends on it
	Family  []string // the keys whose comparisons are one family for Holm's correction; nil for all

	Progress func(done, total int) // called after every resample from several goroutines, or nil
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

// sums accumulates rows of statistics. A row holds those of all systems and groups of one sample, side by side.
type sums struct {
	rows   []float64 // [samples][len(totals)]
	totals []float64
	whole  []float64 // the totals over all samples, for afterExchanges
}

// join puts the statistics of all systems side by side.
func join(systems []*Scores) *sums {
	width := 0
	for _, system := range systems {
		for _, st := range system.statistics {
			width += st.Width
		}
	}
	samples := len(systems[0].IDs)
	s := &sums{rows: make([]float64, samples*width), totals: make([]float64, width), whole: make([]float64, width)}
	at := 0
	for _, system := range systems {
		for _, st := range system.statistics {
			for i := range samples {
				copy(s.rows[i*width+at:], st.Rows[i*st.Width:(i+1)*st.Width])
			}
			at += st.Width
		}
	}
	for i := range samples {
		s.add(i)
	}
	s.totals, s.whole = s.whole, s.totals
	return s
}

// worker is a copy with totals of its own.
func (s *sums) worker() *sums {
	return &sums{rows: s.rows, totals: make([]float64, len(s.totals)), whole: s.whole}
}

// add adds the row of sample i.
func (s *sums) add(i int) {
	for j, v := range s.rows[i*len(s.totals) : (i+1)*len(s.totals)] {
		s.totals[j] += v
	}
}

// exchange gives two systems each other's output at sample i; the difference gathers in the totals of the first.
func (s *sums) exchange(i int) {
	half := len(s.totals) / 2
	row := s.rows[i*len(s.totals) : (i+1)*len(s.totals)]
	for j := range half {
		s.totals[j] += row[half+j] - row[j]
	}
}

// afterExchanges turns the gathered differences into the totals of both systems.
func (s *sums) afterExchanges() {
	half := len(s.totals) / 2
	for j, moved := range s.totals[:half] {
		s.totals[j], s.totals[half+j] = s.whole[j]+moved, s.whole[half+j]-moved
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
	joined := join(systems)
	var next, done atomic.Int64
	var wg sync.WaitGroup
	for range r.Threads {
		wg.Go(func() {
			acc := joined.worker()
			out := make([]float64, len(scored))
			for {
				k := int(next.Add(1)) - 1
				if k >= r.N || ctx.Err() != nil {
					return
				}
				clear(acc.totals)
				fill(rand.New(rand.NewPCG(r.Seed, uint64(k))), samples, acc)
				at := 0
				for s := range systems {
					key := 0
					for _, st := range systems[s].statistics {
						st.Value(acc.totals[at:at+st.Width], float64(samples), out[:len(st.Keys)])
						for _, v := range out[:len(st.Keys)] {
							d.values(s, key)[k] = v
							key++
						}
						at += st.Width
					}
				}
				if n := int(done.Add(1)); r.Progress != nil {
					r.Progress(n, r.N)
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
