package xla

import (
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// Linear is x wᵀ + b.
func (t *tracer) Linear(x, w, b engine.Value) engine.Value { return t.linear("linear", x, w, b, 1) }

// LinearInOut is x w + b.
func (t *tracer) LinearInOut(x, w, b engine.Value) engine.Value {
	return t.linear("linear in-out", x, w, b, 0)
}

// linear contracts x's last dimension with the dimension inner of w.
func (t *tracer) linear(op string, x, w, b engine.Value, inner int) engine.Value {
	xn, wn := of(op, x), of(op, w)
	xd, wd := xn.Shape().Dimensions, wn.Shape().Dimensions
	if len(xd) == 0 || len(wd) != 2 || xd[len(xd)-1] != wd[inner] {
		refuse("%s: x %v and w %v do not fit", op, xd, wd)
	}
	y := t.dot(xn, []int{len(xd) - 1}, nil, wn, []int{inner}, nil)
	if b == nil {
		return value{node: y}
	}
	bn := of(op, b)
	if !slices.Equal(bn.Shape().Dimensions, []int{wd[1-inner]}) {
		refuse("%s: b %v and w %v do not fit", op, bn.Shape().Dimensions, wd)
	}
	return value{node: graph.Add(y, leading(bn, y.Rank()))}
}

// dot is the general product of matrices, in bfloat16 if the options say so.
func (t *tracer) dot(a *graph.Node, aInner, aBatch []int, b *graph.Node, bInner, bBatch []int) *graph.Node {
	if !t.s.options.BF16 {
		return graph.DotGeneral(a, aInner, aBatch, b, bInner, bBatch)
	}
	a, b = graph.ConvertDType(a, dtypes.BFloat16), graph.ConvertDType(b, dtypes.BFloat16)
	return graph.ConvertDType(graph.DotGeneral(a, aInner, aBatch, b, bInner, bBatch), dtypes.Float32)
}

// leading gives y dimensions of 1 in front up to rank, for GoMLX repeats dimensions of 1 and scalars only.
func leading(y *graph.Node, rank int) *graph.Node {
	dims := slices.Repeat([]int{1}, rank-y.Rank())
	return graph.Reshape(y, append(dims, y.Shape().Dimensions...)...)
}

// LayerNorm normalises the last dimension.
func (t *tracer) LayerNorm(x, w, b engine.Value, eps float64) engine.Value {
	xn, wn, bn := of("layer norm", x), of("layer norm", w), of("layer norm", b)
	dims := xn.Shape().Dimensions
	width := dims[len(dims)-1]
	for _, d := range [][]int{wn.Shape().Dimensions, bn.Shape().Dimensions} {
		if !slices.Equal(d, []int{width}) {
			refuse("layer norm: x %v and weights or bias %v do not fit", dims, d)
		}
	}
	// Where the mean is far above the spread, the mean's own rounding counts. So the mean is subtracted twice; the first
	// time as a constant, which changes no gradient, as the result does not depend on it.
	near := graph.Sub(xn, graph.StopGradient(lastMean(xn)))
	centred := graph.Sub(near, lastMean(near))
	deviation := graph.Sqrt(graph.AddScalar(lastMean(graph.Square(centred)), eps))
	y := graph.Mul(graph.Div(centred, deviation), leading(wn, xn.Rank()))
	return value{node: graph.Add(y, leading(bn, xn.Rank()))}
}

// lastMean averages over the last dimension and keeps it as 1.
func lastMean(x *graph.Node) *graph.Node {
	return graph.InsertAxes(graph.ReduceMean(x, -1), -1)
}

// GELU is the activation in one of its forms.
func (t *tracer) GELU(x engine.Value, form engine.GELU) engine.Value {
	xn := of("gelu", x)
	var bend *graph.Node
	switch form {
	case engine.GELUTanh:
		cubic := graph.MulScalar(graph.Mul(graph.Square(xn), xn), 0.044715)
		bend = graph.Tanh(graph.MulScalar(graph.Add(xn, cubic), math.Sqrt(2/math.Pi)))
	case engine.GELUErf:
		bend = graph.Erf(graph.MulScalar(xn, math.Sqrt2/2))
	default:
		refuse("gelu: form %d is not known", form)
	}
	return value{node: graph.Mul(graph.MulScalar(xn, 0.5), graph.OnePlus(bend))}
}

// Embedding takes rows of table by ids, which are checked before each run.
func (t *tracer) Embedding(table engine.Value, ids string) engine.Value {
	tn := of("embedding", table)
	dims := tn.Shape().Dimensions
	if len(dims) != 2 {
		refuse("embedding: table %v is not [N, w]", dims)
	}
	index := t.input(ids, dtypes.Int32)
	t.program.checks = append(t.program.checks, check{input: ids, limit: dims[0]})
	return value{node: graph.Gather(tn, graph.InsertAxes(index, -1))}
}

// Add is x + y.
func (t *tracer) Add(x, y engine.Value) engine.Value {
	xn, yn := repeatable("add", x, y)
	return value{node: graph.Add(xn, yn)}
}

// Mul is the elementwise product.
func (t *tracer) Mul(x, y engine.Value) engine.Value {
	xn, yn := repeatable("mul", x, y)
	return value{node: graph.Mul(xn, yn)}
}

// repeatable shapes y, which is of x's shape or of its last dimensions, so that GoMLX repeats it.
func repeatable(op string, x, y engine.Value) (xn, yn *graph.Node) {
	xn, yn = of(op, x), of(op, y)
	xd, yd := xn.Shape().Dimensions, yn.Shape().Dimensions
	if len(yd) > len(xd) || !slices.Equal(xd[len(xd)-len(yd):], yd) {
		refuse("%s: y %v is not of x's shape %v or its last dimensions", op, yd, xd)
	}
	if len(yd) == len(xd) {
		return xn, yn
	}
	return xn, leading(yn, len(xd))
}

// Scale is factor · x.
func (t *tracer) Scale(x engine.Value, factor float64) engine.Value {
	return value{node: graph.MulScalar(of("scale", x), factor)}
}

// Abs is |x|. Written with the sign, since GoMLX's own gives 1 as the gradient at 0.
func (t *tracer) Abs(x engine.Value) engine.Value {
	xn := of("abs", x)
	return value{node: graph.Mul(xn, graph.StopGradient(graph.Sign(xn)))}
}

// Concat joins values along axis.
func (t *tracer) Concat(axis int, xs ...engine.Value) engine.Value {
	nodes := make([]*graph.Node, len(xs))
	for i, x := range xs {
		nodes[i] = of("concat", x)
	}
	if len(nodes) == 1 {
		return xs[0]
	}
	return value{node: graph.Concatenate(nodes, axis)}
}

// Slice keeps the indices from … to-1 of axis.
func (t *tracer) Slice(x engine.Value, axis, from, to int) engine.Value {
	xn := of("slice", x)
	dims := xn.Shape().Dimensions
	if axis < 0 || axis >= len(dims) || from < 0 || to > dims[axis] || from >= to {
		refuse("slice: %d … %d of axis %d of %v", from, to-1, axis, dims)
	}
	return value{node: graph.SliceAxis(xn, axis, graph.AxisRange(from, to))}
}

// Reshape keeps the order of the elements.
func (t *tracer) Reshape(x engine.Value, shape ...int) engine.Value {
	xn := of("reshape", x)
	if engine.Size(shape) != xn.Shape().Size() {
		refuse("reshape: %v to %v", xn.Shape().Dimensions, shape)
	}
	return value{node: graph.Reshape(xn, shape...)}
}

// Mean averages over axis and drops it.
func (t *tracer) Mean(x engine.Value, axis int) engine.Value {
	return value{node: graph.ReduceMean(of("mean", x), axis)}
}

// Max takes the largest over axis. It is the sum over a mask of the first of the largest, so that the gradient goes
// there alone.
func (t *tracer) Max(x engine.Value, axis int) engine.Value {
	xn := of("max", x)
	first := graph.InsertAxes(graph.ArgMax(xn, axis, dtypes.Int32), axis)
	shape := xn.Shape().Clone()
	shape.DType = dtypes.Int32
	mask := graph.Equal(graph.Iota(t.g, shape, axis), first)
	return value{node: graph.ReduceSum(graph.Where(mask, xn, graph.ScalarZero(t.g, dtypes.Float32)), axis)}
}

// MatMul is a bᵀ.
func (t *tracer) MatMul(a, b engine.Value) engine.Value {
	an, bn := of("matmul", a), of("matmul", b)
	ad, bd := an.Shape().Dimensions, bn.Shape().Dimensions
	if len(ad) != 2 || len(bd) != 2 || ad[1] != bd[1] {
		refuse("matmul: a %v and b %v do not fit", ad, bd)
	}
	return value{node: t.dot(an, []int{1}, nil, bn, []int{1}, nil)}
}

// StopGradient is x without a gradient.
func (t *tracer) StopGradient(x engine.Value) engine.Value {
	return value{node: graph.StopGradient(of("stop gradient", x))}
}

// L2Normalise is x / (‖x‖ + 1e-8) over the last dimension. The root has no gradient at zero, so it is kept from it.
func (t *tracer) L2Normalise(x engine.Value) engine.Value {
	xn := of("l2 normalise", x)
	squares := graph.InsertAxes(graph.ReduceSum(graph.Square(xn), -1), -1)
	zero, one := graph.ScalarZero(t.g, dtypes.Float32), graph.ScalarOne(t.g, dtypes.Float32)
	positive := graph.GreaterThan(squares, zero)
	norm := graph.Where(positive, graph.Sqrt(graph.Where(positive, squares, one)), zero)
	return value{node: graph.Div(xn, graph.AddScalar(norm, 1e-8))}
}
