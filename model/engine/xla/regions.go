package xla

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

const (
	roiBins  = 3 // a side of a region's output
	roiReads = 2 // a side of a bin
)

// RoIAlign reads regions by bilinear interpolation: 3 × 3 bins of 2 × 2 reads of 2 × 2 corners. The reads of a box lie
// on a grid, so where they fall and what they weigh is computed for each axis alone.
func (t *tracer) RoIAlign(features engine.Value, height, width int, boxes, rows string) engine.Value {
	fn := t.of("roi align", features)
	box, row := t.input(boxes, dtypes.Float32), t.input(rows, dtypes.Int32)
	dims, count := fn.Shape().Dimensions, row.Shape().Size()
	if len(dims) != 3 || dims[1] != height*width || row.Rank() != 1 || !slices.Equal(box.Shape().Dimensions, []int{count, 4}) {
		refuse("roi align: features %v on %d × %d, boxes %v and rows %v do not fit",
			dims, height, width, box.Shape().Dimensions, row.Shape().Dimensions)
	}
	t.program.checks = append(t.program.checks, check{input: rows, limit: dims[0]})
	side := func(i int) *graph.Node { return graph.SliceAxis(box, 1, graph.AxisRange(i, i+1)) } // [R, 1]
	x, weightX := t.corners(side(0), side(2), width)                                            // [R, 12]
	y, weightY := t.corners(side(1), side(3), height)
	const n = roiBins * roiReads * 2
	index := graph.Add(graph.MulScalar(graph.Reshape(row, count, 1), int32(height)), y)
	index = graph.Add(graph.MulScalar(graph.Reshape(index, count, n, 1), int32(width)), graph.Reshape(x, count, 1, n))
	weight := graph.Mul(graph.Reshape(weightY, count, n, 1), graph.Reshape(weightX, count, 1, n)) // [R, 12, 12]
	cells := graph.Reshape(full(fn), dims[0]*dims[1], dims[2])
	reads := t.gathered(cells, graph.InsertAxes(index, -1)) // [R, 12, 12, C]
	reads = graph.Mul(reads, graph.InsertAxes(weight, -1))
	reads = graph.Reshape(reads, count, roiBins, roiReads*2, roiBins, roiReads*2, dims[2])
	return value{node: as(graph.ReduceSum(reads, 2, 4), fn.DType())}
}

// corners places the reads of boxes along one axis of size cells: for each of 3 bins × 2 reads the cells on both
// sides [R, 12] and their weights, which already hold the mean over a bin's reads along this axis.
func (t *tracer) corners(from, to *graph.Node, size int) (cells, weights *graph.Node) {
	count := from.Shape().Dimensions[0]
	steps := make([]float32, roiBins*roiReads)
	for i := range steps {
		steps[i] = (float32(i) + 0.5) / float32(len(steps)) // of the box's side
	}
	at := graph.Mul(graph.Sub(to, from), graph.Reshape(graph.Const(t.g, steps), 1, len(steps)))
	at = graph.AddScalar(graph.Add(from, at), -0.5) // [R, 6]
	inside := graph.And(graph.GreaterOrEqual(at, graph.Const(t.g, float32(-1))), graph.LessOrEqual(at, graph.Const(t.g, float32(size))))
	at = graph.ClipScalar(at, 0, float64(size-1))
	low := graph.Floor(at)
	high := graph.MinScalar(graph.AddScalar(low, 1), float64(size-1))
	part := graph.Sub(at, low)
	share := graph.MulScalar(graph.ConvertDType(inside, dtypes.Float32), 1.0/roiReads)
	pair := func(a, b *graph.Node) *graph.Node {
		return graph.Reshape(graph.Concatenate([]*graph.Node{graph.InsertAxes(a, -1), graph.InsertAxes(b, -1)}, -1), count, -1)
	}
	cells = graph.ConvertDType(pair(low, high), dtypes.Int32)
	weights = pair(graph.Mul(share, graph.OneMinus(part)), graph.Mul(share, part))
	return cells, weights
}
