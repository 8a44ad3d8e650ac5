package model

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"harness/model/engine/xla/xlatest"
	"harness/model/spec"
)

// shortTrial is a trial of a method with few steps of everything.
func shortTrial(t *testing.T, m spec.Method) spec.Trial {
	trial := smokeTrial(t)
	trial.Method = m
	trial.Data.Synthetic.Patients = 10
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 6, 4
	trial.Eval.Pairs, trial.Eval.MaxNewTokens = 4, 8
	return trial
}

// checkExact runs a trial on one thread, on two, and stopped once in each of the given stages: it must give the same numbers and
// predictions. It returns the numbers, and the home of the first run.
func checkExact(t *testing.T, trial spec.Trial, stages ...spec.Stage) (want []point, home string) {
	t.Helper()
	homes := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	want, text := runAt(t, trial, homes[0], 1)
	sharedData(t, homes...)
	checkRun(t, "two threads", trial, homes[1], 2, want, text)
	for _, stage := range stages {
		stopIn(t, trial, homes[2], stage, func(step int) bool { return step >= 3 })
	}
	checkRun(t, "stopped in each stage", trial, homes[2], 1, want, text)
	checkRun(t, "shared stages", trial, homes[2], 2, want, text)
	return want, homes[0]
}

// checkRun runs a trial to its end in home: it must give these numbers and predictions.
func checkRun(t *testing.T, what string, trial spec.Trial, home string, threads int, want []point, wantText string) {
	t.Helper()
	got, text := runAt(t, trial, home, threads)
	same(t, what, got, want)
	if text != wantText {
		t.Errorf("%s: other predictions", what)
	}
}

// stopIn runs a trial in home on one thread and stops it at the steps of a stage that at accepts.
func stopIn(t *testing.T, trial spec.Trial, home string, stage spec.Stage, at func(step int) bool) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rec := &tape{stop: func(name string, step int) {
		if name == string(stage) && at(step) {
			cancel()
		}
	}}
	if err := Run(ctx, trial, Env{Home: home, Dir: t.TempDir(), Threads: 1}, rec); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped in %s: error %v", stage, err)
	}
}

// runOnBoth runs a trial with few steps on an engine that compiles ([xlatest.Name]) and on the native engine; finished stages are not shared.
func runOnBoth(t *testing.T, trial spec.Trial) (compiled, native []point) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 3, 3
	homes := []string{t.TempDir(), t.TempDir()}
	sharedData(t, homes...)
	run := func(home, engine string) []point {
		rec := &tape{}
		name, err := spec.ParseEngine(engine)
		if err != nil {
			t.Fatal(err)
		}
		trial.Engine = name.Kind
		if err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir(), Engine: engine}, rec); err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		return rec.points
	}
	native = run(homes[0], "native")
	return run(homes[1], xlatest.Name()), native
}

// checkEngines runs a trial on an engine that compiles, too: the losses of all stages agree up to rounding.
func checkEngines(t *testing.T, trial spec.Trial, stages int) {
	t.Helper()
	compiled, native := runOnBoth(t, trial)
	want, got := lossesOf(native), lossesOf(compiled)
	if len(want) != stages {
		t.Errorf("losses %v: want those of %d stages", want, stages)
	}
	for name, w := range want {
		if g := got[name]; math.Abs(g-w) > 1e-4*math.Abs(w) {
			t.Errorf("%s: %v, native %v", name, g, w)
		}
	}
}

// lossesOf are the last losses of the stages.
func lossesOf(points []point) map[string]float64 {
	found := map[string]float64{}
	for _, p := range points {
		if strings.HasSuffix(p.Metric, "/loss") {
			found[p.Metric] = p.Value
		}
	}
	return found
}
