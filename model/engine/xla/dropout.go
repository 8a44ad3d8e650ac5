package xla

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// Dropout draws the mask of [engine.Keep] in the graph.
func (t *tracer) Dropout(x engine.Value, rate float64, seed string) engine.Value {
	xn := t.of("dropout", x)
	call := t.dropouts
	t.dropouts++
	if t.purpose == ForRun || rate == 0 {
		return x
	}
	if rate < 0 || rate >= 1 {
		refuse("dropout: rate %v is not in 0 … 1", rate)
	}
	start := graph.Reshape(graph.Bitcast(t.input(seed, dtypes.Int32), dtypes.Uint32))
	base := mix32(graph.AddScalar(mix32(start), call))
	if t.scope != nil && t.scope.again != nil { // draw the mask again, too, instead of keeping it
		base = graph.Add(base, graph.ConvertDType(t.scope.again, dtypes.Uint32))
	}
	index := graph.IotaFull(t.g, shapes.Make(dtypes.Uint32, xn.Shape().Dimensions...))
	hash := mix32(graph.Add(index, base))
	keep := graph.GreaterOrEqual(hash, graph.Const(t.g, engine.KeepThreshold(rate)))
	y := graph.Where(keep, graph.MulScalar(full(xn), 1/(1-rate)), graph.ScalarZero(t.g, dtypes.Float32))
	return value{node: as(y, xn.DType())}
}

// mix32 is [engine.Mix32] on uint32 nodes.
func mix32(h *graph.Node) *graph.Node {
	g := h.Graph()
	h = graph.BitwiseXor(h, graph.BitwiseShiftRightLogicalScalar(h, uint32(16)))
	h = graph.Mul(h, graph.Const(g, uint32(0x85ebca6b)))
	h = graph.BitwiseXor(h, graph.BitwiseShiftRightLogicalScalar(h, uint32(13)))
	h = graph.Mul(h, graph.Const(g, uint32(0xc2b2ae35)))
	return graph.BitwiseXor(h, graph.BitwiseShiftRightLogicalScalar(h, uint32(16)))
}
