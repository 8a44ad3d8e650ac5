package reports

import (
	"context"
	"fmt"
	"math"
	"slices"

	"harness/registry"
	"harness/sweeps"
)

// Curve is a metric over the steps of training, one line a row of the table.
type Curve struct {
	Metric string
	Lines  []Line
}

// Line is the mean over the seeds of one row. Step, Mean and Std are of one length; Std is NaN below two seeds.
type Line struct {
	Row             string
	Step, Mean, Std []float64
	N               int // seeds
	Skipped         int // points that are NaN or infinite: they are not drawn
}

const (
	leastPoints = 3   // a metric with fewer is a result, not a curve
	maxBins     = 150 // longer curves are averaged over neighbouring steps
)

// LoadCurves reads the curves that the trials of a plan recorded, running trials included, by name of the metric.
func LoadCurves(ctx context.Context, db *registry.DB, plan *sweeps.Plan) ([]Curve, error) {
	results, err := Load(ctx, db, plan)
	if err != nil {
		return nil, fmt.Errorf("curves of %s: %w", plan.Name, err)
	}
	b := &builder{plan: plan, results: results}
	b.collect()
	var curves []Curve
	for _, metric := range b.curveMetrics() {
		c := Curve{Metric: metric}
		for _, r := range b.rows {
			var seeds [][]registry.Point
			for _, id := range r.Trials {
				if results[id].Values[metric].N < leastPoints {
					continue
				}
				points, err := db.Points(ctx, id, metric)
				if err != nil {
					return nil, err
				}
				seeds = append(seeds, points)
			}
			if len(seeds) > 0 {
				c.Lines = append(c.Lines, average(r.Name, seeds))
			}
		}
		curves = append(curves, c)
	}
	return curves, nil
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

// average puts the points of each seed into the same bins of steps and averages over seeds. Steps may lie as far apart as
// numbers go.
func average(row string, seeds [][]registry.Point) Line {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, points := range seeds {
		first, last = min(first, points[0].Step), max(last, points[len(points)-1].Step)
	}
	from := func(step int64) uint64 { return uint64(step) - uint64(first) } // never overflows, whatever the signs
	width := from(last)/maxBins + 1
	type bin struct{ step, values []float64 }
	bins := make([]bin, from(last)/width+1)
	line := Line{Row: row, N: len(seeds)}
	for _, points := range seeds {
		for start := 0; start < len(points); {
			at := from(points[start].Step) / width
			var steps, values []float64
			for ; start < len(points) && from(points[start].Step)/width == at; start++ {
				if v := points[start].Value; finite(v) {
					steps, values = append(steps, float64(points[start].Step)), append(values, v)
				} else {
					line.Skipped++
				}
			}
			if len(values) > 0 {
				step, _, _ := moments(steps)
				value, _, _ := moments(values)
				bins[at].step, bins[at].values = append(bins[at].step, step), append(bins[at].values, value)
			}
		}
	}
	for _, b := range bins {
		if len(b.values) == 0 {
			continue
		}
		step, _, _ := moments(b.step)
		mean, std, _ := moments(b.values)
		line.Step, line.Mean, line.Std = append(line.Step, step), append(line.Mean, mean), append(line.Std, std)
	}
	return line
}
