package model

import (
	"math"
	"path/filepath"
	"strings"
	"testing"

	"harness/model/spec"
)

// PLURAL is exact, whichever of its stages is stopped.
func TestPLURALIsExact(t *testing.T) {
	checkExact(t, shortTrial(t, spec.PLURAL), spec.StagePretrain, spec.StageDiffVQA)
}

func TestPLURALOnBothEngines(t *testing.T) { checkEngines(t, shortTrial(t, spec.PLURAL), 3) }

// Difference VQA goes on from all that the second stage has trained, and trains it, the encoder too; it counts the images that it encodes.
func TestPLURALTrainsOn(t *testing.T) {
	trial := shortTrial(t, spec.PLURAL)
	home := t.TempDir()
	points, _ := runAt(t, trial, home, 2)
	weights := func(s spec.Stage) map[string][]float32 {
		tensors, err := readTensors(filepath.Join(home, "stages", string(s)+"-"+trial.StageID(s), weightsName))
		if err != nil {
			t.Fatal(err)
		}
		values := map[string][]float32{}
		for name, w := range tensors {
			values[name] = w.F32
		}
		return values
	}
	before, after := weights(spec.StagePretrain), weights(spec.StageDiffVQA)
	if len(before) != len(after) {
		t.Errorf("%d parameters, then %d", len(before), len(after))
	}
	for name, old := range before {
		var moved, size float64
		for i, v := range old {
			d := float64(v - after[name][i])
			moved, size = moved+d*d, size+float64(v)*float64(v)
		}
		if moved == 0 {
			t.Errorf("%s was not trained", name)
		}
		if strings.HasSuffix(name, ".weight") && math.Sqrt(moved) > 0.5*math.Sqrt(size) {
			t.Errorf("%s moved by %.2g from %.2g: it did not start where the second stage ended", name, math.Sqrt(moved), math.Sqrt(size))
		}
	}
	n := float64(trial.Pretrain.Steps * trial.Pretrain.BatchSize)
	for metric, want := range map[string]float64{"pretrain/sequences": n, "pretrain/images": 1.5 * n,
		"diffvqa/images": float64(2 * trial.DiffVQA.Steps * trial.DiffVQA.BatchSize)} {
		found := false
		for _, p := range points {
			if p.Metric == metric {
				found = true
				if p.Value != want {
					t.Errorf("%s is %v, want %v", metric, p.Value, want)
				}
			}
		}
		if !found {
			t.Errorf("no %s", metric)
		}
	}
}
