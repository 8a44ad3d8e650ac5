package xla

import (
	"slices"

	"github.com/gomlx/compute/dtypes"
	"github.com/gomlx/gomlx/core/graph"

	"harness/model/engine"
)

// CrossEntropy is the weighted mean of the rows' cross-entropies. Sums over rows are in float64.
func (t *tracer) CrossEntropy(logits engine.Value, labels, weights string, smoothing float64) engine.Value {
	x := t.wide("cross-entropy", logits)
	label, weight := t.input(labels, dtypes.Int32), t.input(weights, dtypes.Float32)
	dims := x.Shape().Dimensions
	if len(dims) != 2 || !slices.Equal(label.Shape().Dimensions, dims[:1]) || !slices.Equal(weight.Shape().Dimensions, dims[:1]) {
		refuse("cross-entropy: logits %v, labels %v and weights %v do not fit",
			dims, label.Shape().Dimensions, weight.Shape().Dimensions)
	}
	t.program.checks = append(t.program.checks, check{input: labels, weights: weights, limit: dims[1]})
	z := graph.Sub(x, graph.StopGradient(graph.InsertAxes(graph.ReduceMax(x, -1), -1)))
	logSum := graph.Log(graph.ReduceSum(graph.Exp(z), -1)) // [N]
	ids := x.Shape().Clone()
	ids.DType = dtypes.Int32
	hit := graph.Equal(graph.Iota(t.g, ids, 1), graph.InsertAxes(label, -1))
	picked := graph.ReduceSum(graph.Where(hit, z, graph.ScalarZero(t.g, dtypes.Float32)), -1)
	loss := graph.Sub(logSum, picked)
	if smoothing != 0 {
		uniform := graph.Sub(logSum, graph.ReduceMean(z, -1))
		loss = graph.Add(graph.MulScalar(loss, 1-smoothing), graph.MulScalar(uniform, smoothing))
	}
	weight = double(weight)
	total := graph.Div(graph.ReduceAllSum(graph.Mul(double(loss), weight)), graph.ReduceAllSum(weight))
	return value{node: single(total)}
}

// double and single convert between the float types.
func double(x *graph.Node) *graph.Node { return graph.ConvertDType(x, dtypes.Float64) }
func single(x *graph.Node) *graph.Node { return graph.ConvertDType(x, dtypes.Float32) }

// SigmoidPair is SigLIP's loss over all pairs of images and texts.
func (t *tracer) SigmoidPair(image, text, logScale, bias engine.Value, sign string) engine.Value {
	const op = "sigmoid pair"
	in, tn := t.wide(op, image), t.wide(op, text)
	images, texts := in.Shape().Dimensions, tn.Shape().Dimensions
	signs := t.input(sign, dtypes.Float32)
	if len(images) != 2 || len(texts) != 2 || images[1] != texts[1] || !slices.Equal(signs.Shape().Dimensions, []int{images[0], texts[0]}) {
		refuse("%s: image %v, text %v and sign %v do not fit", op, images, texts, signs.Shape().Dimensions)
	}
	scale, shift := graph.Reshape(graph.Exp(full(t.of(op, logScale)))), graph.Reshape(full(t.of(op, bias)))
	product := graph.DotGeneral(in, []int{1}, nil, tn, []int{1}, nil)
	logits := graph.Add(graph.Mul(product, scale), shift)
	loss := softplus(graph.Neg(graph.Mul(signs, logits)))
	return value{node: single(graph.DivScalar(graph.ReduceAllSum(double(loss)), texts[0]))}
}

// softplus is log(1 + e^x) = max(x, 0) + log(1 + e^-|x|), written with a constant sign so that its gradient is the
// sigmoid at 0 too.
func softplus(x *graph.Node) *graph.Node {
	g := x.Graph()
	positive := graph.GreaterThan(x, graph.ScalarZero(g, x.DType()))
	above := graph.Where(positive, x, graph.ScalarZero(g, x.DType()))
	minusAbs := graph.Where(positive, graph.Neg(x), x)
	return graph.Add(above, graph.Log1p(graph.Exp(minusAbs)))
}

// MSE is the mean of (x-y)² over all elements.
func (t *tracer) MSE(x, y engine.Value) engine.Value {
	xn, yn := t.wide("mse", x), t.wide("mse", y)
	if !slices.Equal(xn.Shape().Dimensions, yn.Shape().Dimensions) {
		refuse("mse: x %v and y %v differ", xn.Shape().Dimensions, yn.Shape().Dimensions)
	}
	return value{node: single(graph.ReduceAllMean(double(graph.Square(graph.Sub(xn, yn)))))}
}
