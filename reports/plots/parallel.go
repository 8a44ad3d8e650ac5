package plots

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/metrics"
	"harness/reports"
	"harness/sweeps"
)

// parallel makes one figure for each metric: an upright axis for each parameter with several values and one for the metric, and a
// line a row through them, coloured by the metric.
func (d *drawer) parallel() ([]*Figure, error) {
	var axes []sweeps.Axis
	for _, a := range d.plan.Axes {
		if len(a.Options) > 1 {
			axes = append(axes, a)
		}
	}
	if len(axes) == 0 {
		if slices.Equal(d.o.Kinds, []Kind{Parallel}) {
			return nil, &OptionError{"--kind parallel", "it needs an axis with several values: the sweep has none"}
		}
		return nil, nil
	}
	var figures []*Figure
	for _, c := range d.columns {
		if f := d.parallelFigure(c, axes); f != nil {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

const (
	parallelGap    = 96  // points between two axes, at least
	parallelHeight = 210 // points, at least
)

func (d *drawer) parallelFigure(c int, axes []sweeps.Axis) *Figure {
	column := d.t.Columns[c]
	var rows []reports.Row
	var means []float64
	var seeds seedRange
	without := 0
	for _, row := range d.rows(reports.Model) {
		switch {
		case drawable(row.Cells[c], column.Scale):
			rows, means = append(rows, row), append(means, row.Cells[c].Mean*column.Scale)
			seeds.add(row.Cells[c].N)
		case row.Cells[c].Diverged+row.Cells[c].Stopped == 0:
			without++
		}
	}
	if len(rows) == 0 {
		return nil
	}
	scale := scaleOf(d.o.Log, LogY, means, reports.FallTogether)
	var uprights []uprightAxis
	for _, a := range axes {
		uprights = append(uprights, newUpright(a, rows, d.o.Log))
	}
	uprights = append(uprights, metricUpright(strings.TrimSpace(shown(column.Label)+" "+column.Goal.Arrow()), means, scale))
	p := d.newPanel("", "", "")
	coords := &coordinates{look: d.look, axes: uprights, k: newColours(means, scale)}
	for i, row := range rows {
		coords.lines = append(coords.lines, placeRow(row, axes, uprights, means[i], &scale))
	}
	best := coords.order(column.Goal, means)
	p.Add(coords)
	p.HideAxes()
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, float64(len(axes)), 0, 1
	f := d.figure(Parallel, "-"+fileName(column.Metric, '/'), column.Label)
	f.panels = [][]*panel{{p}}
	f.width, f.height = coords.size()
	f.sayMean(seeds, "a line a row, over")
	f.say("coloured by %s", d.named(column.Label, column.Metric)+better(column.Goal))
	if best >= 0 {
		f.say("wide: the best, %s", shown(rows[best].Name))
	}
	if without == 1 {
		f.say("not drawn: 1 row without a result")
	} else if without > 1 {
		f.say("not drawn: %d rows without a result", without)
	}
	d.sayLeftOut(f, c)
	scale.say(f, "results")
	return f
}

// uprightAxis is one axis: where its labels stand between 0 and 1, and where a value does.
type uprightAxis struct {
	name   string
	labels []plot.Tick
	at     func(v float64) float64
}

// unset is where rows stand that have no value on an axis.
const unset = "(not set)"

// newUpright spreads numbers by their size and other values evenly, the first above; rows without a value stand below.
func newUpright(a sweeps.Axis, rows []reports.Row, log Log) uprightAxis {
	u := uprightAxis{name: shown(a.Label)}
	bottom := 0.
	if slices.ContainsFunc(rows, func(r reports.Row) bool { return reports.OptionOf(r, &a) < 0 }) {
		bottom = .15
		u.labels = append(u.labels, plot.Tick{Value: 0, Label: unset})
	}
	values, numeric := reports.Numbers(a)
	if !numeric {
		n := float64(len(a.Options) - 1)
		u.at = func(option float64) float64 { return 1 - option/n*(1-bottom) }
	} else {
		low, high := slices.Min(values), slices.Max(values)
		logarithmic := scaleOf(log, LogX, values, reports.SpanDecades).log && low > 0
		u.at = func(option float64) float64 {
			return bottom + (1-bottom)*between(values[int(option)], low, high, logarithmic)
		}
	}
	for i, o := range a.Options {
		u.labels = append(u.labels, plot.Tick{Value: u.at(float64(i)), Label: shown(o.Text)})
	}
	return u
}

// metricUpright is the axis of the metric.
func metricUpright(name string, means []float64, scale axisScale) uprightAxis {
	low, high := slices.Min(means), slices.Max(means)
	var ticks plot.Ticker = roundTicks{}
	if scale.log {
		low, ticks = scale.floor, logTicks{}
	}
	u := uprightAxis{name: name, at: func(v float64) float64 { return between(v, low, high, scale.log) }}
	for _, t := range ticks.Ticks(low, high) {
		if at := u.at(t.Value); t.Label != "" && at >= -1e-9 && at <= 1+1e-9 {
			u.labels = append(u.labels, plot.Tick{Value: at, Label: t.Label})
		}
	}
	return u
}

// placeRow is where a row crosses each axis; NaN on the metric's where a logarithmic axis has no room for it.
func placeRow(row reports.Row, axes []sweeps.Axis, uprights []uprightAxis, mean float64, scale *axisScale) []float64 {
	var line []float64
	for i := range axes {
		option := reports.OptionOf(row, &axes[i])
		if option < 0 {
			line = append(line, 0)
			continue
		}
		line = append(line, uprights[i].at(float64(option)))
	}
	if !scale.keeps(mean) {
		return append(line, math.NaN())
	}
	return append(line, uprights[len(axes)].at(mean))
}

// coordinates draws the axes and the lines.
type coordinates struct {
	look
	axes  []uprightAxis
	lines [][]float64
	k     *colours
	means []float64
	best  bool // the last line is the best one
}

// order sorts the lines so that the best is drawn last, over the others, and returns which it is; -1 where no direction is better.
func (g *coordinates) order(goal metrics.Goal, means []float64) (best int) {
	g.means, g.best = slices.Clone(means), goal != metrics.NoGoal
	order := make([]int, len(means))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if goal == metrics.Minimize {
			a, b = b, a
		}
		return cmp.Compare(means[a], means[b])
	})
	lines := make([][]float64, len(order))
	for i, at := range order {
		lines[i], g.means[i] = g.lines[at], means[at]
	}
	g.lines = lines
	if !g.best {
		return -1
	}
	return order[len(order)-1]
}

// size is what the axes need: room between them for their labels.
func (g *coordinates) size() (width, height vg.Length) {
	style := g.text(tickSize, black)
	gap, most := g.pt(parallelGap), 0
	for i, a := range g.axes {
		most = max(most, len(a.labels))
		for _, l := range a.labels {
			if i > 0 && i < len(g.axes)-1 {
				gap = max(gap, style.Width(l.Label)+g.pt(40))
			}
		}
		gap = max(gap, g.text(labelSize, black).Width(a.name)+g.pt(12))
	}
	return gap * vg.Length(len(g.axes)-1), max(g.pt(parallelHeight), g.pt(11*float64(most)))
}

// Plot draws lines, axes and labels on the left of each axis.
func (g *coordinates) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for i, line := range g.lines {
		var points []vg.Point
		for j, at := range line {
			if !math.IsNaN(at) {
				points = append(points, vg.Point{X: x(float64(j)), Y: y(at)})
			}
		}
		style := draw.LineStyle{Color: gray, Width: vg.Points(1.1)}
		if !math.IsNaN(line[len(line)-1]) {
			style.Color = g.k.at(g.means[i])
		}
		if g.best && i == len(g.lines)-1 {
			c.StrokeLines(draw.LineStyle{Color: black, Width: vg.Points(3.4)}, points)
			style.Width = vg.Points(2.2)
		}
		c.StrokeLines(style, points)
	}
	label, name := g.text(tickSize, black), g.text(labelSize, black)
	label.XAlign, label.YAlign = text.XRight, text.YCenter
	name.XAlign, name.YAlign = text.XCenter, text.YTop
	right := label
	right.XAlign = text.XLeft
	for i, a := range g.axes {
		at := x(float64(i))
		c.StrokeLine2(draw.LineStyle{Color: gray, Width: vg.Points(1)}, at, y(0), at, y(1))
		for _, l := range g.readable(a.labels, c.Max.Y-c.Min.Y) {
			tick := draw.LineStyle{Color: gray, Width: vg.Points(.7)}
			if i == len(g.axes)-1 { // no line passes there
				c.StrokeLine2(tick, at, y(l.Value), at+vg.Points(3), y(l.Value))
				c.FillText(right, vg.Point{X: at + vg.Points(5), Y: y(l.Value) + centred(right)}, l.Label)
				continue
			}
			c.StrokeLine2(tick, at-vg.Points(3), y(l.Value), at, y(l.Value))
			g.backed(c, label, vg.Point{X: at - vg.Points(5), Y: y(l.Value)}, l.Label)
		}
		c.FillText(name, vg.Point{X: at, Y: y(0) - g.pt(8)}, a.name)
	}
}

// readable are the labels of an axis without the texts that would cover the one below.
func (g *coordinates) readable(labels []plot.Tick, height vg.Length) []plot.Tick {
	kept := slices.Clone(labels)
	slices.SortStableFunc(kept, func(a, b plot.Tick) int { return cmp.Compare(a.Value, b.Value) })
	end := math.Inf(-1)
	for i, l := range kept {
		if l.Value < end-1e-9 {
			kept[i].Label = ""
			continue
		}
		end = l.Value + float64(g.pt(tickSize)/height)
	}
	return kept
}

// backed writes a label on a white ground, since lines pass behind it.
func (g *coordinates) backed(c draw.Canvas, style text.Style, at vg.Point, txt string) {
	if txt == "" {
		return
	}
	width, height := style.Width(txt), style.Height(txt)*.8
	c.SetColor(faint(white, 200))
	c.Fill(vg.Rectangle{Min: vg.Point{X: at.X - width - 1, Y: at.Y - height/2}, Max: vg.Point{X: at.X + 1, Y: at.Y + height/2}}.Path())
	at.Y += centred(style)
	c.FillText(style, at, txt)
}

// GlyphBoxes is the room around the axes for labels and names.
func (g *coordinates) GlyphBoxes(*plot.Plot) []plot.GlyphBox {
	label, name := g.text(tickSize, black), g.text(labelSize, black)
	var boxes []plot.GlyphBox
	for i, a := range g.axes {
		at := float64(i) / float64(len(g.axes)-1)
		width := name.Width(a.name)
		boxes = append(boxes, plot.GlyphBox{X: at, Y: 0, Rectangle: vg.Rectangle{Min: vg.Point{X: -width / 2, Y: -g.pt(24)}, Max: vg.Point{X: width / 2}}})
		for _, l := range a.labels {
			box := vg.Rectangle{Min: vg.Point{X: -label.Width(l.Label) - vg.Points(6), Y: -g.pt(5)}, Max: vg.Point{Y: g.pt(5)}}
			if i == len(g.axes)-1 {
				box.Min.X, box.Max.X = 0, -box.Min.X
			}
			boxes = append(boxes, plot.GlyphBox{X: at, Y: l.Value, Rectangle: box})
		}
	}
	return boxes
}
