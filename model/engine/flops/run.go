package flops

import (
	"slices"

	"harness/model/engine"
)

// value is an array of which only the shape is known.
type value struct {
	shape     []int
	needs     bool     // a parameter that moves stands behind it
	operands  []*value // through which its gradient goes on
	operation Operation
	backward  int64 // work of the way back through the operation that made it
}

// Shape is the value's dimensions.
func (v *value) Shape() []int { return slices.Clone(v.shape) }

func (v *value) size() int  { return engine.Size(v.shape) }
func (v *value) width() int { return v.shape[len(v.shape)-1] }

// rows is the number of rows: all dimensions but the last.
func (v *value) rows() int { return engine.Size(v.shape[:len(v.shape)-1]) }

// run is one execution of a program: the engine.Ops that it sees.
type run struct {
	counter *Counter
	in      engine.Inputs
	pass    Pass
	work    [operations]Work
}

var _ engine.Ops = (*run)(nil)

// count runs the program and, for training, goes the way back from the loss.
func (r *run) count(p engine.Program) Count {
	var results []*value
	for _, v := range p(r) {
		results = append(results, r.of(v))
	}
	if len(results) == 0 {
		refuse("the program has no result")
	}
	if r.pass == Training {
		if results[0].size() != 1 {
			refuse("the loss has shape %v, not one element", results[0].shape)
		}
		r.back(results[0], map[*value]bool{})
	}
	c := Count{work: r.work}
	for _, v := range results {
		c.results = append(c.results, slices.Clone(v.shape))
	}
	return c
}

// back adds the way back from v, once a value, however many ways lead to it: gradients are summed before they go on.
func (r *run) back(v *value, passed map[*value]bool) {
	if !v.needs || passed[v] {
		return
	}
	passed[v] = true
	r.work[v.operation].Backward += v.backward
	for _, o := range v.operands {
		r.back(o, passed)
	}
}

// of is the package's own form of an operand.
func (r *run) of(v engine.Value) *value {
	own, ok := v.(*value)
	if !ok {
		refuse("a value of another engine, or none: %T", v)
	}
	return own
}

// fresh is a new value that is made of the operands; nil operands are left out.
func (r *run) fresh(shape []int, operands ...*value) *value {
	v := &value{shape: slices.Clone(shape)}
	for _, o := range operands {
		if o != nil && o.needs {
			v.needs = true
			v.operands = append(v.operands, o)
		}
	}
	return v
}

// product counts matrix products that made v: forward work, and backward work.
func (r *run) product(v *value, o Operation, forward, backward int64) *value {
	r.work[o].Forward += forward
	v.operation, v.backward = o, backward
	return v
}

// product of [n, k] and [k, m].
func matrix(n, m, k int) int64 { return 2 * int64(n) * int64(m) * int64(k) }

// times is the work once for each of the operands that need it.
func times(work int64, operands ...*value) int64 {
	total := int64(0)
	for _, o := range operands {
		if o.needs {
			total += work
		}
	}
	return total
}
