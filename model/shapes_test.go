package model

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"harness/model/engine"
	"harness/model/engine/native"
	"harness/model/spec"
)

// compiling is the native engine as one that compiles a program for each shape: models pad for it, and it counts the programs.
type compiling struct {
	engine.Engine
	programs map[string]bool // by purpose, key, shapes of inputs and of decoding states
}

func (compiling) Name() string { return "compiling" }

func (c compiling) New(params []engine.Param) (engine.Session, error) {
	s, err := c.Engine.New(params)
	return &compilingSession{Session: s, programs: c.programs}, err
}

type compilingSession struct {
	engine.Session
	programs map[string]bool
	states   string // as Reset announced them, and whether there are some
	filled   bool
}

func (s *compilingSession) count(purpose, key string, in engine.Inputs) {
	shapes := ""
	for _, name := range slices.Sorted(maps.Keys(in)) {
		shapes += fmt.Sprint(" ", name, in[name].Shape)
	}
	s.programs[purpose+" "+key+shapes] = true
}

func (s *compilingSession) Run(key string, p engine.Program, in engine.Inputs) ([]engine.Tensor, error) {
	s.count("run", fmt.Sprint(key, s.states, s.filled), in)
	s.filled = s.states != ""
	return s.Session.Run(key, p, in)
}

func (s *compilingSession) Step(key string, p engine.Program, in engine.Inputs, lr float64, opt engine.AdamW) (engine.StepResult, error) {
	s.count("step", key, in)
	return s.Session.Step(key, p, in, lr, opt)
}

func (s *compilingSession) Accumulate(key string, p engine.Program, in engine.Inputs) (float64, []engine.Tensor, error) {
	s.count("accumulate", key, in)
	return s.Session.Accumulate(key, p, in)
}

func (s *compilingSession) Reset(rows, positions int) {
	s.states, s.filled = fmt.Sprint(" states ", rows, (positions+31)/32*32), false
	s.Session.Reset(rows, positions)
}

// 400 steps of difference VQA, with and without images, need two shapes each.
func TestFewShapesOfQuestions(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	trial := smokeTrial(t)
	trial.Pretrain.Steps, trial.DiffVQA.Steps = 1, 400
	programs := map[string]bool{}
	open := func(Env) (engine.Engine, error) { return compiling{native.New(2), programs}, nil }
	if err := run(context.Background(), trial, Env{Home: t.TempDir(), Dir: t.TempDir(), Threads: 2}, &tape{}, open); err != nil {
		t.Fatal(err)
	}
	for _, stage := range []spec.Stage{spec.StageQuestionOnly, spec.StageDiffVQA} {
		n := 0
		for program := range programs {
			if strings.HasPrefix(program, "step "+string(stage)+" ") {
				n++
			}
		}
		if n < 1 || n > 2 {
			t.Errorf("%s: %d programs", stage, n)
		}
	}
}

// A trial of any method on an engine that compiles needs few programs, and its losses are those of an engine that takes any shape.
func TestFewPrograms(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	homes := []string{t.TempDir(), t.TempDir()}
	for _, method := range spec.Methods {
		trial := smokeTrial(t)
		trial.Method = method
		trial.Pretrain.Steps, trial.DiffVQA.Steps = 12, 12
		var losses [2]map[string]float64
		programs := map[string]bool{}
		for i, open := range []func(Env) (engine.Engine, error){
			openEngine, func(Env) (engine.Engine, error) { return compiling{native.New(2), programs}, nil },
		} {
			rec := &tape{}
			if err := run(context.Background(), trial, Env{Home: homes[i], Dir: t.TempDir(), Threads: 2}, rec, open); err != nil {
				t.Fatalf("%s: %v", method, err)
			}
			losses[i] = lossesOf(rec.points)
			if i == 0 && method == spec.Methods[0] {
				sharedData(t, homes...)
			}
		}
		if len(losses[0]) == 0 {
			t.Errorf("%s: no loss was compared", method)
		}
		for name, want := range losses[0] {
			if got := losses[1][name]; math.Abs(got-want) > 1e-4*math.Abs(want) {
				t.Errorf("%s: %s is %v with padding, %v without", method, name, got, want)
			}
		}
		if len(programs) > 12 {
			t.Errorf("%s: %d programs:\n%s", method, len(programs), strings.Join(slices.Sorted(maps.Keys(programs)), "\n"))
		}
		t.Logf("%s: %d programs", method, len(programs))
	}
}
