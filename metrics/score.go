package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"harness/metrics/meteor"
)

// Sample is one hypothesis and its references.
type Sample struct {
	ID   string
	Hyp  string
	Refs []string // at least one; it may be empty text

	Region string // what the box in the reference is of, for Scores.Regions; may be empty
}

// The values of Options.Tokenize.
const (
	TokenizePTB  = "ptb"  // the official caption pipeline: PTB tokens in lower case, without punctuation
	TokenizeNone = "none" // texts go to the metrics as they are
)

// Options choose what Score computes. The zero value scores the text metrics on PTB tokens with every core.
type Options struct {
	Tokenize string   // TokenizePTB (the default) or TokenizeNone
	Metrics  []string // groups, see Groups, or single numbers, see Keys; empty for TextGroups
	Threads  int      // 0 for every core; no result depends on it

	Paraphrases *meteor.Paraphrases // METEOR's paraphrase table, or nil
	BERT        Embedder            // what BERTScore reads, or nil: then its numbers are blank
	IDF         bool                // BERTScore weights tokens by their rarity in the references
	Stem        bool                // rouge_score's ROUGE compares the stems of words
	Version     string              // of this program, for the signatures of sacrebleu's metrics
	Baseline    *Baseline           // BERTScore is rescaled by it, or nil

	Progress func(done, total int) // called now and then from several goroutines, or nil
}

// Scores are the results of Score.
type Scores struct {
	IDs    []string             // of the samples, in order
	Keys   []string             // the numbers given, in print order
	Corpus map[string]float64   // by key; NaN is a blank, and Blank says why
	Sample map[string][]float64 // by key, in the order of IDs; NaN where a sample has no such number
	Blank  map[string]string    // the reason why a key has no corpus value
	Notes  []string             // what a reader of the numbers must know

	Regions []RegionBoxScores // boxes by region, when "box" is among the metrics and samples have regions

	Observations []ObservationScore // label counts by observation, when "label" is among the metrics and has a value

	statistics []Statistics
	labels     map[string]string // by key, where Label is not the metric's own
}

// Label is what a number is called in tables, with what a reader must know of how it was scored: METEOR without its paraphrase table
// says so.
func (s *Scores) Label(key string) string {
	if label, ok := s.labels[key]; ok {
		return label
	}
	m, _ := Lookup(key)
	return m.Label
}

// Statistics are what the numbers of one group are computed from: a corpus value is a function of the sum of its samples' rows.
type Statistics struct {
	Keys  []string
	Width int
	Rows  []float64 // [samples][Width]
	// Value writes the values of Keys for the sum of n rows to out.
	Value func(sum []float64, n float64, out []float64)
	// sample writes the values of one sample, where the official program has another formula for it.
	sample func(row, out []float64)
}

// scorer computes the statistics of one group.
type scorer interface {
	width() int
	// newWorker returns a function that writes the row of sample i; every goroutine has its own.
	newWorker() func(ctx context.Context, i int, row []float64) error
	value(sum []float64, n float64, out []float64)
	notes() []string // asked for when all rows are there
}

// sampleScorer is a scorer that computes the values of one sample otherwise than those of a corpus of one sample.
type sampleScorer interface {
	sampleValue(row, out []float64)
}

// namedScorer is a scorer whose numbers are not always what their labels say.
type namedScorer interface {
	label(usual string) string
}

// newStatistics makes room for the rows of n samples.
func newStatistics(sc scorer, names []string, n int) Statistics {
	st := Statistics{Keys: names, Width: sc.width(), Rows: make([]float64, n*sc.width()), Value: sc.value}
	st.sample = func(row, out []float64) { sc.value(row, 1, out) }
	if own, ok := sc.(sampleScorer); ok {
		st.sample = own.sampleValue
	}
	return st
}

// errBlank is the reason why a group has no value at all.
type errBlank struct{ reason string }

func (e errBlank) Error() string { return e.reason }

// Score computes the chosen metrics of samples. It fails on a sample without references and on an unknown option; empty texts are
// scored as the official programs do.
func Score(ctx context.Context, samples []Sample, opts Options) (*Scores, error) {
	if err := CheckNames(opts.Metrics); err != nil {
		return nil, err
	}
	groups := groupsOf(opts.Metrics)
	if len(samples) == 0 {
		return nil, errors.New("no samples to score")
	}
	for _, s := range samples {
		if len(s.Refs) == 0 {
			return nil, fmt.Errorf("sample %q has no reference", s.ID)
		}
	}
	if opts.Threads <= 0 {
		opts.Threads = runtime.GOMAXPROCS(0)
	}
	c, err := newCorpus(ctx, samples, opts)
	if err != nil {
		return nil, err
	}
	out := &Scores{Corpus: map[string]float64{}, Sample: map[string][]float64{}, Blank: map[string]string{}, labels: map[string]string{}}
	for _, s := range samples {
		out.IDs = append(out.IDs, s.ID)
	}
	var running []scorer
	for _, group := range groups {
		names := slices.DeleteFunc(namesOf(group), func(key string) bool { return !Asks(opts.Metrics, key) })
		out.Keys = append(out.Keys, names...)
		sc, err := scorers[group](c, opts)
		var blank errBlank
		if errors.As(err, &blank) {
			for _, name := range names {
				out.Corpus[name], out.Blank[name] = math.NaN(), blank.reason
			}
			continue
		} else if err != nil {
			return nil, err
		}
		if own, ok := sc.(namedScorer); ok {
			for _, name := range names {
				out.labels[name] = own.label(out.Label(name))
			}
		}
		running = append(running, sc)
		out.statistics = append(out.statistics, newStatistics(sc, namesOf(group), len(samples)).only(names))
	}
	if err := fillRows(ctx, running, out.statistics, len(samples), opts); err != nil {
		return nil, err
	}
	for _, sc := range running {
		out.Notes = append(out.Notes, sc.notes()...)
	}
	for _, st := range out.statistics {
		out.evaluate(st, len(samples))
	}
	if slices.Contains(groups, "box") {
		out.Regions = regionScores(samples)
	}
	if i := slices.IndexFunc(out.statistics, func(st Statistics) bool { return st.Keys[0] == "label14_micro_f1" }); i >= 0 {
		out.Observations = observationScores(out.statistics[i])
	}
	return out, nil
}

// chunkSamples is how many samples a goroutine takes at a time, at most.
const chunkSamples = 64

// chunkOf returns how many samples a goroutine takes of n: few where they are few, which may be long, unless BERTScore embeds whole
// chunks.
func chunkOf(running []scorer, n, threads int) int {
	const each = 4 // chunks of a goroutine, so that none ends long before the others
	if slices.ContainsFunc(running, func(sc scorer) bool { _, embeds := sc.(*bertScore); return embeds }) {
		return chunkSamples
	}
	return min(chunkSamples, n/(each*threads)+1)
}

// fillRows computes the rows of every scorer on all goroutines.
func fillRows(ctx context.Context, running []scorer, stats []Statistics, n int, opts Options) error {
	var next, done atomic.Int64
	var wg sync.WaitGroup
	errs := make([]error, opts.Threads)
	chunk, total := chunkOf(running, n, opts.Threads), int64(n*len(running))
	step := func() {
		const reports = 1000
		if d := done.Add(1); opts.Progress != nil && (d%(total/reports+1) == 0 || d == total) {
			opts.Progress(int(d)/len(running), n)
		}
	}
	for t := range opts.Threads {
		wg.Go(func() {
			workers := make([]func(context.Context, int, []float64) error, len(running))
			for k, sc := range running {
				workers[k] = sc.newWorker()
			}
			for {
				lo := int(next.Add(int64(chunk))) - chunk
				hi := min(lo+chunk, n)
				if lo >= n {
					return
				}
				for k, work := range workers {
					w := stats[k].Width
					for i := lo; i < hi; i++ {
						if ctx.Err() != nil {
							return
						}
						if err := work(ctx, i, stats[k].Rows[i*w:(i+1)*w]); err != nil {
							errs[t] = err
							next.Store(int64(n))
							return
						}
						step()
					}
				}
			}
		})
	}
	wg.Wait()
	if err := ctx.Err(); err != nil { // whatever else went wrong did so because of it
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// evaluate computes the corpus and the sample values of one group from its rows.
func (s *Scores) evaluate(st Statistics, n int) {
	values := make([]float64, len(st.Keys))
	columns := make([][]float64, len(st.Keys))
	for k := range columns {
		columns[k] = make([]float64, n)
	}
	sum := make([]float64, st.Width)
	for i := range n {
		row := st.Rows[i*st.Width : (i+1)*st.Width]
		for j, v := range row {
			sum[j] += v
		}
		st.sample(row, values)
		for k, v := range values {
			columns[k][i] = v
		}
	}
	st.Value(sum, float64(n), values)
	for k, name := range st.Keys {
		s.Corpus[name], s.Sample[name] = values[k], columns[k]
		if math.IsNaN(values[k]) {
			s.Blank[name] = "no sample has one"
		}
	}
}
