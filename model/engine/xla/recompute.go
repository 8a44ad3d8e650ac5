package xla

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// scope is a block that [tracer.Recompute] traces. What the block reads of outside goes through leaves, so that the way back can
// ask for the gradient there.
type scope struct {
	outer  *scope
	first  graph.NodeId                // of the block's own nodes
	read   []*graph.Node               // nodes of outside that the block reads
	leaves map[*graph.Node]*graph.Node // what stands for them inside
	known  bool                        // read is complete: what is not in it has no gradient
	again  *graph.Node                 // a float32 zero that comes with the gradient where the block is traced again, else nil
	fused  []fused                     // cuDNN's attentions in the block, in their order; where it is traced again, those to come
}

// owns says whether n was made inside the scope; nil is that of no block.
func (s *scope) owns(n *graph.Node) bool { return s == nil || n.Id() >= s.first }

// inside is what stands for n inside the scope.
func (s *scope) inside(n *graph.Node) *graph.Node {
	switch {
	case s.owns(n):
		return n
	case s.leaves[n] != nil:
		return s.leaves[n]
	case s.known:
		return n
	}
	s.read = append(s.read, n)
	s.leaves[n] = graph.Identity(s.outer.inside(n))
	return s.leaves[n]
}

// of is the node of a value of which all counts, as the block being traced sees it.
func (t *tracer) of(op string, v engine.Value) *graph.Node { return t.scope.inside(of(op, v)) }

// Recompute traces the block twice: forth without a way back, and on the way back again, to be differentiated. The second
// trace begins behind a barrier, which keeps the compiler from taking both for one and from starting before the gradient is there.
//
// GoMLX has Node.Checkpoint for this. It copies the nodes of a block one by one, and what it gives to a gradient of our own making
// (products in bfloat16, attention) are still the nodes that were to be forgotten.
func (t *tracer) Recompute(x engine.Value, block func(x engine.Value) []engine.Value) []engine.Value {
	xn := t.of("recompute", x)
	if t.purpose == ForRun || t.remember || xn.Shape().Size() < t.s.sizes().Recompute {
		return block(x)
	}
	outer, dropouts := t.scope, t.dropouts
	trace := func(s *scope, x *graph.Node) []*graph.Node {
		s.outer, s.first, t.scope = outer, x.Id(), s
		defer func() { t.scope = outer }()
		var ys []*graph.Node
		for _, y := range block(value{node: x}) {
			ys = append(ys, t.of("recompute", y))
		}
		return ys
	}
	forth := &scope{leaves: map[*graph.Node]*graph.Node{}}
	ys := trace(forth, graph.Identity(xn))
	xs := []*graph.Node{xn}
	for _, n := range forth.read {
		xs = append(xs, outer.inside(n))
	}
	back := func(dys []*graph.Node) []*graph.Node {
		defer func(s *scope, n uint32, checks []check) {
			t.scope, t.dropouts, t.program.checks = s, n, checks
		}(t.scope, t.dropouts, t.program.checks)
		t.dropouts = dropouts
		arrived := dys[slices.IndexFunc(dys, func(dy *graph.Node) bool { return dy != nil })]
		again := &scope{
			leaves: map[*graph.Node]*graph.Node{}, known: true, fused: forth.fused,
			again: graph.SchedulingBarrier(graph.ScalarZero(t.g, dtypes.Float32), arrived),
		}
		leaves := delayed(xs, arrived)
		for i, n := range forth.read {
			again.leaves[n] = leaves[1+i]
		}
		return towards(trace(again, leaves[0]), dys, leaves)
	}
	results := make([]engine.Value, len(ys))
	for i, y := range withGradient(ys, xs, back) {
		results[i] = value{node: y}
	}
	return results
}

// delayed are xs as they are once the gradient has arrived. Without it, what the block computes of a value of outside alone would be
// taken for what it computed before, and kept. Parameters are there all the time.
func delayed(xs []*graph.Node, arrived *graph.Node) []*graph.Node {
	leaves := make([]*graph.Node, len(xs))
	for i, x := range xs {
		if x.Type() == graph.NodeTypeParameter {
			leaves[i] = graph.Identity(x)
		} else {
			leaves[i] = graph.SchedulingBarrier(x, arrived) // XLA:CPU drops optimisation barriers
		}
	}
	return leaves
}
