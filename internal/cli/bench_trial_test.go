package cli

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"text/tabwriter"

	"harness/registry/journal"
)

var (
	benchTrial  = flag.String("bench-trial", "", "TestBenchTrial measures this program: make bench-trial")
	benchOld    = flag.String("bench-old", "", "the program to compare with")
	benchRounds = flag.Int("bench-rounds", 3, "how often TestBenchTrial runs each program")
	benchSteps  = flag.Int("bench-steps", 1500, "steps of pretraining; difference VQA has a third")
	benchOn     = flag.Int("bench-threads", 1, "threads of the trial")
)

// TestBenchTrial runs a nano trial of the demo with two builds of the program in turns, each in a new home, and prints what each stage takes
// and what the new one takes of the old one's time. Every number is the median over the rounds.
func TestBenchTrial(t *testing.T) {
	if *benchTrial == "" {
		t.Skip("make bench-trial HARNESS_BENCH_OLD=PROGRAM")
	}
	if *benchOld == "" {
		t.Fatal("name the program to compare with: make bench-trial HARNESS_BENCH_OLD=PROGRAM")
	}
	dir := t.TempDir()
	file := fmt.Sprintf("version: 1\nname: trial\nbase: {preset: nano, pretrain: {steps: %d}, diffvqa: {steps: %d}, test: {beam: 1}}\n"+
		"controls: {untrained: false}\nseeds: [0]\n", *benchSteps, *benchSteps/3)
	if err := os.WriteFile(filepath.Join(dir, "trial.yaml"), []byte(file), 0o644); err != nil {
		t.Fatal(err)
	}
	runs := map[string][]trialRun{}
	for round := range *benchRounds {
		for _, program := range []string{*benchOld, *benchTrial} {
			home := filepath.Join(dir, "home")
			cmd := exec.Command(program, "sweep", "trial.yaml", "--quiet", "--parallel", "1", "--threads", strconv.Itoa(*benchOn), "--home", home)
			cmd.Dir = dir
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Fatalf("%s: %v: %s", program, err, out)
			}
			run := readTrialRun(t, home)
			t.Logf("round %d, %s: %.1f s, CPU %.1f s", round+1, program, run.wall, run.cpu)
			runs[program] = append(runs[program], run)
			if err := os.RemoveAll(home); err != nil {
				t.Fatal(err)
			}
		}
	}
	compareTrialRuns(t, runs[*benchOld], runs[*benchTrial])
}

// trialRun is what the journal of a trial tells of it: seconds.
type trialRun struct {
	wall, cpu   float64
	names       []string // of the stages, in order
	stages      map[string]float64
	predictions []byte
}

// readTrialRun reads the only trial of a home.
func readTrialRun(t *testing.T, home string) trialRun {
	t.Helper()
	journals, err := filepath.Glob(filepath.Join(home, "trials", "*", "1", journal.FileName))
	if err != nil || len(journals) != 1 {
		t.Fatal(err, journals)
	}
	run := trialRun{stages: map[string]float64{}}
	var first, last int64 // last: the end of the stage before
	stage := func(name string, until int64) {
		if _, known := run.stages[name]; !known {
			run.names = append(run.names, name)
		}
		run.stages[name] += float64(until-last) / 1000
		last = until
	}
	_, err = journal.Read(journals[0], journal.Position{}, func(e *journal.Event) error {
		switch {
		case e.Start != nil:
			first, last = e.Time, e.Time
		case e.Progress != nil:
			stage(e.Progress.Stage, e.Time)
		case e.Exit != nil:
			stage("the rest", e.Time)
			run.wall, run.cpu = float64(e.Time-first)/1000, e.Exit.CPUSeconds
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if run.predictions, err = os.ReadFile(filepath.Join(filepath.Dir(journals[0]), "predictions.jsonl")); err != nil {
		t.Fatal(err)
	}
	return run
}

// compareTrialRuns prints the medians.
func compareTrialRuns(t *testing.T, old, now []trialRun) {
	t.Helper()
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\told\tnew\tnew/old\t")
	row := func(name string, of func(trialRun) float64) float64 {
		a, b := middle(old, of), middle(now, of)
		fmt.Fprintf(w, "%s\t%.2f s\t%.2f s\t%.2f\t\n", name, a, b, b/a)
		return b / a
	}
	for _, name := range now[0].names {
		row(name, func(r trialRun) float64 { return r.stages[name] })
	}
	wall := row("wall", func(r trialRun) float64 { return r.wall })
	cpu := row("CPU", func(r trialRun) float64 { return r.cpu })
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	fmt.Printf("predictions: the same bytes: %v\n", bytes.Equal(old[0].predictions, now[0].predictions))
	const target = 0.75
	verdict := "met"
	if wall > target || cpu > target {
		verdict = "MISSED"
	}
	fmt.Printf("target: at most %.2f of the wall and CPU time: %s\n", target, verdict)
}

func middle(runs []trialRun, of func(trialRun) float64) float64 {
	var list []float64
	for _, r := range runs {
		list = append(list, of(r))
	}
	slices.Sort(list)
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}
