package plots

import (
	"cmp"
	"fmt"
	"image/color"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/metrics"
	"harness/reports"
)

// Curves makes one figure for each curve.
func Curves(t *reports.Table, curves []reports.Curve) ([]*Figure, error) {
	var figures []*Figure
	for _, c := range curves {
		f := &Figure{
			Name: filesOf(t) + "-curve-" + fileName(c.Metric, '/'), Title: t.Name + ": " + shown(c.Metric),
			width: 5 * vg.Inch, height: 3 * vg.Inch,
		}
		p := newPanel("", "step", cmp.Or(unit(t, c.Metric), shown(c.Metric)))
		p.Add(grid())
		seeds, skipped := 0, 0
		for _, line := range c.Lines {
			skipped += line.Skipped
		}
		lines := merged(c.Lines)
		for i, line := range lines {
			if err := addBand(p, line, lineStyle(i).Color); err != nil {
				return nil, fmt.Errorf("draw %s: %w", c.Metric, err)
			}
		}
		for i, line := range lines { // on top of all bands
			all := points(line.Step, line.Mean)
			skipped += len(line.Step) - len(all)
			if len(all) == 0 {
				f.key = append(f.key, keyEntry{shown(line.Row) + " (nothing to draw)", nil})
				continue
			}
			drawn, err := plotter.NewLine(all)
			if err != nil {
				return nil, fmt.Errorf("draw %s: %w", c.Metric, err)
			}
			drawn.LineStyle = lineStyle(i)
			p.Add(drawn)
			f.key = append(f.key, keyEntry{shown(line.Row), []plot.Thumbnailer{drawn}})
			seeds = max(seeds, line.N)
		}
		fromZero(&p.X)
		f.Subtitle = subtitle(t, seeds, "band: ± 1 standard deviation over")
		if skipped > 0 {
			f.Subtitle += fmt.Sprintf(" · not drawn: %d points that are NaN or infinite", skipped)
		}
		f.panels = [][]*panel{{p}}
		figures = append(figures, f)
	}
	return figures, nil
}

// merged joins rows with the same curve, as those that share a stage of training have.
func merged(lines []reports.Line) []reports.Line {
	var list []reports.Line
	count := map[int]int{}
	for _, line := range lines {
		i := slices.IndexFunc(list, func(l reports.Line) bool {
			return slices.Equal(l.Mean, line.Mean) && slices.Equal(l.Step, line.Step)
		})
		if i < 0 {
			count[len(list)] = 1
			list = append(list, line)
			continue
		}
		count[i]++
	}
	for i, n := range count {
		switch {
		case n == len(lines) && n > 1:
			list[i].Row = "all rows"
		case n > 1:
			list[i].Row = fmt.Sprintf("%s and %d equal", list[i].Row, n-1)
		}
	}
	return list
}

func addBand(p *panel, line reports.Line, c color.Color) error {
	outline := bandOf(line)
	if outline == nil {
		return nil
	}
	area, err := plotter.NewPolygon(outline)
	if err != nil {
		return err
	}
	area.Color, area.LineStyle.Width = faint(c), 0
	p.Add(area)
	return nil
}

// bandOf is the outline of mean ± std; nil where there is none.
func bandOf(line reports.Line) plotter.XYs {
	var upper, lower plotter.XYs
	for i := range line.Step {
		if !finite(line.Std[i]) || !finite(line.Mean[i]) {
			continue
		}
		upper = append(upper, plotter.XY{X: line.Step[i], Y: line.Mean[i] + line.Std[i]})
		lower = append(lower, plotter.XY{X: line.Step[i], Y: line.Mean[i] - line.Std[i]})
	}
	if len(upper) < 2 {
		return nil
	}
	for i := len(lower) - 1; i >= 0; i-- {
		upper = append(upper, lower[i])
	}
	return upper
}

// points are the points that can be drawn.
func points(x, y []float64) plotter.XYs {
	var list plotter.XYs
	for i := range x {
		if finite(x[i]) && finite(y[i]) {
			list = append(list, plotter.XY{X: x[i], Y: y[i]})
		}
	}
	return list
}

// fromZero begins an axis of steps at zero, unless that would press the curve into its end.
func fromZero(a *plot.Axis) {
	if finite(a.Min) && finite(a.Max) && a.Min > 0 && a.Min < 4*(a.Max-a.Min) {
		a.Min = 0
	}
	if !(a.Min <= a.Max) { // nothing was drawn
		a.Min, a.Max = 0, 1
	}
}

// grid is a light grid behind the data.
func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical = draw.LineStyle{Color: lightGray, Width: vg.Points(0.5)}
	g.Horizontal = g.Vertical
	return g
}

// subtitle says what the data is and what shows the spread.
func subtitle(t *reports.Table, seeds int, spread string) string {
	var parts []string
	if t.Synthetic {
		parts = append(parts, "synthetic data")
	}
	switch {
	case seeds > 1:
		parts = append(parts, fmt.Sprintf("mean, %s n = %d seeds", spread, seeds))
	default:
		parts = append(parts, "one seed")
	}
	return strings.Join(parts, " · ")
}

// unit says in what a metric of the built-in trainer is measured; "" where that is not known.
func unit(t *reports.Table, metric string) string {
	known, ok := metrics.LookupRecorded(metric)
	if !ok || t.Command {
		return ""
	}
	return known.Unit
}
