package plots

import (
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

// axis makes a figure for each axis of the sweep that has at least two numeric values: a panel a metric, a line for each
// setting of the other axes.
func (d *drawer) axis() ([]*Figure, error) {
	var figures []*Figure
	for _, axis := range d.plan.Axes {
		if len(numericOptions(axis)) < 2 {
			continue
		}
		f, err := d.axisFigure(axis)
		if err != nil {
			return nil, err
		}
		if f != nil {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

func numericOptions(axis sweeps.Axis) []float64 {
	values, _ := reports.Numbers(axis)
	return values
}

// series is one line: the cells of all rows that agree in everything but the axis.
type series struct {
	name string
	x    []float64
	rows []reports.Row
}

func (d *drawer) axisFigure(axis sweeps.Axis) (*Figure, error) {
	f := d.figure(Axis, "-"+fileName(axis.Path, '.'), axis.Path)
	f.width, f.height = 2.3*vg.Inch, 1.8*vg.Inch
	lines := d.seriesOf(axis.Path)
	var panels []*panel
	var left axisScale
	var seeds seedRange
	for _, c := range d.columns {
		p, err := d.axisPanel(f, axis, lines, c, &left, &seeds)
		if err != nil {
			return nil, fmt.Errorf("draw %s against %s: %w", d.t.Columns[c].Metric, axis.Path, err)
		}
		if p != nil {
			panels = append(panels, p)
		}
	}
	if len(panels) == 0 {
		return nil, nil
	}
	f.panels = tile(panels)
	f.sayMean(seeds, "whiskers: ± 1 standard deviation over")
	d.sayLeftOut(f, d.columns...)
	left.say(f, "results")
	return f, nil
}

// axisPanel draws one metric against an axis; nil where it has no numbers.
func (d *drawer) axisPanel(f *Figure, axis sweeps.Axis, lines []series, c int, left *axisScale, seeds *seedRange) (*panel, error) {
	column := d.t.Columns[c]
	values := numericOptions(axis)
	x := scaleOf(d.o.Log, LogX, values, reports.SpanDecades)
	var means []float64
	for _, line := range lines {
		for _, r := range line.rows {
			if drawable(r.Cells[c], column.Scale) {
				means = append(means, r.Cells[c].Mean*column.Scale)
				seeds.add(r.Cells[c].N)
			}
		}
	}
	if len(means) == 0 {
		return nil, nil
	}
	y := scaleOf(d.o.Log, LogY, means, reports.FallTogether)
	p := d.newPanel(shown(column.Label), shown(axis.Label), d.unit(column.Metric))
	p.Add(grid())
	for i, line := range lines {
		sample, err := addSeries(p, line.dodged(i, len(lines), x.log), c, column.Scale, i, &x, &y)
		if err != nil {
			return nil, err
		}
		if sample != nil && len(lines) > 1 && !slices.ContainsFunc(f.key, func(e keyEntry) bool { return e.text == line.name }) {
			f.key = append(f.key, sampled(line.name, sample))
		}
	}
	x.apply(&p.X)
	y.apply(&p.Y)
	text := func(v float64) string { return fmt.Sprintf("%g", v) }
	if x.log {
		text = tickText
	}
	p.X.Tick.Marker = valueTicks(values, text)
	left.leftOut += x.leftOut + y.leftOut
	left.noLog, left.cut = left.noLog || x.noLog || y.noLog, left.cut || y.cut
	return p, nil
}

// seriesOf groups the models by their other parameters, each sorted along the axis.
func (d *drawer) seriesOf(path string) []series {
	var list []series
	for _, row := range d.rows(reports.Model) {
		x, found := 0.0, false
		for _, p := range row.Params {
			if p.Path == path {
				x, found = reports.Numeric(p.Value)
			}
		}
		if !found {
			continue
		}
		name := settingBeside(row, path)
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

// settingBeside is what a row has for all parameters but those of some axes.
func settingBeside(row reports.Row, axes ...string) string {
	var rest []string
	for _, p := range row.Params {
		if !slices.Contains(axes, p.Path) {
			rest = append(rest, setting(p))
		}
	}
	return shown(strings.Join(rest, ", "))
}

// setting is a parameter as the key shows it; a number needs its name.
func setting(p sweeps.Param) string {
	if _, ok := reports.Numeric(p.Value); ok && p.Text == fmt.Sprint(p.Value) {
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
	aside := min(.012, .04/float64(max(n-1, 1))) * (float64(i) - float64(n-1)/2) // of the axis; at most a fiftieth
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

// addSeries draws one line with points and whiskers, and returns its sample; nil where it has no numbers.
func addSeries(p *panel, s series, c int, scale float64, style int, x, y *axisScale) (plot.Thumbnailer, error) {
	var data whiskers
	for i, row := range s.rows {
		cell := row.Cells[c]
		if !drawable(cell, scale) || !x.keeps(s.x[i]) || !y.keeps(cell.Mean*scale) {
			continue
		}
		std := cell.Std * scale
		if !finite(std) {
			std = 0
		}
		low := cell.Mean*scale - y.low(cell.Mean*scale-std)
		data.XYs = append(data.XYs, plotter.XY{X: s.x[i], Y: cell.Mean * scale})
		data.low, data.high = append(data.low, low), append(data.high, std)
	}
	if len(data.XYs) == 0 {
		return nil, nil
	}
	line, dots, err := plotter.NewLinePoints(data.XYs)
	if err != nil {
		return nil, err
	}
	line.LineStyle = lineStyle(style)
	dots.GlyphStyle = draw.GlyphStyle{Color: line.LineStyle.Color, Radius: vg.Points(2.6), Shape: marks[style%len(marks)]}
	bars, err := plotter.NewYErrorBars(data)
	if err != nil {
		return nil, err
	}
	bars.LineStyle = draw.LineStyle{Color: line.LineStyle.Color, Width: vg.Points(1)}
	p.Add(bars, line, dots)
	return sampleLine{line.LineStyle, dots.GlyphStyle}, nil
}

// whiskers are points with their deviation along y.
type whiskers struct {
	plotter.XYs
	low, high []float64
}

// YError is the deviation of a point.
func (w whiskers) YError(i int) (low, high float64) { return w.low[i], w.high[i] }
