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

// drawCurves makes one figure for each curve.
func (d *drawer) drawCurves() ([]*Figure, error) {
	var figures []*Figure
	for _, c := range d.curves {
		if !d.o.Wants(c.Metric) {
			continue
		}
		f, err := d.curve(c)
		if err != nil {
			return nil, fmt.Errorf("draw %s: %w", c.Metric, err)
		}
		figures = append(figures, f)
	}
	return figures, nil
}

// curve draws one metric over the steps: bands first, then what seeds have alone, then the lines.
func (d *drawer) curve(c reports.Curve) (*Figure, error) {
	f := d.figure(Curves, "-"+fileName(c.Metric, '/'), c.Metric)
	f.width, f.height = 5*vg.Inch, 3*vg.Inch
	steps, value := "step", d.named(c.Metric, c.Metric)
	if c.Seconds {
		steps, value = "seconds", shown(c.Metric)+" ("+c.Unit+")"
	}
	p := d.newPanel("", steps, value)
	p.Add(grid())
	lines := reports.Merge(c.Lines)
	g := newPen(p, d.o, lines)
	for i, line := range lines {
		if err := g.bands(line, lineStyle(i).Color); err != nil {
			return nil, err
		}
	}
	for i, line := range lines {
		for _, t := range line.Lone {
			if err := g.line(t.Step, t.Mean, thin(i), nil); err != nil {
				return nil, err
			}
		}
	}
	for i, line := range lines {
		if err := g.stopped(line.Stopped, thin(i)); err != nil {
			return nil, err
		}
	}
	for i, line := range lines {
		before := g.drawn
		if err := g.line(line.Step, line.Mean, lineStyle(i), mark(i)); err != nil {
			return nil, err
		}
		sample := sampleLine{lineStyle(i), draw.GlyphStyle{Color: lineStyle(i).Color, Radius: vg.Points(2.4), Shape: mark(i)}}
		switch {
		case g.drawn > before:
			f.key = append(f.key, sampled(shown(line.Row), sample))
		case len(line.Lone) > 0:
			f.key = append(f.key, sampled(shown(line.Row), sampleLine{line: thin(i)}))
		case len(line.Stopped) > 0:
			f.key = append(f.key, sampled(shown(line.Row), sampleLine{thin(i), stopMark(thin(i))}))
		default:
			f.key = append(f.key, keyEntry{shown(line.Row) + " (nothing to draw)", nil})
		}
	}
	g.finish()
	d.sayCurve(f, c.Lines, g)
	f.panels = [][]*panel{{p}}
	return f, nil
}

// thin is the style of what one seed has alone.
func thin(i int) draw.LineStyle {
	return draw.LineStyle{Color: lineStyle(i).Color, Width: vg.Points(.6)}
}

// sayCurve says what the lines and bands are, and what is not drawn.
func (d *drawer) sayCurve(f *Figure, lines []reports.Line, g *pen) {
	var seeds seedRange
	averaged, skipped, lone, partial, stopped := 1, g.skipped, false, false, false
	for _, line := range lines {
		seeds.add(line.N)
		averaged, skipped = max(averaged, line.Averaged), skipped+line.Skipped
		lone, partial = lone || len(line.Lone) > 0, partial || line.Partial > 0
		stopped = stopped || len(line.Stopped) > 0
	}
	switch {
	case seeds.most < 2:
		f.say("one seed")
	case d.o.Band == BandStd:
		f.say("mean, band: ± 1 standard deviation over %s", seeds)
	case d.o.Band == BandMinMax:
		f.say("mean, band: least to greatest of %s", seeds)
	default:
		f.say("mean over %s", seeds)
	}
	if lone {
		f.say("thin: one seed alone; the mean is only where two or more have a step")
	}
	if stopped {
		f.say("×: stopped early; these seeds are in no mean")
	}
	if partial {
		f.say("where a seed has no number, the mean is of the others")
	}
	if averaged > 1 {
		f.say("each position is the mean of up to %d neighbouring points, the fine outline their least and greatest", averaged)
	}
	if skipped > 0 {
		f.say("not drawn: %d points that are NaN or infinite", skipped)
	}
	g.x.say(f, "steps")
	g.y.say(f, "values")
}

// pen draws the curves of a panel on its scales.
type pen struct {
	p       *panel
	o       Options
	x, y    axisScale
	skipped int // points beyond what can be drawn
	drawn   int // pieces of lines
}

func newPen(p *panel, o Options, lines []reports.Line) *pen {
	var steps, values []float64
	for _, line := range lines {
		steps, values = append(steps, line.Step...), append(values, line.Mean...)
		if line.Averaged > 1 { // the least and the greatest are drawn, too
			values = append(append(values, line.Low...), line.High...)
		}
		for _, t := range slices.Concat(line.Lone, line.Stopped) {
			steps, values = append(steps, t.Step...), append(append(values, t.Low...), t.High...)
		}
	}
	g := &pen{p: p, o: o}
	g.x = scaleOf(o.Log, LogX, steps, func([]float64) bool { return false })
	g.y = scaleOf(o.Log, LogY, values, reports.FallTogether)
	return g
}

// bands draws the spread of a line over seeds, and the extremes of what was averaged over neighbouring steps.
func (g *pen) bands(line reports.Line, c color.Color) error {
	low, high := line.Low, line.High
	if g.o.Band == BandStd {
		low, high = make([]float64, len(line.Std)), make([]float64, len(line.Std))
		for i, std := range line.Std {
			low[i], high[i] = line.Mean[i]-std, line.Mean[i]+std
		}
	}
	if g.o.Band != BandNone && line.N > 1 {
		if err := g.band(line.Step, low, high, draw.LineStyle{}, faint(c, 48)); err != nil {
			return err
		}
	}
	if line.Averaged < 2 {
		return nil
	}
	fine := draw.LineStyle{Color: faint(c, 150), Width: vg.Points(.4)}
	for _, t := range append(slices.Clone(line.Lone), reports.Trace{Step: line.Step, Low: line.Low, High: line.High}) {
		if err := g.band(t.Step, t.Low, t.High, fine, faint(c, 24)); err != nil {
			return err
		}
	}
	return nil
}

// band draws the areas between two outlines, a piece for each run of steps where both are numbers.
func (g *pen) band(steps, low, high []float64, outline draw.LineStyle, fill color.Color) error {
	var upper, lower plotter.XYs
	finish := func() error {
		if len(upper) >= 2 {
			slices.Reverse(lower)
			area, err := plotter.NewPolygon(append(upper, lower...))
			if err != nil {
				return err
			}
			area.Color, area.LineStyle = fill, outline
			g.p.Add(area)
		}
		upper, lower = nil, nil
		return nil
	}
	for i, step := range steps {
		l, h := low[i], high[i]
		if finite(l) {
			l = g.y.low(l)
		}
		if !finite(l) || !finite(h) || h < l || !finite(step) || g.x.log && step <= 0 {
			if err := finish(); err != nil {
				return err
			}
			continue
		}
		upper, lower = append(upper, plotter.XY{X: step, Y: h}), append(lower, plotter.XY{X: step, Y: l})
	}
	return finish()
}

// line draws the pieces of a line between the positions where it has no number; a piece of one point is a dot.
func (g *pen) line(x, y []float64, style draw.LineStyle, shape draw.GlyphDrawer) error {
	var piece plotter.XYs
	finish := func() error {
		defer func() { piece = nil }()
		if len(piece) == 0 {
			return nil
		}
		g.drawn++
		if len(piece) == 1 || shape != nil {
			glyph := draw.GlyphStyle{Color: style.Color, Radius: vg.Points(2.4), Shape: shape}
			if shape == nil {
				glyph.Radius, glyph.Shape = style.Width*.9, draw.CircleGlyph{}
			}
			if err := dots(g.p, sparse(piece), glyph); err != nil {
				return err
			}
		}
		return stroke(g.p, piece, style)
	}
	for i := range x {
		switch {
		case math.IsNaN(y[i]):
			if err := finish(); err != nil {
				return err
			}
		case !finite(y[i]) || !finite(x[i]):
			g.skipped++
		case g.x.keeps(x[i]) && g.y.keeps(y[i]):
			piece = append(piece, plotter.XY{X: x[i], Y: y[i]})
		}
	}
	return finish()
}

// stopped draws the curves of seeds that were stopped early, each with a cross where it ends.
func (g *pen) stopped(curves []reports.Trace, style draw.LineStyle) error {
	for _, t := range curves {
		if err := g.line(t.Step, t.Mean, style, nil); err != nil {
			return err
		}
		last := len(t.Step) - 1
		if x, y := t.Step[last], t.Mean[last]; finite(x) && finite(y) && g.x.keeps(x) && g.y.keeps(y) {
			if err := dots(g.p, plotter.XYs{{X: x, Y: y}}, stopMark(style)); err != nil {
				return err
			}
		}
	}
	return nil
}

// stopMark is the cross at the end of a curve that was stopped early.
func stopMark(style draw.LineStyle) draw.GlyphStyle {
	return draw.GlyphStyle{Color: style.Color, Radius: vg.Points(3), Shape: draw.CrossGlyph{}}
}

// mostMarks is how many marks a line has.
const mostMarks = 9

// sparse are some points of a line, the first and the last among them.
func sparse(all plotter.XYs) plotter.XYs {
	if len(all) <= mostMarks {
		return all
	}
	var some plotter.XYs
	for i := range mostMarks {
		some = append(some, all[i*(len(all)-1)/(mostMarks-1)])
	}
	return some
}

// finish sets the ranges of the axes.
func (g *pen) finish() {
	if g.x.log {
		g.x.apply(&g.p.X)
	} else {
		fromZero(&g.p.X)
	}
	if g.y.log {
		g.y.apply(&g.p.Y)
	} else if !(g.p.Y.Min <= g.p.Y.Max) {
		g.p.Y.Min, g.p.Y.Max = 0, 1
	}
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
