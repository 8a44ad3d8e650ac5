package model

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"harness/model/spec"
)

// RG-AG is exact, whichever of its stages is stopped, the writing of reports among them.
func TestRGAGIsExact(t *testing.T) {
	checkExact(t, shortTrial(t, spec.RGAG), spec.StagePretrain, spec.StageReports, spec.StageDiffVQA)
}

func TestRGAGOnBothEngines(t *testing.T) { checkEngines(t, shortTrial(t, spec.RGAG), 3) }

// Trials that differ in what comes later share the reports, and one that differs in how they are written does not.
func TestReportsAreShared(t *testing.T) {
	trial := shortTrial(t, spec.RGAG)
	home := t.TempDir()
	runAt(t, trial, home, 2)
	path := filepath.Join(home, "stages", string(spec.StageReports)+"-"+trial.StageID(spec.StageReports), weightsName)
	kept, err := readTensors(path)
	if err != nil {
		t.Fatal(err)
	}
	if tokens := kept["reports"]; len(tokens.I32) == 0 || len(kept["images"].I32)*(trial.Pretrain.MaxReport+1) != len(tokens.I32) {
		t.Errorf("reports %v of images %v", tokens.Shape, kept["images"].Shape)
	}
	written := 0
	rec := &tape{stop: func(stage string, step int) {
		if stage == string(spec.StageReports) {
			written++
		}
	}}
	later := trial
	later.DiffVQA.LR, later.Eval.Pairs, later.LM.Depth = 0.5, 3, 2
	if err := Run(context.Background(), later, Env{Home: home, Dir: t.TempDir()}, rec); err != nil {
		t.Fatal(err)
	}
	if written != 0 {
		t.Error("reports were written again")
	}
	for name, change := range map[string]func(*spec.Trial){
		"seed": func(t *spec.Trial) { t.Seed++ }, "steps": func(t *spec.Trial) { t.Pretrain.Steps++ },
		"length": func(t *spec.Trial) { t.Pretrain.MaxReport-- }, "data": func(t *spec.Trial) { t.Data.Synthetic.Seed++ },
	} {
		other := trial
		change(&other)
		if other.StageID(spec.StageReports) == trial.StageID(spec.StageReports) {
			t.Errorf("reports of another %s have the same name", name)
		}
	}
	if !slices.Contains(spec.Stages[:], spec.StageReports) {
		t.Error("a trial that is run again would keep its old reports")
	}
}
