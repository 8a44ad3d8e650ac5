package reports

import (
	"context"
	"fmt"
	"math"
	"sort"
	"strings"

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
}

const (
	leastPoints = 3   // a metric with fewer is a result, not a curve
	maxBins     = 150 // longer curves are averaged over neighbouring steps
)

// LoadCurves reads the curves that the trials of a sweep recorded, running trials included, by name of the metric.
func LoadCurves(ctx context.Context, db *registry.DB, s *sweeps.Sweep) ([]Curve, error) {
	trials, err := s.Expand()
	if err != nil {
		return nil, err
	}
	results, err := Load(ctx, db, trials)
	if err != nil {
		return nil, fmt.Errorf("curves of %s: %w", s.Name, err)
	}
	b := &builder{sweep: s, results: results}
	b.collect(trials)
	var curves []Curve
	for _, metric := range curveMetrics(results) {
		c := Curve{Metric: metric}
		for _, r := range b.rows {
			var seeds [][]registry.Point
			for _, id := range r.trials {
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
				c.Lines = append(c.Lines, average(r.place.Row, seeds))
			}
		}
		curves = append(curves, c)
	}
	return curves, nil
}

// curveMetrics lists what was recorded again and again; learning rate and gradient norm are the optimiser's affair.
func curveMetrics(results Results) []string {
	long := map[string]bool{}
	for _, r := range results {
		for metric, summary := range r.Values {
			result := !strings.HasPrefix(metric, "controls/") && !strings.HasSuffix(metric, "/lr") && !strings.HasSuffix(metric, "/grad_norm")
			if summary.N >= leastPoints && result {
				long[metric] = true
			}
		}
	}
	var names []string
	for metric := range long {
		names = append(names, metric)
	}
	sort.Strings(names)
	return names
}

// average puts the points of each seed into the same bins of steps and averages over seeds.
func average(row string, seeds [][]registry.Point) Line {
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	for _, points := range seeds {
		first, last = min(first, points[0].Step), max(last, points[len(points)-1].Step)
	}
	width := max(1, (last-first+maxBins)/maxBins)
	type bin struct{ step, values []float64 }
	bins := make([]bin, (last-first)/width+1)
	for _, points := range seeds {
		for start := 0; start < len(points); {
			at := (points[start].Step - first) / width
			step, value, n := 0.0, 0.0, 0
			for ; start < len(points) && (points[start].Step-first)/width == at; start++ {
				if v := points[start].Value; !math.IsNaN(v) && !math.IsInf(v, 0) {
					step, value, n = step+float64(points[start].Step), value+v, n+1
				}
			}
			if n > 0 {
				bins[at].step = append(bins[at].step, step/float64(n))
				bins[at].values = append(bins[at].values, value/float64(n))
			}
		}
	}
	line := Line{Row: row, N: len(seeds)}
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
