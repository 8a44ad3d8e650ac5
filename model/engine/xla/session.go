package xla

import (
	"errors"
	"fmt"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"

	"harness/model/engine"
)

// session holds one model on a device.
type session struct {
	*device
	params   []*param
	byName   map[string]*param
	steps    int // of the optimiser
	programs map[string][]*program
	compiled []Compiled // of all programs, in order
	decoding decoding
	waiting  int                       // programs whose gradients wait for Apply
	zeros    map[string]compute.Buffer // by shape: where sums of gradients begin

	preloaded preloaded

	// broken is set when a failed execution has taken buffers with it: the values are lost.
	broken error
}

// param is a parameter on the device; m and v are AdamW's moments, nil for a frozen one and before the first step; sum is
// that of the gradients that wait for Apply, nil where none do.
type param struct {
	name          string
	shape         []int
	frozen, decay bool
	value, m, v   compute.Buffer
	sum           compute.Buffer
}

func (d *device) newSession() *session {
	return &session{
		device: d, byName: map[string]*param{}, programs: map[string][]*program{}, zeros: map[string]compute.Buffer{},
	}
}

// New uploads the parameters. Names must be unique and the tensors float32.
func (d *device) New(params []engine.Param) (engine.Session, error) {
	s := d.newSession()
	for _, given := range params {
		if err := s.add(given); err != nil {
			s.Close()
			return nil, fmt.Errorf("parameter %s: %w", given.Name, err)
		}
	}
	return s, nil
}

// add uploads one parameter.
func (s *session) add(given engine.Param) (err error) {
	if s.byName[given.Name] != nil {
		return errors.New("given twice")
	}
	if given.Tensor.I32 != nil {
		return errors.New("is int32, not float32")
	}
	s.declare(given).value, err = s.upload(given.Tensor)
	return err
}

// declare notes a parameter without its value.
func (s *session) declare(given engine.Param) *param {
	p := &param{name: given.Name, shape: slices.Clone(given.Tensor.Shape), frozen: given.Frozen, decay: given.Decay}
	s.params = append(s.params, p)
	s.byName[p.name] = p
	return p
}

// makeMoments puts the zero moments on the device before the first step; sessions that do not train have none.
func (s *session) makeMoments() error {
	for _, p := range s.trained() {
		for _, moment := range []*compute.Buffer{&p.m, &p.v} {
			if *moment != nil {
				continue
			}
			var err error
			if *moment, err = s.upload(engine.Floats(make([]float32, engine.Size(p.shape)), p.shape...)); err != nil {
				return fmt.Errorf("moments of %s: %w", p.name, err)
			}
		}
	}
	return nil
}

// upload copies a tensor to the device.
func (s *session) upload(t engine.Tensor) (compute.Buffer, error) {
	var flat any = t.F32
	n, dtype := len(t.F32), dtypes.Float32
	if t.I32 != nil {
		flat, n, dtype = t.I32, len(t.I32), dtypes.Int32
	}
	if n != t.Size() {
		return nil, fmt.Errorf("%d values for the shape %v", n, t.Shape)
	}
	buffer, err := s.backend.BufferFromFlatData(0, flat, shapes.Make(dtype, t.Shape...))
	if err != nil {
		return nil, fmt.Errorf("copy to the device: %w", line(err))
	}
	return buffer, nil
}

// download copies a float32 buffer to the host.
func download(buffer compute.Buffer) (engine.Tensor, error) {
	shape, err := buffer.Shape()
	if err != nil {
		return engine.Tensor{}, fmt.Errorf("copy to the host: %w", line(err))
	}
	t := engine.Floats(make([]float32, shape.Size()), slices.Clone(shape.Dimensions)...)
	if err := buffer.ToFlatData(t.F32); err != nil {
		return engine.Tensor{}, fmt.Errorf("copy to the host: %w", line(err))
	}
	return t, nil
}

// downloadNumbers copies float64 numbers to the host, as many as there is room for.
func downloadNumbers(buffer compute.Buffer, numbers []float64) error {
	if err := buffer.ToFlatData(numbers); err != nil {
		return fmt.Errorf("copy to the host: %w", line(err))
	}
	return nil
}

// downloadScalar copies a float64 scalar to the host.
func downloadScalar(buffer compute.Buffer) (float64, error) {
	var flat [1]float64
	err := downloadNumbers(buffer, flat[:])
	return flat[0], err
}

// downloadAll copies float32 buffers to the host.
func downloadAll(buffers []compute.Buffer) ([]engine.Tensor, error) {
	tensors := make([]engine.Tensor, len(buffers))
	for i, b := range buffers {
		var err error
		if tensors[i], err = download(b); err != nil {
			return nil, err
		}
	}
	return tensors, nil
}

// free releases buffers. Backends may hand out one buffer for two equal results: free each buffer once.
func free(buffers ...compute.Buffer) {
	seen := map[compute.Buffer]bool{}
	for _, b := range buffers {
		if b == nil || seen[b] {
			continue
		}
		seen[b] = true
		_ = b.Finalize() // nothing can be done about an error, and nothing depends on it
	}
}

func (s *session) Param(name string) (engine.Tensor, error) {
	p := s.byName[name]
	if p == nil {
		return engine.Tensor{}, fmt.Errorf("no parameter %s", name)
	}
	if s.broken != nil {
		return engine.Tensor{}, s.broken
	}
	return download(p.value)
}

func (s *session) Names() []string {
	names := make([]string, len(s.params))
	for i, p := range s.params {
		names[i] = p.name
	}
	return names
}

// trained lists the parameters that steps move, in order.
func (s *session) trained() []*param {
	var list []*param
	for _, p := range s.params {
		if !p.frozen {
			list = append(list, p)
		}
	}
	return list
}

// slot is one tensor of the saved state and where its buffer is kept.
type slot struct {
	name   string
	shape  []int
	buffer *compute.Buffer
}

// slots lists everything that Save writes but the step counter.
func (s *session) slots() []slot {
	var list []slot
	for _, p := range s.params {
		list = append(list, slot{p.name, p.shape, &p.value})
		if !p.frozen {
			list = append(list, slot{"adam.m." + p.name, p.shape, &p.m}, slot{"adam.v." + p.name, p.shape, &p.v})
		}
	}
	return list
}

const stepName = "adam.step"

func (s *session) Save() (map[string]engine.Tensor, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	if err := s.betweenSteps("save"); err != nil {
		return nil, err
	}
	state := map[string]engine.Tensor{stepName: engine.Ints([]int32{int32(s.steps)}, 1)}
	for _, slot := range s.slots() {
		if *slot.buffer == nil { // moments before the first step
			state[slot.name] = engine.Floats(make([]float32, engine.Size(slot.shape)), slices.Clone(slot.shape)...)
			continue
		}
		t, err := download(*slot.buffer)
		if err != nil {
			return nil, fmt.Errorf("save %s: %w", slot.name, err)
		}
		state[slot.name] = t
	}
	return state, nil
}

func (s *session) Load(state map[string]engine.Tensor) error {
	if err := s.betweenSteps("load"); err != nil {
		return err
	}
	step := state[stepName]
	if len(step.I32) != 1 || step.I32[0] < 0 {
		return fmt.Errorf("load %s: one count was expected", stepName)
	}
	slots := s.slots()
	for _, slot := range slots {
		t, ok := state[slot.name]
		switch {
		case !ok:
			return fmt.Errorf("load %s: missing", slot.name)
		case t.F32 == nil && t.Size() > 0 || !slices.Equal(t.Shape, slot.shape):
			return fmt.Errorf("load %s: shape %v, not float32 %v", slot.name, t.Shape, slot.shape)
		}
	}
	fresh := make([]compute.Buffer, len(slots))
	for i, slot := range slots {
		var err error
		if fresh[i], err = s.upload(state[slot.name]); err != nil {
			free(fresh[:i]...)
			return fmt.Errorf("load %s: %w", slot.name, err)
		}
	}
	for i, slot := range slots {
		if s.broken == nil {
			free(*slot.buffer)
		}
		*slot.buffer = fresh[i]
	}
	s.steps, s.broken = int(step.I32[0]), nil
	return nil
}

// Close frees buffers and executables. The backend stays open: PJRT clients cannot be closed and opened again safely.
func (s *session) Close() {
	s.decoding.close()
	s.preloaded.close()
	s.discard()
	for _, zero := range s.zeros {
		free(zero)
	}
	for _, list := range s.programs {
		for _, p := range list {
			p.executable.Finalize()
		}
	}
	if s.broken == nil {
		for _, p := range s.params {
			free(p.value, p.m, p.v)
		}
	}
	s.params, s.byName, s.programs, s.zeros = nil, map[string]*param{}, map[string][]*program{}, map[string]compute.Buffer{}
	s.broken = errors.New("the session is closed")
}
