package plots

import (
	"cmp"
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

// difference is one row of a forest plot, as printed.
type difference struct {
	name, base       string
	delta, low, high float64      // low and high are not finite without an interval
	test             reports.Test // none was made where it has no method
}

func (d *drawer) forestFigure(c int) (*Figure, error) {
	column := d.t.Columns[c]
	list, left := d.differences(c)
	if len(list) == 0 {
		return nil, nil
	}
	f := d.figure(Forest, "-"+fileName(column.Metric, '/'), column.Label)
	common := !slices.ContainsFunc(list, func(one difference) bool { return one.base != list[0].base })
	lanes := make([]lane, len(list))
	for i, one := range list {
		lanes[i] = lane{one.name, one.text(column.Digits)}
		if !common {
			lanes[i].name += " − " + one.base
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
		f.say("mean difference from %s over the seeds that both have", shown(list[0].base))
	} else {
		f.say("mean difference from each row's baseline over the seeds that both have")
	}
	f.sayIntervals(list, left)
	return f, nil
}

// differences are the rows whose difference from a baseline is known, and the names of those that have a baseline and no difference.
func (d *drawer) differences(c int) (list []difference, left []string) {
	scale := d.t.Columns[c].Scale
	for _, row := range d.rows(reports.Model) {
		cell := row.Cells[c]
		if row.Baseline == "" {
			continue
		}
		if !finite(cell.Delta * scale) {
			left = append(left, shown(row.Name))
			continue
		}
		one := difference{name: row.Name, base: row.Baseline, delta: cell.Delta * scale, low: largest, high: largest}
		if test := cmp.Or(cell.Verdict, cell.Seeds, cell.Samples); test != nil {
			one.test = *test
			if test.Low <= test.High {
				one.low, one.high = min(test.Low*scale, test.High*scale), max(test.Low*scale, test.High*scale)
			}
		}
		list = append(list, one)
	}
	return list, left
}

func (one difference) bounded() bool { return finite(one.low) && finite(one.high) }

func (one difference) text(digits int) string {
	text := signed(one.delta, digits)
	if one.bounded() {
		text += fmt.Sprintf(" [%s, %s]", signed(one.low, digits), signed(one.high, digits))
	}
	return text
}

// signed is a difference with its sign; no zero has one.
func signed(v float64, digits int) string {
	text := fmt.Sprintf("%+.*f", digits, v)
	if strings.Trim(text, "+-0.") == "" {
		return text[1:]
	}
	return text
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

func (one difference) style() draw.GlyphStyle {
	style := draw.GlyphStyle{Color: okabeIto[0], Radius: vg.Points(3), Shape: methodMarks[one.test.Method]}
	if !one.bounded() || style.Shape == nil {
		style.Shape = draw.RingGlyph{}
	}
	return style
}

func drawDifferences(p *panel, list []difference) error {
	line := draw.LineStyle{Color: okabeIto[0], Width: vg.Points(1.2)}
	for i, one := range list {
		y := float64(len(list) - 1 - i)
		if one.bounded() {
			if err := stroke(p, plotter.XYs{{X: one.low, Y: y}, {X: one.high, Y: y}}, line); err != nil {
				return err
			}
		}
		if err := dots(p, plotter.XYs{{X: one.delta, Y: y}}, one.style()); err != nil {
			return err
		}
	}
	p.X.Min, p.X.Max = min(p.X.Min, 0), max(p.X.Max, 0)
	return nil
}

// sayIntervals says what the intervals are, and which rows have none.
func (f *Figure) sayIntervals(list []difference, left []string) {
	var methods []reports.Method
	var bare []string
	for _, one := range list {
		switch {
		case !one.bounded():
			bare = append(bare, shown(one.name))
		case !slices.Contains(methods, one.test.Method):
			methods = append(methods, one.test.Method)
			f.key = append(f.key, sampled(intervalOf(one.test), sampleLine{draw.LineStyle{Color: okabeIto[0], Width: vg.Points(1.2)}, one.style()}))
		}
	}
	if len(bare) > 0 {
		f.key = append(f.key, sampled("no interval", sampleLine{mark: difference{low: largest, high: largest}.style()}))
		f.Notes = append(f.Notes, "No interval of "+strings.Join(bare, "; ")+": too few seeds in common with the baseline, or their test gives none.")
	}
	if len(left) > 0 {
		f.Notes = append(f.Notes, "Not drawn, since there is no difference: "+strings.Join(left, "; ")+" (no seed in common with the baseline, or one that diverged or was stopped early).")
	}
	if slices.Contains(methods, reports.Bootstrap) {
		f.Notes = append(f.Notes, "An interval over test samples is that of one seed: the mean over seeds need not lie in its middle.")
	}
}

// intervalOf says what an interval ranges over.
func intervalOf(t reports.Test) string {
	switch t.Method {
	case reports.SignFlip:
		return "95% interval over seeds"
	case reports.Bootstrap:
		return "95% interval over test samples"
	case reports.Hierarchical:
		return "95% interval over seeds and test samples"
	}
	return "95% interval"
}
