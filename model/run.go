package model

import (
	"context"
	"fmt"
	"math"
	"path/filepath"

	"harness/metrics/meteor"
	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/engine/plugins"
	"harness/model/engine/xla"
	"harness/model/spec"
)

var nan = math.NaN()

// trialRun is what the stages of a trial share.
type trialRun struct {
	trial  spec.Trial
	env    Env
	rec    Recorder
	engine engine.Engine
	corpus *corpus.Corpus

	paraphrases *meteor.Paraphrases // of METEOR, nil for none
	bertscore   *bertScorer         // nil for none
	predictions *predictions

	phases phases
	plan   *plan // where the trial is planned rather than run
	brief  bool  // a little of the wanted phases is done, to measure them
	wanted func(spec.Phase) bool
}

// Run trains and tests one trial; its numbers go to rec, its predictions to env.Dir. Stages that are done already, by this
// trial or by another, are shared. When ctx ends, Run writes a checkpoint and returns ctx's cause; the next call continues
// from there, and gives exactly the numbers of a run that was never stopped.
func Run(ctx context.Context, t spec.Trial, env Env, rec Recorder) error {
	return run(ctx, t, env, rec, openEngine)
}

// run is Run on the engine that open opens.
func run(ctx context.Context, t spec.Trial, env Env, rec Recorder, open func(Env) (engine.Engine, error)) (err error) {
	id := t.ID()
	defer func() { // the border of the package: engines panic on shapes that do not fit
		if p := recover(); p != nil {
			err = fmt.Errorf("trial %s: %v", id, p)
		}
	}()
	if err := t.Validate(); err != nil {
		return err
	}
	if err := checkEngine(t, env.Engine); err != nil {
		return err
	}
	if err := checkAvailable(t.Precision, env.Engine); err != nil {
		return err
	}
	t, commits, err := located(ctx, env.Hub, t)
	if err != nil {
		return err
	}
	if err := checkWeights(t); err != nil {
		return err
	}
	if err := checkSeals(ctx, t, env.Home); err != nil {
		return err
	}
	table, err := openParaphrases(ctx, t, env.Home)
	if err != nil {
		return err
	}
	if table != nil {
		defer table.Close()
	}
	scorer, err := openBERTScore(ctx, t, env)
	if err != nil {
		return err
	}
	if scorer != nil {
		defer scorer.model.Close()
	}
	r := &trialRun{trial: t, env: env, rec: rec, paraphrases: table, bertscore: scorer}
	opened, err := open(env)
	if err != nil {
		return err
	}
	programs := watched(opened, rec)
	r.engine = programs
	defer followThreads(opened, env.Rethread)()
	if err := rec.Note("engine", r.engine.Name()+" on "+describe(r.engine)); err != nil {
		return err
	}
	for _, c := range commits {
		if err := rec.Note(c.field, c.text); err != nil {
			return err
		}
	}
	if err := noteWeights(t, rec); err != nil {
		return err
	}
	if err := r.openCorpus(ctx); err != nil {
		return err
	}
	defer r.corpus.Close()
	if r.predictions, err = createPredictions(filepath.Join(env.Dir, "predictions.jsonl")); err != nil {
		return err
	}
	defer r.predictions.abort()
	if err := r.stages(ctx); err != nil {
		return err
	}
	if programs.err != nil {
		return programs.err
	}
	if err := r.phases.note(rec); err != nil {
		return err
	}
	return r.predictions.commit()
}

// stages are the stages of a trial, from pretraining to the last test.
func (r *trialRun) stages(ctx context.Context) error {
	weights, err := r.pretrain(ctx)
	if err != nil {
		return err
	}
	features, err := r.encode(ctx, weights)
	if err != nil {
		return err
	}
	defer func() { features.close() }() // as it is then: mapped rows are freed, too
	for _, stage := range []func() error{
		func() error {
			work := float64(len(features.images) * features.tokens * features.width)
			return r.phase(spec.PhaseProbe, work, func() error { return r.probe(ctx, features) })
		},
		func() error { return r.regions(ctx, weights, features) },
		func() error {
			if r.trial.Until == spec.UntilRegions {
				return nil
			}
			return r.diffVQA(ctx, weights, features)
		},
	} {
		if err := stage(); err != nil {
			return err
		}
		if err := r.rec.Sync(); err != nil {
			return err
		}
	}
	return nil
}

// describe is what the engine runs on, with the package that its plugin came with.
func describe(e engine.Engine) string {
	if named, err := spec.ParseEngine(e.Name()); err == nil && named.Plugin != "" {
		if p := plugins.At(named.Plugin); p.Version != "" {
			return e.Device() + ", " + p.Package + " " + p.Version
		}
	}
	return e.Device()
}

// followThreads sets the engine's threads as told, until the function that it returns is called.
func followThreads(e engine.Engine, told <-chan int) (stop func()) {
	resized, ok := e.(interface{ SetThreads(int) })
	if !ok {
		return func() {}
	}
	done := make(chan struct{})
	go func() {
		for {
			select {
			case n := <-told:
				resized.SetThreads(n)
			case <-done:
				return
			}
		}
	}()
	return func() { close(done) }
}

func openEngine(env Env) (engine.Engine, error) {
	named, err := spec.ParseEngine(env.Engine)
	if err != nil {
		return nil, err
	}
	if named.Kind == "" {
		return native.NewWith(env.Threads, native.Options{BF16: named.Precision == spec.BF16})
	}
	return xla.OpenWith(env.Engine, xla.Options{Cache: filepath.Join(cacheDir(env.Home), "xla"), GPU: env.GPU})
}
