package model

import (
	"context"
	"testing"

	"harness/model/spec"
)

// ReAL on one thread, on two, and stopped in both of its stages gives the same numbers; its encoder is the global-contrastive trial's.
func TestReALIsExact(t *testing.T) {
	trial := shortTrial(t, spec.ReAL)
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 4, 6
	_, home := checkExact(t, trial, spec.StagePretrain, spec.StageDiffVQA)
	trial.Method = spec.GlobalContrastive
	rec := &tape{stop: func(stage string, _ int) {
		if stage == "pretrain" {
			t.Error("the global-contrastive twin trains its encoder again")
		}
	}}
	if err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir(), Threads: 2}, rec); err != nil {
		t.Fatal(err)
	}
}

// A whole trial of ReAL on GoMLX's Go backend records what the native engine does, up to rounding.
func TestReALOnBothEngines(t *testing.T) { checkEngines(t, shortTrial(t, spec.ReAL), 3) }
