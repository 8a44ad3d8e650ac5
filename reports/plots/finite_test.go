package plots

import (
	"bytes"
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
			{Row: "a", Step: []float64{1, 2, 3}, Mean: []float64{1, inf, 2}, Std: []float64{inf, nan, 1}, N: 2, Skipped: 2},
			{Row: "b\x1b[2J", Step: []float64{1}, Mean: []float64{nan}, Std: []float64{nan}, N: 1},
		}},
		{Metric: "nothing", Lines: []reports.Line{{Row: "a", N: 1, Skipped: 3}}},
		{Metric: "far", Lines: []reports.Line{{Row: "a", Step: []float64{-9e18, 0, 9e18}, Mean: []float64{1, 1, 1}, Std: []float64{0, 0, 0}, N: 2}}},
		{Metric: "late", Lines: []reports.Line{{Row: "a", Step: []float64{9e18, 9e18 + 4096}, Mean: []float64{1e300, 1e-300}, Std: []float64{nan, nan}, N: 1}}},
		{Metric: "clock", Lines: []reports.Line{{Row: "a", Step: []float64{1.7e12, 1.7e12 + 6e4}, Mean: []float64{0, 1}, Std: []float64{nan, nan}, N: 1}}},
	}
	figures, err := All(table, plan, curves)
	if err != nil {
		t.Fatal(err)
	}
	if len(figures) != len(curves)+2 {
		t.Fatalf("%d figures", len(figures))
	}
	said := map[string]string{"inf-curve-loss": "4 points that are NaN or infinite", "inf-curve-nothing": "3 points",
		"inf-bars": "results with seeds that diverged", "inf-axis-x": "results with seeds that diverged"}
	for _, f := range figures {
		if want := said[f.Name]; !strings.Contains(f.Subtitle, want) {
			t.Errorf("%s: %q does not say %q", f.Name, f.Subtitle, want)
		}
		for _, format := range Formats {
			if _, err := f.Save(t.TempDir(), format); err != nil {
				t.Errorf("%s: %v", f.Name, err)
			}
		}
		var svg bytes.Buffer
		if err := f.Write(&svg, "svg"); err != nil || strings.ContainsRune(svg.String(), '\x1b') {
			t.Errorf("%s: %v, or a control character", f.Name, err)
		}
	}
}

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
	if got := fileName("pretrain/loss", '/') + fileName("pretrain.lr", '.'); got != "pretrain-losspretrain-lr" {
		t.Error(got)
	}
}

// TestSaveLeavesNothingHalf draws into a format that does not exist: no file is left.
func TestSaveLeavesNothingHalf(t *testing.T) {
	table, _ := tableOf(t)
	f, err := Bars(table)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if _, err := f.Save(dir, "gif"); err == nil {
		t.Error("a format that does not exist")
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v %v", left, err)
	}
}
