package xla

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// LayerNorm normalises the last dimension. The way back keeps where each row lies and how wide beside the operand, and computes
// the rest again: left to a compiler, it would keep or make arrays of float32.
func (t *tracer) LayerNorm(x, w, b engine.Value, eps float64) engine.Value {
	xn, wn, bn := t.of("layer norm", x), t.of("layer norm", w), t.of("layer norm", b)
	dims := xn.Shape().Dimensions
	width := dims[len(dims)-1]
	for _, d := range [][]int{wn.Shape().Dimensions, bn.Shape().Dimensions} {
		if !slices.Equal(d, []int{width}) {
			refuse("layer norm: x %v and weights or bias %v do not fit", dims, d)
		}
	}
	s := spreadOf(xn, eps)
	y := graph.Mul(s.normalised(xn), leading(wn, xn.Rank()))
	y = as(graph.Add(y, leading(bn, xn.Rank())), t.s.activations())
	return value{node: t.withBack(y, []*graph.Node{xn, wn, bn}, func(dy *graph.Node) []*graph.Node {
		return s.delayed(dy).back(xn, wn, dy)
	})}
}

// spread says where the rows of an operand lie and how wide, [..., 1] each in float32.
type spread struct {
	mean      *graph.Node
	rest      *graph.Node // of the mean, nil for none
	deviation *graph.Node
}

// spreadOf finds the spread of x. Of float32, where the mean may be far above the deviation so that its own rounding counts, it is
// subtracted twice. Of bfloat16, one pass finds the sums of elements and of their squares: in a row where their difference loses digits
// of float32, the elements have lost more when they were rounded.
func spreadOf(x *graph.Node, eps float64) spread {
	var s spread
	var variance *graph.Node
	if x.DType() == dtypes.BFloat16 {
		s.mean = lastMean(full(x))
		variance = graph.MaxScalar(graph.Sub(lastMean(graph.Square(full(x))), graph.Square(s.mean)), 0)
	} else {
		s.mean = lastMean(x)
		near := graph.Sub(x, s.mean)
		s.rest = lastMean(near)
		variance = lastMean(graph.Square(graph.Sub(near, s.rest)))
	}
	s.deviation = graph.Sqrt(graph.AddScalar(variance, eps))
	return s
}

// normalised is x by the spread, in float32.
func (s spread) normalised(x *graph.Node) *graph.Node {
	centred := graph.Sub(full(x), s.mean)
	if s.rest != nil {
		centred = graph.Sub(centred, s.rest)
	}
	return graph.Div(centred, s.deviation)
}

// delayed is the spread as it is once the gradient has arrived: not to be found again from the operand.
func (s spread) delayed(arrived *graph.Node) spread {
	late := spread{mean: graph.SchedulingBarrier(s.mean, arrived), deviation: graph.SchedulingBarrier(s.deviation, arrived)}
	if s.rest != nil {
		late.rest = graph.SchedulingBarrier(s.rest, arrived)
	}
	return late
}

// back is the gradient of operand, weights and bias, of their types, from that of the result.
func (s spread) back(x, w, dy *graph.Node) []*graph.Node {
	n, dy := s.normalised(x), full(dy)
	own := graph.Mul(dy, leading(w, x.Rank()))
	along := graph.Mul(n, lastMean(graph.Mul(own, n)))
	dx := graph.Div(graph.Sub(graph.Sub(own, lastMean(own)), along), s.deviation)
	rows := ascending(0, x.Rank()-1)
	return []*graph.Node{as(dx, x.DType()), graph.ReduceSum(graph.Mul(dy, n), rows...), graph.ReduceSum(dy, rows...)}
}

// lastMean averages over the last dimension and keeps it as 1.
func lastMean(x *graph.Node) *graph.Node {
	return graph.InsertAxes(graph.ReduceMean(x, -1), -1)
}
