package model

import (
	"path/filepath"
	"slices"
	"testing"

	"harness/model/spec"
)

// Supervised is exact, whichever of its stages is stopped, with a frozen patch embedding and without.
func TestSupervisedIsExact(t *testing.T) {
	trial := shortTrial(t, spec.Supervised)
	checkExact(t, trial, spec.StagePretrain, spec.StageDiffVQA)
	trial.Data.Synthetic.Design, trial.Encoder.FreezePatch = spec.DesignPlace, true
	trial.Until = spec.UntilRegions
	checkExact(t, trial, spec.StagePretrain)
}

func TestSupervisedOnBothEngines(t *testing.T) { checkEngines(t, shortTrial(t, spec.Supervised), 3) }

// A patch embedding that is frozen stays as it starts, while all else is trained; one that is not moves. It starts as much larger as asked, and
// nothing else does.
func TestFrozenPatchEmbedding(t *testing.T) {
	home := t.TempDir()
	trained := func(steps int, frozen bool, gain float64) map[string][]float32 {
		trial := shortTrial(t, spec.LocationAware)
		trial.Until, trial.Pretrain.Steps = spec.UntilRegions, steps
		trial.Encoder.FreezePatch, trial.Init.Patch = frozen, gain
		if err := Run(t.Context(), trial, Env{Home: home, Dir: t.TempDir(), Threads: 2}, &tape{}); err != nil {
			t.Fatal(err)
		}
		tensors, err := readTensors(filepath.Join(home, "stages", string(spec.StagePretrain)+"-"+trial.StageID(spec.StagePretrain), weightsName))
		if err != nil {
			t.Fatal(err)
		}
		values := map[string][]float32{}
		for name, w := range tensors {
			values[name] = w.F32
		}
		return values
	}
	free, still, large := trained(6, false, 0), trained(6, true, 0), trained(6, true, 3)
	early := trained(1, true, 0)
	const patch = "encoder.patch.weight"
	if len(still[patch]) == 0 || len(still) != len(free) {
		t.Fatalf("%d tensors of a frozen training, %d of another; patch embedding of %d numbers", len(still), len(free), len(still[patch]))
	}
	for name := range free {
		moved := !slices.Equal(still[name], early[name])
		if isPatch := name == patch || name == "encoder.patch.bias"; moved == isPatch {
			t.Errorf("%s: moved %v with a frozen patch embedding", name, moved)
		}
	}
	if slices.Equal(free[patch], still[patch]) {
		t.Error("a patch embedding that is not frozen does not move")
	}
	for i, w := range still[patch] {
		if large[patch][i] != 3*w {
			t.Fatalf("weight %d of the patch embedding starts as %v with init.patch 3, and as %v without", i, large[patch][i], w)
		}
	}
}
