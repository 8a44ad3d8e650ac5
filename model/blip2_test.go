package model

import (
	"slices"
	"strings"
	"testing"

	"harness/model/spec"
)

// BLIP-2 on one thread, on two, and stopped in each of its stages gives the same numbers, negatives included.
func TestBLIP2IsExact(t *testing.T) {
	points, _ := checkExact(t, shortTrial(t, spec.BLIP2), spec.StagePretrain, spec.StageQFormer, spec.StageQFormerLM, spec.StageDiffVQA)
	for _, name := range []string{"pretrain/loss", "qformer/loss", "qformer-lm/loss", "diffvqa/loss"} {
		if !slices.ContainsFunc(points, func(p point) bool { return p.Metric == name }) {
			t.Errorf("no %s was recorded", name)
		}
	}
}

// Where a trial ends before difference VQA, no LM is trained, and none is read.
func TestBLIP2UntilRegions(t *testing.T) {
	trial := shortTrial(t, spec.BLIP2)
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
func TestBLIP2OnBothEngines(t *testing.T) { checkEngines(t, shortTrial(t, spec.BLIP2), 5) }
