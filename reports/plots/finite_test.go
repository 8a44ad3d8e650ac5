package plots

import (
	"context"
	"math"
	"os"
	"strings"
	"testing"

	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

const infFile = `version: 1
name: inf
command: [python3, inf.py, "${args}"]
parameters: {x: {values: [1, 2, 3], label: "x\e[5m"}, row: {values: [a, b]}}
seeds: [0, 1]
metrics: {acc: , huge: , none: }
`

// infinite computes a table with seeds that diverged, numbers at the end of what there is, and a metric without any.
func infinite(t *testing.T) (*reports.Table, *sweeps.Plan) {
	t.Helper()
	s, err := sweeps.Parse("inf.yaml", []byte(infFile))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	odd := []float64{math.Inf(1), 1, math.NaN(), 2, math.Inf(-1), math.NaN(), 3}
	huge := []float64{math.MaxFloat64, -math.MaxFloat64, 1e300, 2}
	results := reports.Results{}
	for i, trial := range plan.Trials {
		results[trial.ID] = reports.Result{State: registry.Done, Values: map[string]registry.Summary{
			"acc": {Last: odd[i%len(odd)], N: 1}, "huge": {Last: huge[i%len(huge)], N: 1}, "none": {Last: math.NaN(), N: 1},
		}}
	}
	table, err := reports.Compute(context.Background(), plan, results, reports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table, plan
}

// TestWhatIsNotFiniteIsNotDrawn draws tables and curves with NaN, infinities, numbers near the end of the range and steps as
// far apart as they can be: every figure comes out and says what it leaves out.
func TestWhatIsNotFiniteIsNotDrawn(t *testing.T) {
	table, plan := infinite(t)
	nan, inf := math.NaN(), math.Inf(1)
	curves := []reports.Curve{
		{Metric: "loss", Lines: []reports.Line{
			lineOf("a", 2, []float64{1, 2, 3}, []float64{1, inf, 2}, []float64{inf, nan, 1}, 2),
			lineOf("b\x1b[2J", 1, []float64{1}, []float64{nan}, []float64{nan}, 1),
		}},
		{Metric: "nothing", Lines: []reports.Line{{Row: "a", N: 1, Skipped: 3}}},
		{Metric: "far", Lines: []reports.Line{lineOf("a", 2, []float64{-9e18, 0, 9e18}, []float64{1, 1, 1}, []float64{0, 0, 0}, 0)}},
		{Metric: "late", Lines: []reports.Line{lineOf("a", 1, []float64{9e18, 9e18 + 4096}, []float64{1e300, 1e-300}, []float64{nan, nan}, 0)}},
		{Metric: "clock", Lines: []reports.Line{lineOf("a", 1, []float64{1.7e12, 1.7e12 + 6e4}, []float64{0, 1}, []float64{nan, nan}, 0)}},
	}
	said := map[string]string{"inf-curve-loss": "4 points that are NaN or infinite", "inf-curve-nothing": "3 points",
		"inf-bars": "results with seeds that diverged", "inf-axis-x": "results with seeds that diverged",
		"inf-heatmap-huge": "", "inf-parallel-huge": "", "inf-seeds-acc": ""}
	dir := t.TempDir()
	for _, log := range []Log{LogAuto, LogXY} {
		for _, format := range Formats {
			if log == LogXY && format != "svg" {
				continue
			}
			o := everything(format)
			o.Log = log
			figures := drawn(t, table, plan, curves, o)
			if len(figures) < len(curves)+2 {
				t.Fatalf("%d figures", len(figures))
			}
			found := 0
			for _, f := range figures {
				want, known := said[f.Name]
				if found += map[bool]int{true: 1}[known]; !strings.Contains(f.Subtitle, want) {
					t.Errorf("%s: %q does not say %q", f.Name, f.Subtitle, want)
				}
				if _, err := f.Save(dir); err != nil {
					t.Errorf("%s: %v", f.Name, err)
				}
				if format == "svg" && strings.ContainsRune(svgOf(t, f), '\x1b') {
					t.Errorf("%s: a control character", f.Name)
				}
			}
			if found != len(said) {
				t.Errorf("%d of the figures of %v are there", found, said)
			}
		}
	}
}

// lineOf is a line whose spread is that of its seeds.
func lineOf(row string, n int, step, mean, std []float64, skipped int) reports.Line {
	line := reports.Line{Row: row, N: n, Step: step, Mean: mean, Std: std, Skipped: skipped, Averaged: 1}
	for i := range mean {
		line.Low, line.High = append(line.Low, mean[i]-std[i]), append(line.High, mean[i]+std[i])
	}
	return line
}

// TestFileNamesDiffer: no two metrics write one picture, and no two sweeps.
func TestFileNamesDiffer(t *testing.T) {
	seen := map[string]string{}
	long := strings.Repeat("x", 300)
	for _, name := range []string{"a/b", "a-b", "a b", "a~b", "a+b", "a/-b", "a-/b", "a//b", "a--b", "a.b", "+2f+", "/", "a\x00b", "A/b",
		"ä", "../../x", long, long + "y", "x=1", "a_b"} {
		got := fileName(name, '/')
		if other, taken := seen[got]; taken {
			t.Errorf("%q and %q are both %s", name, other, got)
		}
		seen[got] = name
		if strings.ContainsAny(got, "/\\\x00 ") || len(got) > 200 {
			t.Errorf("%q: %q", name, got)
		}
	}
	seen = map[string]string{}
	for _, sweep := range []string{"x", "x-curve", "x-bars", "x-curve-a", "x~curve", "X", "x-axis"} {
		for _, metric := range []string{"b", "curve/b", "B", "curve/a/b"} {
			name := sweep + " " + metric
			figures := []*Figure{{Name: filesOf(&reports.Table{Name: sweep}) + "-curve-" + fileName(metric, '/')}}
			if other, taken := seen[figures[0].Name]; taken {
				t.Errorf("%s and %s are both %s", name, other, figures[0].Name)
			}
			seen[figures[0].Name] = name
		}
	}
	cases := []*Figure{{Name: "x-curve-Loss"}, {Name: "x-curve-loss"}, {Name: "x-curve-acc"}}
	distinguish(cases)
	if strings.EqualFold(cases[0].Name, cases[1].Name) || cases[2].Name != "x-curve-acc" {
		t.Errorf("names that differ in case: %s %s %s", cases[0].Name, cases[1].Name, cases[2].Name)
	}
	if got := fileName("pretrain/loss", '/') + fileName("pretrain.lr", '.'); got != "pretrain-losspretrain-lr" {
		t.Error(got)
	}
}

// TestSaveLeavesNothingHalf draws into a format that does not exist: no file is left.
func TestSaveLeavesNothingHalf(t *testing.T) {
	table, plan := tableOf(t)
	f := drawn(t, table, plan, nil, Options{Kinds: []Kind{Bars}})[0]
	dir := t.TempDir()
	f.format = "gif"
	if _, err := f.Save(dir); err == nil {
		t.Error("a format that does not exist")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}
