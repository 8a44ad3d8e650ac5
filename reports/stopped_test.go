package reports

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/sweeps"
)

const stoppedFile = `version: 1
name: search
command: [python, train.py, "${args}"]
parameters:
  lr: {values: [0.1, 0.01, 0.2, 0.3, 0.4]}
seeds: [0, 1, 2]
metrics: {accuracy: {goal: maximize}, val_loss: {goal: minimize}}
report: {show: [mean, std, n, delta, p], bold: mean}
`

// stopSome stops the second seed of the second row, all seeds of the third, and the first of the fourth, of which another failed. The
// numbers that they had last are the best of all.
func stopSome(plan *sweeps.Plan, results Results) {
	plan.Run.Stop = &sweeps.Stop{Rule: "median", Metric: "accuracy", Goal: "maximize", First: 10, Least: 5}
	for at, step := range map[[2]int]int{{1, 1}: 20, {2, 0}: 10, {2, 1}: 10, {2, 2}: 10, {3, 0}: 30} {
		r := results[plan.Rows[at[0]].Trials[at[1]]]
		r.State, r.Error = registry.Stopped, fmt.Sprintf("stopped early at step %d: accuracy 0.4 at best, below the median 0.5 of 7 trials", step)
		for metric, value := range map[string]float64{"accuracy": 1234, "val_loss": -1234} {
			r.Values[metric] = registry.Summary{Last: value, Min: value, Max: value, N: 1}
		}
		results[plan.Rows[at[0]].Trials[at[1]]] = r
	}
	failed := results[plan.Rows[3].Trials[1]]
	failed.State, failed.Error = registry.Failed, "out of memory"
	results[plan.Rows[3].Trials[1]] = failed
}

// TestStoppedSeeds: no number of a stopped trial is anywhere, what lacks one is neither tested nor called best, and each format says how many.
func TestStoppedSeeds(t *testing.T) {
	plan, results := planOf(t, stoppedFile)
	stopSome(plan, results)
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ n, stopped int }{{3, 0}, {2, 1}, {0, 3}, {1, 1}, {3, 0}}
	for i, row := range table.Rows {
		for _, c := range row.Cells {
			if c.N != want[i].n || c.Stopped != want[i].stopped || c.Blank() != (c.N == 0) || math.Abs(c.Mean) > 1 {
				t.Errorf("%s: %+v", row.Name, c)
			}
			if c.Stopped > 0 && (c.Bold || c.Within || c.Seeds != nil || c.Verdict != nil || !math.IsNaN(c.Delta)) {
				t.Errorf("%s: a cell that lacks stopped seeds is ranked or tested: %+v", row.Name, c)
			}
		}
	}
	if last := table.Rows[4].Cells[0]; last.Seeds == nil || math.IsNaN(last.Delta) {
		t.Errorf("a whole row is not compared: %+v", last)
	}
	notes := []string{
		"stopped early: 1 of 3 seeds: seed 1 at step 20; the mean is of the other seeds only, and is neither tested nor called best",
		"stopped early: 3 of 3 seeds at step 10",
		"stopped early: 1 of 3 seeds: seed 0 at step 30; the mean is of the other seeds only, and is neither tested nor called best",
		"1 of 3 seeds: seed 1 failed: out of memory",
	}
	for format := range goldenFormats {
		var out bytes.Buffer
		if err := table.Render(&out, format, LatexOptions{}); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), "1234") {
			t.Errorf("%s has a number of a stopped trial", format)
		}
		for _, note := range notes {
			if !strings.Contains(out.String(), note) {
				t.Errorf("%s lacks %q:\n%s", format, note, &out)
			}
		}
		caption := "5 of 15 trials were stopped early (median rule on accuracy): no mean, test or mark contains them."
		if format != "csv" && format != "csv-wide" && !strings.Contains(unescaped(out.String()), caption) {
			t.Errorf("%s lacks the caption:\n%s", format, &out)
		}
	}
}

func unescaped(text string) string { return strings.ReplaceAll(text, "\\_", "_") }

// TestStoppedBaseline: nothing is compared with a baseline that lacks a seed that was stopped.
func TestStoppedBaseline(t *testing.T) {
	plan, results := planOf(t, stoppedFile)
	id := plan.Rows[0].Trials[2]
	r := results[id]
	r.State, r.Error = registry.Stopped, "stopped early"
	results[id] = r
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table.Rows {
		for _, c := range row.Cells {
			if c.Seeds != nil || !math.IsNaN(c.Delta) {
				t.Errorf("%s is compared: %+v", row.Name, c)
			}
		}
	}
	if !strings.Contains(strings.Join(table.Notes, "\n"), "stopped early: 1 of 3 seeds: seed 2; ") {
		t.Errorf("%q", table.Notes)
	}
}

// TestOneSeedStopped: of a search with one seed, the trials that were stopped at a step share a footnote.
func TestOneSeedStopped(t *testing.T) {
	plan, results := planOf(t, strings.Replace(stoppedFile, "[0, 1, 2]", "[7]", 1))
	for i, step := range map[int]int{1: 10, 2: 10, 4: 30} {
		id := plan.Rows[i].Trials[0]
		r := results[id]
		r.State, r.Error = registry.Stopped, fmt.Sprintf("stopped early at step %d: accuracy %d, below the median 9 of 7 trials", step, i)
		results[id] = r
	}
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(table.Notes, "\n"); got != "stopped early at step 10\nstopped early at step 30" {
		t.Errorf("footnotes:\n%s", got)
	}
}

// TestStoppedCurves: a seed that was stopped early stands beside the line of its row, up to where it was stopped, and is in no mean.
func TestStoppedCurves(t *testing.T) {
	ctx := context.Background()
	db, err := registry.Open(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	plan := &sweeps.Plan{Name: "c", Seeds: []int64{1, 2}, Command: true, Rows: []sweeps.Row{{Name: "a", Trials: make([]string, 2)}}}
	for i, seed := range plan.Seeds { // of 2 and 6 points
		trial := spec.Trial{Command: spec.MakeWords("true"), Seed: seed}
		number, dir, err := registry.NewAttempt(db.Home, trial.ID(), trial, 0)
		if err != nil {
			t.Fatal(err)
		}
		w, err := journal.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		w.Start(journal.Start{Trial: trial.ID(), Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Canonical()})
		for step := range 2 + 4*i {
			w.Point("loss", step, float64(10*(i+1)+step))
		}
		end, exit := &journal.End{Outcome: journal.Done}, journal.Exit{}
		if i == 0 {
			end, exit = nil, journal.Exit{Class: journal.ClassStopped, Error: "stopped early at step 1: loss 11"}
		}
		if err := w.Finish(end, exit, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := db.CatchUp(ctx, trial.ID()); err != nil {
			t.Fatal(err)
		}
		plan.Rows[0].Trials[i] = trial.ID()
		plan.Trials = append(plan.Trials, sweeps.Trial{ID: trial.ID(), Row: "a", Seed: seed, Spec: trial})
	}
	curves, err := OpenCurves(ctx, db, plan)
	if err != nil {
		t.Fatal(err)
	}
	c, err := curves.Read(ctx, "loss", false)
	if err != nil {
		t.Fatal(err)
	}
	line := c.Lines[0]
	if line.N != 1 || fmt.Sprint(line.Mean) != "[20 21 22 23 24 25]" || len(line.Lone) != 0 {
		t.Errorf("the line: %+v", line)
	}
	if len(line.Stopped) != 1 || fmt.Sprint(line.Stopped[0].Mean) != "[10 11]" || fmt.Sprint(line.Stopped[0].Step) != "[0 1]" {
		t.Errorf("the seed that was stopped: %+v", line.Stopped)
	}
}
