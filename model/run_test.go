package model

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"harness/metrics"
	"harness/model/dataset/synthetic"
	"harness/model/spec"
)

// tape records in memory; it can stop the run at a step of a stage.
type tape struct {
	points []point
	notes  map[string]string
	stop   func(stage string, step int)
}

func (r *tape) Point(metric string, step int, value float64) error {
	r.points = append(r.points, point{metric, step, value})
	return nil
}

func (r *tape) Progress(stage string, step, total int, loss float64) {
	if r.stop != nil {
		r.stop(stage, step)
	}
}

func (r *tape) Note(key, text string) error {
	if r.notes == nil {
		r.notes = map[string]string{}
	}
	r.notes[key] = text
	return nil
}

func (r *tape) Sync() error { return nil }

// smokeTrial is the smallest trial with enough steps to be stopped between two points of its curves.
func smokeTrial(t *testing.T) spec.Trial {
	trial, err := spec.Default(spec.Smoke)
	if err != nil {
		t.Fatal(err)
	}
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 23, 13
	return trial
}

// runAt runs a trial to its end in home and returns what it recorded.
func runAt(t *testing.T, trial spec.Trial, home string, threads int) ([]point, string) {
	t.Helper()
	rec := &tape{}
	env := Env{Home: home, Dir: t.TempDir(), Threads: threads}
	if err := Run(context.Background(), trial, env, rec); err != nil {
		t.Fatal(err)
	}
	predictions, err := os.ReadFile(filepath.Join(env.Dir, "predictions.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	return rec.points, string(predictions)
}

// sharedData lets the homes of a test share the synthetic data, which is not what is tested.
func sharedData(t *testing.T, homes ...string) {
	t.Helper()
	for _, home := range homes[1:] {
		for _, name := range []string{"data", "cache"} {
			if err := os.Symlink(filepath.Join(homes[0], name), filepath.Join(home, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func same(t *testing.T, what string, got, want []point) {
	t.Helper()
	bits := func(p point) [3]any { return [3]any{p.Metric, p.Step, math.Float64bits(p.Value)} }
	if !slices.EqualFunc(got, want, func(a, b point) bool { return bits(a) == bits(b) }) {
		for i := range min(len(got), len(want)) {
			if bits(got[i]) != bits(want[i]) {
				t.Errorf("%s: point %d: got %v, want %v", what, i, got[i], want[i])
				return
			}
		}
		t.Errorf("%s: %d points, want %d", what, len(got), len(want))
	}
}

// A trial that runs again, on one thread or on two, or that is stopped many times, ends with exactly the same numbers.
func TestRunIsExact(t *testing.T) {
	trial := smokeTrial(t)
	homes := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	want, text := runAt(t, trial, homes[0], 1)
	sharedData(t, homes...)
	checkRun(t, "two threads", trial, homes[1], 2, want, text)
	for _, stop := range []struct {
		stage spec.Stage
		step  int
	}{{spec.StagePretrain, 4}, {spec.StagePretrain, 10}, {spec.StagePretrain, 17}, {spec.StageQuestionOnly, 5}, {spec.StageDiffVQA, 12}} {
		stopIn(t, trial, homes[2], stop.stage, func(step int) bool { return step == stop.step })
	}
	checkRun(t, "stopped five times", trial, homes[2], 1, want, text)
	again, _ := runAt(t, trial, homes[0], 2) // every stage is shared now
	same(t, "shared stages", again, want)
}

// Each method runs end to end and names its numbers.
func TestEveryMethodRuns(t *testing.T) {
	homes := []string{t.TempDir()}
	for _, method := range spec.Methods {
		t.Run(string(method), func(t *testing.T) {
			trial := smokeTrial(t)
			trial.Pretrain.Steps, trial.DiffVQA.Steps = 3, 3
			trial.Method = method
			points, _ := runAt(t, trial, homes[0], 2)
			names := map[string]bool{}
			for _, p := range points {
				names[p.Metric] = true
				if math.IsNaN(p.Value) || math.IsInf(p.Value, 0) {
					t.Errorf("%s is %v", p.Metric, p.Value)
				}
				if !metrics.IsRecorded(p.Metric) {
					t.Errorf("package metrics does not know %s", p.Metric)
				}
			}
			want := []string{"diffvqa/loss", "diffvqa/bleu4", "diffvqa/cider", "diffvqa/f1", "probe/auc",
				"controls/most-frequent/diffvqa/f1", "controls/question-only/diffvqa/f1", "controls/shuffled-images/diffvqa/f1"}
			if trial.PredictsRegions() {
				want = append(want, "gcap/bleu4", "gcap/cider", "caref/acc50", "caref/iou", "controls/mean-box/caref/acc50")
			}
			if trial.Pretrains() {
				want = append(want, "pretrain/loss")
			}
			for _, name := range want {
				if !names[name] {
					t.Errorf("no %s was recorded", name)
				}
			}
		})
	}
}

func TestSyntheticVersion(t *testing.T) {
	if spec.SyntheticVersion != synthetic.Version {
		t.Errorf("spec says version %d of the generator, which is at %d", spec.SyntheticVersion, synthetic.Version)
	}
}

// A parameter that does not exist yet, or a folder that cannot be written, is an error of one line.
func TestRunRefuses(t *testing.T) {
	trial := smokeTrial(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Run(context.Background(), trial, Env{Home: file, Dir: t.TempDir()}, &tape{}); err == nil {
		t.Error("a home that is a file was accepted")
	}
	trial.Data = spec.Data{Source: spec.SourceFiles, Root: filepath.Join(t.TempDir(), "missing"), Splits: "subject"}
	if err := Run(context.Background(), trial, Env{Home: t.TempDir(), Dir: t.TempDir()}, &tape{}); err == nil {
		t.Error("a data set that is not there was accepted")
	}
	trial.Encoder.Heads = 5
	if err := Run(context.Background(), trial, Env{Home: t.TempDir(), Dir: t.TempDir()}, &tape{}); err == nil {
		t.Error("an impossible trial was accepted")
	}
}
