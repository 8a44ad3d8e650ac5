package plots

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/reports"
	"harness/sweeps"
)

// Axis makes a figure for each axis of the sweep that has at least two numeric values: a panel a metric, a line for each
// setting of the other axes.
func Axis(t *reports.Table, plan *sweeps.Plan) ([]*Figure, error) {
	var figures []*Figure
	for _, axis := range plan.Axes {
		if len(numericOptions(axis)) < 2 {
			continue
		}
		f, err := axisFigure(t, axis)
		if err != nil {
			return nil, err
		}
		if f != nil {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// spansDecades reports whether values are those of a logarithmic axis, such as learning rates: on a straight one all but the
// largest would fall together.
func spansDecades(values []float64) bool {
	return slices.Min(values) > 0 && slices.Max(values) >= 50*slices.Min(values)
}

func numericOptions(axis sweeps.Axis) []float64 {
	var values []float64
	for _, o := range axis.Options {
		if v, ok := numeric(o.Value); ok {
			values = append(values, v)
		}
	}
	return values
}

func numeric(value any) (float64, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	v, err := n.Float64()
	return v, err == nil && finite(v)
}

// series is one line: the cells of all rows that agree in everything but the axis.
type series struct {
	name string
	x    []float64
	rows []reports.Row
}

func axisFigure(t *reports.Table, axis sweeps.Axis) (*Figure, error) {
	f := &Figure{Name: filesOf(t) + "-axis-" + fileName(axis.Path, '.'), Title: t.Name + ": " + shown(axis.Path),
		width: 2.3 * vg.Inch, height: 1.8 * vg.Inch}
	lines := seriesOf(t, axis.Path)
	logarithmic := spansDecades(numericOptions(axis))
	var panels []*panel
	seeds := 0
	for c, column := range t.Columns {
		p := newPanel(shown(column.Label), shown(axis.Label), unit(t, column.Metric))
		p.Add(grid())
		any := false
		for i, line := range lines {
			drawn, err := addSeries(p, line.dodged(i, len(lines), logarithmic), c, column.Scale, i)
			if err != nil {
				return nil, fmt.Errorf("draw %s against %s: %w", column.Metric, axis.Path, err)
			}
			if len(drawn) == 0 {
				continue
			}
			any = true
			for _, r := range line.rows {
				seeds = max(seeds, r.Cells[c].N)
			}
			if len(lines) > 1 && !slices.ContainsFunc(f.key, func(e keyEntry) bool { return e.text == line.name }) {
				f.key = append(f.key, keyEntry{line.name, drawn})
			}
		}
		if any {
			p.X.Tick.Marker = valueTicks(numericOptions(axis))
			if logarithmic {
				p.X.Scale = plot.LogScale{}
				room := math.Max(math.Pow(p.X.Max/p.X.Min, .08), 1.1)
				p.X.Min, p.X.Max = p.X.Min/room, p.X.Max*room
			} else {
				widen(&p.X)
			}
			widen(&p.Y)
			panels = append(panels, p)
		}
	}
	if len(panels) == 0 {
		return nil, nil
	}
	f.panels = tile(panels)
	f.Subtitle = subtitle(t, seeds, "whiskers: ± 1 standard deviation over") + leftOut(t)
	return f, nil
}

// seriesOf groups the models by their other parameters, each sorted along the axis.
func seriesOf(t *reports.Table, path string) []series {
	var list []series
	for _, row := range rowsOf(t, reports.Model) {
		var rest []string
		x, found := 0.0, false
		for _, p := range row.Params {
			if p.Path == path {
				x, found = numeric(p.Value)
				continue
			}
			rest = append(rest, named(p))
		}
		if !found {
			continue
		}
		name := shown(strings.Join(rest, ", "))
		i := slices.IndexFunc(list, func(s series) bool { return s.name == name })
		if i < 0 {
			i = len(list)
			list = append(list, series{name: name})
		}
		list[i].x, list[i].rows = append(list[i].x, x), append(list[i].rows, row)
	}
	for _, s := range list {
		sort.Sort(byX(s))
	}
	return list
}

// named is a parameter as the key shows it; a number needs its name.
func named(p sweeps.Param) string {
	if _, ok := numeric(p.Value); ok && p.Text == fmt.Sprint(p.Value) {
		return p.Path[strings.LastIndexByte(p.Path, '.')+1:] + " " + p.Text
	}
	return p.Text
}

// dodged moves a line a little aside, so that whiskers of several lines do not cover each other.
func (s series) dodged(i, n int, logarithmic bool) series {
	if len(s.x) < 2 {
		return s
	}
	first, last := s.x[0], s.x[len(s.x)-1]
	aside := .012 * (float64(i) - float64(n-1)/2)
	moved := make([]float64, len(s.x))
	for j, x := range s.x {
		if moved[j] = x + (last-first)*aside; logarithmic {
			moved[j] = x * math.Pow(last/first, aside)
		}
	}
	s.x = moved
	return s
}

type byX series

func (s byX) Len() int           { return len(s.x) }
func (s byX) Less(i, j int) bool { return s.x[i] < s.x[j] }
func (s byX) Swap(i, j int) {
	s.x[i], s.x[j] = s.x[j], s.x[i]
	s.rows[i], s.rows[j] = s.rows[j], s.rows[i]
}

// addSeries draws one line with points and whiskers; nothing where it has no numbers.
func addSeries(p *panel, s series, c int, scale float64, style int) ([]plot.Thumbnailer, error) {
	var data whiskers
	for i, row := range s.rows {
		cell := row.Cells[c]
		if !drawable(cell, scale) {
			continue
		}
		std := cell.Std * scale
		if !finite(std) {
			std = 0
		}
		data.XYs = append(data.XYs, plotter.XY{X: s.x[i], Y: cell.Mean * scale})
		data.std = append(data.std, std)
	}
	if len(data.XYs) == 0 {
		return nil, nil
	}
	line, dots, err := plotter.NewLinePoints(data.XYs)
	if err != nil {
		return nil, err
	}
	line.LineStyle = lineStyle(style)
	dots.GlyphStyle = draw.GlyphStyle{Color: line.LineStyle.Color, Radius: vg.Points(2.6), Shape: draw.CircleGlyph{}}
	bars, err := plotter.NewYErrorBars(data)
	if err != nil {
		return nil, err
	}
	bars.LineStyle = draw.LineStyle{Color: line.LineStyle.Color, Width: vg.Points(1)}
	p.Add(bars, line, dots)
	return []plot.Thumbnailer{line, dots}, nil
}

// whiskers are points with their deviation along y.
type whiskers struct {
	plotter.XYs
	std []float64
}

// YError is the deviation of a point.
func (w whiskers) YError(i int) (low, high float64) { return w.std[i], w.std[i] }

// valueTicks puts a tick at each value of an axis.
func valueTicks(values []float64) plot.ConstantTicks {
	ticks := make(plot.ConstantTicks, len(values))
	for i, v := range values {
		ticks[i] = plot.Tick{Value: v, Label: fmt.Sprintf("%g", v)}
	}
	return ticks
}

// widen leaves room around the data.
func widen(a *plot.Axis) {
	room := (a.Max - a.Min) * .08
	if room == 0 {
		room = math.Max(math.Abs(a.Max)*.1, .05)
	}
	a.Min, a.Max = a.Min-room, a.Max+room
}
