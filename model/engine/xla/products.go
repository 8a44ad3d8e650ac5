package xla

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// half and full convert between the two types of activations; a node that has the type is returned as it is.
func half(x *graph.Node) *graph.Node { return as(x, dtypes.BFloat16) }
func full(x *graph.Node) *graph.Node { return as(x, dtypes.Float32) }

func as(x *graph.Node, dtype dtypes.DType) *graph.Node {
	if x.DType() == dtype {
		return x
	}
	return graph.ConvertDType(x, dtype)
}

// narrower is the type of what is computed of nodes: bfloat16 if one of them has it.
func narrower(nodes ...*graph.Node) dtypes.DType {
	for _, n := range nodes {
		if n.DType() == dtypes.BFloat16 {
			return dtypes.BFloat16
		}
	}
	return dtypes.Float32
}

// wide is the node of a value in float32, from before it was rounded if it is the result of a linear layer: logits.
func (t *tracer) wide(op string, v engine.Value) *graph.Node {
	if x, ok := v.(value); ok && x.wide != nil && t.s.options.BF16 && t.scope.owns(x.node) {
		return x.wide()
	}
	return full(t.of(op, v))
}

// side is an operand of a product: its array, and the axes that are summed and that run beside those of the other operand.
type side struct {
	node         *graph.Node
	inner, batch []int
}

// cross are the axes that only this operand has.
func (s side) cross() []int {
	var axes []int
	for i := range s.node.Rank() {
		if !slices.Contains(s.inner, i) && !slices.Contains(s.batch, i) {
			axes = append(axes, i)
		}
	}
	return axes
}

// dot is the general product of matrices, [batch..., a's own axes..., b's own axes...]. If the options say so, it takes its
// operands in bfloat16, adds up in float32 and rounds to the given type; the way back does the same, where each operand's gradient has
// the operand's type.
func (t *tracer) dot(a, b side, result dtypes.DType) *graph.Node {
	if !t.s.options.BF16 {
		return graph.DotGeneral(a.node, a.inner, a.batch, b.node, b.inner, b.batch)
	}
	y := t.product(a, b, result)
	return t.withBack(y, []*graph.Node{a.node, b.node}, func(dy *graph.Node) []*graph.Node {
		batch := ascending(0, len(a.batch))
		ofA := ascending(len(batch), len(a.cross()))
		ofB := ascending(len(batch)+len(ofA), len(b.cross()))
		da := t.product(side{dy, ofB, batch}, side{b.node, b.cross(), b.batch}, a.node.DType()) // [batch, a's own, inner]
		db := t.product(side{dy, ofA, batch}, side{a.node, a.cross(), a.batch}, b.node.DType())
		return []*graph.Node{a.restored(da, b), b.restored(db, a)}
	})
}

// restored orders the axes of a gradient [batch, own, inner], where inner come as they lie in the other operand, as they are in s.
func (s side) restored(d *graph.Node, other side) *graph.Node {
	order := make([]int, 0, s.node.Rank()) // of s's axes, as they come in d
	order = append(append(order, s.batch...), s.cross()...)
	lying := slices.Clone(other.inner)
	slices.Sort(lying)
	for _, axis := range lying {
		order = append(order, s.inner[slices.Index(other.inner, axis)])
	}
	permutation := make([]int, len(order))
	for at, axis := range order {
		permutation[axis] = at
	}
	if slices.IsSorted(permutation) {
		return d
	}
	return graph.TransposeAllAxes(d, permutation...)
}

// product is dot without a gradient of its own.
func (t *tracer) product(a, b side, result dtypes.DType) *graph.Node {
	if !t.s.options.BF16 {
		return graph.DotGeneral(a.node, a.inner, a.batch, b.node, b.inner, b.batch)
	}
	x, y := half(a.node), half(b.node)
	if t.s.wideProducts() && result == dtypes.Float32 {
		return graph.DotGeneral(full(x), a.inner, a.batch, full(y), b.inner, b.batch)
	}
	return graph.Dot(x, y).WithOutputDType(result).General(a.inner, a.batch, b.inner, b.batch)
}

func ascending(from, n int) []int {
	axes := make([]int, n)
	for i := range axes {
		axes[i] = from + i
	}
	return axes
}
