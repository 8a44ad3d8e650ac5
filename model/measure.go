package model

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"harness/model/corpus"
	"harness/model/method"
	"harness/model/spec"
)

// How long a measurement goes on. A stage is measured from its second step on.
const (
	measureStage = .4 // seconds of processors, and at least
	measureFew   = 3  // steps, but at most
	measureMost  = 2 * time.Second
	encodeFew    = 2 * encodeBatch
	drawFew      = 4         // patients
	measurable   = 100 << 20 // parameters of a model that is measured
)

// ErrTooLarge says that a trial's models are too large to be measured in seconds.
var ErrTooLarge = errors.New("the model is too large to be measured in seconds")

// Measure does a little of each phase of a trial on the native engine, and says what that took: a few steps of each stage on images that show
// nothing, one batch of each test, a few patients where data have to be drawn. It leaves nothing behind. Only the wanted phases are done, and what they
// need; nil wants all. The texts are those below env.Home, or are drawn.
func Measure(ctx context.Context, t spec.Trial, env Env, p *Planned, wanted []spec.Phase) (list []spec.PhaseTime, err error) {
	defer func() { // as Run
		if r := recover(); r != nil {
			list, err = nil, fmt.Errorf("measure trial %s: %v", t.ID(), r)
		}
	}()
	for _, one := range p.Phases {
		if one.Parameters > measurable || one.Steps > 0 && one.Work/float64(one.Steps) > mostMeasured {
			return nil, ErrTooLarge
		}
	}
	scratch, err := os.MkdirTemp("", "harness-measure-")
	if err != nil {
		return nil, fmt.Errorf("measure: %w", err)
	}
	defer os.RemoveAll(scratch)
	r := &trialRun{trial: briefly(t), env: Env{Home: scratch, Dir: scratch, Threads: env.Threads}, rec: silent{}, brief: true,
		wanted: func(one spec.Phase) bool { return wanted == nil || slices.Contains(wanted, one) }}
	if r.engine, err = openEngine(Env{Engine: env.Engine, Threads: env.Threads}); err != nil {
		return nil, err
	}
	texts, drawn, began := corpus.Sketches{Home: env.Home}, corpus.Drawn(t, env.Home), r.phases.from(now())
	defer texts.Close()
	c, _, err := texts.Open(ctx, t)
	if err != nil {
		return nil, err
	}
	if images := float64(len(c.Set.Images)); drawn {
		began.until(now(), spec.PhaseOpen, images)
	} else {
		took := texts.Took.Seconds()
		r.phases.add(spec.PhaseTime{Phase: spec.PhaseOpen, Seconds: took, CPU: took, Work: images})
	}
	r.corpus = c.WithNoise()
	for _, one := range p.Phases {
		if (one.Phase == spec.PhaseData || one.Phase == spec.PhaseImages) && !one.Done && r.wanted(one.Phase) && t.Data.Source == spec.SourceSynthetic {
			if err := r.measureData(ctx, scratch); err != nil {
				return nil, err
			}
			break
		}
	}
	if r.predictions, err = createPredictions(filepath.Join(scratch, "predictions.jsonl")); err != nil {
		return nil, err
	}
	defer r.predictions.abort()
	if err := r.stages(ctx); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(r.phases.list, func(one spec.PhaseTime) bool { return !r.wanted(one.Phase) }), nil
}

// mostMeasured is the number of operations of a step up to which it is measured: some seconds on one core.
const mostMeasured = 100e9

// briefly is the trial with one batch in each test, from random weights.
func briefly(t spec.Trial) spec.Trial {
	t.WholeVocabulary = t.WholeVocabulary || t.LM.Weights != ""
	t.Encoder.Weights, t.LM.Weights = "", ""
	t.Eval.Regions = generateRows
	t.Eval.Pairs = max(1, generateRows/max(1, t.Eval.NumBeams))
	t.Eval.BERTScore, t.Eval.MeteorParaphrases = spec.BERTScore{}, ""
	return t
}

// measureData draws a few patients and reads their images.
func (r *trialRun) measureData(ctx context.Context, dir string) error {
	t := r.trial
	t.Data.Synthetic.Patients = drawFew
	began := r.phases.from(now())
	set, err := corpus.Data(ctx, t, dir, silent{})
	if err != nil {
		return err
	}
	began.until(now(), spec.PhaseData, drawFew)
	began = r.phases.from(now())
	pixels, err := set.OpenPixels(ctx, t.Resolution, filepath.Join(dir, "cache"), nil)
	if err != nil {
		return err
	}
	began.until(now(), spec.PhaseImages, float64(len(set.Images)))
	return pixels.Close()
}

// briefStage makes a few steps of a stage. Its weights are those that it has come to.
func (r *trialRun) briefStage(ctx context.Context, name spec.Stage, build func() (training, error)) (method.Weights, error) {
	s, session, err := r.begun(build)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	if !r.wanted(spec.Phase(name)) {
		return parametersOf(session)
	}
	dir := filepath.Join(r.env.Home, string(name))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("measure: %w", err)
	}
	var began span
	first, last := position{}, position{}
	s.enough = func(at position) bool {
		last = at
		if at.Step == 1 {
			began, first = r.phases.from(now()), at
		}
		if at.Step < 2 {
			return false
		}
		present := now()
		return present.wall.Sub(began.start.wall) > measureMost || present.cpu-began.start.cpu > measureStage && at.Step > measureFew
	}
	st := &stage{name: name, dir: dir}
	if _, err := train(ctx, session, st, s, silent{}, func(method.Batch) error { return nil }); err != nil {
		return nil, err
	}
	if last.Step > 1 { // else the stage is a single step
		began.until(now(), spec.Phase(name), last.FLOPs-first.FLOPs)
	}
	return parametersOf(session)
}

// encodeFew encodes some images, which then stand for all. Where features are not kept, who reads them all would encode all images: what does so is not
// measured.
func (r *trialRun) encodeFew(ctx context.Context, f *features, work float64) error {
	if !f.kept() {
		wanted := r.wanted
		r.wanted = func(one spec.Phase) bool { return wanted(one) && one != spec.PhaseProbe && one != spec.PhasePrepare }
		return nil
	}
	few := f.images[:min(encodeFew, len(f.images))]
	if !r.wanted(spec.PhaseEncode) {
		few = few[:min(2, len(few))]
	}
	if len(few) == 0 {
		return nil
	}
	if _, err := f.compute(few[:1]); err != nil {
		return err
	}
	began := r.phases.from(now())
	for at := 0; at < len(few); at += encodeBatch {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		t, err := f.compute(few[at:min(at+encodeBatch, len(few))])
		if err != nil {
			return err
		}
		f.data = append(f.data, t.F32...)
	}
	began.until(now(), spec.PhaseEncode, work*float64(len(few))/float64(len(f.images)))
	f.row = map[int]int{}
	for i, image := range f.images {
		f.row[image] = i % len(few)
	}
	return nil
}
