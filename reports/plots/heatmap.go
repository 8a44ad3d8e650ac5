package plots

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/internal/nearest"
	"harness/metrics"
	"harness/reports"
	"harness/sweeps"
)

// heatmap makes one figure for each metric: two axes of the sweep as lines and columns, a panel for each setting of the others.
// A cell is the mean over seeds of one row; cells are never averaged over other axes.
func (d *drawer) heatmap() ([]*Figure, error) {
	lines, columns, err := d.heatAxes()
	if err != nil || lines == nil {
		return nil, err
	}
	var figures []*Figure
	for _, c := range d.columns {
		if f := d.heatFigure(c, lines, columns); f != nil {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// heatAxes are the axes that were asked for, or the two with most values; nil where there are no two and none was asked for.
func (d *drawer) heatAxes() (lines, columns *sweeps.Axis, err error) {
	var axes []*sweeps.Axis
	var names []string
	for i := range d.plan.Axes {
		if a := &d.plan.Axes[i]; len(a.Options) > 1 {
			axes, names = append(axes, a), append(names, a.Path)
		}
	}
	if d.o.Axes[0] != "" || d.o.Axes[1] != "" {
		var chosen [2]*sweeps.Axis
		for i, name := range d.o.Axes {
			at := slices.IndexFunc(axes, func(a *sweeps.Axis) bool { return a.Path == name || a.Label == name })
			if at < 0 {
				return nil, nil, &OptionError{"--axes", fmt.Sprintf("%q: the axes with several values are %s%s", name, orNone(names), nearest.Hint(nearest.Meant(name, names)))}
			}
			chosen[i] = axes[at]
		}
		if chosen[0] == chosen[1] {
			return nil, nil, &OptionError{"--axes", "want two different axes of " + orNone(names)}
		}
		return chosen[0], chosen[1], nil
	}
	if len(axes) < 2 {
		if slices.Equal(d.o.Kinds, []Kind{Heatmap}) {
			return nil, nil, &OptionError{"--kind heatmap", "it needs two axes with several values: the sweep has " + orNone(names)}
		}
		return nil, nil, nil
	}
	byLength := slices.Clone(axes)
	slices.SortStableFunc(byLength, func(a, b *sweeps.Axis) int { return len(b.Options) - len(a.Options) })
	lines, columns = byLength[0], byLength[1]
	if slices.Index(axes, lines) > slices.Index(axes, columns) { // in the order of the file
		lines, columns = columns, lines
	}
	return lines, columns, nil
}

func orNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}

// heat is the cells of one panel.
type heat struct {
	setting string // of the other axes
	cells   map[[2]int]heatCell
}

// heatCell is one cell: its number, or why there is none.
type heatCell struct {
	value  float64
	text   string
	absent bool
}

// heats are the panels of a metric and all numbers that they have.
func (d *drawer) heats(c int, lines, columns *sweeps.Axis) (list []*heat, values []float64) {
	column := d.t.Columns[c]
	for _, row := range d.rows(reports.Model) {
		line, at := reports.OptionOf(row, lines), reports.OptionOf(row, columns)
		if line < 0 || at < 0 {
			continue
		}
		name := settingBeside(row, lines.Path, columns.Path)
		i := slices.IndexFunc(list, func(h *heat) bool { return h.setting == name })
		if i < 0 {
			i = len(list)
			list = append(list, &heat{name, map[[2]int]heatCell{}})
		}
		cell := row.Cells[c]
		switch {
		case drawable(cell, column.Scale):
			one := heatCell{value: cell.Mean * column.Scale, text: fixed(cell.Mean*column.Scale, column.Digits)}
			if cell.N < cell.Want {
				one.text += fmt.Sprintf(" (%d/%d)", cell.N, cell.Want)
			}
			list[i].cells[[2]int{line, at}] = one
			values = append(values, one.value)
		case cell.Diverged > 0:
			list[i].cells[[2]int{line, at}] = heatCell{text: "diverged", absent: true}
		case cell.Stopped > 0:
			list[i].cells[[2]int{line, at}] = heatCell{text: "stopped", absent: true}
		}
	}
	return list, values
}

const (
	heatLine   = 24 // points: height of a cell
	heatColumn = 38 // points: least width of a cell
)

func (d *drawer) heatFigure(c int, lines, columns *sweeps.Axis) *Figure {
	column := d.t.Columns[c]
	list, values := d.heats(c, lines, columns)
	if len(values) == 0 {
		return nil
	}
	f := d.figure(Heatmap, "-"+fileName(column.Metric, '/'), column.Label)
	scale := scaleOf(d.o.Log, LogY, values, reports.FallTogether)
	k := newColours(values, scale)
	style := d.text(tickSize, black)
	width, missing := d.pt(heatColumn), false
	for _, h := range list {
		missing = missing || len(h.cells) < len(lines.Options)*len(columns.Options)
		for _, cell := range h.cells {
			width = max(width, style.Width(cell.text)+d.pt(8))
		}
	}
	var panels []*panel
	for _, h := range list {
		panels = append(panels, d.heatPanel(h, k, lines, columns, width))
	}
	f.panels = tile(panels)
	f.width, f.height = width*vg.Length(len(columns.Options)), d.pt(heatLine*float64(len(lines.Options)))
	f.least = vg.Point{X: f.width * leastShrink, Y: f.height * leastShrink}
	f.key = k.entries(column.Digits)
	f.say("mean over seeds of %s", d.named(column.Label, column.Metric)+better(column.Goal))
	if scale.log {
		f.say("colours on a logarithmic scale")
	}
	if missing {
		f.say("hatched: no result")
	}
	scale.say(f, "colours")
	d.sayLeftOut(f, c)
	return f
}

// better says which numbers are better, where that is known.
func better(goal metrics.Goal) string {
	switch goal {
	case metrics.Maximize:
		return ", greater is better"
	case metrics.Minimize:
		return ", less is better"
	}
	return ""
}

func (d *drawer) heatPanel(h *heat, k *colours, lines, columns *sweeps.Axis, width vg.Length) *panel {
	p := d.newPanel(h.setting, shown(columns.Label), shown(lines.Label))
	p.Add(&heatCells{h, k, len(lines.Options), len(columns.Options), d.text(tickSize, black)})
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -.5, float64(len(columns.Options))-.5, -.5, float64(len(lines.Options))-.5
	var across, down plot.ConstantTicks
	turned := false
	for i, o := range columns.Options {
		across = append(across, plot.Tick{Value: float64(i), Label: shown(o.Text)})
		turned = turned || p.X.Tick.Label.Width(shown(o.Text)) > width-d.pt(4)
	}
	for i, o := range lines.Options {
		down = append(down, plot.Tick{Value: float64(len(lines.Options) - 1 - i), Label: shown(o.Text)})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker, p.names = across, down, axes{true, true}
	p.X.Tick.Length, p.Y.Tick.Length = 0, 0
	p.X.LineStyle.Width, p.Y.LineStyle.Width = 0, 0
	if turned {
		p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = math.Pi/5, text.XRight, text.YCenter
	}
	return p
}

// heatCells draws the cells of a panel.
type heatCells struct {
	*heat
	k              *colours
	lines, columns int
	style          text.Style
}

// Plot draws every cell with its number as large as there is room for.
func (h *heatCells) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	for line := range h.lines {
		for column := range h.columns {
			at := float64(h.lines - 1 - line)
			box := vg.Rectangle{Min: vg.Point{X: x(float64(column) - .5), Y: y(at - .5)}, Max: vg.Point{X: x(float64(column) + .5), Y: y(at + .5)}}
			cell, found := h.cells[[2]int{line, column}]
			fits := !h.k.scale.log || cell.value > 0
			if found && !cell.absent && fits {
				c.SetColor(h.k.at(cell.value))
				c.Fill(box.Path())
			} else {
				hatch(c, box)
			}
			style := h.style
			style.XAlign, style.YAlign, style.Color = text.XCenter, text.YCenter, black
			if found && !cell.absent && fits {
				style.Color = ink(h.k.at(cell.value))
			}
			room := min((box.Size().X-vg.Points(3))/max(style.Width(cell.text), 1), (box.Size().Y-vg.Points(2))/max(style.Height(cell.text), 1), 1)
			style.Font.Size *= room
			if found && (cell.absent || !fits) {
				size := vg.Point{X: style.Width(cell.text)/2 + vg.Points(2), Y: style.Height(cell.text)/2 + vg.Points(1)}
				middle := vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y + box.Max.Y) / 2}
				c.SetColor(lightGray)
				c.Fill(vg.Rectangle{Min: middle.Sub(size), Max: middle.Add(size)}.Path())
			}
			c.FillText(style, vg.Point{X: (box.Min.X + box.Max.X) / 2, Y: (box.Min.Y+box.Max.Y)/2 + centred(style)}, cell.text)
		}
	}
}

// hatch fills a rectangle with slanting lines: there is no number.
func hatch(c draw.Canvas, box vg.Rectangle) {
	style := draw.LineStyle{Color: faint(gray, 110), Width: vg.Points(.5)}
	c.StrokeLines(style, []vg.Point{box.Min, {X: box.Max.X, Y: box.Min.Y}, box.Max, {X: box.Min.X, Y: box.Max.Y}, box.Min})
	inner := draw.Canvas{Canvas: c.Canvas, Rectangle: box}
	width, height := box.Size().X, box.Size().Y
	for at := -height; at < width; at += vg.Points(6) {
		line := []vg.Point{{X: box.Min.X + at, Y: box.Min.Y}, {X: box.Min.X + at + height, Y: box.Max.Y}}
		c.StrokeLines(style, inner.ClipLinesXY(line)...)
	}
}
