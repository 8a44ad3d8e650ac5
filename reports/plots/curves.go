package plots

import (
	"cmp"
	"fmt"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/reports"
)

// Curves makes one figure for each curve.
func Curves(t *reports.Table, curves []reports.Curve) ([]*Figure, error) {
	var figures []*Figure
	for _, c := range curves {
		f := &Figure{
			Name: t.Name + "-curve-" + strings.ReplaceAll(c.Metric, "/", "-"), Title: t.Name + ": " + c.Metric,
			width: 5 * vg.Inch, height: 3 * vg.Inch,
		}
		p := newPanel("", "step", cmp.Or(unit(c.Metric), c.Metric))
		p.Add(grid())
		seeds := 0
		for i, line := range c.Lines {
			style := lineStyle(i)
			if band := bandOf(line); band != nil {
				area, err := plotter.NewPolygon(band)
				if err != nil {
					return nil, fmt.Errorf("draw %s: %w", c.Metric, err)
				}
				area.Color, area.LineStyle.Width = faint(style.Color), 0
				p.Add(area)
			}
			drawn, err := plotter.NewLine(points(line.Step, line.Mean))
			if err != nil {
				return nil, fmt.Errorf("draw %s: %w", c.Metric, err)
			}
			drawn.LineStyle = style
			p.Add(drawn)
			f.key = append(f.key, keyEntry{line.Row, []plot.Thumbnailer{drawn}})
			seeds = max(seeds, line.N)
		}
		p.X.Min = math.Min(0, p.X.Min)
		f.Subtitle = subtitle(t, seeds, "band: ± 1 standard deviation over")
		f.panels = [][]*panel{{p}}
		figures = append(figures, f)
	}
	return figures, nil
}

// bandOf is the outline of mean ± std; nil where there is none.
func bandOf(line reports.Line) plotter.XYs {
	var upper, lower plotter.XYs
	for i := range line.Step {
		if math.IsNaN(line.Std[i]) {
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

func points(x, y []float64) plotter.XYs {
	list := make(plotter.XYs, len(x))
	for i := range x {
		list[i] = plotter.XY{X: x[i], Y: y[i]}
	}
	return list
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

// unit says in what a metric is measured; "" where the name says it.
func unit(metric string) string {
	last := metric[strings.LastIndexByte(metric, '/')+1:]
	switch {
	case strings.HasSuffix(last, "loss"):
		return "nats per token"
	case last == "acc50":
		return "share of boxes"
	case last == "auc":
		return "area under ROC (chance: 0.5)"
	case last == "cider":
		return "0 to 10"
	case last == "iou" || last == "exact" || last == "meteor" || last == "rouge_l" || strings.HasPrefix(last, "f1") || strings.HasPrefix(last, "bleu"):
		return "0 to 1"
	}
	return ""
}
