package plots

import (
	"bytes"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"

	"harness/internal/jsonfloat"
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

// differences is a table with a test of each kind, and rows that lack one.
func differences(goal metrics.Goal) *reports.Table {
	nan := math.NaN()
	test := func(method reports.Method, low, high float64) *reports.Test {
		return &reports.Test{Method: method, Low: low, High: high, N: 3}
	}
	row := func(name string, delta float64, cell reports.Cell) reports.Row {
		cell.N, cell.Want, cell.Delta, cell.Std, cell.CI = 3, 3, delta, nan, nan
		return reports.Row{Name: name, Kind: reports.Model, Baseline: "base", Cells: []reports.Cell{cell}}
	}
	base := row("base", nan, reports.Cell{Mean: .5})
	base.Baseline = ""
	return &reports.Table{Name: "t", Columns: []reports.Column{{Metric: "m", Label: "M", Scale: 100, Digits: 1, Goal: goal}}, Rows: []reports.Row{
		base,
		row("verdict", .02, reports.Cell{Verdict: test(reports.Hierarchical, .01, .03), Seeds: test(reports.SignFlip, -1, 1)}),
		row("seeds", -.02, reports.Cell{Seeds: test(reports.SignFlip, -.03, .01), Samples: test(reports.Bootstrap, -1, 1)}),
		row("samples", .01, reports.Cell{Samples: test(reports.Bootstrap, .005, .015)}),
		row("no interval", .04, reports.Cell{Samples: test(reports.Bootstrap, nan, nan)}),
		row("no test", 0, reports.Cell{}),
		row("diverged", nan, reports.Cell{Diverged: 1}),
		{Name: "control", Kind: reports.Control, Baseline: "base", Cells: []reports.Cell{{N: 1, Delta: 9}}},
	}}
}

// TestForest: the interval is that of the test the marks follow; where there is none, none is drawn, and that is said.
func TestForest(t *testing.T) {
	for goal, want := range map[metrics.Goal]string{metrics.Maximize: "difference in M · better →", metrics.Minimize: "← better · difference in M", metrics.NoGoal: "difference in M"} {
		f := drawn(t, differences(goal), &sweeps.Plan{}, nil, Options{Kinds: []Kind{Forest}, Format: "svg"})[0]
		texts := textsOf(svgOf(t, f))
		if !slices.Contains(texts, want) {
			t.Errorf("%s: no %q in %q", goal, want, texts)
		}
	}
	f := drawn(t, differences(metrics.Maximize), &sweeps.Plan{}, nil, Options{Kinds: []Kind{Forest}, Format: "svg"})[0]
	texts := textsOf(svgOf(t, f))
	at := 0
	for _, want := range []string{"mean difference from base over seeds", "verdict", "seeds", "samples", "no interval", "no test",
		"+2.0 [+1.0, +3.0]", "-2.0 [-3.0, +1.0]", "+1.0 [+0.5, +1.5]", "+4.0", "0.0", "difference [95% interval]",
		"95% interval over seeds and test samples", "95% interval over seeds", "95% interval over test samples", "no interval"} {
		i := slices.Index(texts[at:], want)
		if i < 0 {
			t.Errorf("no %q behind %q in\n%q", want, texts[:at], texts)
			continue
		}
		at += i
	}
	notes := strings.Join(f.Notes, "\n")
	for _, want := range []string{"No interval of no interval; no test:", "no difference: diverged", "that of one seed"} {
		if !strings.Contains(notes, want) {
			t.Errorf("notes %q do not say %q", notes, want)
		}
	}
	if p := f.panels[0][0]; p.X.Max > 5 || p.X.Min < -4 || slices.Contains(texts, "control") {
		t.Errorf("from %v to %v: an interval of another test, or a control", p.X.Min, p.X.Max)
	}
}

// floats are the values of a cell.
func floats(values ...float64) (list []*jsonfloat.Float) {
	for _, v := range values {
		list = append(list, jsonfloat.Known(v, !math.IsNaN(v)))
	}
	return list
}

// TestSeeds: every seed is a point; a row of which one diverged has no mean, and that is said.
func TestSeeds(t *testing.T) {
	inf := math.Inf(1)
	cell := func(mean, ci float64, diverged int, values ...float64) reports.Row {
		return reports.Row{Name: "row", Kind: reports.Model, Cells: []reports.Cell{{N: len(values) - diverged, Want: 6, Diverged: diverged, Mean: mean, CI: ci, Values: floats(values...)}}}
	}
	table := &reports.Table{Name: "t", Columns: []reports.Column{{Metric: "m", Label: "M", Scale: 1, Digits: 2}}, Rows: []reports.Row{
		cell(3, 1, 0, 1, 2, 3, 4, 5, 3), cell(2, math.NaN(), 0, 2), cell(1.5, 1, 1, 1, 2, inf), {Name: "empty", Kind: reports.Model, Cells: []reports.Cell{{}}},
	}}
	f := drawn(t, table, &sweeps.Plan{}, nil, Options{Kinds: []Kind{Seeds}, Format: "svg"})[0]
	texts := textsOf(svgOf(t, f))
	for _, want := range []string{"3.00 [2.00, 4.00], n = 6", "2.00, n = 1", "diverged, n = 2", "a seed"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no %q in %q", want, texts)
		}
	}
	if !slices.Equal(f.Notes, []string{"row: 1 of 6 seeds diverged; they are not drawn, and there is no mean."}) || !strings.Contains(f.Subtitle, "box: quartiles") {
		t.Errorf("%q, %q", f.Subtitle, f.Notes)
	}
	f = drawn(t, table, &sweeps.Plan{}, nil, Options{Kinds: []Kind{Seeds}, Format: "svg", Log: LogY})[0]
	if !logarithmic(f.panels[0][0].X) || logarithmic(f.panels[0][0].Y) {
		t.Error("--log y is that of the metric, which lies across")
	}
	// numpy.quantile([7, 1, 3, 10, 2], [0.25, 0.5, 0.75, 0.1]), NumPy 2.3
	for q, want := range map[float64]float64{.25: 2, .5: 3, .75: 7, .1: 1.4} {
		if got := quantile([]float64{7, 1, 3, 10, 2}, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("quantile %v: %v, want %v", q, got, want)
		}
	}
}

// threeAxes is a sweep of three axes with cells that are missing or diverged.
func threeAxes(t *testing.T) (*reports.Table, *sweeps.Plan) {
	t.Helper()
	s, err := sweeps.Parse("h.yaml", []byte("version: 1\nname: h\ncommand: [x, '${args}']\nmetrics: {m: {goal: minimize}}\n"+
		"parameters: {a: {values: [1, 10, 1000]}, b: {values: [p, q]}, c: {values: [u, v, w], when: \"a > 1\"}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	table := &reports.Table{Name: "h", Columns: []reports.Column{{Metric: "m", Label: "M", Scale: 1, Digits: 1, Goal: metrics.Minimize}}}
	for i, row := range plan.Rows {
		cell := reports.Cell{N: 1, Want: 2, Mean: float64(i + 1), Std: math.NaN(), CI: math.NaN()}
		switch i {
		case 2:
			cell = reports.Cell{Want: 2, Diverged: 2, Mean: math.NaN()}
		case 3:
			cell = reports.Cell{Want: 2, Mean: math.NaN()}
		}
		table.Rows = append(table.Rows, reports.Row{Name: row.Name, Kind: reports.Model, Params: row.Params, Cells: []reports.Cell{cell}})
	}
	return table, plan
}

// TestHeatmap: a panel for each setting of the other axes, so that nothing is averaged over them; what has no number is said.
func TestHeatmap(t *testing.T) {
	table, plan := threeAxes(t)
	f := drawn(t, table, plan, nil, Options{Kinds: []Kind{Heatmap}, Format: "svg"})[0]
	texts := textsOf(svgOf(t, f))
	for _, want := range []string{"p", "q", "a", "c", "diverged", "10.0 (1/2)"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no %q in %q", want, texts)
		}
	}
	if !strings.Contains(f.Subtitle, "hatched: no result") || !strings.Contains(f.Subtitle, "1 result with seeds that diverged") || !strings.Contains(f.Subtitle, "less is better") {
		t.Error(f.Subtitle)
	}
	for _, axes := range [][2]string{{"a", "bb"}, {"a", "a"}, {"a", ""}} {
		_, err := Draw(table, plan, nil, Options{Kinds: []Kind{Heatmap}, Axes: axes})
		if option := (*OptionError)(nil); !errors.As(err, &option) || option.Option != "--axes" {
			t.Errorf("%v: %v", axes, err)
		}
	}
	plan.Axes = plan.Axes[:1]
	if _, err := Draw(table, plan, nil, Options{Kinds: []Kind{Heatmap}}); err == nil || !strings.Contains(err.Error(), "--kind heatmap: it needs two axes") {
		t.Errorf("one axis: %v", err)
	}
	if figures, err := Draw(table, plan, nil, Options{Kinds: []Kind{Heatmap, Parallel}}); err != nil || len(figures) != 1 {
		t.Errorf("one axis among other kinds: %v, %v", figures, err)
	}
}

// TestParallel: a line a row that has a result; rows without a value on an axis stand apart.
func TestParallel(t *testing.T) {
	table, plan := threeAxes(t)
	f := drawn(t, table, plan, nil, Options{Kinds: []Kind{Parallel}, Format: "svg"})[0]
	texts := textsOf(svgOf(t, f))
	for _, want := range []string{"a", "b", "c", "M ↓", unset, "1000", "u", "q"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no %q in %q", want, texts)
		}
	}
	for _, want := range []string{"1 row without a result", "1 result with seeds that diverged", "wide: the best, " + table.Rows[0].Name} {
		if !strings.Contains(f.Subtitle, want) {
			t.Errorf("%q does not say %q", f.Subtitle, want)
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
		lines := wrap(txt, style, 100)
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
