package model

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/model/corpus"
	"harness/model/dataset/synthetic"
	"harness/model/engine"
	"harness/model/spec"
)

// planned plans one trial on the native engine.
func planned(t *testing.T, trial spec.Trial, home string) *Planned {
	t.Helper()
	all := NewPlanner(home)
	defer all.Close()
	p, err := all.Plan(context.Background(), trial, "")
	if err != nil {
		t.Fatalf("%s: %v", trial.Method, err)
	}
	return p
}

// TestPlanBesideLarge: stages of small models are counted, also where a later one has a large model.
func TestPlanBesideLarge(t *testing.T) {
	trial := smokeTrial(t)
	trial.LM.Width, trial.LM.MLP, trial.LM.Depth = 768, 3072, 6
	p := planned(t, trial, t.TempDir())
	large, small := 0, 0
	for _, one := range p.Phases {
		switch {
		case one.Steps == 0:
			continue
		case one.Parameters > smallModel:
			large++
		default:
			small++
		}
		if one.Work <= 0 || one.Step <= 0 {
			t.Errorf("%s of %d parameters: %v operations, %v a step", one.Phase, one.Parameters, one.Work, one.Step)
		}
	}
	if large == 0 || small == 0 || p.Exact {
		t.Errorf("%d large stages and %d small ones, exact %v", large, small, p.Exact)
	}
}

// TestPlanAgrees holds what is told of a trial of each method before it runs to what the trial then records: exactly, but where batches depend
// on what was learnt.
func TestPlanAgrees(t *testing.T) {
	if testing.Short() {
		t.Skip("trains for seconds")
	}
	home, ctx := t.TempDir(), context.Background()
	for _, method := range spec.Methods {
		if method == spec.RGAG { // after seven steps its reports go on to the limit, and questions follow them
			continue
		}
		trial := smokeTrial(t)
		trial.Method = method
		trial.Pretrain.Steps, trial.DiffVQA.Steps = 7, 5
		planned := planned(t, trial, home)
		rec := &tape{}
		if err := run(ctx, trial, Env{Home: home, Dir: t.TempDir(), Threads: 2}, rec, openEngine); err != nil {
			t.Fatalf("%s: %v", method, err)
		}
		took, err := spec.DecodePhases(rec.notes[spec.PhasesKey])
		if err != nil || len(took) < 5 {
			t.Fatalf("%s: phases %v, %v", method, took, err)
		}
		stages := 0
		for _, p := range planned.Phases {
			at := slices.IndexFunc(took, func(one spec.PhaseTime) bool { return one.Phase == p.Phase })
			if p.Done {
				continue // as the data, which the first trial has drawn
			}
			if at < 0 {
				t.Errorf("%s: %s was planned and not done", method, p.Phase)
				continue
			}
			if off := math.Abs(took[at].Work/p.Work - 1); off > 1e-12 && (planned.Exact || off > .02) && p.Phase != spec.PhaseOpen {
				t.Errorf("%s: %s: %v was planned, %v done, %.1f%% off", method, p.Phase, p.Work, took[at].Work, 100*off)
			}
			if p.Steps == 0 {
				continue
			}
			stages++
			recorded := math.NaN()
			for _, point := range rec.points {
				if point.Metric == string(p.Phase)+"/flops" {
					recorded = point.Value
				}
			}
			if off := math.Abs(recorded/p.Work - 1); !(off == 0 || !planned.Exact && off < .02) {
				t.Errorf("%s: %s/flops: %v was told, %v recorded", method, p.Phase, p.Work, recorded)
			}
		}
		if method != spec.Untrained && stages == 0 || planned.Encoder == 0 {
			t.Errorf("%s: %d stages, %d parameters of the encoder: nothing was compared", method, stages, planned.Encoder)
		}
		t.Logf("%s: exact %v %s", method, planned.Exact, planned.About)
	}
}

// TestTextsAlone holds what is drawn without pictures to the same set with them.
func TestTextsAlone(t *testing.T) {
	ctx, dir := context.Background(), t.TempDir()
	p := synthetic.Default()
	p.Patients = 12
	roots := [2]string{filepath.Join(dir, "whole"), filepath.Join(dir, "texts")}
	if err := synthetic.Write(ctx, roots[0], p, nil); err != nil {
		t.Fatal(err)
	}
	if err := synthetic.WriteTexts(ctx, roots[1], p); err != nil {
		t.Fatal(err)
	}
	compared := 0
	err := filepath.WalkDir(roots[0], func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, _ := filepath.Rel(roots[0], path)
		got, err := os.ReadFile(filepath.Join(roots[1], name))
		if err != nil {
			t.Error(err)
			return nil
		}
		if filepath.Ext(name) == ".jpg" {
			return nil
		}
		want, err := os.ReadFile(path)
		compared++
		if d := cmp.Diff(string(want), string(got)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		return err
	})
	if err != nil || compared < 50 {
		t.Errorf("%d files were compared: %v", compared, err)
	}
}

// TestPlanOfAbsentData: figures of data that are not there are an upper bound, and need nothing.
func TestPlanOfAbsentData(t *testing.T) {
	trial := smokeTrial(t)
	whole := planned(t, trial, t.TempDir())
	trial.Data.Source, trial.Data.Root = spec.SourceFiles, filepath.Join(t.TempDir(), "none")
	trial.WholeVocabulary = true
	bound := planned(t, trial, t.TempDir())
	if !whole.Exact || !bound.Bound || bound.Exact || bound.About == "" {
		t.Errorf("%+v and %+v", whole, bound)
	}
	for _, stage := range []spec.Stage{spec.StagePretrain, spec.StageDiffVQA} {
		of := func(p *Planned) (work float64) {
			for _, one := range p.Phases {
				if one.Phase == spec.Phase(stage) {
					work = one.Work
				}
			}
			return work
		}
		if of(bound) <= of(whole) || of(whole) <= 0 {
			t.Errorf("%s: bound %v of %v", stage, of(bound), of(whole))
		}
	}
}

// TestSketchRefuses: who asks a sketch for values is told.
func TestSketchRefuses(t *testing.T) {
	s, _ := sketchEngine{"native"}.New([]engine.Param{{Name: "w", Tensor: engine.Tensor{Shape: []int{2}}}})
	defer s.Close()
	if _, err := s.Step("", nil, nil, 0, engine.AdamW{}); err == nil {
		t.Error("a step was made")
	}
	if _, err := s.Save(); err == nil {
		t.Error("a state was saved")
	}
	if w, err := s.Param("w"); err != nil || w.Size() != 2 {
		t.Errorf("parameter %v, %v", w, err)
	}
	if _, err := s.Param("v"); err == nil {
		t.Error("a parameter was found that is not there")
	}
}

// TestSketchLeavesNothing: nothing is written below the home.
func TestSketchLeavesNothing(t *testing.T) {
	home := t.TempDir()
	sketches := corpus.Sketches{Home: home}
	defer sketches.Close()
	c, texts, err := sketches.Open(context.Background(), smokeTrial(t))
	if err != nil || texts != corpus.Real || len(c.Set.Images) == 0 {
		t.Fatalf("%v %v", texts, err)
	}
	if left, _ := os.ReadDir(home); len(left) > 0 {
		t.Errorf("left %v", left)
	}
	if p := c.Patches([]int{0, 1}); p.F32 != nil || p.Shape[0] != 2 {
		t.Errorf("patches %v with %d values", p.Shape, len(p.F32))
	}
	if p := c.WithNoise().Patches([]int{0}); len(p.F32) != p.Size() {
		t.Errorf("%d values of %v", len(p.F32), p.Shape)
	}
}
