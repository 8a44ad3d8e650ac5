package model

import (
	"context"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"harness/model/spec"
)

func blip2Trial(t *testing.T) spec.Trial {
	trial := smokeTrial(t)
	trial.Method = spec.BLIP2
	trial.Data.Synthetic.Patients = 10
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 6, 4
	trial.Eval.Pairs, trial.Eval.MaxNewTokens = 4, 8
	return trial
}

// BLIP-2 on one thread, on two, and stopped in each of its stages gives the same numbers, negatives included.
func TestBLIP2IsExact(t *testing.T) {
	trial := blip2Trial(t)
	homes := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	want, wantText := runAt(t, trial, homes[0], 1)
	for _, name := range []string{"pretrain/loss", "qformer/loss", "qformer-lm/loss", "diffvqa/loss"} {
		if !slices.ContainsFunc(want, func(p point) bool { return p.Metric == name }) {
			t.Errorf("no %s was recorded", name)
		}
	}
	sharedData(t, homes...)
	got, text := runAt(t, trial, homes[1], 2)
	same(t, "two threads", got, want)
	if text != wantText {
		t.Error("two threads: other predictions")
	}
	for _, stage := range []string{"pretrain", "qformer", "qformer-lm", "diffvqa"} {
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
	same(t, "stopped four times", got, want)
	if text != wantText {
		t.Error("stopped four times: other predictions")
	}
}

// Where a trial ends before difference VQA, no LM is trained, and none is read.
func TestBLIP2UntilRegions(t *testing.T) {
	trial := blip2Trial(t)
	trial.Until = spec.UntilRegions
	home := t.TempDir()
	want, _ := runAt(t, trial, home, 2)
	for _, p := range want {
		if strings.HasPrefix(p.Metric, "qformer-lm/") || strings.HasPrefix(p.Metric, "diffvqa/") {
			t.Errorf("%s was recorded", p.Metric)
		}
	}
	trial.LM.Width = 16
	got, _ := runAt(t, trial, home, 2)
	same(t, "another LM", got, want)
}

// A whole trial of BLIP-2 on GoMLX's Go backend records what the native engine does, up to rounding.
func TestBLIP2OnBothEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	trial := blip2Trial(t)
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
	if len(want) != 5 {
		t.Errorf("losses %v: want those of five stages", want)
	}
	for name, w := range want {
		if g := got[name]; math.Abs(g-w) > 1e-4*math.Abs(w) {
			t.Errorf("%s: %v, native %v", name, g, w)
		}
	}
}
