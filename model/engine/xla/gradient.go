package xla

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"
)

// withGradient gives ys, which were computed of xs, the gradient that back computes: from the gradients of ys, nil where none
// came, to those of xs, each of its x's type. What ys were computed by is not differentiated.
//
// GoMLX lets the identity of one node have a gradient of its own, so several are joined here. The results take the gradients
// of ys down; each x stands behind a carrier that hands its own gradient on. Between them is a door, a scalar of all carriers that
// no value passes: compilers drop it, but the way back leads through it.
func withGradient(ys, xs []*graph.Node, back func(dys []*graph.Node) []*graph.Node) []*graph.Node {
	g := ys[0].Graph()
	dys := make([]*graph.Node, len(ys))
	var dxs []*graph.Node
	door := graph.ScalarZero(g, dtypes.Float32)
	for i, x := range xs {
		carrier := graph.IdentityWithCustomGradient(x, func(_, _ *graph.Node) *graph.Node {
			if dxs == nil { // the way back has passed all of ys
				dxs = back(dys)
			}
			return dxs[i]
		})
		door = graph.Add(door, full(firstOf(carrier)))
	}
	results := make([]*graph.Node, len(ys))
	for i, y := range ys {
		still := graph.Where(graph.Const(g, true), graph.StopGradient(y), graph.ConvertDType(door, y.DType()))
		results[i] = graph.IdentityWithCustomGradient(still, func(_, dy *graph.Node) *graph.Node {
			dys[i] = dy
			return dy
		})
	}
	return results
}

// firstOf is the first element of x, as a scalar.
func firstOf(x *graph.Node) *graph.Node {
	first := make([]graph.SliceAxisSpec, x.Rank())
	for i := range first {
		first[i] = graph.AxisElem(0)
	}
	if len(first) > 0 {
		x = graph.Slice(x, first...)
	}
	return graph.Reshape(x)
}

// towards is the gradient of xs from those of ys: Σ over i of dys[i] · ys[i], differentiated. A dy that is nil adds nothing.
func towards(ys, dys, xs []*graph.Node) []*graph.Node {
	sum := graph.ScalarZero(ys[0].Graph(), dtypes.Float32)
	for i, y := range ys {
		if dys[i] != nil {
			sum = graph.Add(sum, full(graph.ReduceAllSum(graph.Mul(y, graph.StopGradient(dys[i])))))
		}
	}
	return graph.Gradient(sum, xs...)
}
