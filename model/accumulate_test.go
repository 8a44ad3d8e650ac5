package model

import (
	"math"
	"testing"

	"harness/model/spec"
)

// A batch in parts is trained on as the whole batch is, up to rounding, in every stage that can be; it is exact after a stop.
func TestAccumulate(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	for _, c := range []struct {
		method            spec.Method
		pretrain, diffvqa int
	}{
		{spec.LocationAware, 2, 4}, {spec.RGAG, 4, 2}, {spec.PLURAL, 2, 2},
		{spec.ReAL, 1, 2}, // with the loss of its adapter
	} {
		trial := smokeTrial(t)
		trial.Method = c.method
		trial.Pretrain.Steps, trial.DiffVQA.Steps = 12, 12
		homes := []string{t.TempDir(), t.TempDir()}
		whole, _ := runAt(t, trial, homes[0], 2)
		sharedData(t, homes...)
		trial.Pretrain.Accumulate, trial.DiffVQA.Accumulate = c.pretrain, c.diffvqa
		parts, _ := runAt(t, trial, homes[1], 2)
		want, got := lossesOf(whole), lossesOf(parts)
		if len(want) < 3 {
			t.Errorf("%s: losses %v", c.method, want)
		}
		for name, w := range want {
			if g := got[name]; math.Abs(g-w) > 2e-5*math.Abs(w) {
				t.Errorf("%s: %s is %v in parts, %v at once", c.method, name, g, w)
			}
		}
	}
}

// A trial whose batches are computed in parts ends with the same numbers after it was stopped.
func TestAccumulateIsExact(t *testing.T) {
	trial := smokeTrial(t)
	trial.Pretrain.Accumulate, trial.DiffVQA.Accumulate = 2, 2
	homes := []string{t.TempDir(), t.TempDir()}
	want, text := runAt(t, trial, homes[0], 1)
	sharedData(t, homes...)
	for _, stop := range []struct {
		stage spec.Stage
		step  int
	}{{spec.StagePretrain, 7}, {spec.StageDiffVQA, 4}} {
		stopIn(t, trial, homes[1], stop.stage, func(step int) bool { return step == stop.step })
	}
	checkRun(t, "stopped twice", trial, homes[1], 1, want, text)
}
