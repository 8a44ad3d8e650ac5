package xla

import (
	"fmt"
	"maps"
	"slices"

	"github.com/gomlx/compute"
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// decoding holds the key/value caches of a session. Compiled programs have fixed shapes, so a state is a buffer for
// all positions that [session.Reset] announced, and a length that is handed to the executable with each call: one
// executable serves every step of a search.
type decoding struct {
	rows, positions int // as announced
	states          map[string]*state
	reorders        map[string]*program // by shape and number of new rows
	err             error               // of Reorder, which returns none; the next Run returns it
}

// state is one cache: a buffer [rows, positions, width] of which length positions are filled, the rest zero.
type state struct {
	shape  []int
	length int
	buffer compute.Buffer
}

// stateUse is what an executable does with a state, and thereby what it needs of it.
type stateUse struct {
	name   string
	absent bool  // it makes the state
	shape  []int // of the buffer
	fixed  bool  // it serves one length only, the next
	before int   // the length when it was compiled
	added  int   // positions that it appends

	node, start *graph.Node // while tracing: the buffer as it is by now, and how much was filled before the program
}

// fix ties the executable to the present length.
func (u *stateUse) fix() { u.fixed = true }

// capacity is the number of positions of a buffer: rounded up, so that prompts of about the same length share
// executables.
func (d *decoding) capacity() int {
	const step = 32
	return (d.positions + step - 1) / step * step
}

// reset drops all states.
func (d *decoding) reset() {
	for _, s := range d.states {
		free(s.buffer)
	}
	d.states, d.err = map[string]*state{}, nil
}

// close frees all that decoding holds.
func (d *decoding) close() {
	d.reset()
	for _, p := range d.reorders {
		p.executable.Finalize()
	}
	d.reorders = nil
}

// Reset empties the states and sets how large they may become.
func (s *session) Reset(rows, positions int) {
	s.decoding.reset()
	s.decoding.rows, s.decoding.positions = rows, positions
}

// fits says whether the states are as an executable needs them.
func (d *decoding) fits(uses []*stateUse) bool {
	for _, u := range uses {
		s := d.states[u.name]
		switch {
		case (s == nil) != u.absent:
			return false
		case s == nil && u.shape[1] != d.capacity():
			return false
		case s != nil && (fmt.Sprint(s.shape) != fmt.Sprint(u.shape) || u.fixed && u.before != s.length):
			return false
		}
	}
	return true
}

// room checks that what an executable appends still fits.
func (d *decoding) room(uses []*stateUse) error {
	for _, u := range uses {
		length := u.added
		if s := d.states[u.name]; s != nil {
			length += s.length
		}
		if length > d.positions || u.shape[0] > d.rows {
			return fmt.Errorf("state %s: %d rows of %d positions exceed the %d of %d of Reset",
				u.name, u.shape[0], length, d.rows, d.positions)
		}
	}
	return nil
}

// store takes over the buffers that an executable returned for the states it wrote.
func (d *decoding) store(uses []*stateUse, buffers []compute.Buffer) {
	for _, u := range uses {
		if u.added == 0 {
			continue
		}
		if d.states[u.name] == nil {
			d.states[u.name] = &state{shape: u.shape}
		}
		d.states[u.name].buffer, buffers = buffers[0], buffers[1:]
		d.states[u.name].length += u.added
	}
}

// use finds or begins the record of a state's use. shape is that of the buffer, if the state is to be made.
func (t *tracer) use(name string, shape []int) *stateUse {
	if t.purpose != ForRun {
		refuse("state %s: decoding states are for Run only", name)
	}
	if u := t.states[name]; u != nil {
		return u
	}
	u := &stateUse{name: name, shape: shape}
	if s := t.s.decoding.states[name]; s != nil {
		u.shape, u.before = s.shape, s.length
		u.node = t.feed(feedState, name, dtypes.Float32, s.shape...)
		u.start = t.feed(feedLength, name, dtypes.Int32)
	} else if shape == nil {
		refuse("state %s is empty", name)
	} else {
		u.absent = true
		u.node = graph.Zeros(t.g, shapes.Make(dtypes.Float32, shape...))
		u.start = graph.Const(t.g, int32(0))
	}
	t.states[name] = u
	t.program.states = append(t.program.states, u)
	return u
}

// Append writes x [B, s, w] behind the state's positions.
func (t *tracer) Append(name string, x engine.Value) engine.Value {
	xn := full(of("append", x))
	dims := xn.Shape().Dimensions
	if len(dims) != 3 {
		refuse("append %s: x %v is not [B, s, w]", name, dims)
	}
	u := t.use(name, []int{dims[0], t.s.decoding.capacity(), dims[2]})
	if dims[0] != u.shape[0] || dims[2] != u.shape[2] {
		refuse("append %s: x %v does not fit the state %v", name, dims, u.shape)
	}
	if u.before+u.added+dims[1] > t.s.decoding.positions {
		refuse("append %s: x %v behind %d positions exceeds the %d of Reset", name, dims, u.before+u.added, t.s.decoding.positions)
	}
	u.node = t.write(u.node, xn, u.end(u.added))
	u.added += dims[1]
	return u.value()
}

// end is the number of filled positions after added ones.
func (u *stateUse) end(added int) *graph.Node { return graph.AddScalar(u.start, int32(added)) }

// value is what the state holds at this point of the program.
func (u *stateUse) value() value { return value{node: u.node, state: u, filled: u.before + u.added} }

// write puts x [B, s, w] at the positions length … length+s-1 of buffer [B, positions, w].
func (t *tracer) write(buffer, x, length *graph.Node) *graph.Node {
	if t.s.backend.Capabilities().Operations[compute.OpTypeDynamicUpdateSlice] {
		zero := graph.Const(t.g, int32(0))
		return graph.DynamicUpdateSlice(buffer, x, []*graph.Node{zero, length, zero})
	}
	// Row p takes x's row p-length where there is one.
	dims, count := buffer.Shape().Dimensions, x.Shape().Dimensions[1]
	offset := graph.Sub(graph.Iota(t.g, shapes.Make(dtypes.Int32, dims[1]), 0), length)
	last := graph.Const(t.g, int32(count-1))
	from := graph.Min(graph.Max(offset, graph.Const(t.g, int32(0))), last)
	rows := graph.Gather(graph.Transpose(x, 0, 1), graph.InsertAxes(from, -1)) // [positions, B, w]
	here := graph.And(graph.IsNonNegative(offset), graph.LessOrEqual(offset, last))
	here = graph.BroadcastToDims(graph.Reshape(here, 1, dims[1], 1), dims...)
	return graph.Where(here, graph.Transpose(rows, 0, 1), buffer)
}

// State is what the state holds. One that the program does not grow is read at its present length, for which the
// executable is then compiled: the caches of cross-attention, whose length stays.
func (t *tracer) State(name string) engine.Value {
	u := t.use(name, nil)
	if u.added > 0 {
		return u.value()
	}
	return value{node: of("state", u.value())}
}

// writtenStates are the nodes of the states that the program appended to, in the order of their first use.
func (t *tracer) writtenStates() []*graph.Node {
	var nodes []*graph.Node
	for _, u := range t.program.states {
		if u.added > 0 {
			nodes = append(nodes, u.node)
			t.program.replaced = append(t.program.replaced, feed{feedState, u.name})
		}
		u.node, u.start = nil, nil
	}
	return nodes
}

// Reorder makes row i of every state the old row rows[i]. The device does one state after the other, so that only one is there
// twice; the host does not wait.
func (s *session) Reorder(rows []int32) {
	if s.decoding.err == nil {
		s.decoding.err = s.reorder(rows)
	}
}

func (s *session) reorder(rows []int32) (err error) {
	defer recovered(&err, "reorder states")
	d := &s.decoding
	names := slices.Sorted(maps.Keys(d.states))
	same := true
	for _, name := range names {
		for i, row := range rows {
			if row < 0 || int(row) >= d.states[name].shape[0] {
				return fmt.Errorf("reorder state %s: row %d of %d", name, row, d.states[name].shape[0])
			}
			same = same && int(row) == i
		}
		same = same && len(rows) == d.states[name].shape[0]
	}
	if same {
		return nil
	}
	if len(rows) > d.rows {
		return fmt.Errorf("reorder states: %d rows exceed the %d of Reset", len(rows), d.rows)
	}
	index, err := s.upload(engine.Ints(rows, len(rows), 1))
	if err != nil {
		return err
	}
	defer free(index)
	for _, name := range names {
		st := d.states[name]
		outputs, err := s.reordering(st.shape, len(rows)).executable.Execute([]compute.Buffer{st.buffer, index}, nil, 0)
		if err != nil {
			return fmt.Errorf("reorder state %s: %w", name, line(err))
		}
		free(st.buffer)
		st.buffer, st.shape = outputs[0], []int{len(rows), st.shape[1], st.shape[2]}
	}
	return nil
}

// reordering is the compiled gather of n rows of a state. It panics as graph-building code does.
func (s *session) reordering(shape []int, n int) *program {
	key := fmt.Sprint(shape, n)
	if p := s.decoding.reorders[key]; p != nil {
		return p
	}
	p := s.build(ForReorder, "states", func(g *graph.Graph, _ *program) []*graph.Node {
		buffer := graph.Parameter(g, "buffer", shapes.Make(dtypes.Float32, shape...))
		rows := graph.Parameter(g, "rows", shapes.Make(dtypes.Int32, n, 1))
		return []*graph.Node{graph.Gather(buffer, rows)}
	})
	if s.decoding.reorders == nil {
		s.decoding.reorders = map[string]*program{}
	}
	s.decoding.reorders[key] = p
	return p
}
