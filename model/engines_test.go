package model

import (
	"context"
	"math"
	"strings"
	"testing"

	"harness/model/spec"
)

// A whole trial on GoMLX's Go backend records what the native engine does: training of all stages, encoding, generation
// with a cache, controls. Losses agree up to rounding; scores of generated text may not, since rounding decides ties.
func TestTrialOnBothEngines(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	trial := smokeTrial(t)
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 3, 3
	homes := []string{t.TempDir(), t.TempDir()} // finished stages are not shared
	sharedData(t, homes...)
	run := func(home, engine string) []point {
		rec := &tape{}
		trial.Engine, _ = spec.EngineKind(engine)
		if err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir(), Engine: engine}, rec); err != nil {
			t.Fatalf("%s: %v", engine, err)
		}
		return rec.points
	}
	want, got := run(homes[0], "native"), run(homes[1], "go")
	if len(got) != len(want) {
		t.Fatalf("%d points, native %d", len(got), len(want))
	}
	compared := 0
	for i, w := range want {
		g := got[i]
		loss := strings.HasSuffix(w.Metric, "loss")
		if g.Metric != w.Metric || g.Step != w.Step || loss && math.Abs(g.Value-w.Value) > 1e-4*math.Abs(w.Value) {
			t.Errorf("%s at %d: %v, native %s at %d: %v", g.Metric, g.Step, g.Value, w.Metric, w.Step, w.Value)
		}
		if loss {
			compared++
		}
	}
	if compared == 0 {
		t.Error("no loss was compared")
	}
}
