package xla

import (
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// attention is one call of Attention. Letters: B samples, S queries, K keys, H heads of d columns.
type attention struct {
	t      *tracer
	batch  int
	heads  int
	depth  int         // d
	offset *graph.Node // int32: what stands before the queries in the sequence, K-S
	length *graph.Node // int32: keys that count, nil: all
	mask   engine.Mask
}

// Attention is softmax(q kᵀ / sqrt(d)) v by heads of d = w/heads columns. It goes one of three ways: cuDNN's kernels where they
// apply, blocks of queries where the scores [B, H, S, K] are large, and else all scores at once.
func (t *tracer) Attention(q, k, v engine.Value, heads int, mask engine.Mask) engine.Value {
	qn := t.of("attention", q)
	kn, vn, length := t.keys(k, v)
	qd, kd := qn.Shape().Dimensions, kn.Shape().Dimensions
	switch {
	case len(qd) != 3 || len(kd) != 3 || !slices.Equal(kd, vn.Shape().Dimensions):
		refuse("attention: q %v, k %v and v %v are not [B, S, w], [B, K, w] and k's shape", qd, kd, vn.Shape().Dimensions)
	case qd[0] != kd[0] || qd[2] != kd[2]:
		refuse("attention: q %v and k %v differ in batch or width", qd, kd)
	case heads < 1 || qd[2]%heads != 0:
		refuse("attention: width %d is not a multiple of %d heads", qd[2], heads)
	case mask.CausalRows != "" && !mask.Causal:
		refuse("attention: CausalRows without Causal")
	}
	batch, queries, width, keys := qd[0], qd[1], qd[2], kd[1]
	a := attention{t: t, batch: batch, heads: heads, depth: width / heads, length: length, mask: mask}
	a.offset = graph.Const(t.g, int32(keys-queries))
	if length != nil {
		a.offset = graph.AddScalar(length, int32(-queries))
	}
	split := func(x *graph.Node) *graph.Node {
		return graph.Reshape(x, batch, x.Shape().Dimensions[1], heads, a.depth)
	}
	qn, kn, vn = split(qn), split(kn), split(vn)
	var y *graph.Node // [B, S, H, d]
	switch large := batch*heads*queries*keys >= t.s.sizes().Scores; {
	case t.flashes(a, queries, keys):
		y = a.flash(qn, kn, vn)
	case length == nil && (large || t.s.options.BF16 && t.purpose != ForRun):
		y = a.byBlocks(qn, kn, vn)
	default:
		y = a.whole(qn, kn, vn)
	}
	return value{node: graph.Reshape(y, batch, queries, width)}
}

// keys are the nodes of k and v. If both are states of one length, they are whole buffers, and length is the number of
// positions that count.
func (t *tracer) keys(k, v engine.Value) (kn, vn, length *graph.Node) {
	ks, _ := k.(value)
	vs, _ := v.(value)
	if ks.state == nil || vs.state == nil || ks.filled != vs.filled || ks.state.before != vs.state.before {
		return t.of("attention", k), t.of("attention", v), nil
	}
	return ks.node, vs.node, ks.state.end(ks.filled - ks.state.before)
}

// whole computes all scores at once.
func (a attention) whole(q, k, v *graph.Node) *graph.Node {
	scores := a.t.dot(side{a.scaled(q), []int{3}, []int{0, 2}}, side{k, []int{3}, []int{0, 2}}, dtypes.Float32) // [B, H, S, K]
	weights, _ := maskedSoftmax(scores, a.seen(scores.Shape().Dimensions, 0))
	y := a.t.dot(side{weights, []int{3}, []int{0, 1}}, side{v, []int{1}, []int{0, 2}}, a.t.s.activations()) // [B, H, S, d]
	return graph.Transpose(y, 1, 2)
}

// scaled is q / sqrt(d).
func (a attention) scaled(q *graph.Node) *graph.Node {
	return as(graph.MulScalar(full(q), 1/math.Sqrt(float64(a.depth))), q.DType())
}

// seen is the mask of the keys that queries see, in the shape [B, H, C, E] of the scores of the C queries from the given one on and
// of the first E keys; nil if all see all.
func (a attention) seen(dims []int, from int) *graph.Node {
	g := a.t.g
	grid := shapes.Make(dtypes.Int32, dims[0], 1, dims[2], dims[3])
	key := graph.Iota(g, grid, 3)
	var seen *graph.Node
	also := func(condition *graph.Node) {
		if seen == nil {
			seen = condition
		} else {
			seen = graph.And(seen, condition)
		}
	}
	if a.length != nil {
		also(graph.LessThan(key, a.length))
	}
	if a.mask.Causal {
		offset := a.offset
		if from > 0 {
			offset = graph.AddScalar(offset, int32(from))
		}
		causal := graph.LessOrEqual(key, graph.Add(graph.Iota(g, grid, 2), offset))
		if a.mask.CausalRows != "" {
			free := graph.Equal(a.perSample(a.mask.CausalRows), graph.Const(g, int32(0)))
			causal = graph.Or(causal, graph.BroadcastToShape(free, causal.Shape()))
		}
		also(causal)
	}
	if a.mask.KeyLengths != "" {
		also(graph.LessThan(key, a.perSample(a.mask.KeyLengths)))
	}
	if seen == nil {
		return nil
	}
	return graph.BroadcastToDims(seen, dims...)
}

// perSample is an int32 input [B] as [B, 1, 1, 1].
func (a attention) perSample(name string) *graph.Node {
	node := a.t.input(name, dtypes.Int32)
	if !slices.Equal(node.Shape().Dimensions, []int{a.batch}) {
		refuse("attention: input %s %v is not [%d]", name, node.Shape().Dimensions, a.batch)
	}
	return graph.Reshape(node, a.batch, 1, 1, 1)
}

// maskedSoftmax is the softmax over the last dimension of what is seen; a row that sees nothing becomes zeros. logSum is the
// logarithm of what a row was divided by: weights = e^(scores - logSum) where seen.
func maskedSoftmax(scores, seen *graph.Node) (weights, logSum *graph.Node) {
	g := scores.Graph()
	if seen != nil {
		scores = graph.Where(seen, scores, graph.Const(g, float32(-1e30)))
	}
	top := graph.StopGradient(graph.InsertAxes(graph.ReduceMax(scores, -1), -1))
	weights = graph.Exp(graph.Sub(scores, top))
	if seen != nil {
		weights = graph.Where(seen, weights, graph.ScalarZero(g, dtypes.Float32))
	}
	sum := graph.InsertAxes(graph.ReduceSum(weights, -1), -1)
	if seen != nil {
		empty := graph.Equal(sum, graph.ScalarZero(g, dtypes.Float32))
		sum = graph.Where(empty, graph.ScalarOne(g, dtypes.Float32), sum)
	}
	return graph.Div(weights, sum), graph.Add(top, graph.Log(sum))
}
