package xla

import (
	"math"
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/compute/shapes"
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
	xn, wn := t.of(op, x), t.of(op, w)
	xd, wd := xn.Shape().Dimensions, wn.Shape().Dimensions
	if len(xd) == 0 || len(wd) != 2 || xd[len(xd)-1] != wd[inner] {
		refuse("%s: x %v and w %v do not fit", op, xd, wd)
	}
	var bn *graph.Node
	if b != nil {
		if bn = t.of(op, b); !slices.Equal(bn.Shape().Dimensions, []int{wd[1-inner]}) {
			refuse("%s: b %v and w %v do not fit", op, bn.Shape().Dimensions, wd)
		}
	}
	product := func(result dtypes.DType) *graph.Node {
		y := t.dot(side{xn, []int{len(xd) - 1}, nil}, side{wn, []int{inner}, nil}, result)
		if bn != nil {
			y = t.biased(y, bn)
		}
		return y
	}
	return value{node: product(t.s.activations()), wide: func() *graph.Node { return product(dtypes.Float32) }}
}

// biased is y + b, of y's type. In bfloat16 b is rounded, too, so that cuBLAS adds it where it has the product; the gradient of b is
// added up in float32.
func (t *tracer) biased(y, b *graph.Node) *graph.Node {
	sum := graph.Add(y, leading(as(b, y.DType()), y.Rank()))
	if y.DType() == dtypes.Float32 {
		return sum
	}
	return t.withBack(sum, []*graph.Node{y, b}, func(dy *graph.Node) []*graph.Node {
		return []*graph.Node{dy, graph.ReduceSum(full(dy), ascending(0, y.Rank()-1)...)}
	})
}

// leading gives y dimensions of 1 in front up to rank, for GoMLX repeats dimensions of 1 and scalars only.
func leading(y *graph.Node, rank int) *graph.Node {
	dims := slices.Repeat([]int{1}, rank-y.Rank())
	return graph.Reshape(y, append(dims, y.Shape().Dimensions...)...)
}

// GELU is the activation in one of its forms.
func (t *tracer) GELU(x engine.Value, form engine.GELU) engine.Value {
	given := t.of("gelu", x)
	xn := full(given)
	switch form {
	case engine.GELUTanh:
		bend := graph.Tanh(tanhArgument(xn))
		y := as(graph.Mul(graph.MulScalar(xn, 0.5), graph.OnePlus(bend)), t.s.activations())
		return value{node: t.withBack(y, []*graph.Node{given}, func(dy *graph.Node) []*graph.Node {
			return []*graph.Node{as(graph.Mul(full(dy), tanhSlope(xn)), given.DType())}
		})}
	case engine.GELUErf:
		bend := graph.Erf(graph.MulScalar(xn, math.Sqrt2/2))
		return value{node: as(graph.Mul(graph.MulScalar(xn, 0.5), graph.OnePlus(bend)), t.s.activations())}
	}
	refuse("gelu: form %d is not known", form)
	return nil
}

// tanhArgument is sqrt(2/π) (x + 0.044715 x³).
func tanhArgument(x *graph.Node) *graph.Node {
	cubic := graph.MulScalar(graph.Mul(graph.Square(x), x), 0.044715)
	return graph.MulScalar(graph.Add(x, cubic), math.Sqrt(2/math.Pi))
}

// tanhSlope is the derivative of GELU's tanh form, of x alone: written with the logistic function, (1 + tanh u)/2 = σ(2u), since a
// compiler that finds the tanh of the way forth again keeps it, and an array of float32 with it.
func tanhSlope(x *graph.Node) *graph.Node {
	half := graph.Logistic(graph.MulScalar(tanhArgument(x), 2))
	slope := graph.MulScalar(graph.AddScalar(graph.MulScalar(graph.Square(x), 3*0.044715), 1), 2*math.Sqrt(2/math.Pi)) // of 2u
	return graph.Add(half, graph.Mul(graph.Mul(x, slope), graph.Mul(half, graph.OneMinus(half))))
}

// Embedding takes rows of table by ids, which are checked before each run.
func (t *tracer) Embedding(table engine.Value, ids string) engine.Value {
	tn := t.of("embedding", table)
	dims := tn.Shape().Dimensions
	if len(dims) != 2 {
		refuse("embedding: table %v is not [N, w]", dims)
	}
	index := t.input(ids, dtypes.Int32)
	t.program.checks = append(t.program.checks, check{input: ids, limit: dims[0]})
	return value{node: as(t.gathered(tn, graph.InsertAxes(index, -1)), t.s.activations())}
}

// gathered takes rows of a table. Where the table is large, the zeros that gradients are added to come with the gradient: nothing else
// keeps a compiler from making those of all tables first.
func (t *tracer) gathered(table, index *graph.Node) *graph.Node {
	rows := graph.Gather(table, index)
	picked := table.Shape().Dimensions[0]*index.Shape().Size() <= t.s.sizes().Picks
	if !picked && table.Shape().Size() < t.s.sizes().Recompute {
		return rows
	}
	return t.withBack(rows, []*graph.Node{table}, func(dy *graph.Node) []*graph.Node {
		if picked {
			return []*graph.Node{t.addedUp(dy, index, table)}
		}
		zeros := graph.SchedulingBarrier(graph.ZerosLike(table), dy)
		return []*graph.Node{graph.ScatterSum(zeros, index, dy, false, false)}
	})
}

// addedUp is the gradient of a table [N, w] of which the rows that index [..., 1] names were taken: the product of the matrix that says
// which row was taken where, [N, R], and the rows' gradients dy [..., w]. It takes fewer operations to scatter the rows, but where
// their order must not change the sum, XLA scatters single elements, which it sorts.
func (t *tracer) addedUp(dy, index, table *graph.Node) *graph.Node {
	n, count := table.Shape().Dimensions[0], index.Shape().Size()
	row := graph.Iota(t.g, shapes.Make(dtypes.Int32, n, count), 0)
	taken := as(graph.Equal(row, graph.Reshape(index, 1, count)), table.DType())
	rows := graph.Reshape(dy, count, -1)
	return t.product(side{taken, []int{1}, nil}, side{rows, []int{0}, nil}, table.DType())
}

// Add is x + y.
func (t *tracer) Add(x, y engine.Value) engine.Value {
	xn, yn, result := t.repeatable("add", x, y)
	return value{node: as(graph.Add(xn, yn), result)}
}

// Mul is the elementwise product.
func (t *tracer) Mul(x, y engine.Value) engine.Value {
	xn, yn, result := t.repeatable("mul", x, y)
	return value{node: as(graph.Mul(xn, yn), result)}
}

// repeatable shapes y, which is of x's shape or of its last dimensions, so that GoMLX repeats it. Both are float32; result is the
// type to round to.
func (t *tracer) repeatable(op string, x, y engine.Value) (xn, yn *graph.Node, result dtypes.DType) {
	xn, yn = t.of(op, x), t.of(op, y)
	result = narrower(xn, yn)
	xn, yn = full(xn), full(yn)
	xd, yd := xn.Shape().Dimensions, yn.Shape().Dimensions
	if len(yd) > len(xd) || !slices.Equal(xd[len(xd)-len(yd):], yd) {
		refuse("%s: y %v is not of x's shape %v or its last dimensions", op, yd, xd)
	}
	if len(yd) < len(xd) {
		yn = t.repeated(yn, xd)
	}
	return xn, yn, result
}

// neighbours is how many addends XLA for GPUs would rather have side by side in memory. Where it can have that by laying out the batch
// as the innermost dimension, it lays out all layers so, and turns the arrays around before and behind every product.
const neighbours = 32

// repeated is y [..., w], of dims but for the first ones, along those. The gradient adds up fewer than neighbours at a time.
func (t *tracer) repeated(y *graph.Node, dims []int) *graph.Node {
	count := engine.Size(dims[:len(dims)-y.Rank()])
	if y.Rank() < 2 || count < neighbours || t.purpose == ForRun {
		return leading(y, len(dims))
	}
	own := y.Shape().Dimensions
	all := graph.BroadcastToDims(leading(y, len(dims)), dims...)
	return t.withBack(all, []*graph.Node{y}, func(dy *graph.Node) []*graph.Node {
		each := graph.Reshape(dy, append([]int{count}, own...)...)
		parts := (count + neighbours - 2) / (neighbours - 1)
		var sum *graph.Node
		for i := range parts {
			part := graph.ReduceSum(graph.SliceAxis(each, 0, graph.AxisRange(i*count/parts, (i+1)*count/parts)), 0)
			if sum != nil {
				part = graph.Add(sum, part)
			}
			sum = part
		}
		return []*graph.Node{sum}
	})
}

// Scale is factor · x.
func (t *tracer) Scale(x engine.Value, factor float64) engine.Value {
	xn := t.of("scale", x)
	return value{node: as(graph.MulScalar(full(xn), factor), xn.DType())}
}

// Abs is |x|. Written with the sign, since GoMLX's own gives 1 as the gradient at 0.
func (t *tracer) Abs(x engine.Value) engine.Value {
	xn := t.of("abs", x)
	return value{node: graph.Mul(xn, graph.StopGradient(graph.Sign(xn)))}
}

// Concat joins values along axis.
func (t *tracer) Concat(axis int, xs ...engine.Value) engine.Value {
	nodes := make([]*graph.Node, len(xs))
	for i, x := range xs {
		nodes[i] = t.of("concat", x)
	}
	if len(nodes) == 1 {
		return xs[0]
	}
	result := narrower(nodes...)
	for i, n := range nodes {
		nodes[i] = as(n, result)
	}
	return value{node: graph.Concatenate(nodes, axis)}
}

// Slice keeps the indices from … to-1 of axis.
func (t *tracer) Slice(x engine.Value, axis, from, to int) engine.Value {
	xn := t.of("slice", x)
	dims := xn.Shape().Dimensions
	if axis < 0 || axis >= len(dims) || from < 0 || to > dims[axis] || from >= to {
		refuse("slice: %d … %d of axis %d of %v", from, to-1, axis, dims)
	}
	return value{node: graph.SliceAxis(xn, axis, graph.AxisRange(from, to))}
}

// Reshape keeps the order of the elements.
func (t *tracer) Reshape(x engine.Value, shape ...int) engine.Value {
	xn := t.of("reshape", x)
	if engine.Size(shape) != xn.Shape().Size() {
		refuse("reshape: %v to %v", xn.Shape().Dimensions, shape)
	}
	y := value{node: graph.Reshape(xn, shape...)}
	if v := x.(value); v.wide != nil {
		y.wide = func() *graph.Node { return graph.Reshape(v.wide(), shape...) }
	}
	return y
}

// Mean averages over axis and drops it.
func (t *tracer) Mean(x engine.Value, axis int) engine.Value {
	return value{node: graph.ReduceMean(full(t.of("mean", x)), axis)}
}

// Max takes the largest over axis. It is the sum over a mask of the first of the largest, so that the gradient goes
// there alone.
func (t *tracer) Max(x engine.Value, axis int) engine.Value {
	xn := full(t.of("max", x))
	first := graph.InsertAxes(graph.ArgMax(xn, axis, dtypes.Int32), axis)
	shape := xn.Shape().Clone()
	shape.DType = dtypes.Int32
	mask := graph.Equal(graph.Iota(t.g, shape, axis), first)
	top := graph.ReduceSum(graph.Where(mask, xn, graph.ScalarZero(t.g, dtypes.Float32)), axis)
	return value{node: as(top, t.of("max", x).DType())}
}

// MatMul is a bᵀ, in float32 in any case: it compares embeddings, of which there are few.
func (t *tracer) MatMul(a, b engine.Value) engine.Value {
	an, bn := t.wide("matmul", a), t.wide("matmul", b)
	ad, bd := an.Shape().Dimensions, bn.Shape().Dimensions
	if len(ad) != 2 || len(bd) != 2 || ad[1] != bd[1] {
		refuse("matmul: a %v and b %v do not fit", ad, bd)
	}
	return value{node: graph.DotGeneral(an, []int{1}, nil, bn, []int{1}, nil)}
}

// Unpad is x: a compiled program has one shape, whatever the lengths.
func (t *tracer) Unpad(x engine.Value, before int, lengths string) engine.Value { return x }

// Only is x.
func (t *tracer) Only(x engine.Value, before int, rows string) engine.Value { return x }

// StopGradient is x without a gradient.
func (t *tracer) StopGradient(x engine.Value) engine.Value {
	return value{node: graph.StopGradient(t.of("stop gradient", x))}
}

// L2Normalise is x / (‖x‖ + 1e-8) over the last dimension, in float32 as it is compared then. The root has no gradient at zero, so it is kept from it.
func (t *tracer) L2Normalise(x engine.Value) engine.Value {
	xn := t.wide("l2 normalise", x)
	squares := graph.InsertAxes(graph.ReduceSum(graph.Square(xn), -1), -1)
	zero, one := graph.ScalarZero(t.g, dtypes.Float32), graph.ScalarOne(t.g, dtypes.Float32)
	positive := graph.GreaterThan(squares, zero)
	norm := graph.Where(positive, graph.Sqrt(graph.Where(positive, squares, one)), zero)
	return value{node: graph.Div(xn, graph.AddScalar(norm, 1e-8))}
}
