package xla

import (
	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// LogSoftmaxTopK is the k largest of each row of log softmax and their indices. The logits stay on the device.
func (t *tracer) LogSoftmaxTopK(logits engine.Value, k int) (logp, index engine.Value) {
	const op = "log softmax top k"
	x := t.wide(op, logits)
	dims := x.Shape().Dimensions
	if t.purpose != ForRun {
		refuse("%s: it is for Run only", op)
	}
	if len(dims) != 2 || k < 1 || k > dims[1] || dims[1] > 1<<24 {
		refuse("%s: no %d of logits %v", op, k, dims)
	}
	peak := graph.InsertAxes(graph.ReduceMax(x, -1), -1)
	sum := graph.InsertAxes(graph.ReduceSum(double(graph.Exp(graph.Sub(x, peak))), -1), -1)
	var largest, at *graph.Node
	if k == 1 { // greedy search: no order is needed
		largest, at = peak, graph.InsertAxes(graph.ArgMax(x, -1, dtypes.Int32), -1)
	} else {
		largest, at = graph.TopK(x, k, -1)
	}
	// A row that holds NaN has a sum of NaN, and with +Inf the difference of the two is NaN.
	return value{node: graph.Sub(graph.Sub(largest, peak), single(graph.Log(sum)))}, value{node: graph.ConvertDType(at, dtypes.Float32)}
}
