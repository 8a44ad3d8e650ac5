package model

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"harness/metrics/meteor"
	"harness/model/engine"
	"harness/model/engine/native"
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
	corpus *corpus

	paraphrases *meteor.Paraphrases // of METEOR, nil for none
}

// Run trains and tests one trial; its numbers go to rec, its predictions to env.Dir. Stages that are done already, by this
// trial or by another, are shared. When ctx ends, Run writes a checkpoint and returns ctx's cause; the next call continues
// from there, and gives exactly the numbers of a run that was never stopped.
func Run(ctx context.Context, t spec.Trial, env Env, rec Recorder) (err error) {
	defer func() { // the border of the package: engines panic on shapes that do not fit
		if p := recover(); p != nil {
			err = fmt.Errorf("trial %s: %v", t.ID(), p)
		}
	}()
	if err := t.Validate(); err != nil {
		return err
	}
	if err := checkEngine(t, env.Engine); err != nil {
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
	r := &trialRun{trial: t, env: env, rec: rec, paraphrases: table}
	if r.engine, err = openEngine(env); err != nil {
		return err
	}
	if err := rec.Note("engine", r.engine.Name()+" on "+r.engine.Device()); err != nil {
		return err
	}
	if err := noteWeights(t, rec); err != nil {
		return err
	}
	if r.corpus, err = openCorpus(ctx, t, env, rec); err != nil {
		return err
	}
	defer r.corpus.close()

	weights, err := r.pretrain(ctx)
	if err != nil {
		return err
	}
	features, err := r.encode(ctx, weights)
	if err != nil {
		return err
	}
	defer features.close()
	predictions, err := createPredictions(filepath.Join(env.Dir, "predictions.jsonl"))
	if err != nil {
		return err
	}
	defer predictions.abort()
	for _, stage := range []func() error{
		func() error { return r.probe(ctx, features) },
		func() error { return r.testRegions(ctx, weights, features, predictions) },
		func() error { return r.diffVQA(ctx, weights, features, predictions) },
	} {
		if err := stage(); err != nil {
			return err
		}
		if err := rec.Sync(); err != nil {
			return err
		}
	}
	return predictions.commit()
}

func openEngine(env Env) (engine.Engine, error) {
	if env.Engine == "" || env.Engine == "native" {
		return native.New(env.Threads), nil
	}
	return xla.Open(env.Engine)
}

// step is the multiple to which an engine wants lengths rounded up: a compiled graph serves one shape.
func (r *trialRun) step() int {
	if r.native() {
		return 4
	}
	return 32
}

// native reports whether the engine accepts any shape without padding.
func (r *trialRun) native() bool { return r.engine.Name() == "native" }

// openSession makes a session of params with the values that weights has for them.
func (r *trialRun) openSession(params []engine.Param, weights map[string]engine.Tensor, frozen func(string) bool) (engine.Session, error) {
	for i := range params {
		p := &params[i]
		if frozen != nil && frozen(p.Name) {
			p.Frozen, p.Decay = true, false
		}
		w, ok := weights[p.Name]
		if !ok {
			continue
		}
		if w.Size() != p.Tensor.Size() {
			return nil, fmt.Errorf("parameter %s: shape %v, want %v", p.Name, w.Shape, p.Tensor.Shape)
		}
		p.Tensor.F32 = w.F32
	}
	return r.engine.New(params)
}

// parametersOf copies the present parameters of a session whose names keep accepts.
func parametersOf(session engine.Session, keep func(name string) bool) (map[string]engine.Tensor, error) {
	tensors := map[string]engine.Tensor{}
	for _, name := range session.Names() {
		if !keep(name) {
			continue
		}
		t, err := session.Param(name)
		if err != nil {
			return nil, err
		}
		tensors[name] = t
	}
	return tensors, nil
}

func everything(string) bool { return true }

func ofEncoder(name string) bool { return strings.HasPrefix(name, "encoder.") }
