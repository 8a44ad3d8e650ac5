package plots

import (
	"bytes"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"

	"harness/metrics"
	"harness/reports"
	"harness/sweeps"
)

// curveOf draws one line and returns its figure.
func curveOf(t *testing.T, o Options, lines ...reports.Line) *Figure {
	t.Helper()
	o.Kinds, o.Format = []Kind{Curves}, "svg"
	table := &reports.Table{Name: "t", Columns: []reports.Column{{Metric: "loss", Scale: 1}}}
	return drawn(t, table, &sweeps.Plan{}, []reports.Curve{{Metric: "loss", Lines: lines}}, o)[0]
}

// falling is a line of one seed.
func falling(values ...float64) reports.Line {
	line := reports.Line{Row: "a", N: 1, Averaged: 1, Mean: values, Low: values, High: values}
	for i := range values {
		line.Step, line.Std = append(line.Step, float64(i)), append(line.Std, math.NaN())
	}
	return line
}

func logarithmic(a plot.Axis) bool { _, ok := a.Scale.(plot.LogScale); return ok }

// TestLogarithmicAxes: which axes are logarithmic by their data and by option, and what the picture says.
func TestLogarithmicAxes(t *testing.T) {
	var loss, accuracy []float64
	for i := range 200 {
		loss = append(loss, 1000*math.Exp(-float64(i)/20)+.05)
		accuracy = append(accuracy, .9-.899*math.Exp(-float64(i)/20))
	}
	withZero := append(slices.Clone(loss), 0)
	for name, c := range map[string]struct {
		values []float64
		log    Log
		x, y   bool
		said   string
	}{
		"a loss from 1000 to 0.05":            {loss, LogAuto, false, true, ""},
		"an accuracy from 0.001 to 0.9":       {accuracy, LogAuto, false, false, ""},
		"a loss that reaches zero":            {withZero, LogAuto, false, false, ""},
		"a loss that reaches zero, y":         {withZero, LogY, false, true, "values: not drawn on the logarithmic axis: 1 point"},
		"a loss, none":                        {loss, LogNone, false, false, ""},
		"a loss, x":                           {loss, LogX, true, false, "steps: not drawn on the logarithmic axis: 1 point"},
		"an accuracy, xy":                     {accuracy, LogXY, true, true, "steps: not drawn"},
		"nothing above zero":                  {[]float64{0, -1, -2}, LogY, false, false, "straight axis, since nothing is above zero"},
		"nothing above zero, auto":            {[]float64{0, -1, -2}, LogAuto, false, false, ""},
		"one value":                           {[]float64{3, 3, 3}, LogXY, true, true, "steps: not drawn"},
		"the largest and the smallest number": {[]float64{math.MaxFloat64, 5e-324, 1e300}, LogY, false, true, ""},
	} {
		f := curveOf(t, Options{Log: c.log}, falling(c.values...))
		p := f.panels[0][0]
		if logarithmic(p.X) != c.x || logarithmic(p.Y) != c.y || !strings.Contains(f.Subtitle, c.said) {
			t.Errorf("%s: x %t, y %t, %q", name, logarithmic(p.X), logarithmic(p.Y), f.Subtitle)
		}
		if c.said == "" && strings.Contains(f.Subtitle, "drawn") && c.values[0] != math.MaxFloat64 {
			t.Errorf("%s: %q", name, f.Subtitle)
		}
		svgOf(t, f)
	}
}

// TestSpikeIsDrawn: the extremes of what was averaged are in the picture, which says so; what one seed has alone is there, too.
func TestSpikeIsDrawn(t *testing.T) {
	line := falling(1, 1, 1, 1)
	line.N, line.Averaged = 2, 2000
	line.Std, line.High = []float64{.1, .1, .1, .1}, []float64{1, 1, 500, 1}
	line.Low = []float64{1, -400, 1, 1}
	line.Lone = []reports.Trace{{Step: []float64{3, 9}, Mean: []float64{1, 2}, Low: []float64{1, -700}, High: []float64{1, 800}}}
	for _, band := range []Band{BandStd, BandMinMax, BandNone} {
		f := curveOf(t, Options{Band: band, Log: LogNone}, line)
		p := f.panels[0][0]
		if p.Y.Max != 800 || p.Y.Min != -700 || p.X.Max != 9 {
			t.Errorf("%s: values from %v to %v, steps to %v", band, p.Y.Min, p.Y.Max, p.X.Max)
		}
		for _, want := range []string{"mean of up to 2000 neighbouring points, the fine outline their least and greatest", "thin: one seed alone"} {
			if !strings.Contains(f.Subtitle, want) {
				t.Errorf("%s: %q does not say %q", band, f.Subtitle, want)
			}
		}
	}
}

// TestSeedsAreCounted: rows of fewer seeds, and positions of fewer, are said.
func TestSeedsAreCounted(t *testing.T) {
	two, three := falling(3, 2, 1), falling(4, 3, 2)
	two.N, three.N, three.Partial = 2, 3, 1
	f := curveOf(t, Options{}, two, three)
	for _, want := range []string{"over n = 2 to 3 seeds", "where a seed has no number, the mean is of the others"} {
		if !strings.Contains(f.Subtitle, want) {
			t.Errorf("%q does not say %q", f.Subtitle, want)
		}
	}
	table, plan := tableOf(t)
	table.Rows[1].Cells[0].N = 2
	for _, f := range drawn(t, table, plan, nil, Options{Kinds: []Kind{Bars, Axis, Parallel}, Metrics: someMetrics}) {
		if want := "n = 2 to 3 seeds"; !strings.Contains(f.Subtitle, want) && !strings.Contains(f.Name, "cider") {
			t.Errorf("%s: %q does not say %q", f.Name, f.Subtitle, want)
		}
	}
}

// TestLinesDiffer: 40 lines differ from one another, and neighbours in print without colour.
func TestLinesDiffer(t *testing.T) {
	type style struct {
		colour any
		dashes int
		mark   any
	}
	seen := map[style]int{}
	for i := range 40 {
		s := style{lineStyle(i).Color, i % len(dashes), mark(i)}
		if j, taken := seen[s]; taken {
			t.Errorf("lines %d and %d look alike", j, i)
		}
		seen[s] = i
		if i > 0 && (i%len(dashes) == (i-1)%len(dashes) && mark(i) == mark(i-1)) {
			t.Errorf("lines %d and %d differ in colour alone", i-1, i)
		}
	}
}

// TestColoursAreEven: the lightness of the colours rises in equal steps.
func TestColoursAreEven(t *testing.T) {
	k := newColours([]float64{0, 10}, axisScale{})
	var last, step float64
	for i := range 11 {
		r, g, b, _ := k.at(float64(i)).RGBA()
		light := lightness(float64(r)/0xffff, float64(g)/0xffff, float64(b)/0xffff)
		if i == 1 {
			step = light - last
		}
		if i > 0 && !(math.Abs(light-last-step) < 1.5 && step > 4) {
			t.Errorf("from %d to %d the lightness rises by %.2f, at first by %.2f", i-1, i, light-last, step)
		}
		last = light
	}
}

// lightness is CIE L* of a colour in sRGB.
func lightness(r, g, b float64) float64 {
	linear := func(v float64) float64 {
		if v <= .04045 {
			return v / 12.92
		}
		return math.Pow((v+.055)/1.055, 2.4)
	}
	y := .2126*linear(r) + .7152*linear(g) + .0722*linear(b)
	if y <= 216./24389 {
		return y * 24389 / 27
	}
	return 116*math.Cbrt(y) - 16
}

// TestLetters: what the font lacks is written as a code in PNG and PDF, and as it is in SVG; Greek and arrows come out everywhere.
func TestLetters(t *testing.T) {
	if got := Untypeset("γ → x₂ ± é", "精度", "基度"); !slices.Equal(got, []string{"精", "度", "基"}) {
		t.Errorf("%q", got)
	}
	if got := newLook(Options{Format: "png"}).letters.legible("γ 精"); got != `γ \u7cbe` {
		t.Error(got)
	}
	if got := newLook(Options{Format: "svg"}).letters.legible("γ 精"); got != "γ 精" {
		t.Error(got)
	}
	face := font.DefaultCache.Lookup(newLook(Options{}).text(9, black).Font, 9)
	if path := outlines(face, vg.Point{}, "γ→"); len(path) < 20 {
		t.Errorf("the outline of two letters has %d parts", len(path))
	}
	f := drawn(t, differences(metrics.Maximize), &sweeps.Plan{}, nil, Options{Kinds: []Kind{Forest}, Format: "pdf"})[0]
	var picture bytes.Buffer
	if err := f.Write(&picture); err != nil || !bytes.HasPrefix(picture.Bytes(), []byte("%PDF")) {
		t.Errorf("%v", err)
	}
}

func TestWrap(t *testing.T) {
	style := newLook(Options{}).text(9, black)
	for _, txt := range []string{"", "one", "some words that need more than a line", strings.Repeat("x", 300), "a " + strings.Repeat("é", 100) + " b"} {
		lines := Wrap(txt, style, 100)
		if strings.ReplaceAll(strings.Join(lines, ""), " ", "") != strings.ReplaceAll(txt, " ", "") {
			t.Errorf("%q: %q", txt, lines)
		}
		for _, line := range lines {
			if style.Width(line) > 100 {
				t.Errorf("%q is wider than its line", line)
			}
		}
	}
}

// TestLongLabels: what is longer than its axis is broken into lines, in pictures of both kinds of size.
func TestLongLabels(t *testing.T) {
	name := strings.TrimSpace(strings.Repeat("metric ", 14))
	table := &reports.Table{Name: "t", Columns: []reports.Column{{Metric: name, Label: name, Scale: 1}}}
	for _, o := range []Options{{}, {Width: 4, Height: 3}} {
		o.Kinds = []Kind{Curves}
		f := drawn(t, table, &sweeps.Plan{}, []reports.Curve{{Metric: name, Lines: []reports.Line{falling(3, 2, 1)}}}, o)[0]
		s, err := f.place()
		if err != nil {
			t.Fatal(err)
		}
		label := f.panels[0][0].Y.Label
		for _, line := range strings.Split(label.Text, "\n") {
			if label.TextStyle.Width(line) > s.panels.data.Y {
				t.Errorf("%q is longer than the axis", line)
			}
		}
		if strings.ReplaceAll(label.Text, "\n", " ") != name {
			t.Errorf("%q", label.Text)
		}
	}
}

// TestLabelsOfManyValues: labels of ticks do not run into one another, and lines stay where their values are.
func TestLabelsOfManyValues(t *testing.T) {
	var values []float64
	for i := range 40 {
		values = append(values, math.Pow(10, -5+float64(i)/10))
	}
	p := newLook(Options{}).newPanel("", "", "")
	p.X.Tick.Marker, p.X.Min, p.X.Max, p.X.Scale = valueTicks(values, tickText), values[0], values[39], plot.LogScale{}
	f := &Figure{look: newLook(Options{}), panels: [][]*panel{{p}}}
	for _, width := range []vg.Length{400, 160, 60} {
		f.wrapLabels(width, 100)
		end, labels := math.Inf(-1), 0
		ticks := p.X.Tick.Marker.Ticks(p.X.Min, p.X.Max)
		for _, tick := range ticks {
			if tick.Label == "" {
				continue
			}
			at, half := p.X.Norm(tick.Value)*float64(width), float64(p.X.Tick.Label.Width(tick.Label))/2
			if at-half < end {
				t.Errorf("in %v points %s covers the label before it", width, tick.Label)
			}
			end, labels = at+half, labels+1
		}
		if labels < 2 || len(ticks) != len(values) {
			t.Errorf("in %v points: %d labels of %d ticks", width, labels, len(ticks))
		}
	}
	const lines = 25
	s := series{x: []float64{1, 10, 1000}}
	for i := range lines {
		for j, x := range s.dodged(i, lines, true).x {
			if off := math.Abs(math.Log(x/s.x[j])) / math.Log(1000); off > .021 {
				t.Errorf("line %d is drawn %.3f of the axis beside its value", i, off)
			}
		}
	}
}
