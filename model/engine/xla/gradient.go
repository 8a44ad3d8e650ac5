package xla

import (
	"errors"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"
)

// withGradient gives ys, which were computed of xs, the gradient that back computes: from the gradients of ys, nil where none
// came, to those of xs, each of its x's type. What ys were computed by is not differentiated.
//
// GoMLX lets the identity of one node have a gradient of its own. Here results are identities of ys that also depend on a hub, and the
// hub is one that depends on xs: as far as gradients go, for neither has an operation. The way back comes to the hub when it has passed
// all results.
func withGradient(ys, xs []*graph.Node, back func(dys []*graph.Node) []*graph.Node) []*graph.Node {
	zero := graph.ScalarZero(ys[0].Graph(), dtypes.Float32)
	dys := make([]*graph.Node, len(ys))
	hub := identity(zero, xs, func([]*graph.Node) []*graph.Node { return append([]*graph.Node{nil}, back(dys)...) })
	results := make([]*graph.Node, len(ys))
	for i, y := range ys {
		results[i] = identity(graph.StopGradient(y), []*graph.Node{hub}, func(arrived []*graph.Node) []*graph.Node {
			dys[i] = arrived[0]
			return []*graph.Node{nil, zero}
		})
	}
	return results
}

// withBack is y, which was computed of xs, with the gradient that back computes from that of y. What only runs has no way back.
func (t *tracer) withBack(y *graph.Node, xs []*graph.Node, back func(dy *graph.Node) []*graph.Node) *graph.Node {
	if t.purpose == ForRun {
		return y
	}
	return withGradient([]*graph.Node{y}, xs, func(dys []*graph.Node) []*graph.Node { return back(dys[0]) })[0]
}

// identity is x, on the way back with inputs beside it: vjp makes the gradients of x and of those from that of the result.
func identity(x *graph.Node, inputs []*graph.Node, vjp func(arrived []*graph.Node) []*graph.Node) *graph.Node {
	n := graph.Identity(x)
	custom := graph.VJP(func(_ *graph.Node, arrived []*graph.Node, _ shapes.Shape) []*graph.Node { return vjp(arrived) })
	err := errors.Join(setField(n, "inputNodes", append(slices.Clone(n.Inputs()), inputs...)), setField(n, "customVJP", custom))
	if err != nil {
		panic(err)
	}
	return n
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
