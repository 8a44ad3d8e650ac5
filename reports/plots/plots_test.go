package plots

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"html"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

var update = flag.Bool("update", false, "rewrite the golden file")

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
		line := reports.Line{Row: row, N: 3, Averaged: 1}
		for step := 10.; step <= 1500; step += 10 {
			mean := 1 + float64(i)*.2 + 3*math.Exp(-step/300)
			line.Step, line.Mean, line.Std = append(line.Step, step), append(line.Mean, mean), append(line.Std, .1)
			line.Low, line.High = append(line.Low, mean-.15), append(line.High, mean+.15)
		}
		c.Lines = append(c.Lines, line)
	}
	return c
}

// everything asks for all kinds of figures.
func everything(format string) Options { return Options{Kinds: allKinds[:], Format: format} }

// someMetrics are the curve and two of the columns of tableOf.
var someMetrics = []string{"pretrain/loss", "caref/acc50", "diffvqa/cider"}

// drawn are the figures of a table; the test ends where they cannot be drawn.
func drawn(t *testing.T, table *reports.Table, plan *sweeps.Plan, curves []reports.Curve, o Options) []*Figure {
	t.Helper()
	figures, err := Draw(table, plan, curves, o)
	if err != nil {
		t.Fatal(err)
	}
	return figures
}

// svgOf is a figure as text.
func svgOf(t *testing.T, f *Figure) string {
	t.Helper()
	var out bytes.Buffer
	if err := f.Write(&out); err != nil {
		t.Fatalf("%s: %v", f.Name, err)
	}
	return out.String()
}

var svgText = regexp.MustCompile(`(?s)<text[^>]*>(.*?)</text>`)

// textsOf are the texts of a picture in the order in which they are drawn.
func textsOf(svg string) []string {
	var texts []string
	for _, m := range svgText.FindAllStringSubmatch(svg, -1) {
		texts = append(texts, html.UnescapeString(m[1]))
	}
	return texts
}

// TestFigures draws every kind of figure in every format, and compares what stands in them with the golden file. With
// KEEP_FIGURES=DIR the files are kept there for viewing.
func TestFigures(t *testing.T) {
	dir := os.Getenv("KEEP_FIGURES")
	if dir == "" {
		dir = t.TempDir()
	}
	table, plan := tableOf(t)
	var golden strings.Builder
	for _, format := range Formats {
		o := everything(format)
		o.Metrics = someMetrics
		figures := drawn(t, table, plan, []reports.Curve{curve()}, o)
		if len(figures) != 1+1+2+4*2 {
			t.Fatalf("%d figures, want a curve, bars, two axes, and four kinds a metric", len(figures))
		}
		for _, f := range figures {
			if !strings.Contains(f.Subtitle, "synthetic data") {
				t.Errorf("%s does not say that its data is synthetic", f.Name)
			}
			path, err := f.Save(dir)
			if err != nil {
				t.Fatal(err)
			}
			if info, err := os.Stat(path); err != nil || info.Size() < 1000 {
				t.Errorf("%s: %v", filepath.Base(path), err)
			}
			if format == "svg" {
				fmt.Fprintf(&golden, "%s\n", f.Name)
				for _, text := range textsOf(svgOf(t, f)) {
					fmt.Fprintf(&golden, "  %s\n", text)
				}
			}
		}
	}
	const path = "testdata/figures.txt"
	if *update {
		if err := os.WriteFile(path, []byte(golden.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), golden.String()); d != "" {
		t.Errorf("the texts of the figures (-want +got):\n%s", d)
	}
}

// TestFigureIsTheSameTwice compares pictures drawn twice, since reports are committed.
func TestFigureIsTheSameTwice(t *testing.T) {
	table, plan := tableOf(t)
	var pictures [2][]bytes.Buffer
	var pdf []string
	for i := range pictures {
		o := everything("png")
		o.Metrics = someMetrics[:2]
		for _, f := range drawn(t, table, plan, []reports.Curve{curve()}, o) {
			var picture bytes.Buffer
			if err := f.Write(&picture); err != nil {
				t.Fatal(err)
			}
			pictures[i] = append(pictures[i], picture)
		}
	}
	for range 2 {
		o := Options{Kinds: []Kind{Bars}, Format: "pdf"}
		var picture bytes.Buffer
		if err := drawn(t, table, plan, nil, o)[0].Write(&picture); err != nil {
			t.Fatal(err)
		}
		pdf = append(pdf, picture.String())
	}
	if pdf[0] != pdf[1] || strings.Contains(pdf[0], "Date") {
		t.Error("two PDF files of one table differ, or have a date")
	}
	for i := range pictures[0] {
		if !bytes.Equal(pictures[0][i].Bytes(), pictures[1][i].Bytes()) {
			t.Errorf("picture %d of one table differs when drawn again", i)
		}
		if _, err := png.Decode(&pictures[0][i]); err != nil {
			t.Error(err)
		}
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
		figures := drawn(t, table, plan, nil, Options{Kinds: []Kind{Axis}})
		if len(figures) != 1 {
			t.Fatalf("%d figures", len(figures))
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
		if _, err := figures[0].Save(t.TempDir()); err != nil {
			t.Error(err)
		}
		straight := drawn(t, table, plan, nil, Options{Kinds: []Kind{Axis}, Log: LogNone})[0].panels[0][0].X
		if near := straight.Norm(1e-4) - straight.Norm(1e-5); !(math.Abs(near) < .05) {
			t.Errorf("--log none: 1e-5 and 1e-4 are %g apart", near)
		}
	}
	if reports.SpanDecades([]float64{0, .01, 10}) || reports.SpanDecades([]float64{224, 448}) {
		t.Error("zero and near values are on a straight axis")
	}
}

func TestEmptyTable(t *testing.T) {
	figures, err := Draw(&reports.Table{Name: "empty", Columns: []reports.Column{{Metric: "m"}}}, &sweeps.Plan{}, nil, everything("png"))
	if err != nil || len(figures) > 0 {
		t.Errorf("figures %v, error %v: want neither", figures, err)
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

func TestLogTicks(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{.04, 1100, "0.1 1 10 100 1000"},
		{8e-6, 1.2e-2, "1e-5 1e-4 0.001 0.01"},
		{1, 60, "1 2 5 10 20 50"},
		{1e-12, 1e12, "1e-12 1e-9 1e-6 0.001 1 1000 1e6 1e9 1e12"},
		{3, 4, "3.0 3.2 3.4 3.6 3.8 4.0"},
		{5, 5, "5"},
	} {
		var labels []string
		for _, tick := range (logTicks{}).Ticks(c.low, c.high) {
			if tick.Label != "" {
				labels = append(labels, tick.Label)
			}
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
	if got := reports.Merge([]reports.Line{a, b, c}); len(got) != 2 || got[0].Row != "a and 1 equal" || got[1].Row != "c" {
		t.Errorf("%+v", got)
	}
	if got := reports.Merge([]reports.Line{a, b}); len(got) != 1 || got[0].Row != "all rows" {
		t.Errorf("%+v", got)
	}
}
