package model

import (
	"context"

	"harness/model/engine"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// pretrain returns the weights of what the trial's method trains before difference VQA.
func (r *trialRun) pretrain(ctx context.Context) (method.Weights, error) {
	if r.plan != nil || r.brief {
		return method.Of(r.trial).Pretrain(ctx, r.methodRun(), nil)
	}
	start, err := r.pretrainedEncoder()
	if err != nil {
		return nil, err
	}
	return method.Of(r.trial).Pretrain(ctx, r.methodRun(), start)
}

// methodRun is what the trial's method works with.
func (r *trialRun) methodRun() *method.Run {
	published := r.pretrainedLM
	if r.plan != nil {
		published = func(nn.LanguageModel) (method.Weights, error) { return nil, nil }
	}
	return &method.Run{Trial: r.trial, Corpus: r.corpus, Engine: r.engine, Train: r.pretrainStage, Keep: r.keepStage, PublishedLM: published,
		Progress: func(stage spec.Stage, done, total int) { r.rec.Progress(string(stage), done, total, nan) }}
}

// pretrainStage returns the weights of a stage of pretraining: trained now, or by an earlier trial.
func (r *trialRun) pretrainStage(ctx context.Context, t spec.Trial, name spec.Stage, build func() (method.Training, error)) (method.Weights, error) {
	return r.trainStage(ctx, t, name, func() (training, error) {
		m, err := build()
		return training{Training: m, opt: t.Pretrain.Optimizer}, err
	})
}

// training is a stage of training and its optimiser.
type training struct {
	method.Training
	opt    spec.Optimizer
	enough func(position) bool // asked before each step whether to end before the last; nil: never
}

// trainStage returns the weights of a stage of the trial t: trained now as build says, or by whatever trial has trained it before.
func (r *trialRun) trainStage(ctx context.Context, t spec.Trial, name spec.Stage, build func() (training, error)) (method.Weights, error) {
	switch {
	case r.plan != nil:
		return r.planStage(name, build)
	case r.brief:
		return r.briefStage(ctx, name, build)
	}
	return r.openedStage(ctx, t, name, func(st *stage) (method.Weights, error) {
		s, session, err := r.begun(build)
		if err != nil {
			return nil, err
		}
		defer session.Close()
		began := r.phases.from(now())
		before := func(first method.Batch) error { return r.announce(name, session, s.Params, first) }
		work, err := train(ctx, session, st, s, r.rec, before)
		if err != nil {
			return nil, r.explained(name, err)
		}
		began.until(now(), spec.Phase(name), work)
		return parametersOf(session)
	})
}

// begun is a stage as build says, with a session of its own.
func (r *trialRun) begun(build func() (training, error)) (training, engine.Session, error) {
	s, err := build()
	if err != nil {
		return s, nil, err
	}
	if s.Params, err = method.Started(s.Params, s.Start, s.Frozen); err != nil {
		return s, nil, err
	}
	session, err := r.engine.New(s.Params)
	return s, session, err
}

// planStage plans a stage.
func (r *trialRun) planStage(name spec.Stage, build func() (training, error)) (method.Weights, error) {
	s, session, err := r.begun(build)
	if err != nil {
		return nil, err
	}
	return r.plan.train(name, s, session)
}

// keepStage returns the result of a stage of the trial t that trains nothing: what compute makes of images, now or for whatever trial has needed it
// before. Where a little is measured, it is made of some of them.
func (r *trialRun) keepStage(ctx context.Context, t spec.Trial, name spec.Stage, images []int, compute func(images []int) (method.Weights, error)) (method.Weights, error) {
	timed := func(images []int) (weights method.Weights, err error) {
		err = r.phase(spec.Phase(name), float64(len(images)), func() error {
			weights, err = compute(images)
			return err
		})
		return weights, err
	}
	switch {
	case r.plan != nil:
		r.plan.keep(name, float64(len(images)))
		return r.methodRun().ReferenceReports(), nil
	case r.brief:
		_, err := timed(images[:min(generateRows, len(images))])
		return r.methodRun().ReferenceReports(), err
	}
	return r.openedStage(ctx, t, name, func(*stage) (method.Weights, error) { return timed(images) })
}

// openedStage returns the result of a stage: that in its folder, or else what make returns, which is put there.
func (r *trialRun) openedStage(ctx context.Context, t spec.Trial, name spec.Stage, make func(*stage) (method.Weights, error)) (method.Weights, error) {
	began := r.phases.from(now())
	st, err := openStage(ctx, r.env.Home, t, name, r.rec)
	if err != nil {
		return nil, err
	}
	defer st.close()
	began.until(now(), spec.PhaseWait, 0)
	if st.done() {
		if err := st.reuse(r.rec, r.env.Build); err != nil {
			return nil, err
		}
		return st.weights()
	}
	weights, err := make(st)
	if err != nil {
		return nil, err
	}
	return weights, st.finish(weights, map[string]string{"trial": string(t.Canonical()), buildKey: r.env.Build})
}

// parametersOf copies the present parameters of a session.
func parametersOf(session engine.Session) (method.Weights, error) {
	tensors := method.Weights{}
	for _, name := range session.Names() {
		t, err := session.Param(name)
		if err != nil {
			return nil, err
		}
		tensors[name] = t
	}
	return tensors, nil
}
