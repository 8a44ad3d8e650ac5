package plots

import (
	"fmt"
	"math"
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

// strip is one row of a figure of seeds, as printed.
type strip struct {
	name            string
	values          []float64 // finite, by seed
	mean, low, high float64   // mean and its interval; NaN where there is none
	lost            string    // why there is no mean
}

func (d *drawer) seedsFigure(c int) (*Figure, error) {
	column := d.t.Columns[c]
	strips, all := d.strips(c)
	if len(all) == 0 {
		return nil, nil
	}
	f := d.figure(Seeds, "-"+fileName(column.Metric, '/'), column.Label)
	lanes := make([]lane, len(strips))
	most := 0
	for i, s := range strips {
		lanes[i] = lane{s.name, s.text(column.Digits)}
		most = max(most, len(s.values))
	}
	scale := scaleOf(d.o.Log, LogY, all, fallsTogether)
	p := d.lanePanel(d.named(column.Label, column.Metric), "mean [95% interval], n", lanes)
	for i, s := range strips {
		if err := s.draw(p, float64(len(strips)-1-i), &scale); err != nil {
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
	d.saySeedsLeftOut(f, c)
	scale.say(f, "seeds")
	return f, nil
}

// saySeedsLeftOut names the rows of which a seed diverged or was stopped early.
func (d *drawer) saySeedsLeftOut(f *Figure, c int) {
	for _, row := range d.rows(reports.Model) {
		cell := row.Cells[c]
		if cell.Diverged > 0 {
			f.Notes = append(f.Notes, fmt.Sprintf("%s: %d of %d seeds diverged; they are not drawn, and there is no mean.", shown(row.Name), cell.Diverged, cell.Want))
		}
		if cell.Stopped > 0 {
			f.Notes = append(f.Notes, fmt.Sprintf("%s: %d of %d seeds were stopped early; they are not drawn, and there is no mean.", shown(row.Name), cell.Stopped, cell.Want))
		}
	}
}

// strips are the rows that have seeds to draw, and all their values.
func (d *drawer) strips(c int) (list []strip, all []float64) {
	scale := d.t.Columns[c].Scale
	for _, row := range d.rows(reports.Model) {
		cell := row.Cells[c]
		s := strip{name: row.Name, mean: math.NaN(), low: math.NaN(), high: math.NaN(), lost: "diverged"}
		if cell.Stopped > 0 {
			s.lost = "some stopped"
		}
		for _, v := range cell.Values {
			if v != nil && finite(float64(*v)*scale) {
				s.values = append(s.values, float64(*v)*scale)
			}
		}
		if drawable(cell, scale) {
			half := math.Abs(cell.CI * scale)
			s.mean, s.low, s.high = cell.Mean*scale, cell.Mean*scale-half, cell.Mean*scale+half
		}
		if len(s.values) > 0 {
			list, all = append(list, s), append(all, s.values...)
		}
	}
	return list, all
}

func (s strip) text(digits int) string {
	switch {
	case !finite(s.mean):
		return fmt.Sprintf("%s, n = %d", s.lost, len(s.values))
	case !finite(s.low):
		return fmt.Sprintf("%s, n = %d", fixed(s.mean, digits), len(s.values))
	}
	return fmt.Sprintf("%s [%s, %s], n = %d", fixed(s.mean, digits), fixed(s.low, digits), fixed(s.high, digits), len(s.values))
}

var (
	seedMark = draw.GlyphStyle{Color: okabeIto[0], Radius: vg.Points(2.2), Shape: draw.RingGlyph{}}
	meanMark = draw.GlyphStyle{Color: black, Radius: vg.Points(2.2), Shape: draw.BoxGlyph{}}
)

// draw draws a row at a height: the box, then the seeds from the first above to the last below, then the mean below them.
func (s strip) draw(p *panel, y float64, scale *axisScale) error {
	const box, jitter, below = .24, .2, -.34
	if len(s.values) >= leastBoxed && (!scale.log || slices.Min(s.values) > 0) {
		if err := s.box(p, y, box); err != nil {
			return err
		}
	}
	var seeds plotter.XYs
	for i, v := range s.values {
		at := y
		if n := len(s.values); n > 1 {
			at += jitter * (1 - 2*float64(i)/float64(n-1))
		}
		if scale.keeps(v) {
			seeds = append(seeds, plotter.XY{X: v, Y: at})
		}
	}
	if err := dots(p, seeds, seedMark); err != nil || !finite(s.mean) || scale.log && s.mean <= 0 {
		return err
	}
	style := draw.LineStyle{Color: black, Width: vg.Points(1)}
	if err := interval(p, s.mean, scale.low(s.low), s.high, y+below, style, vg.Points(4)); err != nil {
		return err
	}
	return dots(p, plotter.XYs{{X: s.mean, Y: y + below}}, meanMark)
}

// box draws the quartiles around the median.
func (s strip) box(p *panel, y, half float64) error {
	q1, median, q3 := quantile(s.values, .25), quantile(s.values, .5), quantile(s.values, .75)
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
