package reports

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"harness/registry"
	"harness/sweeps"
)

// Curves reads the curves that the trials of a plan recorded, running trials included.
type Curves struct {
	Metrics []string // that were recorded at several steps, by name
	db      *registry.DB
	rows    []*seeded
	results Results
}

// Curve is a metric over the steps of training, one line a row of the table.
type Curve struct {
	Metric  string
	Unit    string // of a resource; "" = that of the metric
	Seconds bool   // steps are seconds since the trial started
	Lines   []Line
}

// Line is one row at rising steps: Step, Mean, Std, Low and High are of one length. Where a row has several seeds, a position is
// there only where at least two of them have it; what one seed has alone is in Lone. Nothing is interpolated.
type Line struct {
	Row       string
	Step      []float64
	Mean      []float64 // over seeds; NaN where all points are NaN or infinite: the line breaks there
	Std       []float64 // over seeds, n-1; NaN where one seed stands alone
	Low, High []float64 // the least and the greatest of all points
	Lone      []Trace
	Stopped   []Trace // of seeds that were stopped early, up to where they were: they are in nothing else
	N         int     // seeds
	Partial   int     // positions where the mean is of fewer seeds than N
	Skipped   int     // points that are NaN or infinite: they are not drawn
	Averaged  int     // the most neighbouring points of one seed behind a position: 1 where none is averaged
}

// Trace is a piece of one seed's curve where the other seeds have nothing, with the points beside it; fields as in Line.
type Trace struct{ Step, Mean, Low, High []float64 }

const (
	leastPoints = 3   // a metric with fewer is a result, not a curve, unless the trial was stopped early
	maxBuckets  = 500 // a longer curve is added up in as many ranges of steps: more than a line of print can show
)

// Span says which steps of a curve are read, and how finely. The zero value reads all of them as finely as print can show.
type Span struct {
	LogSteps bool // the ranges of long curves are of equal ratio, for a logarithmic axis of steps
	Most     int  // ranges; 0: maxBuckets
	Part     bool // only the steps From to To, with the last one before and the first one behind them
	From, To int64
}

func (s Span) most() int { return cmp.Or(s.Most, maxBuckets) }

// OpenCurves finds the curves of a plan; Read reads one of them.
func OpenCurves(ctx context.Context, db *registry.DB, plan *sweeps.Plan) (*Curves, error) {
	results, err := Load(ctx, db, plan)
	if err != nil {
		return nil, fmt.Errorf("curves of %s: %w", plan.Name, err)
	}
	b := &builder{plan: plan, results: results}
	b.collect()
	return &Curves{Metrics: b.curveMetrics(), db: db, rows: b.rows, results: results}, nil
}

// curveMetrics lists the metrics that were recorded at several steps.
func (b *builder) curveMetrics() []string {
	return slices.DeleteFunc(b.results.recorded(), func(metric string) bool {
		for _, r := range b.results {
			if r.Values[metric].N >= leastPoints {
				return !b.isResult(metric)
			}
		}
		return true
	})
}

// curveRow is a row whose curve is being read.
type curveRow struct {
	name    string
	ids     []string
	long    bool    // some seed has more points than there are buckets
	starts  []int64 // first steps of the buckets; nil: each step by itself
	end     int64   // the last step of the last bucket
	seeds   [][]segment
	skipped int // points that are NaN or infinite
}

// Read reads the curve of a metric. Of rows with long curves neighbouring points are averaged over ranges of steps, whose least
// and greatest points are kept; the ranges are of equal width, or of equal ratio for a logarithmic axis of steps.
func (c *Curves) Read(ctx context.Context, metric string, logSteps bool) (Curve, error) {
	return c.ReadSpan(ctx, metric, Span{LogSteps: logSteps})
}

// ReadSpan reads a part of the curve of a metric.
func (c *Curves) ReadSpan(ctx context.Context, metric string, span Span) (Curve, error) {
	var rows []*curveRow
	for _, r := range c.rows {
		row := &curveRow{name: r.Name}
		for _, id := range r.Trials {
			if s := c.results[id].Values[metric]; s.N >= leastPoints || s.N > 0 && c.stopped(id) {
				row.ids, row.long = append(row.ids, id), row.long || s.N > span.most()
				row.skipped += s.NaN + s.Inf
			}
		}
		if len(row.ids) > 0 {
			row.seeds = make([][]segment, len(row.ids))
			rows = append(rows, row)
		}
	}
	curve := Curve{Metric: metric}
	if err := c.place(ctx, rows, metric, span); err != nil {
		return curve, err
	}
	err := eachSeed(rows, func(row *curveRow, seed int) (err error) {
		row.seeds[seed], err = c.parts(ctx, row.ids[seed], metric, row)
		row.seeds[seed] = span.cut(row.seeds[seed])
		return err
	})
	if err != nil {
		return curve, err
	}
	for _, row := range rows {
		var whole [][]segment
		var stopped []Trace
		for i, id := range row.ids {
			if c.stopped(id) {
				stopped = append(stopped, untilStopped(row.seeds[i])...)
			} else {
				whole = append(whole, row.seeds[i])
			}
		}
		line := lineOf(row.name, whole)
		line.Stopped, line.Skipped = stopped, row.skipped
		curve.Lines = append(curve.Lines, line)
	}
	return curve, nil
}

// place sets the buckets of rows with long curves: the same ones for all seeds of a row.
func (c *Curves) place(ctx context.Context, rows []*curveRow, metric string, span Span) error {
	for _, row := range rows {
		if !row.long {
			continue
		}
		first, last, grain := int64(math.MaxInt64), int64(math.MinInt64), int64(1)
		for _, id := range row.ids {
			steps, err := c.db.StepRange(ctx, id, metric)
			if err != nil {
				return err
			}
			if steps.Found {
				first, last, grain = min(first, steps.First), max(last, steps.Last), max(grain, steps.Grain)
			}
		}
		row.starts, row.end = span.ranges(first, last, grain)
	}
	return nil
}

// segment is what one seed has at a step, or in a range that begins at one.
type segment struct {
	at int64
	registry.Bucket
}

// parts reads the curve of one seed, each step by itself where there are no ranges.
func (c *Curves) parts(ctx context.Context, id, metric string, row *curveRow) ([]segment, error) {
	var list []segment
	if row.starts != nil {
		buckets, err := c.db.Buckets(ctx, id, metric, row.starts, row.end)
		for i, b := range buckets {
			if b.N > 0 || b.Skipped {
				list = append(list, segment{row.starts[i], b})
			}
		}
		return list, err
	}
	points, err := c.db.Points(ctx, id, metric)
	for _, p := range points {
		one := segment{p.Step, registry.Bucket{First: p.Step, Last: p.Step, Skipped: true}}
		if finite(p.Value) {
			one.Bucket = registry.Bucket{N: 1, First: p.Step, Last: p.Step, Mean: p.Value, Min: p.Value, Max: p.Value}
		}
		list = append(list, one)
	}
	return list, err
}

// eachSeed calls fn with every seed of every row, on all processors, and returns an error of one of them.
func eachSeed(rows []*curveRow, fn func(row *curveRow, seed int) error) error {
	var wait sync.WaitGroup
	var once sync.Once
	var failed error
	room := make(chan struct{}, runtime.GOMAXPROCS(0))
	for _, row := range rows {
		for seed := range row.ids {
			room <- struct{}{}
			wait.Go(func() {
				if err := fn(row, seed); err != nil {
					once.Do(func() { failed = err })
				}
				<-room
			})
		}
	}
	wait.Wait()
	return failed
}
