package page

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/internal/escape"
	"harness/registry"
	"harness/registry/journal"
	"harness/reports"
	"harness/sweeps"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a chart with the file of its name.
func golden(t *testing.T, name string, chart any) {
	t.Helper()
	data, err := JSON(chart)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := json.Indent(&got, data, "", " "); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("testdata", name+".json")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got.String()); d != "" {
		t.Errorf("%s (make golden rewrites it; -want +got):\n%s", path, d)
	}
}

const oddFile = `version: 1
name: odd
command: [python, train.py]
parameters:
  lr: {values: [0.001, 0.01, 0.1]}
  model: {values: [small, "</script>&\u001b[31m"]}
baseline: {lr: 0.01, model: small}
seeds: [3, 4, 5]
metrics:
  acc: {label: "Acc\u0007", goal: maximize, scale: 100, digits: 1, unit: percent}
  loss: {goal: minimize}
`

func expanded(t testing.TB, file string) *sweeps.Plan {
	t.Helper()
	s, err := sweeps.Parse("odd.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// oddTable is a table in which a seed diverged, one was stopped early, one is infinite, and one is missing.
func oddTable(t *testing.T) (*reports.Table, *sweeps.Plan) {
	t.Helper()
	plan := expanded(t, oddFile)
	results := reports.Results{}
	for i, trial := range plan.Trials {
		state := registry.Done
		value := 0.5 + 0.01*float64(i*i%17) + 0.1*float64(i/3)
		loss := math.Pow(10, float64(i%5)-3)
		switch i {
		case 4:
			value = math.NaN()
		case 13:
			state = registry.Stopped
		case 10:
			loss = math.Inf(1)
		case 17:
			continue
		}
		one := func(v float64) registry.Summary { return registry.Summary{Last: v, Min: v, Max: v, N: 1} }
		results[trial.ID] = reports.Result{State: state, Values: map[string]registry.Summary{"acc": one(value), "loss": one(loss)}, Notes: map[string]string{}}
	}
	table, err := reports.Compute(context.Background(), plan, results, reports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table, plan
}

// TestTableCharts: forest, seeds and parallel coordinates have the numbers of the table, null for what is none, and say what is missing.
func TestTableCharts(t *testing.T) {
	table, plan := oddTable(t)
	for c, column := range table.Columns {
		forest, seeds, parallel := NewForest(table, c), NewSeeds(table, plan, c), NewParallel(table, plan, c)
		golden(t, "forest-"+column.Metric, forest)
		golden(t, "seeds-"+column.Metric, seeds)
		golden(t, "parallel-"+column.Metric, parallel)
		i := 0
		for _, row := range table.Rows {
			if row.Baseline == "" || math.IsNaN(row.Cells[c].Delta) {
				continue
			}
			if d := forest.Rows[i]; d.Name != escape.Line(row.Name) || float64(d.Delta) != row.Cells[c].Delta*column.Scale || float64(d.Low) != row.Cells[c].Verdict.Low*column.Scale {
				t.Errorf("difference %d of %s: %+v in the chart, %+v in the table", i, column.Metric, d, row.Cells[c])
			}
			i++
		}
		if i < 2 || i != len(forest.Rows) {
			t.Errorf("%d differences in the table, %d in the chart", i, len(forest.Rows))
		}
		if !HasParallel(table, plan, c) {
			t.Errorf("no parallel coordinates of %s", column.Metric)
		}
	}
}

// recorded is a home in which each trial of a plan has recorded a metric as curve says, done unless it ends otherwise.
func recorded(t testing.TB, plan *sweeps.Plan, curve func(i int) ([]registry.Point, journal.Exit)) *registry.DB {
	t.Helper()
	home := t.TempDir()
	for i, trial := range plan.Trials {
		points, exit := curve(i)
		number, dir, err := registry.NewAttempt(home, trial.ID, trial.Spec, 0)
		if err != nil {
			t.Fatal(err)
		}
		w, err := journal.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Start(journal.Start{Trial: trial.ID, Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Spec.Canonical()})
		for _, p := range points {
			err = errors.Join(err, w.Point("loss", int(p.Step), p.Value))
		}
		if exit.Class == "" {
			err = errors.Join(err, w.End(journal.End{Outcome: journal.Done}))
		}
		if err := errors.Join(err, w.Exit(exit), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	db, err := registry.OpenReadOnly(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// fall is a curve of so many points from 1000 down.
func fall(n, every, shift int) []registry.Point {
	var list []registry.Point
	for i := range n {
		list = append(list, registry.Point{Step: int64(i*every + shift), Value: 1000/float64(i*i*i*i+1) + float64(shift)/10})
	}
	return list
}

// TestCurves: means over seeds, a seed that stands alone, one that was stopped early, points that are no numbers.
func TestCurves(t *testing.T) {
	plan := expanded(t, oddFile)
	db := recorded(t, plan, func(i int) ([]registry.Point, journal.Exit) {
		points := fall(4, 10, 0)
		for k := range points {
			points[k].Value *= 1 + float64(i)/100
		}
		switch i {
		case 1:
			points[2].Value = math.NaN()
		case 2:
			points = fall(6, 10, 0)
		case 4:
			return points[:2], journal.Exit{Class: journal.ClassStopped, Error: "stopped early"}
		case 7:
			points[0].Value = math.Inf(1)
		}
		return points, journal.Exit{}
	})
	curves, err := ReadCurves(context.Background(), db, plan, CurveQuery{Metric: "loss"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "curves", curves)
	if !curves.LogY {
		t.Error("a loss from 1000 to nearly nothing has no logarithmic axis")
	}
	part, err := ReadCurves(context.Background(), db, plan, CurveQuery{Metric: "loss", Rows: []string{plan.Rows[0].Name}, Span: reports.Span{Part: true, From: 12, To: 18}})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "curves-part", part)
	none, err := ReadCurves(context.Background(), db, plan, CurveQuery{Metric: "no\x1bsuch"})
	if err != nil || len(none.Lines) != 0 || len(none.Notes) != 1 || strings.Contains(none.Notes[0], "\x1b") {
		t.Errorf("a metric that nobody recorded: %+v, %v", none, err)
	}
	var unknown *reports.UnknownRowError
	if _, err := ReadCurves(context.Background(), db, plan, CurveQuery{Metric: "loss", Rows: []string{"nobody"}}); !errors.As(err, &unknown) {
		t.Errorf("a row that is not there: %v", err)
	}
	trials, err := db.Trials(context.Background(), registry.Query{IDs: []string{plan.Trials[1].ID}})
	if err != nil {
		t.Fatal(err)
	}
	own, err := TrialCurve(context.Background(), db, trials[0], CurveQuery{Metric: "loss"})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "curves-trial", own)
	metrics, err := TrialMetrics(context.Background(), db, trials[0])
	if d := cmp.Diff([]string{"loss"}, metrics); err != nil || d != "" {
		t.Errorf("%v %s", err, d)
	}
	empty, err := System(context.Background(), db, trials[0], registry.SystemMetrics[0])
	if err != nil || len(empty.Lines) != 0 || len(empty.Notes) != 1 {
		t.Errorf("what was not measured: %+v, %v", empty, err)
	}
}

// TestManyRows: of many rows a bounded number is drawn, by a rule that is said, with the baseline; of many seeds the first.
func TestManyRows(t *testing.T) {
	var values []string
	for i := range 60 {
		values = append(values, fmt.Sprint(i))
	}
	plan := expanded(t, "version: 1\nname: many\ncommand: [x]\nparameters: {n: {values: ["+strings.Join(values, ", ")+"]}}\nbaseline: {n: 50}\nmetrics: {loss: {goal: minimize}}\n")
	db := recorded(t, plan, func(i int) ([]registry.Point, journal.Exit) {
		points := fall(3, 1, 0)
		points[2].Value = float64((i * 7) % 60)
		return points, journal.Exit{}
	})
	c, err := ReadCurves(context.Background(), db, plan, CurveQuery{Metric: "loss"})
	if err != nil {
		t.Fatal(err)
	}
	var lasts []float64
	base := false
	for _, line := range c.Lines {
		base = base || line.Name == "n=50"
		if line.Name != "n=50" {
			lasts = append(lasts, line.Mean[2])
		}
	}
	for _, v := range lasts {
		if v > 15 {
			t.Errorf("the curve that ends at %v is drawn, although there are better ones", v)
		}
	}
	said := "Drawn are 16 of 60 rows: the baseline and those whose last value is the least."
	if len(c.Lines) != 16 || c.LeftOut != 44 || !base || c.Notes[len(c.Notes)-1] != said {
		t.Errorf("%d lines, %d left out, the baseline %t, %q", len(c.Lines), c.LeftOut, base, c.Notes)
	}

	var seeds []string
	for i := range 330 {
		seeds = append(seeds, fmt.Sprint(i))
	}
	plan = expanded(t, "version: 1\nname: many\ncommand: [x]\nseeds: ["+strings.Join(seeds, ", ")+"]\n")
	db = recorded(t, plan, func(i int) ([]registry.Point, journal.Exit) { return fall(3, 1, 0), journal.Exit{} })
	if c, err = ReadCurves(context.Background(), db, plan, CurveQuery{Metric: "loss"}); err != nil {
		t.Fatal(err)
	}
	if c.Lines[0].N != mostRead || !strings.Contains(c.Notes[len(c.Notes)-1], "first 320 seeds") {
		t.Errorf("%d seeds, %q", c.Lines[0].N, c.Notes)
	}
}

// TestManyLanes: of many rows below one another those are drawn that matter most, in the order of the table, and the chart says so.
func TestManyLanes(t *testing.T) {
	var values []string
	for i := range 150 {
		values = append(values, fmt.Sprint(i))
	}
	plan := expanded(t, "version: 1\nname: many\ncommand: [x]\nparameters: {n: {values: ["+strings.Join(values, ", ")+"]}}\nbaseline: {n: 0}\nmetrics: {loss: {goal: minimize}}\n")
	results := reports.Results{}
	for i, trial := range plan.Trials {
		v := float64((i * 61) % 150)
		results[trial.ID] = reports.Result{State: registry.Done, Values: map[string]registry.Summary{"loss": {Last: v, Min: v, Max: v, N: 1}}}
	}
	table, err := reports.Compute(context.Background(), plan, results, reports.Options{})
	if err != nil {
		t.Fatal(err)
	}
	forest, seeds := NewForest(table, 0), NewSeeds(table, plan, 0)
	for i, row := range forest.Rows {
		if row.Delta < 50 || i > 0 && len(row.Name) < len(forest.Rows[i-1].Name) {
			t.Errorf("%s with a difference of %v is drawn as number %d", row.Name, row.Delta, i)
		}
	}
	for _, row := range seeds.Rows {
		if row.Mean > 99 {
			t.Errorf("%s with %v is drawn, although there are better ones", row.Name, row.Mean)
		}
	}
	said := strings.Join(append(forest.Notes, seeds.Notes...), " ")
	if len(forest.Rows) != mostLanes || len(seeds.Rows) != mostLanes || !strings.Contains(said, "100 of 149 rows: those with the largest differences") ||
		!strings.Contains(said, "100 of 150 rows: those with the best means") {
		t.Errorf("%d and %d rows: %s", len(forest.Rows), len(seeds.Rows), said)
	}
}

// TestNumbers: what is no number is null, never zero; names end no element of a page.
func TestNumbers(t *testing.T) {
	data, err := JSON(struct {
		A Numbers
		B Number
		C string
	}{Numbers{0, 1.5, math.NaN(), math.Inf(1), -1e308, 1e300, math.Copysign(0, -1), 12345678901234567}, Number(math.NaN()), "</script>&"})
	want := `{"A":[0,1.5,null,null,null,1e+300,0,12345678901234568],"B":null,"C":"\u003c/script\u003e\u0026"}` + "\n"
	if err != nil || string(data) != strings.Replace(want, "12345678901234568", "1.2345678901234568e+16", 1) {
		t.Errorf("%s %v", data, err)
	}
}
