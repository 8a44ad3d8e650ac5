package model

import (
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/engine/xla"
	"harness/model/spec"
)

// form is a way to compile programs, and how far its losses and gradients may be from the native engine's.
type form struct {
	name            string
	options         xla.Options
	loss, gradients float64 // relative; of the gradients the norm of the difference, over all parameters together
}

var forms = []form{
	{"float32", xla.Options{}, 1e-5, 1e-4},
	{"float32 as large programs are compiled", xla.Options{Sizes: largeForms}, 1e-5, 1e-4},
	{"bfloat16", xla.Options{BF16: true}, 2e-3, 2e-2},
	{"bfloat16 as large programs are compiled", xla.Options{BF16: true, Sizes: largeForms}, 2e-3, 2e-2},
}

// largeForms makes every block one that is computed again on the way back, and attention one by blocks of 16 queries.
var largeForms = xla.Sizes{Recompute: 1, Scores: 1, Queries: 16}

// twins is the native engine, which holds each first step of a stage against that of other engines.
type twins struct {
	engine.Engine
	t        *testing.T
	others   []engine.Engine
	compared map[string]bool // keys of programs
}

func (e *twins) New(params []engine.Param) (engine.Session, error) {
	s, err := e.Engine.New(params)
	return &twinSession{Session: s, of: e, params: params}, err
}

// twinSession compares the programs of its first step.
type twinSession struct {
	engine.Session
	of     *twins
	params []engine.Param
	moved  bool // the parameters are no longer those that it began with
}

func (s *twinSession) Step(key string, p engine.Program, in engine.Inputs, lr float64, opt engine.AdamW) (engine.StepResult, error) {
	s.compare(key, p, in)
	s.moved = true
	return s.Session.Step(key, p, in, lr, opt)
}

func (s *twinSession) Accumulate(key string, p engine.Program, in engine.Inputs) (float64, []engine.Tensor, error) {
	s.compare(key, p, in)
	return s.Session.Accumulate(key, p, in)
}

func (s *twinSession) Apply(lr float64, opt engine.AdamW) (float64, error) {
	s.moved = true
	return s.Session.Apply(lr, opt)
}

// compare computes loss and gradients on all engines.
func (s *twinSession) compare(key string, p engine.Program, in engine.Inputs) {
	t := s.of.t
	if s.moved {
		return
	}
	s.of.compared[key] = true
	wantLoss, want := s.gradients(s.of.Engine, key, p, in)
	for i, other := range s.of.others {
		f := forms[i]
		loss, grads := s.gradients(other, key, p, in)
		if apart := math.Abs(loss-wantLoss) / math.Abs(wantLoss); !(apart <= f.loss) {
			t.Errorf("%s, %s: loss %v, native %v: %.2g apart", key, f.name, loss, wantLoss, apart)
		}
		if len(grads) != len(want) {
			t.Errorf("%s, %s: %d gradients, native %d", key, f.name, len(grads), len(want))
		}
		var difference, size float64
		for name, w := range want {
			for i, v := range w.F32 {
				d := float64(grads[name].F32[i]) - float64(v)
				difference, size = difference+d*d, size+float64(v)*float64(v)
			}
		}
		apart, most := math.Sqrt(difference/size), f.gradients
		if f.options.BF16 && key == string(spec.StageQFormer) { // its similarities are divided by a temperature of .07
			most = 3e-2
		}
		t.Logf("%s, %s: loss %.2g and gradients %.3g apart", key, f.name, math.Abs(loss-wantLoss)/math.Abs(wantLoss), apart)
		if !(apart <= most) {
			t.Errorf("%s, %s: gradients are %.3g apart, more than %.0e", key, f.name, apart, most)
		}
	}
}

// gradients computes on a session of its own, which holds the parameters that s began with.
func (s *twinSession) gradients(e engine.Engine, key string, p engine.Program, in engine.Inputs) (float64, map[string]engine.Tensor) {
	t := s.of.t
	session, err := e.New(s.params)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	loss, grads, err := session.Gradients(key, p, in)
	if err != nil {
		t.Fatal(err)
	}
	return loss, grads
}

// TestTwins trains each method for one step a stage and compares every program that it trains on, in every form that it may be
// compiled in, with the native engine. On GoMLX's Go backend two methods do, unless all are asked for by the plugin in
// $HARNESS_XLA_PLUGIN.
func TestTwins(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	name, methods := "go", []spec.Method{spec.LocationAware, spec.PLURAL}
	if path := os.Getenv("HARNESS_XLA_PLUGIN"); path != "" {
		name, methods = "xla:"+path, spec.Methods[:]
	}
	var others []engine.Engine
	for _, f := range forms {
		f.options.Flags = map[string]string{"xla_backend_optimization_level": "0"} // compiling takes most of the time
		e, err := xla.OpenWith(name, f.options)
		if err != nil {
			t.Fatal(err)
		}
		others = append(others, e)
	}
	first := t.TempDir()
	for i, m := range methods {
		t.Run(string(m), func(t *testing.T) {
			home := first // the others share its data, and no stages
			if i > 0 {
				home = t.TempDir()
				sharedData(t, first, home)
			}
			trial := shortTrial(t, m)
			trial.Encoder.Depth, trial.Decoder.Depth, trial.LM.Depth, trial.LM.Dropout = 2, 2, 2, 0.1
			trial.Pretrain.Steps, trial.DiffVQA.Steps, trial.Eval.Pairs = 1, 1, 1
			e := &twins{Engine: native.New(2), t: t, others: others, compared: map[string]bool{}}
			trainBoth(t, trial, home, e)
			for _, stage := range []spec.Stage{spec.StageDiffVQA, spec.StageQuestionOnly} {
				if !e.compared[string(stage)] {
					t.Errorf("%s was not compared", stage)
				}
			}
			pretraining := slices.DeleteFunc(slices.Sorted(maps.Keys(e.compared)), func(key string) bool {
				return key == string(spec.StageDiffVQA) || key == string(spec.StageQuestionOnly)
			})
			if trial.Pretrains() && len(pretraining) == 0 {
				t.Error("no program of pretraining was compared")
			}
			t.Logf("pretraining: %s", strings.Join(pretraining, ", "))
		})
	}
}

// trainBoth trains both stages of a trial on an engine.
func trainBoth(t *testing.T, trial spec.Trial, home string, e engine.Engine) {
	t.Helper()
	r, weights, f := encoded(t, trial, home, e)
	var err error
	if r.predictions, err = createPredictions(filepath.Join(r.env.Dir, "predictions.jsonl")); err != nil {
		t.Fatal(err)
	}
	defer r.predictions.abort()
	if err := r.diffVQA(t.Context(), weights, f); err != nil {
		t.Fatal(err)
	}
}
