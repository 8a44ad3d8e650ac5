package model

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/model/checkpoint"
	"harness/model/engine"
	"harness/model/spec"
)

var damages = flag.Int("damage", 20, "how often TestDamagedStages damages a stage")

// damage spoils the file at path in one of the ways that disks and copies do, and says how.
func damage(t *testing.T, r *rand.Rand, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	how := ""
	switch r.IntN(5) {
	case 0:
		how, data = "emptied", nil
	case 1:
		n := r.IntN(len(data))
		how, data = fmt.Sprintf("cut to %d of %d bytes", n, len(data)), data[:n]
	case 2:
		at := r.IntN(len(data))
		how = fmt.Sprintf("zeroed from %d of %d bytes", at, len(data))
		if rest := data[at:]; bytes.Count(rest, []byte{0}) == len(rest) {
			data = append(data, 1)
		} else {
			clear(rest)
		}
	default:
		// Not in the key of the checksum: without it, what else is there still counts as whole, and is.
		at := r.IntN(len(data))
		for bytes.Contains(data[max(0, at-8):min(len(data), at+9)], []byte("sha256")) {
			at = r.IntN(len(data))
		}
		how = fmt.Sprintf("a bit of byte %d of %d flipped", at, len(data))
		data[at] ^= 1 << r.IntN(8)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path) + ": " + how
}

// A stage that was damaged, finished or in the middle, is noticed, reported, and trained again with the same result.
func TestDamagedStages(t *testing.T) {
	trial := smokeTrial(t)
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 12, 12
	trial.Eval.Regions, trial.Eval.Pairs, trial.Eval.MaxNewTokens = 2, 2, 4
	home := t.TempDir()
	want, wantText := runAt(t, trial, home, 2)
	r := rand.New(rand.NewPCG(7, 7))
	stages := []spec.Stage{spec.StagePretrain, spec.StageQuestionOnly, spec.StageDiffVQA}
	for round := range *damages {
		stage := stages[r.IntN(len(stages))]
		dir := filepath.Join(home, "stages", string(stage)+"-"+trial.StageID(stage))
		names := []string{weightsName, pointsName}
		if round%3 == 2 {
			stopInside(t, trial, home, dir, string(stage), 1+r.IntN(11))
			names = []string{checkpointName, pointsName}
		}
		what := damage(t, r, filepath.Join(dir, names[r.IntN(len(names))]))
		rec := &tape{}
		env := Env{Home: home, Dir: t.TempDir(), Threads: 2}
		if err := Run(context.Background(), trial, env, rec); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if note := rec.notes["stage/damaged"]; !strings.Contains(note, string(stage)) || strings.Contains(note, "\n") {
			t.Errorf("%s: said %q", what, note)
		}
		same(t, what, rec.points, want)
		if text, err := os.ReadFile(filepath.Join(env.Dir, "predictions.jsonl")); err != nil || string(text) != wantText {
			t.Errorf("%s: other predictions (%v)", what, err)
		}
	}
}

// stopInside trains the stage in dir again up to a step.
func stopInside(t *testing.T, trial spec.Trial, home, dir, stage string, step int) {
	t.Helper()
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rec := &tape{stop: func(s string, at int) {
		if s == stage && at == step {
			cancel()
		}
	}}
	if err := Run(ctx, trial, Env{Home: home, Dir: t.TempDir(), Threads: 2}, rec); !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped in %s at %d: %v", stage, step, err)
	}
}

// A stage of an earlier version, without checksums, is shared and given them; one that cannot be read is trained again.
func TestStageWithoutChecksums(t *testing.T) {
	trial := smokeTrial(t)
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 2, 2
	home := t.TempDir()
	want, _ := runAt(t, trial, home, 2)
	dir := filepath.Join(home, "stages", "pretrain-"+trial.StageID(spec.StagePretrain))
	weights, points := filepath.Join(dir, weightsName), filepath.Join(dir, pointsName)
	age := func() {
		file, err := checkpoint.Load(weights)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		tensors, err := tensorsOf(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := checkpoint.Save(weights, named(tensors), map[string]string{"trial": "{}"}); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(points)
		if err != nil {
			t.Fatal(err)
		}
		_, list, _ := strings.Cut(strings.TrimSuffix(string(data), "}"), `"points":`)
		if err := os.WriteFile(points, []byte(list), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	age()
	rec := &tape{}
	if err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir()}, rec); err != nil {
		t.Fatal(err)
	}
	same(t, "without checksums", rec.points, want)
	if note, ok := rec.notes["stage/damaged"]; ok {
		t.Errorf("an old stage was thrown away: %s", note)
	}
	if summed, err := checkpoint.CheckSum(weights); !summed || err != nil {
		t.Errorf("its weights have no checksum: %v", err)
	}
	if _, summed, err := readPoints(points); !summed || err != nil {
		t.Errorf("its points have no checksum: %v", err)
	}
	age()
	if err := os.Truncate(weights, 1000); err != nil {
		t.Fatal(err)
	}
	got, _ := runAt(t, trial, home, 2)
	same(t, "without checksums, cut", got, want)
}

// What a stage has recorded is kept bit by bit, numbers that are none included.
func TestPointsKeepWhatIsNoNumber(t *testing.T) {
	path := filepath.Join(t.TempDir(), pointsName)
	want := []point{{"a", 1, math.NaN()}, {"b", 2, math.Inf(1)}, {"c", 3, math.Inf(-1)}, {"d", 4, 0.1}}
	if err := writePoints(path, want); err != nil {
		t.Fatal(err)
	}
	got, summed, err := readPoints(path)
	if err != nil || !summed {
		t.Fatal(summed, err)
	}
	same(t, "points", got, want)
	if err := os.WriteFile(path, []byte("null"), 0o644); err != nil { // a checkpoint of an earlier version before its first point
		t.Fatal(err)
	}
	if got, _, err := readPoints(path); len(got) != 0 || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	s := &stage{}
	if err := s.record(&tape{}, "a", 1, math.NaN()); err != nil || len(s.points) != 1 {
		t.Errorf("a NaN was not kept: %v", err)
	}
}

// A training that diverges ends at the step in which it does, says so, and leaves no stage that another trial would share.
func TestDivergedTrainingEndsAtOnce(t *testing.T) {
	trial := smokeTrial(t)
	trial.Pretrain.LR, trial.Pretrain.Warmup, trial.Pretrain.MaxGradNorm = 1e30, 0, 0
	home := t.TempDir()
	rec := &tape{}
	err := Run(context.Background(), trial, Env{Home: home, Dir: t.TempDir()}, rec)
	if err == nil || !strings.Contains(err.Error(), "pretrain: diverged between steps ") {
		t.Fatalf("error %v", err)
	}
	last := rec.points[len(rec.points)-1]
	if !notFinite(last.Value) || last.Step >= trial.Pretrain.Steps {
		t.Errorf("the last point is %v", last)
	}
	if exists(filepath.Join(home, "stages", "pretrain-"+trial.StageID(spec.StagePretrain), weightsName)) {
		t.Error("the stage counts as done")
	}
	st := &stage{name: spec.StagePretrain}
	if err := st.diverged(&tape{}, 7, engine.StepResult{Loss: 2, GradNorm: math.Inf(1)}); err == nil ||
		err.Error() != "pretrain: diverged between steps 6 and 7: loss 2, gradient norm +Inf" {
		t.Errorf("error %v", err)
	}
}

// predictions.jsonl is there once all tests are done: an attempt that was stopped among them has none.
func TestStoppedAttemptLeavesNoPredictions(t *testing.T) {
	trial := smokeTrial(t)
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 2, 2
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	rec := &tape{stop: func(stage string, _ int) {
		if stage == "caref" { // the mean boxes are written by then
			cancel()
		}
	}}
	if err := Run(ctx, trial, Env{Home: t.TempDir(), Dir: dir}, rec); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
