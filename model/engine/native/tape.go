package native

import (
	"slices"

	"harness/model/engine"
)

// value is an array of a run. Its rows (the last dimension) lie one behind the other, unless stride or state says where.
type value struct {
	shape     []int
	data      []float32
	stride    int        // floats between rows; 0: the rows are dense
	state     *state     // the rows are those of a decoding state
	selection *selection // which rows are held; nil: all
	needs     bool       // a parameter that moves stands behind it
	exact     float64
	scalar    bool // exact holds a loss in full precision
	leaf      *parameter
	weight    bool // data is memory of a parameter
	lent      bool // data is memory of an input, in Go's heap: C may have it for the time of a call alone
	grad      *gradient
}

// Shape is the value's dimensions.
func (v *value) Shape() []int { return v.shape }

func (v *value) width() int { return v.shape[len(v.shape)-1] }

// size is the number of elements that are held.
func (v *value) size() int {
	if v.selection != nil {
		return len(v.selection.at) * v.width()
	}
	return engine.Size(v.shape)
}

// rows is the number of rows that are held: all dimensions but the last.
func (v *value) rows() int {
	if v.selection != nil {
		return len(v.selection.at)
	}
	return engine.Size(v.shape[:len(v.shape)-1])
}

// starts are the first rows of each sample; nil: all samples have as many.
func (v *value) starts() []int32 {
	if v.selection != nil {
		return v.selection.start
	}
	return nil
}

// blocks are those in which sums over the rows are made; nil: see columns.
func (v *value) blocks() []int32 {
	if v.selection != nil {
		return v.selection.blocks
	}
	return nil
}

// gradient is memory that one or several values hold as their gradient: one that holds it alone may add to it in place.
type gradient struct {
	data []float32
	refs int
}

// run is one execution of a program.
type run struct {
	s          *Session
	in         engine.Inputs
	records    bool // keeps the way back
	decodes    bool // states may be used
	nodes      []node
	dropped    int // calls of Dropout so far
	selections []*selection
	restored   int // values of which all rows were wanted when some had been left out
}

// node is the way back of one operation: from the gradient of out to those of its operands.
type node struct {
	out  *value
	owns bool // out.data is the operation's own memory
	back func(dy []float32)
}

var _ engine.Ops = (*run)(nil)

func (r *run) device() *device { return r.s.engine.device }

// take is memory for the run's time.
func (r *run) take(n int) []float32 { return r.s.arena.take(n) }

// of is the engine's own form of an operand, with all its rows.
func (r *run) of(v engine.Value) *value { return r.whole(r.held(v)) }

// held is an operand with the rows that it holds.
func (r *run) held(v engine.Value) *value {
	own, ok := v.(*value)
	if !ok {
		refuse("a value of another engine: %T", v)
	}
	return own
}

// fresh is a new value in memory of its own; its gradient is needed if that of any operand is.
func (r *run) fresh(shape []int, operands ...*value) *value {
	return r.freshOf(shape, nil, operands...)
}

// freshOf is fresh for a value that holds those rows only.
func (r *run) freshOf(shape []int, of *selection, operands ...*value) *value {
	v := &value{shape: slices.Clone(shape), selection: of}
	v.data = r.take(v.size())
	v.needs = r.records && slices.ContainsFunc(operands, func(o *value) bool { return o != nil && o.needs })
	return v
}

// view is a value in the memory of another.
func (r *run) view(of *value, data []float32, shape []int) *value {
	return &value{shape: slices.Clone(shape), data: data, selection: of.selection, needs: of.needs, weight: of.weight, lent: of.lent}
}

// then records the way back of out, if there is anything behind it.
func (r *run) then(out *value, owns bool, back func(dy []float32)) *value {
	if out.needs {
		r.nodes = append(r.nodes, node{out, owns, back})
	}
	return out
}

// flat is the value's data with dense rows; it stays dense from then on.
func (r *run) flat(v *value) []float32 {
	if v.stride == 0 && v.state == nil {
		return v.data
	}
	dense := r.take(v.size())
	if v.state != nil {
		v.state.read(dense)
	} else {
		r.device().copyRows(v.rows(), v.width(), v.data, v.stride, dense, v.width(), false)
	}
	v.data, v.stride, v.state = dense, 0, nil
	return dense
}

// want is where the gradient of v is to be written, or nothing if nobody needs it.
func (r *run) want(v *value) target {
	switch {
	case v == nil || !v.needs:
		return target{}
	case v.leaf != nil:
		t := target{v.leaf.grad, v.leaf.reached}
		v.leaf.reached = true
		return t
	case v.grad == nil:
		v.grad = &gradient{data: r.take(v.size()), refs: 1}
		return target{v.grad.data, false}
	case v.grad.refs > 1:
		own := r.take(v.size())
		copy(own, v.grad.data)
		v.grad.refs--
		v.grad = &gradient{data: own, refs: 1}
	}
	return target{v.grad.data, true}
}

// wantInPlace is want for an elementwise way back: v takes over the memory of out's gradient where nobody else holds it.
func (r *run) wantInPlace(out, v *value) target {
	if v.needs && v.leaf == nil && v.grad == nil && out.grad.refs == 1 {
		r.pass(out, v)
		return target{v.grad.data, false}
	}
	return r.want(v)
}

// wantZeroed is want for operations that only ever add.
func (r *run) wantZeroed(v *value) []float32 {
	t := r.want(v)
	if !t.add {
		clear(t.dst) // nothing where no gradient is wanted
	}
	return t.dst
}

// pass hands the gradient of out on to v as it is: shared while v has no other, added otherwise.
func (r *run) pass(out, v *value) {
	if !v.needs {
		return
	}
	if v.leaf == nil && v.grad == nil {
		v.grad = out.grad
		v.grad.refs++
		return
	}
	t := r.want(v)
	r.addTo(t, out.grad.data)
}

func (r *run) addTo(t target, x []float32) {
	if t.dst != nil {
		r.device().element(elementScale, x, nil, 1, t)
	}
}

// backward goes the way back from the scalar loss and frees what it has passed.
func (r *run) backward(loss *value) {
	seed := r.take(1)
	seed[0] = 1
	if !loss.needs {
		return
	}
	if loss.leaf != nil {
		r.addTo(r.want(loss), seed)
		return
	}
	loss.grad = &gradient{data: seed, refs: 1}
	for _, n := range slices.Backward(r.nodes) {
		g := n.out.grad
		if g != nil {
			n.back(g.data)
			n.out.grad = nil
			if g.refs--; g.refs == 0 {
				r.s.arena.giveBack(g.data)
			}
		}
		if n.owns {
			r.s.arena.giveBack(n.out.data)
		}
	}
}
