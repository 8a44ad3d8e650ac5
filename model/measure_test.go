package model

import (
	"context"
	"os"
	"slices"
	"testing"

	"harness/model/spec"
)

// TestMeasure: each phase that takes time is measured, in seconds, and nothing is left.
func TestMeasure(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	tmp := t.TempDir()
	t.Setenv("TMPDIR", tmp)
	for _, method := range []spec.Method{spec.LocationAware, spec.BLIP2, spec.RGAG, spec.PLURAL} {
		home, trial := t.TempDir(), smokeTrial(t)
		trial.Method = method
		trial.Pretrain.Steps, trial.DiffVQA.Steps = 1e6, 1e6 // of which a second of training is little on any machine
		planned := planned(t, trial, home)
		took, err := Measure(context.Background(), trial, Env{Home: home, Threads: 1}, planned, nil)
		if err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		for _, p := range planned.Phases {
			at := slices.IndexFunc(took, func(one spec.PhaseTime) bool { return one.Phase == p.Phase && one.Seconds > 0 })
			if at < 0 && p.Work > 0 {
				t.Errorf("%s: %s was not measured: %v", method, p.Phase, took)
			} else if p.Steps > 0 && took[at].Work >= p.Work/100 {
				t.Errorf("%s: %s: %v of %v was done to measure it", method, p.Phase, took[at].Work, p.Work)
			}
		}
		for _, dir := range []string{home, tmp} {
			if left, _ := os.ReadDir(dir); len(left) > 0 {
				t.Errorf("%s: left %v", method, left)
			}
		}
	}
}

// TestMeasureRefuses: what would take minutes is not begun.
func TestMeasureRefuses(t *testing.T) {
	p := &Planned{Phases: []PlannedPhase{{Phase: "pretrain", Steps: 10, Work: 1e15}}}
	if _, err := Measure(context.Background(), smokeTrial(t), Env{}, p, nil); err != ErrTooLarge {
		t.Errorf("error %v", err)
	}
}
