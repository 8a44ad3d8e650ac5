package plots

import (
	"fmt"
	"slices"

	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/reports"
)

// leastBoxed is from how many seeds on a row has a box: fewer have no quartiles worth the name.
const leastBoxed = 5

// seeds makes one figure for each metric: every seed of every row a point, their mean with its 95% interval, and a box.
func (d *drawer) seeds() ([]*Figure, error) {
	var figures []*Figure
	for _, c := range d.columns {
		f, err := d.seedsFigure(c)
		if err != nil {
			return nil, fmt.Errorf("draw seeds of %s: %w", d.t.Columns[c].Metric, err)
		}
		if f != nil {
			figures = append(figures, f)
		}
	}
	return figures, nil
}

func (d *drawer) seedsFigure(c int) (*Figure, error) {
	column := d.t.Columns[c]
	strips := d.t.Strips(c)
	if len(strips) == 0 {
		return nil, nil
	}
	f := d.figure(Seeds, "-"+fileName(column.Metric, '/'), column.Label)
	lanes := make([]lane, len(strips))
	most, all := 0, []float64{}
	for i, s := range strips {
		lanes[i] = lane{s.Row, s.Text(column.Digits)}
		most, all = max(most, len(s.Values)), append(all, s.Values...)
	}
	scale := scaleOf(d.o.Log, LogY, all, reports.FallTogether)
	p := d.lanePanel(d.named(column.Label, column.Metric), "mean [95% interval], n", lanes)
	for i, s := range strips {
		if err := drawStrip(p, s, float64(len(strips)-1-i), &scale); err != nil {
			return nil, err
		}
	}
	scale.apply(&p.X)
	f.panels, f.width, f.height = [][]*panel{{p}}, 3*vg.Inch, d.lanesHeight(len(strips))
	f.least.Y = f.height * leastShrink
	f.key = []keyEntry{sampled("a seed", sampleLine{mark: seedMark}), sampled("mean", sampleLine{mark: meanMark})}
	if most > 1 {
		f.key[1] = sampled("mean, 95% interval", sampleLine{draw.LineStyle{Color: black, Width: vg.Points(1)}, meanMark})
		f.say("95%% interval of the mean: Student's t over seeds")
	}
	if most >= leastBoxed {
		f.say("box: quartiles and median, from %d seeds on", leastBoxed)
	}
	f.Notes = append(f.Notes, d.t.LostSeeds(c, shown)...)
	scale.say(f, "seeds")
	return f, nil
}

var (
	seedMark = draw.GlyphStyle{Color: okabeIto[0], Radius: vg.Points(2.2), Shape: draw.RingGlyph{}}
	meanMark = draw.GlyphStyle{Color: black, Radius: vg.Points(2.2), Shape: draw.BoxGlyph{}}
)

// drawStrip draws a row at a height: the box, then the seeds from the first above to the last below, then the mean below them.
func drawStrip(p *panel, s reports.Strip, y float64, scale *axisScale) error {
	const box, jitter, below = .24, .2, -.34
	if len(s.Values) >= leastBoxed && (!scale.log || slices.Min(s.Values) > 0) {
		if err := boxStrip(p, s, y, box); err != nil {
			return err
		}
	}
	var seeds plotter.XYs
	for i, v := range s.Values {
		at := y
		if n := len(s.Values); n > 1 {
			at += jitter * (1 - 2*float64(i)/float64(n-1))
		}
		if scale.keeps(v) {
			seeds = append(seeds, plotter.XY{X: v, Y: at})
		}
	}
	if err := dots(p, seeds, seedMark); err != nil || !finite(s.Mean) || scale.log && s.Mean <= 0 {
		return err
	}
	style := draw.LineStyle{Color: black, Width: vg.Points(1)}
	if err := interval(p, s.Mean, scale.low(s.Low), s.High, y+below, style, vg.Points(4)); err != nil {
		return err
	}
	return dots(p, plotter.XYs{{X: s.Mean, Y: y + below}}, meanMark)
}

// boxStrip draws the quartiles around the median.
func boxStrip(p *panel, s reports.Strip, y, half float64) error {
	q1, median, q3 := quantile(s.Values, .25), quantile(s.Values, .5), quantile(s.Values, .75)
	area, err := plotter.NewPolygon(plotter.XYs{{X: q1, Y: y - half}, {X: q3, Y: y - half}, {X: q3, Y: y + half}, {X: q1, Y: y + half}})
	if err != nil {
		return err
	}
	area.Color, area.LineStyle = faint(okabeIto[4], 90), draw.LineStyle{Color: okabeIto[0], Width: vg.Points(.6)}
	p.Add(area)
	return stroke(p, plotter.XYs{{X: median, Y: y - half}, {X: median, Y: y + half}}, draw.LineStyle{Color: okabeIto[0], Width: vg.Points(1.4)})
}

// quantile interpolates between the two values around rank q(n-1), as NumPy and R (type 7) do by default.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	rank := q * float64(len(sorted)-1)
	below := int(rank)
	if below+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	share := rank - float64(below)
	return sorted[below]*(1-share) + sorted[below+1]*share
}
