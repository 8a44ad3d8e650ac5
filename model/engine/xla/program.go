package xla

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
	"harness/model/engine/xla/pjrt"
)

// program is a compiled executable and what it must be fed.
type program struct {
	executable compute.Executable
	facts      Compiled
	feeds      []feed      // in the order of the graph's parameters
	replaced   []feed      // the arguments that the last outputs take the place of, in their order
	checks     []check     // of int32 inputs, which a device would silently read out of range
	states     []*stateUse // decoding states read or written
	extra      int         // number of the program's results, without the loss of steps and gradients
}

// feed says where an argument of an executable comes from.
type feed struct {
	kind feedKind
	name string
}

type feedKind uint8

const (
	feedParam  feedKind = iota // value of a parameter
	feedM                      // its first moment
	feedV                      // its second
	feedSum                    // the sum of its gradients that waits for Apply
	feedInput                  // an input of the call
	feedState                  // a decoding state's buffer
	feedLength                 // how many positions it holds
	feedHyper                  // the optimiser's constants of this step
)

// check bounds the values of an int32 input: 0 … limit-1, only where weights is not zero if that is not "".
type check struct {
	input, weights string
	limit          int
}

// run applies the check to the inputs of a call.
func (c check) run(in engine.Inputs) error {
	var weights []float32
	if c.weights != "" {
		weights = in[c.weights].F32
	}
	for i, id := range in[c.input].I32 {
		if (id < 0 || int(id) >= c.limit) && (weights == nil || weights[i] != 0) {
			return fmt.Errorf("input %s: %d at %d is not in 0 … %d", c.input, id, i, c.limit-1)
		}
	}
	return nil
}

// tracer records a program as a GoMLX graph; it is the engine.Ops that the program sees.
type tracer struct {
	s        *session
	g        *graph.Graph
	purpose  Purpose
	in       engine.Inputs
	program  *program
	params   map[string]*graph.Node
	inputs   map[string]*graph.Node
	states   map[string]*stateUse
	dropouts uint32 // calls so far
	scope    *scope // the block that is being traced, nil outside of blocks
	remember bool   // no block is computed again
	passing  int64  // bytes that the largest call of a library needs for itself, as far as they are known
}

// value is a node of the graph. What Append returns is the buffer of a state, of which some first positions count. Their
// number is known when the executable runs, and Attention asks for no more. Whatever else looks at such a value makes
// the executable one for this length alone.
type value struct {
	node   *graph.Node
	state  *stateUse          // nil for ordinary values
	filled int                // positions that count, in this call
	wide   func() *graph.Node // the node before it was rounded to bfloat16; nil where there is none
}

func (v value) Shape() []int {
	dims := slices.Clone(v.node.Shape().Dimensions)
	if v.state != nil {
		v.state.fix()
		dims[1] = v.filled
	}
	return dims
}

// of is the node of a value of which all counts.
func of(op string, v engine.Value) *graph.Node {
	x, ok := v.(value)
	if !ok {
		refuse("%s: a value of another engine, or none", op)
	}
	if x.state == nil {
		return x.node
	}
	x.state.fix()
	return graph.SliceAxis(x.node, 1, graph.AxisRange(0, x.filled))
}

// feed adds an argument of the executable.
func (t *tracer) feed(kind feedKind, name string, dtype dtypes.DType, dims ...int) *graph.Node {
	// Names of models hold dots and slashes, which the compiler's text form does not allow.
	node := graph.Parameter(t.g, fmt.Sprintf("arg%d", len(t.program.feeds)), shapes.Make(dtype, dims...))
	t.program.feeds = append(t.program.feeds, feed{kind, name})
	return node
}

// Param is the parameter of that name.
func (t *tracer) Param(name string) engine.Value { return value{node: t.param(name)} }

func (t *tracer) param(name string) *graph.Node {
	if t.params[name] == nil {
		p := t.s.byName[name]
		if p == nil {
			refuse("no parameter %s", name)
		}
		t.params[name] = t.feed(feedParam, name, dtypes.Float32, p.shape...)
	}
	return t.params[name]
}

// Input is the float32 input of that name.
func (t *tracer) Input(name string) engine.Value { return value{node: t.input(name, dtypes.Float32)} }

// input is the node of an input; it checks the type.
func (t *tracer) input(name string, dtype dtypes.DType) *graph.Node {
	if t.inputs[name] == nil {
		given, ok := t.in[name]
		if !ok {
			refuse("no input %s", name)
		}
		t.inputs[name] = t.feed(feedInput, name, dtypeOf(given), given.Shape...)
	}
	node := t.inputs[name]
	if node.DType() != dtype {
		refuse("input %s is %s, not %s", name, node.DType(), dtype)
	}
	return node
}

// IntShape is the shape of an int32 input.
func (t *tracer) IntShape(name string) []int {
	given, ok := t.in[name]
	if !ok || given.I32 == nil {
		refuse("no int32 input %s", name)
	}
	return slices.Clone(given.Shape)
}

func dtypeOf(t engine.Tensor) dtypes.DType {
	if t.I32 != nil {
		return dtypes.Int32
	}
	return dtypes.Float32
}

// signature names what may share an executable: the purpose, the key, and the inputs' names, types and shapes.
func signature(purpose Purpose, key string, in engine.Inputs) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s", purpose, key)
	for _, name := range slices.Sorted(maps.Keys(in)) {
		fmt.Fprintf(&b, " %s%s%v", name, dtypeOf(in[name]), in[name].Shape)
	}
	return b.String()
}

// prepare finds or compiles the executable for a call. It panics as graph-building code does.
func (s *session) prepare(purpose Purpose, key string, build engine.Program, in engine.Inputs) *program {
	signature := signature(purpose, key, in)
	for _, p := range s.programs[signature] {
		if s.decoding.fits(p.states) {
			return p
		}
	}
	remember := s.remembers(purpose, build, in)
	p := s.build(purpose, key, func(g *graph.Graph, p *program) []*graph.Node {
		t := s.tracer(g, purpose, in, p)
		t.remember = remember
		switch purpose {
		case ForRun:
			outputs := t.results(build(t))
			p.extra = len(outputs)
			return append(outputs, t.writtenStates()...)
		case ForApply:
			return t.applying()
		}
		return t.training(build)
	})
	s.programs[signature] = append(s.programs[signature], p)
	return p
}

// tracer records a program in the graph g.
func (s *session) tracer(g *graph.Graph, purpose Purpose, in engine.Inputs, p *program) *tracer {
	return &tracer{
		s: s, g: g, purpose: purpose, in: in, program: p,
		params: map[string]*graph.Node{}, inputs: map[string]*graph.Node{}, states: map[string]*stateUse{},
	}
}

// build compiles what trace records. It panics as graph-building code does.
func (s *session) build(purpose Purpose, key string, trace func(*graph.Graph, *program) []*graph.Node) *program {
	start := time.Now()
	p := &program{}
	backend, asked := s.compilation()
	// The graph's name is part of the program: sessions share executables whatever their keys.
	g := graph.NewGraph(backend, string(purpose))
	outputs := trace(g, p)
	if len(outputs) == 0 {
		refuse("the program has no result")
	}
	traced := time.Since(start)
	asked.aliases = p.aliases(len(outputs))
	if err := g.Compile(outputs...); err != nil {
		if failure := (*pjrt.Error)(nil); errors.As(err, &failure) { // says enough without the graph's name
			err = failure
		}
		panic(err)
	}
	p.executable, p.facts = g.Executable(), asked.facts
	p.facts.Key, p.facts.Purpose, p.facts.Trace = key, purpose, traced
	s.compiled = append(s.compiled, p.facts)
	return p
}

// compilation is the backend for one graph, and what its compilation is asked for and tells.
func (s *session) compilation() (compute.Backend, *compilation) {
	if plugin, ok := s.backend.(*backend); ok {
		c := &compilation{backend: plugin}
		return c, c
	}
	return s.backend, &compilation{}
}

// aliases pairs the arguments that outputs replace with those outputs: both are positions.
func (p *program) aliases(outputs int) map[int]int {
	pairs := map[int]int{}
	for i, f := range p.feeds {
		if at := slices.Index(p.replaced, f); at >= 0 {
			pairs[i] = outputs - len(p.replaced) + at
		}
	}
	return pairs
}

// results are the nodes of a program's results.
func (t *tracer) results(values []engine.Value) []*graph.Node {
	nodes := make([]*graph.Node, len(values))
	for i, v := range values {
		nodes[i] = t.wide("result", v)
	}
	return nodes
}

// lose breaks the session: what it held was given to a program that failed.
func (s *session) lose(err error) { s.broken = fmt.Errorf("the device failed earlier: %w", err) }

// execute enqueues an executable. Moments, parameters and states that it replaces are given away with the call (donated),
// so that the device can write in place: then a failure breaks the session. Sums of gradients are given away too; without
// them the session can go on.
func (s *session) execute(p *program, in engine.Inputs, hyper []float32, donateParams bool) ([]compute.Buffer, error) {
	if s.broken != nil {
		return nil, s.broken
	}
	for _, c := range p.checks {
		if err := c.run(in); err != nil {
			return nil, err
		}
	}
	args, donate := make([]compute.Buffer, len(p.feeds)), make([]bool, len(p.feeds))
	var temporary []compute.Buffer
	defer func() { free(temporary...) }()
	given := false
	for i, f := range p.feeds {
		var err error
		switch f.kind {
		case feedParam:
			args[i], donate[i] = s.byName[f.name].value, donateParams && !s.byName[f.name].frozen
		case feedM:
			args[i], donate[i] = s.byName[f.name].m, true
		case feedV:
			args[i], donate[i] = s.byName[f.name].v, true
		case feedSum:
			args[i], donate[i], err = s.sum(s.byName[f.name])
		case feedState:
			args[i] = s.decoding.states[f.name].buffer
			donate[i] = slices.ContainsFunc(p.states, func(u *stateUse) bool { return u.name == f.name && u.added > 0 })
		case feedInput:
			args[i], err = s.input(in[f.name])
			temporary = append(temporary, args[i])
		case feedLength:
			args[i], err = s.upload(engine.Ints([]int32{int32(s.decoding.states[f.name].length)}))
			temporary = append(temporary, args[i])
		case feedHyper:
			args[i], err = s.upload(engine.Floats(hyper, len(hyper)))
			temporary = append(temporary, args[i])
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		given = given || donate[i] && f.kind != feedSum
	}
	temporary = append(temporary, s.preloaded.rest(in)...)
	for i, f := range p.feeds {
		if f.kind == feedSum && donate[i] {
			s.byName[f.name].sum = nil
		}
	}
	outputs, err := p.executable.Execute(args, donate, 0)
	if err != nil {
		err = line(err)
		if given {
			s.lose(err)
		}
		return nil, err
	}
	return outputs, nil
}
