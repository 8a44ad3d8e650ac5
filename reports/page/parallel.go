package page

import (
	"math"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/metrics"
	"harness/reports"
	"harness/sweeps"
)

// Parallel is a line a row through all parameters to a metric.
type Parallel struct {
	Head
	Axes  []Axis `json:"axes"` // parameters, then the metric
	Lines []Path `json:"lines"`
	Best  int    `json:"best"` // of Lines; -1 where no direction is better
}

// Axis is an upright axis.
type Axis struct {
	Name    string   `json:"name"`
	Options []string `json:"options,omitempty"` // words, in the order of the file; empty: the axis is one of numbers
	Log     bool     `json:"log"`               // how its numbers lie asks for a logarithmic axis
}

// Path is a line: where it crosses each axis, as a number or as the place of an option; null where the row has no value there.
type Path struct {
	Name   string  `json:"name"`
	Values Numbers `json:"values"`
	N      int     `json:"n"` // seeds behind the metric
}

// mostPaths bounds how many lines are drawn.
const mostPaths = 2000

var unknown = Number(math.NaN())

// NewParallel takes parallel coordinates from a table; nil where the sweep has no axis with several values, or no result.
func NewParallel(t *reports.Table, plan *sweeps.Plan, c int) *Parallel {
	p := &Parallel{Head: newHead(KindParallel, t, c), Best: -1}
	var axes []sweeps.Axis
	for _, a := range plan.Axes {
		if len(a.Options) > 1 {
			axes = append(axes, a)
			p.Axes = append(p.Axes, newAxis(a))
		}
	}
	if len(axes) == 0 {
		return nil
	}
	column := t.Columns[c]
	var means []float64
	without := 0
	for _, row := range t.Rows {
		cell := row.Cells[c]
		switch {
		case row.Kind != reports.Model:
		case cell.CanDraw(column.Scale):
			mean := cell.Mean * column.Scale
			p.Lines = append(p.Lines, Path{Name: escape.Line(row.Name), Values: append(p.crossings(row, axes), mean), N: cell.N})
			means = append(means, mean)
		case cell.Diverged+cell.Stopped == 0:
			without++
		}
	}
	if len(p.Lines) == 0 {
		return nil
	}
	p.Axes = append(p.Axes, Axis{Name: strings.TrimSpace(p.Label + " " + column.Goal.Arrow()), Log: reports.FallTogether(means)})
	p.Best = best(column.Goal, means)
	p.say("A line is a row, at the mean over its seeds. Drag along an axis to choose lines.")
	if without > 0 {
		p.say("Not drawn: %s without a result.", count(without, "row"))
	}
	p.sayLeftOut(t, c)
	p.cut()
	return p
}

// HasParallel reports whether a column has parallel coordinates.
func HasParallel(t *reports.Table, plan *sweeps.Plan, c int) bool {
	return slices.ContainsFunc(plan.Axes, func(a sweeps.Axis) bool { return len(a.Options) > 1 }) &&
		slices.ContainsFunc(t.Rows, func(r reports.Row) bool { return r.Kind == reports.Model && r.Cells[c].CanDraw(t.Columns[c].Scale) })
}

// newAxis is the axis of a parameter.
func newAxis(a sweeps.Axis) Axis {
	axis := Axis{Name: escape.Line(a.Label)}
	if values, numeric := reports.Numbers(a); numeric {
		axis.Log = reports.SpanDecades(values)
		return axis
	}
	for _, o := range a.Options {
		axis.Options = append(axis.Options, escape.Line(o.Text))
	}
	return axis
}

// crossings are where a row crosses the axes of the parameters.
func (p *Parallel) crossings(row reports.Row, axes []sweeps.Axis) Numbers {
	var values Numbers
	for i := range axes {
		at := reports.OptionOf(row, &axes[i])
		value := math.NaN()
		if at >= 0 && p.Axes[i].Options != nil {
			value = float64(at)
		} else if at >= 0 {
			value, _ = reports.Numeric(axes[i].Options[at].Value)
		}
		values = append(values, value)
	}
	return values
}

func best(goal metrics.Goal, means []float64) int {
	switch goal {
	case metrics.Maximize:
		return slices.Index(means, slices.Max(means))
	case metrics.Minimize:
		return slices.Index(means, slices.Min(means))
	}
	return -1
}

// cut leaves the first of very many lines, and the best.
func (p *Parallel) cut() {
	if len(p.Lines) <= mostPaths {
		return
	}
	p.say("Drawn are the first %d of %d rows, and the best.", mostPaths-1, len(p.Lines))
	if p.Best >= mostPaths-1 {
		p.Lines[mostPaths-1] = p.Lines[p.Best]
		p.Best = mostPaths - 1
	}
	p.Lines = p.Lines[:mostPaths]
}
