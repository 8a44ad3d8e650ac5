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

// Bars makes one figure with a panel a metric: a bar for each model, and a mark at its controls. Metrics without any
// number are left out; without any metric there is no figure.
func Bars(t *reports.Table) (*Figure, error) {
	f := &Figure{Name: filesOf(t) + "-bars", Title: t.Name, width: 2.2 * vg.Inch}
	models := rowsOf(t, reports.Model)
	f.height = vg.Points(20 * float64(len(models)))
	controls := controlStyles(t)
	var panels []*panel
	seeds := 0
	for c, column := range t.Columns {
		if !measured(models, c, column.Scale) {
			continue
		}
		p := newPanel(shown(column.Label), unit(t, column.Metric), "")
		p.Add(grid())
		for i, row := range models {
			seeds = max(seeds, row.Cells[c].N)
			if err := addBar(p, row.Cells[c], column.Scale, float64(len(models)-1-i)); err != nil {
				return nil, fmt.Errorf("draw bars of %s: %w", column.Metric, err)
			}
		}
		for _, control := range controls {
			if err := control.add(p, models, c, column.Scale); err != nil {
				return nil, fmt.Errorf("draw controls of %s: %w", column.Metric, err)
			}
		}
		p.X.Min = leastMean(t, c, column.Scale)
		if p.X.Max <= p.X.Min {
			p.X.Max = p.X.Min + 1
		}
		p.X.Max += .08 * (p.X.Max - p.X.Min) // room for whiskers and labels, so that all panels get one width
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
		f.key = append(f.key, keyEntry{control.name, []plot.Thumbnailer{upright{control.style}}})
	}
	f.Subtitle = subtitle(t, seeds, "whiskers: ± 1 standard deviation over") + leftOut(t)
	if slices.ContainsFunc(models, outlined) {
		f.Subtitle += " · outlined: the best and what does not differ significantly from it"
	}
	return f, nil
}

// outlined reports whether any bar of a row is.
func outlined(r reports.Row) bool {
	return slices.ContainsFunc(r.Cells, func(c reports.Cell) bool { return c.Bold })
}

// leastMean is where the bars of a column begin: at zero, or below it when a mean is.
func leastMean(t *reports.Table, column int, scale float64) float64 {
	least := 0.0
	for _, row := range t.Rows {
		if cell := row.Cells[column]; row.Kind != reports.Published && drawable(cell, scale) {
			least = math.Min(least, cell.Mean*scale)
		}
	}
	return least
}

// measured reports whether any of the rows has something to draw in a column.
func measured(rows []reports.Row, column int, scale float64) bool {
	return slices.ContainsFunc(rows, func(r reports.Row) bool { return drawable(r.Cells[column], scale) })
}

// drawable reports whether a cell can be drawn: its mean is a number, over seeds of which none has diverged.
func drawable(cell reports.Cell, scale float64) bool {
	return !cell.Blank() && cell.Diverged == 0 && math.Abs(cell.Mean*scale) < largest
}

// largest bounds what is drawn: the difference of two numbers must be one, too.
const largest = math.MaxFloat64 / 8

func finite(v float64) bool { return math.Abs(v) < largest }

// leftOut says in a subtitle what is not drawn.
func leftOut(t *reports.Table) string {
	n := 0
	for _, row := range t.Rows {
		for _, cell := range row.Cells {
			if row.Kind != reports.Published && cell.Diverged > 0 {
				n++
			}
		}
	}
	switch n {
	case 0:
		return ""
	case 1:
		return " · not drawn: 1 result with seeds that diverged"
	}
	return fmt.Sprintf(" · not drawn: %d results with seeds that diverged", n)
}

func rowsOf(t *reports.Table, kind reports.Kind) []reports.Row {
	var rows []reports.Row
	for _, r := range t.Rows {
		if r.Kind == kind {
			rows = append(rows, r)
		}
	}
	return rows
}

// addBar draws one bar with its whiskers at height y.
func addBar(p *panel, cell reports.Cell, scale, y float64) error {
	if !drawable(cell, scale) {
		return nil
	}
	bar, err := plotter.NewBarChart(plotter.Values{cell.Mean * scale}, vg.Points(11))
	if err != nil {
		return err
	}
	bar.Horizontal, bar.XMin, bar.Color, bar.LineStyle.Width = true, y, barColor, 0
	if cell.Bold {
		bar.LineStyle = draw.LineStyle{Color: color.Black, Width: vg.Points(1)}
	}
	p.Add(bar)
	if !finite(cell.Std * scale) {
		return nil
	}
	whisker, err := plotter.NewXErrorBars(spread{cell.Mean * scale, y, cell.Std * scale})
	if err != nil {
		return err
	}
	whisker.LineStyle = draw.LineStyle{Color: color.Black, Width: vg.Points(1)}
	p.Add(whisker)
	return nil
}

// spread is one point with its deviation along x.
type spread struct{ x, y, std float64 }

func (s spread) Len() int                       { return 1 }
func (s spread) XY(int) (float64, float64)      { return s.x, s.y }
func (s spread) XError(int) (low, high float64) { return s.std, s.std }

// control is one kind of control in all its rows.
type control struct {
	name  string
	rows  []reports.Row
	style draw.LineStyle
}

var (
	barColor   = palette[4] // light, so that the marks of the controls stand out
	markColors = []color.RGBA{palette[5], palette[2], palette[6], palette[3], palette[1]}
)

// controlStyles groups the control rows of a table by the control's own name.
func controlStyles(t *reports.Table) []control {
	var list []control
	for _, row := range rowsOf(t, reports.Control) {
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
			line, err := plotter.NewLine(plotter.XYs{{X: x, Y: y - .5}, {X: x, Y: y + .5}})
			if err != nil {
				return err
			}
			line.LineStyle = k.style
			p.Add(line)
		}
	}
	return nil
}

// upright is the sample of a control in the key.
type upright struct{ style draw.LineStyle }

// Thumbnail draws a short upright line.
func (u upright) Thumbnail(c *draw.Canvas) {
	x := c.Center().X
	c.StrokeLine2(u.style, x, c.Min.Y-vg.Points(2), x, c.Max.Y+vg.Points(2))
}

// nameRows puts the names of the rows at the bars, in the first panel of a line only.
func nameRows(p *panel, models []reports.Row, named bool) {
	ticks := make([]plot.Tick, len(models))
	for i, row := range models {
		ticks[i].Value = float64(len(models) - 1 - i)
		ticks[i].Label = " "
		if named {
			ticks[i].Label = shown(row.Name)
		}
	}
	p.Y.Tick.Marker = plot.ConstantTicks(ticks)
	p.Y.Tick.Length = 0
	p.Y.Min, p.Y.Max = -.6, float64(len(models))-.4
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
