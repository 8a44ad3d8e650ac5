package plots

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"harness/internal/jsonfloat"
	"harness/metrics"
	"harness/reports"
	"harness/sweeps"
)

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
	for _, want := range []string{"mean difference from base over the seeds that both have", "verdict", "seeds", "samples", "no interval", "no test",
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
