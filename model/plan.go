package model

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/engine/flops"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// Planned is what a trial will do, told before it runs.
type Planned struct {
	Encoder  int64 // parameters of the vision encoder
	Features int64 // bytes of what the frozen encoder makes of all images, where it is kept; 0 = it is not
	Pixels   int64 // bytes of the images, which are mapped
	Phases   []PlannedPhase
	// Exact says that the operations of training are those that the trial will record. Else About says why they are not.
	Exact bool
	About string
	// Bound says that they are an upper bound.
	Bound bool
}

// PlannedPhase is a part of a trial. A stage has parameters and steps, and is done once for all trials that share its ID.
type PlannedPhase struct {
	Phase      spec.Phase
	Work       float64    // as in spec.PhaseTime
	Stage      string     // what is done once, by name: a stage's ID, a data set, a cache of images; "" is done by each trial
	Kept       spec.Stage // whose folder keeps the result; "" is none
	Done       bool       // it is in the home
	Steps      int
	Step       float64 // operations of a step, on average
	Uncounted  bool    // how much there is to do is not known, since the data are not there: Work and Steps mean nothing
	Parameters int64   // of the whole model, the frozen ones too
	Trained    int64
	Bytes      int64 // of parameters, gradients and moments
}

// What a plan counts one by one.
const (
	fewSteps   = 2000     // so many steps of a stage; of a longer one
	someSteps  = 250      // so many, evenly spread
	smallModel = 30 << 20 // parameters up to which they are made, and batches are those of the trial's own seed
)

// Planner plans many trials.
type Planner struct{ texts corpus.Sketches }

// NewPlanner plans trials of a home. Close it.
func NewPlanner(home string) *Planner { return &Planner{corpus.Sketches{Home: home}} }

// Close removes what was drawn to plan with.
func (all *Planner) Close() error { return all.texts.Close() }

// Texts is a home in which the texts of a planned trial are found, for [Measure].
func (all *Planner) Texts(t spec.Trial) string { return all.texts.At(t) }

// Plan counts what a trial will do: parameters, operations of each stage, and how much there is of all else. It reads texts and computes nothing. A
// program is no trial of the built-in trainer, and is refused.
func (all *Planner) Plan(ctx context.Context, t spec.Trial, engineName string) (p *Planned, err error) {
	home := all.texts.Home
	if t.Command != "" {
		return nil, errors.New("plan trial: it is a program")
	}
	defer func() { // as Run
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("plan trial %s: %v", t.ID(), r)
		}
	}()
	c, texts, err := all.texts.Open(ctx, t)
	if err != nil {
		return nil, err
	}
	name := "native"
	if engineName != "" {
		name = engineName
	}
	blank := t
	blank.Seed = nn.NoValues
	sizes, err := planOf(ctx, blank, t, home, name, c, true)
	if err != nil {
		return nil, err
	}
	large := slices.ContainsFunc(sizes.Phases, func(one PlannedPhase) bool { return one.Parameters > smallModel })
	counted := t
	if large {
		counted = blank
	}
	planned, err := planOf(ctx, counted, t, home, name, c, false)
	if err != nil {
		return nil, err
	}
	switch {
	case texts == corpus.Bounded:
		planned.bound(t)
	case large:
		planned.Exact, planned.About = false, "a large model: counted on the batches of another seed"
	}
	return planned, nil
}

// bound says what is known of a trial whose data are not there: what a step takes at most, and how many there are if the settings say so.
func (p *Planned) bound(t spec.Trial) {
	p.Exact, p.Bound, p.About = false, true, "the data are not there: every text is taken to be as long as the settings allow"
	p.Features, p.Pixels = 0, 0
	for i := range p.Phases {
		switch one := &p.Phases[i]; one.Phase {
		case spec.Phase(spec.StageQuestionOnly), spec.Phase(spec.StageDiffVQA):
			one.Uncounted = t.DiffVQA.Steps == 0
		default:
			one.Uncounted = !spec.IsTraining(one.Phase) || t.Pretrain.Steps == 0
		}
	}
}

// Bytes is what the parameters, gradients and moments of the largest stage take.
func (p *Planned) Bytes() int64 {
	most := int64(0)
	for _, one := range p.Phases {
		most = max(most, one.Bytes)
	}
	return most
}

// Seeded are the phases of a trial that differs from the planned one in its seed alone: other stages, of the same work.
func (p *Planned) Seeded(t spec.Trial, home string) []PlannedPhase {
	phases := slices.Clone(p.Phases)
	for i := range phases {
		if one := &phases[i]; one.Kept != "" {
			one.Stage, one.Done = string(one.Kept)+"-"+t.StageID(one.Kept), exists(filepath.Join(stageDir(home, t, one.Kept), weightsName))
		}
	}
	return phases
}

// planOf plans the trial t, drawing as counted does.
func planOf(ctx context.Context, counted, t spec.Trial, home, engineName string, c *corpus.Corpus, dry bool) (*Planned, error) {
	p := &Planned{Exact: true}
	r := &trialRun{trial: counted, env: Env{Home: home}, rec: silent{}, engine: sketchEngine{engineName}, corpus: c,
		plan: &plan{Planned: p, trial: t, home: home, dry: dry}}
	params := &nn.Parameters{Seed: nn.NoValues}
	nn.NewEncoder(t).Params(params)
	for _, param := range params.List {
		p.Encoder += int64(param.Tensor.Size())
	}
	if err := r.planData(); err != nil {
		return nil, err
	}
	return p, r.stages(ctx)
}

// planData plans what happens before the first stage.
func (r *trialRun) planData() error {
	p, t := r.plan, r.plan.trial
	drawn := corpus.Drawn(t, p.home)
	images := float64(len(r.corpus.Set.Images))
	p.Pixels = int64(len(r.corpus.Set.Images)) * int64(t.Resolution*t.Resolution)
	cached := false
	if drawn {
		var err error
		if cached, err = corpus.Cached(t, r.corpus.Set, p.home); err != nil {
			return err
		}
	}
	set := fmt.Sprintf("%+v", t.Data)
	if t.Data.Source == spec.SourceSynthetic {
		p.add(PlannedPhase{Phase: spec.PhaseData, Work: float64(t.Data.Synthetic.Patients), Stage: "data " + set, Done: drawn})
	}
	p.add(PlannedPhase{Phase: spec.PhaseImages, Work: images, Stage: fmt.Sprint("images ", t.Resolution, " ", set), Done: cached})
	p.add(PlannedPhase{Phase: spec.PhaseOpen, Work: images})
	return nil
}

// plan is what a trialRun keeps of what it would do, instead of doing it.
type plan struct {
	*Planned
	trial spec.Trial // as it is named
	home  string
	dry   bool // sizes alone: no step is counted
}

func (p *plan) add(phase PlannedPhase) {
	for i := range p.Phases {
		if one := &p.Phases[i]; one.Phase == phase.Phase && one.Stage == phase.Stage {
			one.Work += phase.Work
			return
		}
	}
	p.Phases = append(p.Phases, phase)
}

// train counts a stage. The parameters come back as they start.
func (p *plan) train(name spec.Stage, s training, session engine.Session) (method.Weights, error) {
	one := PlannedPhase{Phase: spec.Phase(name), Kept: name, Stage: string(name) + "-" + p.trial.StageID(name), Steps: s.Steps}
	one.Done = exists(filepath.Join(stageDir(p.home, p.trial, name), weightsName))
	for _, param := range s.Params {
		one.Parameters += int64(param.Tensor.Size())
		if !param.Frozen {
			one.Trained += int64(param.Tensor.Size())
		}
	}
	one.Bytes = 4*one.Parameters + 12*one.Trained
	if p.dry {
		p.add(one)
		return method.ValuesOf(s.Params), nil
	}
	counter, at, counted := flops.New(s.Params), position{}, s.Steps
	stride := 1.0
	if s.Steps > fewSteps {
		counted = someSteps
		stride = float64(s.Steps) / someSteps
		p.Exact, p.About = false, fmt.Sprintf("counted on %d steps of each stage longer than %d", someSteps, fewSteps)
	}
	for i := range counted {
		at.Step = i + 1
		batch, err := s.Batch(session, 1+int(float64(i)*stride))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if len(batch.Before) > 0 && len(batch.Parts) > 0 {
			p.follows(name)
		}
		if err := at.count(counter, batch); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	one.Work = at.FLOPs
	if counted < s.Steps {
		one.Work *= float64(s.Steps) / float64(counted)
	}
	one.Step = one.Work / float64(max(1, s.Steps))
	p.add(one)
	return method.ValuesOf(s.Params), nil
}

// follows says that what a stage's steps read depends on what it has learnt.
func (p *plan) follows(name spec.Stage) {
	if name == spec.StageQFormer {
		p.Exact, p.About = false, "which texts BLIP-2 compares depends on what it has learnt"
	}
}

// keep plans a stage that trains nothing.
func (p *plan) keep(name spec.Stage, work float64) {
	p.add(PlannedPhase{Phase: spec.Phase(name), Kept: name, Work: work, Stage: string(name) + "-" + p.trial.StageID(name),
		Done: exists(filepath.Join(stageDir(p.home, p.trial, name), weightsName))})
	p.Exact, p.About = false, "how long the written reports are that questions follow is not known"
}

// silent takes what a plan says and drops it.
type silent struct{}

func (silent) Point(string, int, float64) error   { return nil }
func (silent) Progress(string, int, int, float64) {}
func (silent) Note(string, string) error          { return nil }
func (silent) Sync() error                        { return nil }
