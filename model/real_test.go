package model

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"harness/model/spec"
)

func realTrial(t *testing.T) spec.Trial {
	trial := smokeTrial(t)
	trial.Method = spec.ReAL
	trial.Data.Synthetic.Patients = 10
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 4, 6
	trial.Eval.Pairs, trial.Eval.MaxNewTokens = 4, 8
	return trial
}

// ReAL on one thread, on two, and stopped in both of its stages gives the same numbers; its encoder is the global-contrastive trial's.
func TestReALIsExact(t *testing.T) {
	trial := realTrial(t)
	homes := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	want, wantText := runAt(t, trial, homes[0], 1)
	sharedData(t, homes...)
	got, text := runAt(t, trial, homes[1], 2)
	same(t, "two threads", got, want)
	if text != wantText {
		t.Error("two threads: other predictions")
	}
	for _, stage := range []string{"pretrain", "diffvqa"} {
		ctx, cancel := context.WithCancel(context.Background())
		rec := &tape{stop: func(name string, step int) {
			if name == stage && step == 3 {
				cancel()
			}
		}}
		if err := Run(ctx, trial, Env{Home: homes[2], Dir: t.TempDir(), Threads: 1}, rec); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped in %s: error %v", stage, err)
		}
	}
	got, text = runAt(t, trial, homes[2], 1)
	same(t, "stopped", got, want)
	if text != wantText {
		t.Error("stopped: other predictions")
	}
	trial.Method = spec.GlobalContrastive
	rec := &tape{stop: func(stage string, _ int) {
		if stage == "pretrain" {
			t.Error("the global-contrastive twin trains its encoder again")
		}
	}}
	if err := Run(context.Background(), trial, Env{Home: homes[0], Dir: t.TempDir(), Threads: 2}, rec); err != nil {
		t.Fatal(err)
	}
}

// A whole trial of ReAL on GoMLX's Go backend records what the native engine does, up to rounding.
func TestReALOnBothEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	trial := realTrial(t)
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
	if len(want) != 3 {
		t.Errorf("losses %v: want those of three stages", want)
	}
	for name, w := range want {
		if g := got[name]; math.Abs(g-w) > 1e-4*math.Abs(w) {
			t.Errorf("%s: %v, native %v", name, g, w)
		}
	}
}
