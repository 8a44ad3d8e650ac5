package flops

import (
	"slices"

	"harness/model/engine"
)

// same is an operation that keeps the shape of x.
func (r *run) same(x engine.Value) *value {
	xs := r.of(x)
	return r.fresh(xs.shape, xs)
}

// LayerNorm keeps the shape of x.
func (r *run) LayerNorm(x, w, b engine.Value, eps float64) engine.Value {
	xs, ws, bs := r.of(x), r.of(w), r.of(b)
	if len(xs.shape) == 0 || ws.size() != xs.width() || bs.size() != xs.width() {
		refuse("layer norm: x %v does not fit w %v and b %v", xs.shape, ws.shape, bs.shape)
	}
	return r.fresh(xs.shape, xs, ws, bs)
}

// GELU keeps the shape of x.
func (r *run) GELU(x engine.Value, form engine.GELU) engine.Value {
	if form != engine.GELUTanh && form != engine.GELUErf {
		refuse("gelu: no form %d", form)
	}
	return r.same(x)
}

// Embedding is [ids..., w].
func (r *run) Embedding(table engine.Value, ids string) engine.Value {
	t := r.of(table)
	if len(t.shape) != 2 {
		refuse("embedding: table %v is not a matrix", t.shape)
	}
	return r.fresh(append(r.ints(ids, -1), t.width()), t)
}

// Add keeps the shape of x.
func (r *run) Add(x, y engine.Value) engine.Value { return r.repeated("add", x, y) }

// Mul keeps the shape of x.
func (r *run) Mul(x, y engine.Value) engine.Value { return r.repeated("product", x, y) }

// repeated is an operation whose y has the shape of x or its last dimensions.
func (r *run) repeated(op string, x, y engine.Value) engine.Value {
	xs, ys := r.of(x), r.of(y)
	from := len(xs.shape) - len(ys.shape)
	if from < 0 || !slices.Equal(xs.shape[from:], ys.shape) {
		refuse("%s: y %v is not the end of x %v", op, ys.shape, xs.shape)
	}
	return r.fresh(xs.shape, xs, ys)
}

// Scale keeps the shape of x.
func (r *run) Scale(x engine.Value, factor float64) engine.Value { return r.same(x) }

// Abs keeps the shape of x.
func (r *run) Abs(x engine.Value) engine.Value { return r.same(x) }

// LogSoftmaxTopK is [N, k], twice.
func (r *run) LogSoftmaxTopK(logits engine.Value, k int) (logp, index engine.Value) {
	x := r.of(logits)
	if r.pass == Training {
		refuse("log softmax top k: it is for Run only")
	}
	if len(x.shape) != 2 || k < 1 || k > x.shape[1] {
		refuse("log softmax top k: no %d of logits %v", k, x.shape)
	}
	shape := []int{x.shape[0], k}
	return r.fresh(shape, x), r.fresh(shape, x)
}

// Dropout keeps the shape of x.
func (r *run) Dropout(x engine.Value, rate float64, seed string) engine.Value {
	if r.pass == Training && rate != 0 {
		if rate < 0 || rate >= 1 {
			refuse("dropout: rate %g is outside of [0, 1)", rate)
		}
		r.ints(seed, 1)
	}
	return r.same(x)
}

// Unpad keeps the shape of x: what an engine may leave out is counted, see the package.
func (r *run) Unpad(x engine.Value, before int, lengths string) engine.Value {
	xs := r.batched("unpad", x)
	r.ints(lengths, xs.shape[0])
	return r.same(x)
}

// Only keeps the shape of x, as Unpad does.
func (r *run) Only(x engine.Value, before int, rows string) engine.Value {
	r.batched("only", x)
	r.ints(rows, -1)
	return r.same(x)
}

func (r *run) batched(op string, x engine.Value) *value {
	xs := r.of(x)
	if len(xs.shape) != 3 {
		refuse("%s: x %v is not [batch, positions, width]", op, xs.shape)
	}
	return xs
}

// StopGradient keeps the shape of x; nothing goes back through it.
func (r *run) StopGradient(x engine.Value) engine.Value { return &value{shape: r.of(x).shape} }

// Recompute counts the block once: what an engine computes again is its own affair.
func (r *run) Recompute(x engine.Value, block func(x engine.Value) []engine.Value) []engine.Value {
	return block(x)
}

// L2Normalise keeps the shape of x.
func (r *run) L2Normalise(x engine.Value) engine.Value {
	if len(r.of(x).shape) == 0 {
		refuse("l2 normalise: x has no dimension")
	}
	return r.same(x)
}

// Concat sums the lengths of axis.
func (r *run) Concat(axis int, xs ...engine.Value) engine.Value {
	if len(xs) == 0 {
		refuse("concat: nothing to join")
	}
	parts := make([]*value, len(xs))
	for i, x := range xs {
		parts[i] = r.of(x)
	}
	shape := slices.Clone(parts[0].shape)
	checkAxis("concat", shape, axis)
	shape[axis] = 0
	for _, p := range parts {
		if len(p.shape) != len(shape) || !slices.Equal(p.shape[:axis], shape[:axis]) || !slices.Equal(p.shape[axis+1:], shape[axis+1:]) {
			refuse("concat: %v and %v differ beside axis %d", parts[0].shape, p.shape, axis)
		}
		shape[axis] += p.shape[axis]
	}
	return r.fresh(shape, parts...)
}

func checkAxis(op string, shape []int, axis int) {
	if axis < 0 || axis >= len(shape) {
		refuse("%s: no axis %d in %v", op, axis, shape)
	}
}

// Slice shortens axis to to - from.
func (r *run) Slice(x engine.Value, axis, from, to int) engine.Value {
	xs := r.of(x)
	checkAxis("slice", xs.shape, axis)
	if from < 0 || to > xs.shape[axis] || from >= to {
		refuse("slice: %d … %d of axis %d of %v", from, to-1, axis, xs.shape)
	}
	shape := slices.Clone(xs.shape)
	shape[axis] = to - from
	return r.fresh(shape, xs)
}

// Reshape keeps the number of elements.
func (r *run) Reshape(x engine.Value, shape ...int) engine.Value {
	xs := r.of(x)
	if engine.Size(shape) != xs.size() {
		refuse("reshape: %v does not become %v", xs.shape, shape)
	}
	return r.fresh(shape, xs)
}

// Mean drops axis.
func (r *run) Mean(x engine.Value, axis int) engine.Value { return r.dropped("mean", x, axis) }

// Max drops axis, which may not be empty.
func (r *run) Max(x engine.Value, axis int) engine.Value {
	y := r.dropped("max", x, axis)
	if xs := r.of(x); xs.shape[axis] == 0 {
		refuse("max: axis %d of %v is empty", axis, xs.shape)
	}
	return y
}

func (r *run) dropped(op string, x engine.Value, axis int) engine.Value {
	xs := r.of(x)
	checkAxis(op, xs.shape, axis)
	return r.fresh(slices.Delete(slices.Clone(xs.shape), axis, axis+1), xs)
}

// CrossEntropy is a scalar.
func (r *run) CrossEntropy(logits engine.Value, labels, weights string, smoothing float64) engine.Value {
	x := r.of(logits)
	if len(x.shape) != 2 {
		refuse("cross-entropy: logits %v are not a matrix", x.shape)
	}
	r.ints(labels, x.shape[0])
	r.floats(weights, x.shape[0])
	return r.fresh(nil, x)
}

// MSE is a scalar.
func (r *run) MSE(x, y engine.Value) engine.Value {
	xs, ys := r.of(x), r.of(y)
	if !slices.Equal(xs.shape, ys.shape) || xs.size() == 0 {
		refuse("mse: x %v and y %v differ", xs.shape, ys.shape)
	}
	return r.fresh(nil, xs, ys)
}

// RoIAlign is [R, 3, 3, C].
func (r *run) RoIAlign(features engine.Value, height, width int, boxes, rows string) engine.Value {
	f := r.of(features)
	if len(f.shape) != 3 || f.shape[1] != height*width {
		refuse("roi align: features %v are not those of a grid %d × %d", f.shape, height, width)
	}
	count := engine.Size(r.ints(rows, -1))
	r.floats(boxes, 4*count)
	return r.fresh([]int{count, 3, 3, f.width()}, f)
}
