package plots

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/metrics"
	"harness/reports"
)

// forest makes one figure for each metric that has differences: the difference of every row from its baseline, in the order of the
// table, with the 95% interval of the test that the marks of the table follow.
func (d *drawer) forest() ([]*Figure, error) {
	var figures []*Figure
	for _, c := range d.columns {
		f, err := d.forestFigure(c)
		if err != nil {
			return nil, fmt.Errorf("draw differences of %s: %w", d.t.Columns[c].Metric, err)
		}
		if f != nil {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

func (d *drawer) forestFigure(c int) (*Figure, error) {
	column := d.t.Columns[c]
	list, left := d.t.Differences(c)
	if len(list) == 0 {
		return nil, nil
	}
	f := d.figure(Forest, "-"+fileName(column.Metric, '/'), column.Label)
	common := !slices.ContainsFunc(list, func(one reports.Difference) bool { return one.Base != list[0].Base })
	lanes := make([]lane, len(list))
	for i, one := range list {
		lanes[i] = lane{one.Row, one.Text(column.Digits)}
		if !common {
			lanes[i].name += " − " + one.Base
		}
	}
	p := d.lanePanel(d.differenceLabel(column), "difference [95% interval]", lanes)
	if err := drawDifferences(p, list); err != nil {
		return nil, err
	}
	widen(&p.X)
	if err := stroke(p, plotter.XYs{{X: 0, Y: p.Y.Min}, {X: 0, Y: p.Y.Max}}, draw.LineStyle{Color: black, Width: vg.Points(.8), Dashes: dashes[2]}); err != nil {
		return nil, err
	}
	f.panels, f.width, f.height = [][]*panel{{p}}, 3*vg.Inch, d.lanesHeight(len(list))
	f.least.Y = f.height * leastShrink
	if common {
		f.say("mean difference from %s over the seeds that both have", shown(list[0].Base))
	} else {
		f.say("mean difference from each row's baseline over the seeds that both have")
	}
	f.sayIntervals(list, left)
	return f, nil
}

// differenceLabel says what the axis shows, and which side of zero is better where that is known.
func (d *drawer) differenceLabel(column reports.Column) string {
	label := "difference in " + d.named(column.Label, column.Metric)
	switch column.Goal {
	case metrics.Maximize:
		return label + " · better →"
	case metrics.Minimize:
		return "← better · " + label
	}
	return label
}

// methodMarks are the marks of differences by the method of their test.
var methodMarks = map[reports.Method]draw.GlyphDrawer{
	reports.SignFlip: draw.BoxGlyph{}, reports.Bootstrap: draw.CircleGlyph{}, reports.Hierarchical: draw.PyramidGlyph{},
}

// differenceMark is the mark of a difference: by the method of its interval, a ring without one.
func differenceMark(one reports.Difference) draw.GlyphStyle {
	style := draw.GlyphStyle{Color: okabeIto[0], Radius: vg.Points(3), Shape: methodMarks[one.Test.Method]}
	if !one.Bounded() || style.Shape == nil {
		style.Shape = draw.RingGlyph{}
	}
	return style
}

func drawDifferences(p *panel, list []reports.Difference) error {
	line := draw.LineStyle{Color: okabeIto[0], Width: vg.Points(1.2)}
	for i, one := range list {
		y := float64(len(list) - 1 - i)
		if one.Bounded() {
			if err := stroke(p, plotter.XYs{{X: one.Low, Y: y}, {X: one.High, Y: y}}, line); err != nil {
				return err
			}
		}
		if err := dots(p, plotter.XYs{{X: one.Delta, Y: y}}, differenceMark(one)); err != nil {
			return err
		}
	}
	p.X.Min, p.X.Max = min(p.X.Min, 0), max(p.X.Max, 0)
	return nil
}

// sayIntervals says what the intervals are, and which rows have none.
func (f *Figure) sayIntervals(list []reports.Difference, left []string) {
	var methods []reports.Method
	var bare []string
	for _, one := range list {
		switch {
		case !one.Bounded():
			bare = append(bare, shown(one.Row))
		case !slices.Contains(methods, one.Test.Method):
			methods = append(methods, one.Test.Method)
			f.key = append(f.key, sampled(one.Test.IntervalOf(), sampleLine{draw.LineStyle{Color: okabeIto[0], Width: vg.Points(1.2)}, differenceMark(one)}))
		}
	}
	if len(bare) > 0 {
		f.key = append(f.key, sampled("no interval", sampleLine{mark: differenceMark(reports.Difference{Low: largest, High: largest})}))
		f.Notes = append(f.Notes, "No interval of "+strings.Join(bare, "; ")+": too few seeds in common with the baseline, or their test gives none.")
	}
	if len(left) > 0 {
		f.Notes = append(f.Notes, "Not drawn, since there is no difference: "+strings.Join(allShown(left), "; ")+" ("+reports.WhyNoDifference+").")
	}
	if slices.Contains(methods, reports.Bootstrap) {
		f.Notes = append(f.Notes, "An interval over test samples is that of one seed: the mean over seeds need not lie in its middle.")
	}
}
