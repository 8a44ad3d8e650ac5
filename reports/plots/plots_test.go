package plots

import (
	"bytes"
	"context"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

const gridFile = `version: 1
name: grid
base: {preset: smoke}
parameters:
  resolution: {values: [224, 448]}
  pretrain.parallel_ratio: {values: [0, 0.25, 0.5], label: parallel}
seeds: [0, 1, 2]
metrics:
  caref/acc50: {label: "CAREF Acc@0.5"}
  diffvqa/bleu4: {label: BLEU-4}
  diffvqa/cider: {label: CIDEr}
  diffvqa/f1: {label: finding F1}
`

// tableOf computes a table of invented numbers.
func tableOf(t *testing.T) (*reports.Table, *sweeps.Plan) {
	t.Helper()
	s, err := sweeps.Parse("grid.yaml", []byte(gridFile))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	results := reports.Results{}
	for i, trial := range plan.Trials {
		r := reports.Result{State: registry.Done, Values: map[string]registry.Summary{}, Synthetic: true}
		for j, metric := range []string{"caref/acc50", "diffvqa/bleu4", "diffvqa/cider", "diffvqa/f1"} {
			value := .4 + .1*math.Sin(float64(i*7+j*3))
			if plan.Row(trial.Row).Control != "" {
				value -= .2
			}
			r.Values[metric] = registry.Summary{Last: value, N: 1}
			r.Values["controls/question-only/"+metric] = registry.Summary{Last: .15 + .01*float64(trial.Seed), N: 1}
			r.Values["controls/shuffled-images/"+metric] = registry.Summary{Last: value - .15, N: 1}
		}
		results[trial.ID] = r
	}
	table, err := reports.Compute(context.Background(), plan, results, reports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table, plan
}

func curve() reports.Curve {
	c := reports.Curve{Metric: "pretrain/loss"}
	for i, row := range []string{"all tasks", "CAP only", "w/o AREF"} {
		line := reports.Line{Row: row, N: 3}
		for step := 10.; step <= 1500; step += 10 {
			line.Step = append(line.Step, step)
			line.Mean = append(line.Mean, 1+float64(i)*.2+3*math.Exp(-step/300))
			line.Std = append(line.Std, .1)
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}

// TestFigures draws every kind of figure in every format. With KEEP_FIGURES=DIR the files are kept there for viewing.
func TestFigures(t *testing.T) {
	dir := os.Getenv("KEEP_FIGURES")
	if dir == "" {
		dir = t.TempDir()
	}
	table, plan := tableOf(t)
	figures, err := All(table, plan, []reports.Curve{curve()})
	if err != nil {
		t.Fatal(err)
	}
	if len(figures) != 4 {
		t.Fatalf("%d figures, want a curve, bars and two axes", len(figures))
	}
	for _, f := range figures {
		if !strings.Contains(f.Subtitle, "synthetic data") {
			t.Errorf("%s does not say that its data is synthetic", f.Name)
		}
		for _, format := range Formats {
			path, err := f.Save(dir, format)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
				t.Errorf("%s: %v", filepath.Base(path), err)
			}
		}
	}
}

// TestFigureIsTheSameTwice compares pictures drawn twice, since reports are committed.
func TestFigureIsTheSameTwice(t *testing.T) {
	table, _ := tableOf(t)
	var drawn [2]bytes.Buffer
	for i := range drawn {
		f, err := Bars(table)
		if err != nil {
			t.Fatal(err)
		}
		if err := f.Write(&drawn[i], "png"); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(drawn[0].Bytes(), drawn[1].Bytes()) {
		t.Error("two pictures of one table differ")
	}
	if _, err := png.Decode(&drawn[0]); err != nil {
		t.Error(err)
	}
}

// TestAxisOfLearningRates: values over decades stand apart, also where one of them alone has numbers.
func TestAxisOfLearningRates(t *testing.T) {
	s, err := sweeps.Parse("lr.yaml", []byte("version: 1\nname: lr\ncommand: [x, '${args}']\nmetrics: {acc: }\n"+
		"parameters: {lr: {values: [1e-5, 1e-4, 1e-3, 1e-2]}, opt: {values: [a, b]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{len(plan.Trials), 1} {
		results := reports.Results{}
		for i, trial := range plan.Trials[:n] {
			results[trial.ID] = reports.Result{State: registry.Done, Values: map[string]registry.Summary{"acc": {Last: float64(i), N: 1}}}
		}
		table, err := reports.Compute(context.Background(), plan, results, reports.Options{})
		if err != nil {
			t.Fatal(err)
		}
		figures, err := Axis(table, plan)
		if err != nil || len(figures) != 1 {
			t.Fatalf("%d figures, %v", len(figures), err)
		}
		x := figures[0].panels[0][0].X
		last := x.Norm(1e-5)
		for _, value := range []float64{1e-4, 1e-3, 1e-2} {
			at := x.Norm(value)
			if !(math.Abs(at-last) > .2) {
				t.Errorf("%g is at %g, the value before it at %g", value, at, last)
			}
			last = at
		}
		if _, err := figures[0].Save(t.TempDir(), "png"); err != nil {
			t.Error(err)
		}
	}
	if spansDecades([]float64{0, .01, 10}) || spansDecades([]float64{224, 448}) {
		t.Error("zero and near values are on a straight axis")
	}
}

func TestEmptyTable(t *testing.T) {
	f, err := Bars(&reports.Table{Name: "empty", Columns: []reports.Column{{Metric: "m"}}})
	if err != nil || f != nil {
		t.Errorf("figure %v, error %v: want neither", f, err)
	}
	if _, err := newCanvas(1, 1, "gif"); err == nil {
		t.Error("a format that does not exist is accepted")
	}
}

func TestRoundTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{0, 1, "0.0 0.2 0.4 0.6 0.8 1.0"},
		{0, 0.5, "0.0 0.1 0.2 0.3 0.4 0.5"},
		{10, 1500, "500 1000 1500"},
		{-.3, .31, "-0.3 -0.2 -0.1 0.0 0.1 0.2 0.3"},
		{0, 7000, "0 1000 2000 3000 4000 5000 6000 7000"},
		{.52, .521, "0.52 0.5204 0.5208"},
		{0, 2e-9, "0 1e-09 2e-09"},
		{3, 3, "3"},
		{-9e18, 9e18, "-5e+18 0 5e+18"},
		{1e300, 1e300 + 1e284, "1e+300"},
		{-math.MaxFloat64, math.MaxFloat64, "-1.798e+308"},
	} {
		var labels []string
		for _, tick := range (roundTicks{}).Ticks(c.low, c.high) {
			labels = append(labels, tick.Label)
		}
		if got := strings.Join(labels, " "); got != c.want {
			t.Errorf("%v … %v: %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func TestMerged(t *testing.T) {
	a := reports.Line{Row: "a", Step: []float64{1}, Mean: []float64{2}}
	b, c := a, a
	b.Row, c.Row, c.Mean = "b", "c", []float64{3}
	if got := merged([]reports.Line{a, b, c}); len(got) != 2 || got[0].Row != "a and 1 equal" || got[1].Row != "c" {
		t.Errorf("%+v", got)
	}
	if got := merged([]reports.Line{a, b}); len(got) != 1 || got[0].Row != "all rows" {
		t.Errorf("%+v", got)
	}
}
