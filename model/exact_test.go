package model

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

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
// predictions.
func checkExact(t *testing.T, trial spec.Trial, stages ...spec.Stage) {
	t.Helper()
	homes := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	want, wantText := runAt(t, trial, homes[0], 1)
	sharedData(t, homes...)
	got, text := runAt(t, trial, homes[1], 2)
	same(t, "two threads", got, want)
	if text != wantText {
		t.Error("two threads: other predictions")
	}
	for _, stage := range stages {
		ctx, cancel := context.WithCancel(context.Background())
		rec := &tape{stop: func(name string, step int) {
			if name == string(stage) && step >= 3 {
				cancel()
			}
		}}
		if err := Run(ctx, trial, Env{Home: homes[2], Dir: t.TempDir(), Threads: 1}, rec); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped in %s: error %v", stage, err)
		}
	}
	got, text = runAt(t, trial, homes[2], 1)
	same(t, "stopped in each stage", got, want)
	if text != wantText {
		t.Error("stopped in each stage: other predictions")
	}
	again, text := runAt(t, trial, homes[2], 2)
	same(t, "shared stages", again, want)
	if text != wantText {
		t.Error("shared stages: other predictions")
	}
}

// checkEngines runs a trial on GoMLX's Go backend, too: the losses of all stages agree up to rounding.
func checkEngines(t *testing.T, trial spec.Trial, stages int) {
	t.Helper()
	if testing.Short() {
		t.Skip("takes seconds")
	}
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 3, 3
	homes := []string{t.TempDir(), t.TempDir()} // finished stages are not shared
	sharedData(t, homes...)
	losses := func(home, engine string) map[string]float64 {
		rec := &tape{}
		trial.Engine, _ = spec.EngineKind(engine)
		if err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir(), Engine: engine}, rec); err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		found := map[string]float64{}
		for _, p := range rec.points {
			if strings.HasSuffix(p.Metric, "/loss") {
				found[p.Metric] = p.Value
			}
		}
		return found
	}
	want, got := losses(homes[0], "native"), losses(homes[1], "go")
	if len(want) != stages {
		t.Errorf("losses %v: want those of %d stages", want, stages)
	}
	for name, w := range want {
		if g := got[name]; math.Abs(g-w) > 1e-4*math.Abs(w) {
			t.Errorf("%s: %v, native %v", name, g, w)
		}
	}
}
