package xla

import (
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// Attention is softmax(q kᵀ / sqrt(d)) v by heads of d = w/heads columns. Letters: B samples, S queries, K keys,
// H heads.
func (t *tracer) Attention(q, k, v engine.Value, heads int, mask engine.Mask) engine.Value {
	qn := of("attention", q)
	kn, vn, length := keys(k, v)
	qd, kd := qn.Shape().Dimensions, kn.Shape().Dimensions
	switch {
	case len(qd) != 3 || len(kd) != 3 || !slices.Equal(kd, vn.Shape().Dimensions):
		refuse("attention: q %v, k %v and v %v are not [B, S, w], [B, K, w] and k's shape", qd, kd, vn.Shape().Dimensions)
	case qd[0] != kd[0] || qd[2] != kd[2]:
		refuse("attention: q %v and k %v differ in batch or width", qd, kd)
	case heads < 1 || qd[2]%heads != 0:
		refuse("attention: width %d is not a multiple of %d heads", qd[2], heads)
	}
	batch, queries, width, depth := qd[0], qd[1], qd[2], qd[2]/heads
	split := func(x *graph.Node, positions int) *graph.Node {
		return graph.Reshape(x, batch, positions, heads, depth)
	}
	qn = split(graph.MulScalar(qn, 1/math.Sqrt(float64(depth))), queries)
	kn, vn = split(kn, kd[1]), split(vn, kd[1])
	scores := t.dot(qn, []int{3}, []int{0, 2}, kn, []int{3}, []int{0, 2}) // [B, H, S, K]
	weights := maskedSoftmax(scores, t.seen(scores, length, mask))
	y := t.dot(weights, []int{3}, []int{0, 1}, vn, []int{1}, []int{0, 2}) // [B, H, S, d]
	return value{node: graph.Reshape(graph.Transpose(y, 1, 2), batch, queries, width)}
}

// keys are the nodes of k and v. If both are states of one length, they are whole buffers, and length is the number of
// positions that count.
func keys(k, v engine.Value) (kn, vn, length *graph.Node) {
	ks, _ := k.(value)
	vs, _ := v.(value)
	if ks.state == nil || vs.state == nil || ks.filled != vs.filled || ks.state.before != vs.state.before {
		return of("attention", k), of("attention", v), nil
	}
	return ks.node, vs.node, ks.state.end(ks.filled - ks.state.before)
}

// seen is the mask [B, H, S, K] of the keys that queries see, nil if all see all. length is the number of filled
// keys, nil if all are.
func (t *tracer) seen(scores, length *graph.Node, mask engine.Mask) *graph.Node {
	dims := scores.Shape().Dimensions
	batch, queries, keyCount := dims[0], dims[2], dims[3]
	grid := shapes.Make(dtypes.Int32, batch, 1, queries, keyCount)
	key := graph.Iota(t.g, grid, 3)
	perSample := func(name string) *graph.Node {
		node := t.input(name, dtypes.Int32)
		if !slices.Equal(node.Shape().Dimensions, []int{batch}) {
			refuse("attention: input %s %v is not [%d]", name, node.Shape().Dimensions, batch)
		}
		return graph.Reshape(node, batch, 1, 1, 1)
	}
	var seen *graph.Node
	also := func(condition *graph.Node) {
		if seen == nil {
			seen = condition
		} else {
			seen = graph.And(seen, condition)
		}
	}
	if length != nil {
		also(graph.LessThan(key, length))
	} else {
		length = graph.Const(t.g, int32(keyCount))
	}
	if mask.Causal {
		last := graph.Add(graph.Iota(t.g, grid, 2), graph.AddScalar(length, int32(-queries)))
		causal := graph.LessOrEqual(key, last)
		if mask.CausalRows != "" {
			free := graph.Equal(perSample(mask.CausalRows), graph.Const(t.g, int32(0)))
			causal = graph.Or(causal, graph.BroadcastToShape(free, causal.Shape()))
		}
		also(causal)
	} else if mask.CausalRows != "" {
		refuse("attention: CausalRows without Causal")
	}
	if mask.KeyLengths != "" {
		also(graph.LessThan(key, perSample(mask.KeyLengths)))
	}
	if seen == nil {
		return nil
	}
	return graph.BroadcastToDims(seen, dims...)
}

// maskedSoftmax is the softmax over the last dimension of what is seen; a row that sees nothing becomes zeros.
func maskedSoftmax(scores, seen *graph.Node) *graph.Node {
	g := scores.Graph()
	if seen != nil {
		scores = graph.Where(seen, scores, graph.Const(g, float32(-1e30)))
	}
	top := graph.StopGradient(graph.InsertAxes(graph.ReduceMax(scores, -1), -1))
	weights := graph.Exp(graph.Sub(scores, top))
	if seen == nil {
		return graph.Div(weights, graph.InsertAxes(graph.ReduceSum(weights, -1), -1))
	}
	weights = graph.Where(seen, weights, graph.ScalarZero(g, dtypes.Float32))
	sum := graph.InsertAxes(graph.ReduceSum(weights, -1), -1)
	empty := graph.Equal(sum, graph.ScalarZero(g, dtypes.Float32))
	return graph.Div(weights, graph.Where(empty, graph.ScalarOne(g, dtypes.Float32), sum))
}
