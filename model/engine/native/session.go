package native

import (
	"fmt"
	"maps"
	"slices"

	"harness/model/engine"
)

// Session is a model's parameters on the CPU. Those that move lie in one block, so do their gradients and moments: clipping
// and AdamW see single long arrays.
type Session struct {
	engine *Engine
	arena  arena
	names  []string
	params map[string]*parameter
	frozen []float32
	moving block
	steps  int
	states states
	// waiting is the number of programs whose gradients wait in moving.grad for Apply.
	waiting int
	packs   map[packKey]*pack
}

// block holds the parameters that move; all four arrays have the same layout.
type block struct {
	params        []*parameter
	p, grad, m, v []float32
}

type parameter struct {
	engine.Param
	value   *value
	data    []float32
	grad    []float32 // nil if frozen
	m, v    []float32
	reached bool // a gradient has arrived since the last step; grad may hold anything until then
}

func newSession(e *Engine, params []engine.Param) (*Session, error) {
	s := &Session{engine: e, params: map[string]*parameter{}}
	var frozen, moving int
	for _, p := range params {
		if s.params[p.Name] != nil {
			return nil, fmt.Errorf("parameter %s is given twice", p.Name)
		}
		if len(p.Tensor.F32) != p.Tensor.Size() {
			return nil, fmt.Errorf("parameter %s %v holds %d floats", p.Name, p.Tensor.Shape, len(p.Tensor.F32))
		}
		own := &parameter{Param: p}
		s.names = append(s.names, p.Name)
		s.params[p.Name] = own
		if p.Frozen {
			frozen += roundUp(p.Tensor.Size())
		} else {
			moving += roundUp(p.Tensor.Size())
			s.moving.params = append(s.moving.params, own)
		}
	}
	if err := e.guarded(func() { s.place(params, frozen, moving) }); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// place takes the memory of all parameters and copies them there, in their order.
func (s *Session) place(params []engine.Param, frozen, moving int) {
	s.frozen = mapFloats(max(frozen, 1))
	b := &s.moving
	for _, memory := range []*[]float32{&b.p, &b.grad, &b.m, &b.v} {
		*memory = mapFloats(max(moving, 1))
	}
	frozen, moving = 0, 0
	for _, given := range params {
		p := s.params[given.Name]
		n := len(given.Tensor.F32)
		if p.Frozen {
			p.data = s.frozen[frozen : frozen+n]
			frozen += roundUp(n)
		} else {
			from, to := moving, moving+n
			p.data, p.grad, p.m, p.v = b.p[from:to], b.grad[from:to], b.m[from:to], b.v[from:to]
			moving += roundUp(n)
		}
		copy(p.data, given.Tensor.F32)
		p.Tensor = engine.Tensor{Shape: slices.Clone(given.Tensor.Shape)}
	}
}

// start begins a run; the memory of the one before is dead.
func (s *Session) start(in engine.Inputs, records bool) *run {
	s.arena.reset()
	for _, p := range s.params {
		p.value = nil
	}
	return &run{s: s, in: in, records: records, decodes: !records}
}

// Run computes the program's results without gradients.
func (s *Session) Run(key string, p engine.Program, in engine.Inputs) (out []engine.Tensor, err error) {
	err = s.engine.guarded(func() {
		r := s.start(in, false)
		out = r.toHost(p(r))
	})
	return out, err
}

// toHost copies results out of the run's memory.
func (r *run) toHost(results []engine.Value) []engine.Tensor {
	out := make([]engine.Tensor, len(results))
	for i, v := range results {
		own := r.of(v)
		out[i] = engine.Floats(slices.Clone(r.flat(own)), slices.Clone(own.shape)...)
	}
	return out
}

// Param copies the present value of a parameter to the host.
func (s *Session) Param(name string) (engine.Tensor, error) {
	p := s.params[name]
	if p == nil {
		return engine.Tensor{}, fmt.Errorf("no parameter %s", name)
	}
	return engine.Floats(slices.Clone(p.data), slices.Clone(p.Tensor.Shape)...), nil
}

// Names lists the parameters in the order given to New.
func (s *Session) Names() []string { return slices.Clone(s.names) }

const (
	firstMoment  = "adam.m."
	secondMoment = "adam.v."
	stepCount    = "adam.step"
)

// saved lists the arrays of a full state by their names; the count of steps is kept beside them.
func (s *Session) saved() map[string]array {
	all := map[string]array{}
	for name, p := range s.params {
		all[name] = array{p.data, p.Tensor.Shape}
		if !p.Frozen {
			all[firstMoment+name] = array{p.m, p.Tensor.Shape}
			all[secondMoment+name] = array{p.v, p.Tensor.Shape}
		}
	}
	return all
}

// array is the memory of a tensor of the state.
type array struct {
	data  []float32
	shape []int
}

// Save copies parameters and optimiser state to the host: NAME, adam.m.NAME, adam.v.NAME, and the int32 adam.step [1].
func (s *Session) Save() (map[string]engine.Tensor, error) {
	if err := s.betweenSteps("save"); err != nil {
		return nil, err
	}
	state := map[string]engine.Tensor{stepCount: engine.Ints([]int32{int32(s.steps)}, 1)}
	for name, a := range s.saved() {
		state[name] = engine.Floats(slices.Clone(a.data), slices.Clone(a.shape)...)
	}
	return state, nil
}

// Load puts back what Save returned; a missing or misshapen tensor is an error and changes nothing.
func (s *Session) Load(state map[string]engine.Tensor) error {
	if err := s.betweenSteps("load state"); err != nil {
		return err
	}
	arrays := s.saved()
	for _, name := range slices.Sorted(maps.Keys(arrays)) {
		given, ok := state[name]
		switch {
		case !ok:
			return fmt.Errorf("load state: no tensor %s", name)
		case !slices.Equal(given.Shape, arrays[name].shape):
			return fmt.Errorf("load state: %s has shape %v, not %v", name, given.Shape, arrays[name].shape)
		case len(given.F32) != len(arrays[name].data):
			return fmt.Errorf("load state: %s holds %d floats, not %d", name, len(given.F32), len(arrays[name].data))
		}
	}
	count := state[stepCount]
	if len(count.I32) != 1 || count.I32[0] < 0 {
		return fmt.Errorf("load state: %s is not one count", stepCount)
	}
	for name, a := range arrays {
		copy(a.data, state[name].F32)
	}
	s.packsOutdated()
	s.steps = int(count.I32[0])
	return nil
}

// Close frees what the session holds.
func (s *Session) Close() {
	s.arena.free()
	s.states.free()
	s.freePacks()
	for _, memory := range [][]float32{s.frozen, s.moving.p, s.moving.grad, s.moving.m, s.moving.v} {
		if memory != nil {
			unmapFloats(memory)
		}
	}
	*s = Session{engine: s.engine, params: map[string]*parameter{}}
}
