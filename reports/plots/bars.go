package plots

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/reports"
)

// panelsARow is how many of n panels stand side by side.
func panelsARow(n int) int {
	if n == 4 {
		return 2
	}
	return min(n, 3)
}

// bars makes one figure with a panel a metric: a bar for each model, and a mark at its controls. Metrics without any
// number are left out; without any metric there is no figure.
func (d *drawer) bars() ([]*Figure, error) {
	f := d.figure(Bars, "", "")
	models := d.rows(reports.Model)
	f.width, f.height = 2.2*vg.Inch, d.pt(20*float64(len(models)))
	f.least.Y = f.height * leastShrink
	controls := d.controlStyles()
	var panels []*panel
	var seeds seedRange
	for _, c := range d.columns {
		column := d.t.Columns[c]
		if !measured(models, c, column.Scale) {
			continue
		}
		for _, row := range models {
			seeds.add(row.Cells[c].N)
		}
		p, err := d.barPanel(models, controls, c)
		if err != nil {
			return nil, fmt.Errorf("draw bars of %s: %w", column.Metric, err)
		}
		panels = append(panels, p)
	}
	if len(panels) == 0 {
		return nil, nil
	}
	f.panels = tile(panels)
	for _, line := range f.panels {
		for i, p := range line {
			if p != nil {
				nameRows(p, models, i == 0)
			}
		}
	}
	for _, control := range controls {
		if !slices.ContainsFunc(d.columns, func(c int) bool { return measured(control.rows, c, d.t.Columns[c].Scale) }) {
			continue
		}
		f.key = append(f.key, sampled(shown(control.name), upright{control.style}))
	}
	f.sayMean(seeds, "whiskers: ± 1 standard deviation over")
	d.sayLeftOut(f, d.columns...)
	if slices.ContainsFunc(models, d.outlined) {
		f.say("outlined: bold in the table")
	}
	return []*Figure{f}, nil
}

// barPanel draws the bars of one metric.
func (d *drawer) barPanel(models []reports.Row, controls []control, c int) (*panel, error) {
	column := d.t.Columns[c]
	p := d.newPanel(shown(column.Label), d.unit(column.Metric), "")
	p.Add(grid())
	for i, row := range models {
		if err := addBar(p, row.Cells[c], column.Scale, float64(len(models)-1-i)); err != nil {
			return nil, err
		}
	}
	for _, control := range controls {
		if err := control.add(p, models, c, column.Scale); err != nil {
			return nil, err
		}
	}
	p.X.Min = d.leastMean(c)
	if p.X.Max <= p.X.Min {
		p.X.Max = p.X.Min + 1
	}
	p.X.Max += .08 * (p.X.Max - p.X.Min) // room for whiskers and labels, so that all panels get one width
	return p, nil
}

// outlined reports whether any bar of a row is.
func (d *drawer) outlined(r reports.Row) bool {
	return slices.ContainsFunc(d.columns, func(c int) bool { return r.Cells[c].Bold })
}

// leastMean is where the bars of a column begin: at zero, or below it when a mean is.
func (d *drawer) leastMean(c int) float64 {
	least := 0.0
	for _, row := range d.t.Rows {
		if cell, scale := row.Cells[c], d.t.Columns[c].Scale; row.Kind != reports.Published && drawable(cell, scale) {
			least = math.Min(least, cell.Mean*scale)
		}
	}
	return least
}

// measured reports whether any of the rows has something to draw in a column.
func measured(rows []reports.Row, column int, scale float64) bool {
	return slices.ContainsFunc(rows, func(r reports.Row) bool { return drawable(r.Cells[column], scale) })
}

// addBar draws one bar with its whiskers at height y.
func addBar(p *panel, cell reports.Cell, scale, y float64) error {
	if !drawable(cell, scale) {
		return nil
	}
	bar, err := plotter.NewBarChart(plotter.Values{cell.Mean * scale}, p.pt(11))
	if err != nil {
		return err
	}
	bar.Horizontal, bar.XMin, bar.Color, bar.LineStyle.Width = true, y, barColor, 0
	if cell.Bold {
		bar.LineStyle = draw.LineStyle{Color: black, Width: vg.Points(1)}
	}
	p.Add(bar)
	if !finite(cell.Std * scale) {
		return nil
	}
	whisker, err := plotter.NewXErrorBars(spread{cell.Mean * scale, y, cell.Std * scale, cell.Std * scale})
	if err != nil {
		return err
	}
	whisker.LineStyle = draw.LineStyle{Color: black, Width: vg.Points(1)}
	p.Add(whisker)
	return nil
}

// spread is one point with its deviations along x.
type spread struct{ x, y, low, high float64 }

func (s spread) Len() int                       { return 1 }
func (s spread) XY(int) (float64, float64)      { return s.x, s.y }
func (s spread) XError(int) (low, high float64) { return s.low, s.high }

// control is one kind of control in all its rows.
type control struct {
	name  string
	rows  []reports.Row
	style draw.LineStyle
}

var (
	barColor   = okabeIto[4] // light, so that the marks of the controls stand out
	markColors = []color.RGBA{okabeIto[5], okabeIto[2], okabeIto[6], okabeIto[3], okabeIto[1]}
)

// controlStyles groups the control rows of a table by the control's own name.
func (d *drawer) controlStyles() []control {
	var list []control
	for _, row := range d.rows(reports.Control) {
		name := row.Control
		i := slices.IndexFunc(list, func(c control) bool { return c.name == name })
		if i < 0 {
			i = len(list)
			style := draw.LineStyle{Color: markColors[i%len(markColors)], Width: vg.Points(1.8), Dashes: dashes[i%len(dashes)]}
			list = append(list, control{name: name, style: style})
		}
		list[i].rows = append(list[i].rows, row)
	}
	return list
}

// add draws a mark across each bar that the control stands beside.
func (k control) add(p *panel, models []reports.Row, c int, scale float64) error {
	for _, row := range k.rows {
		if !drawable(row.Cells[c], scale) {
			continue
		}
		x := row.Cells[c].Mean * scale
		for i, model := range models {
			if !slices.Contains(row.Of, model.Name) {
				continue
			}
			y := float64(len(models) - 1 - i)
			if err := stroke(p, plotter.XYs{{X: x, Y: y - .5}, {X: x, Y: y + .5}}, k.style); err != nil {
				return err
			}
		}
	}
	return nil
}

// nameRows puts the names of the rows at the bars, in the first panel of a line only.
func nameRows(p *panel, models []reports.Row, named bool) {
	names := make([]string, len(models))
	for i, row := range models {
		names[i] = " "
		if named {
			names[i] = shown(row.Name)
		}
	}
	nameLines(p, names)
}

// nameLines names what stands at the heights n-1 … 0, and gives each one line of room.
func nameLines(p *panel, names []string) {
	ticks := make([]plot.Tick, len(names))
	for i, name := range names {
		ticks[i] = plot.Tick{Value: float64(len(names) - 1 - i), Label: name}
	}
	p.Y.Tick.Marker, p.names.y = plot.ConstantTicks(ticks), true
	p.Y.Tick.Length = 0
	p.Y.Min, p.Y.Max = -.6, float64(len(names))-.4
}

// tile arranges panels in lines; the last line is filled with nothing.
func tile(panels []*panel) [][]*panel {
	columns := panelsARow(len(panels))
	var lines [][]*panel
	for len(panels) > 0 {
		n := min(columns, len(panels))
		line := make([]*panel, columns)
		copy(line, panels[:n])
		lines, panels = append(lines, line), panels[n:]
	}
	return lines
}
