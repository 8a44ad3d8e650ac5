package native

import (
	"slices"
	"unsafe"

	"harness/model/engine"
)

// states are the decoding states of a session: what attention has seen so far. A row written is never moved: each state
// keeps, for every sample and position, the number of the row that holds it. Surviving beams cost a copy of numbers, and
// beams that share their past read the same memory.
type states struct {
	rows, positions int // as large as they may become
	named           map[string]*state
}

type state struct {
	batch, length, positions, width int
	data                            []float32 // [rows, positions, width]
	where                           []int32   // [rows, positions]: the row of data that holds a position of a sample
	spare                           []int32
	memory                          [][]float32
}

// int32sOf is the same memory as integers.
func int32sOf(x []float32) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(x))), len(x))
}

func newState(rows, positions, width int) *state {
	n := max(rows*positions, 1)
	s := &state{width: width}
	s.memory = [][]float32{mapFloats(n * width), mapFloats(n), mapFloats(n)}
	s.data, s.where, s.spare = s.memory[0], int32sOf(s.memory[1]), int32sOf(s.memory[2])
	return s
}

func (s *state) free() {
	for _, m := range s.memory {
		unmapFloats(m)
	}
}

func (s *states) free() {
	for _, st := range s.named {
		st.free()
	}
	s.named = nil
}

// begin is the state of that name; one that is new or empty gets the width, and room for all that Reset has announced.
func (s *states) begin(name string, width int) *state {
	st := s.named[name]
	if st != nil && st.length > 0 {
		return st
	}
	if n := s.rows * s.positions; st == nil || len(st.data) < n*width || len(st.where) < n {
		if st != nil {
			st.free()
		}
		if s.named == nil {
			s.named = map[string]*state{}
		}
		st = newState(s.rows, s.positions, width)
		s.named[name] = st
	}
	st.width, st.positions = width, s.positions
	return st
}

// write puts x [batch, n, width] behind what the state holds. Rows of data are used once only: sample b writes to its own
// stretch, at the new position, which no other sample's past can name.
func (s *state) write(x []float32, batch, n int) {
	s.batch = batch
	for b := range batch {
		for i := range n {
			row := b*s.positions + s.length + i
			s.where[row] = int32(row)
			copy(s.data[row*s.width:][:s.width], x[(b*n+i)*s.width:])
		}
	}
	s.length += n
}

// read copies all of the state to dst [batch, length, width].
func (s *state) read(dst []float32) {
	for b := range s.batch {
		for i := range s.length {
			row := int(s.where[b*s.positions+i])
			copy(dst[(b*s.length+i)*s.width:][:s.width], s.data[row*s.width:])
		}
	}
}

// reorder makes sample i the old sample rows[i].
func (s *state) reorder(rows []int32) {
	for i, from := range rows {
		copy(s.spare[i*s.positions:][:s.length], s.where[int(from)*s.positions:])
	}
	s.where, s.spare = s.spare, s.where
	s.batch = len(rows)
}

// Reset empties all decoding states and says how large they may become.
func (s *Session) Reset(rows, positions int) {
	s.states.rows, s.states.positions = rows, positions
	for _, st := range s.states.named {
		st.batch, st.length = 0, 0
	}
}

// Reorder makes row i of every decoding state the old row rows[i]. Rows that are not there are a panic, as in operations.
func (s *Session) Reorder(rows []int32) {
	if len(rows) > s.states.rows {
		refuse("reorder: %d rows, but the states were reset to %d", len(rows), s.states.rows)
	}
	for name, st := range s.states.named {
		if st.length == 0 {
			continue
		}
		for _, from := range rows {
			if from < 0 || int(from) >= st.batch {
				refuse("reorder: no row %d in state %s of %d", from, name, st.batch)
			}
		}
		st.reorder(rows)
	}
}

// Append adds x [B, s, w] behind the state's content and is all of it.
func (r *run) Append(name string, x engine.Value) engine.Value {
	xs := r.of(x)
	if !r.decodes {
		refuse("append %s: states are for Run only", name)
	}
	if len(xs.shape) != 3 {
		refuse("append %s: x %v is not [batch, positions, width]", name, xs.shape)
	}
	all := &r.s.states
	batch, n := xs.shape[0], xs.shape[1]
	st := all.begin(name, xs.width())
	switch {
	case st.length > 0 && (st.batch != batch || st.width != xs.width()):
		refuse("append %s: x %v does not fit the state [%d %d %d]", name, xs.shape, st.batch, st.length, st.width)
	case batch > all.rows || st.length+n > all.positions:
		refuse("append %s: x %v behind %d positions: the states were reset to %d rows and %d positions", name, xs.shape,
			st.length, all.rows, all.positions)
	}
	st.write(r.flat(xs), batch, n)
	return r.snapshot(st)
}

// State is what the state of that name holds.
func (r *run) State(name string) engine.Value {
	st := r.s.states.named[name]
	if !r.decodes {
		refuse("state %s: states are for Run only", name)
	}
	if st == nil || st.length == 0 {
		refuse("state %s is empty", name)
	}
	return r.snapshot(st)
}

// snapshot is the state as it is now: a later Append in the same run does not change the value.
func (r *run) snapshot(st *state) *value {
	now := *st
	return &value{shape: slices.Clone([]int{st.batch, st.length, st.width}), state: &now}
}
