package model

import (
	"errors"

	"harness/model/engine"
	"harness/model/engine/flops"
)

// sketchEngine is an engine that computes nothing: it knows the shapes of results, and their values are zero. Whoever makes batches may ask it.
type sketchEngine struct{ name string }

func (e sketchEngine) Name() string   { return e.name }
func (e sketchEngine) Device() string { return "none" }

func (e sketchEngine) New(params []engine.Param) (engine.Session, error) {
	return &sketchSession{counter: flops.New(params), params: params}, nil
}

type sketchSession struct {
	counter *flops.Counter
	params  []engine.Param
}

// errSketch is what a session says that is asked for more than shapes.
var errSketch = errors.New("a sketch of a model computes nothing")

func (s *sketchSession) Run(key string, p engine.Program, in engine.Inputs) ([]engine.Tensor, error) {
	count, err := s.counter.Count(key, p, in, flops.Inference)
	if err != nil {
		return nil, err
	}
	var out []engine.Tensor
	for _, shape := range count.Results() {
		t := engine.Tensor{Shape: shape}
		if n := engine.Size(shape); n <= mostZeros {
			t.F32 = make([]float32, n)
		}
		out = append(out, t)
	}
	return out, nil
}

// mostZeros is the size up to which a result has values: who makes batches looks at similarities, never at features.
const mostZeros = 1 << 20

func (s *sketchSession) Param(name string) (engine.Tensor, error) {
	for _, p := range s.params {
		if p.Name == name {
			return p.Tensor, nil
		}
	}
	return engine.Tensor{}, errSketch
}

func (s *sketchSession) Names() []string {
	names := make([]string, len(s.params))
	for i, p := range s.params {
		names[i] = p.Name
	}
	return names
}

func (s *sketchSession) Gradients(string, engine.Program, engine.Inputs) (float64, map[string]engine.Tensor, error) {
	return 0, nil, errSketch
}

func (s *sketchSession) Step(string, engine.Program, engine.Inputs, float64, engine.AdamW) (engine.StepResult, error) {
	return engine.StepResult{}, errSketch
}

func (s *sketchSession) Accumulate(string, engine.Program, engine.Inputs) (float64, []engine.Tensor, error) {
	return 0, nil, errSketch
}

func (s *sketchSession) Apply(float64, engine.AdamW) (float64, error) { return 0, errSketch }
func (s *sketchSession) Save() (map[string]engine.Tensor, error)      { return nil, errSketch }
func (s *sketchSession) Load(map[string]engine.Tensor) error          { return errSketch }
func (s *sketchSession) Reset(int, int)                               {}
func (s *sketchSession) Reorder([]int32)                              {}
func (s *sketchSession) Close()                                       {}
