package native

import (
	"math"
	"slices"

	"harness/model/engine"
)

// repeated refuses a y that has neither the shape of x nor its last dimensions.
func repeated(op string, x, y *value) {
	from := len(x.shape) - len(y.shape)
	if from < 0 || !slices.Equal(x.shape[from:], y.shape) {
		refuse("%s: y %v is not the end of x %v", op, y.shape, x.shape)
	}
}

// alike are the operands of an elementwise operation: both with the rows that they hold where these are the same, or where y is one
// row.
func (r *run) alike(x, y engine.Value) (xs, ys *value) {
	xs, ys = r.held(x), r.held(y)
	if ys.selection == xs.selection && (xs.selection == nil || len(ys.shape) == len(xs.shape)) || ys.selection == nil && len(ys.shape) == 1 {
		return xs, ys
	}
	return r.whole(xs), r.whole(ys)
}

// Add is x + y, y repeated where it has x's last dimensions only.
func (r *run) Add(x, y engine.Value) engine.Value {
	xs, ys := r.alike(x, y)
	repeated("add", xs, ys)
	z := r.freshOf(xs.shape, xs.selection, xs, ys)
	r.device().element(elementAdd, r.flat(xs), r.flat(ys), 0, target{dst: z.data})
	return r.then(z, true, func(dz []float32) {
		if ys.size() == xs.size() {
			r.pass(z, ys)
		} else if ys.needs {
			r.device().columns(dz, nil, ys.size(), r.want(ys), xs.blocks())
		}
		r.pass(z, xs)
	})
}

// Mul is the elementwise product, with Add's rule for y.
func (r *run) Mul(x, y engine.Value) engine.Value {
	xs, ys := r.alike(x, y)
	repeated("product", xs, ys)
	z := r.freshOf(xs.shape, xs.selection, xs, ys)
	a, b := r.flat(xs), r.flat(ys)
	r.device().element(elementMul, a, b, 0, target{dst: z.data})
	return r.then(z, true, func(dz []float32) {
		if ys.needs {
			blocks := xs.blocks()
			if len(b) == len(a) { // y is not repeated
				blocks = nil
			}
			r.device().columns(dz, a, len(b), r.want(ys), blocks)
		}
		if xs.needs {
			r.device().element(elementMul, dz, b, 0, r.wantInPlace(z, xs))
		}
	})
}

// Scale is factor · x.
func (r *run) Scale(x engine.Value, factor float64) engine.Value {
	xs := r.held(x)
	y := r.freshOf(xs.shape, xs.selection, xs)
	r.device().element(elementScale, r.flat(xs), nil, factor, target{dst: y.data})
	return r.then(y, true, func(dy []float32) { r.device().element(elementScale, dy, nil, factor, r.wantInPlace(y, xs)) })
}

// Abs is |x|.
func (r *run) Abs(x engine.Value) engine.Value {
	xs := r.held(x)
	y := r.freshOf(xs.shape, xs.selection, xs)
	data := r.flat(xs)
	r.device().element(elementAbs, data, nil, 0, target{dst: y.data})
	return r.then(y, true, func(dy []float32) { r.device().element(elementAbsBack, data, dy, 0, r.wantInPlace(y, xs)) })
}

// around splits a shape at axis: what lies before it, the axis, and what lies behind it.
func around(op string, shape []int, axis int) (outer, length, inner int) {
	if axis < 0 || axis >= len(shape) {
		refuse("%s: no axis %d in %v", op, axis, shape)
	}
	return engine.Size(shape[:axis]), shape[axis], engine.Size(shape[axis+1:])
}

// Concat joins values along axis.
func (r *run) Concat(axis int, xs ...engine.Value) engine.Value {
	if len(xs) == 0 {
		refuse("concat: nothing to join")
	}
	parts := make([]*value, len(xs))
	for i, x := range xs {
		parts[i] = r.of(x)
	}
	shape := slices.Clone(parts[0].shape)
	outer, _, inner := around("concat", shape, axis)
	shape[axis] = 0
	for _, p := range parts {
		if len(p.shape) != len(shape) {
			refuse("concat: %v and %v differ", parts[0].shape, p.shape)
		}
		for i, d := range p.shape {
			if i != axis && d != shape[i] {
				refuse("concat: %v and %v differ in axis %d", parts[0].shape, p.shape, i)
			}
		}
		shape[axis] += p.shape[axis]
	}
	y := r.fresh(shape, parts...)
	stride, at := shape[axis]*inner, 0
	for _, p := range parts {
		n := p.shape[axis] * inner
		r.device().copyRows(outer, n, r.flat(p), n, y.data[at:], stride, false)
		at += n
	}
	return r.then(y, true, func(dy []float32) {
		at := 0
		for _, p := range parts {
			n := p.shape[axis] * inner
			if t := r.want(p); t.dst != nil {
				r.device().copyRows(outer, n, dy[at:], stride, t.dst, n, t.add)
			}
			at += n
		}
	})
}

// Slice keeps the indices from … to-1 of axis. Slices of the first and the last axis are views.
func (r *run) Slice(x engine.Value, axis, from, to int) engine.Value {
	xs := r.held(x)
	outer, length, inner := around("slice", xs.shape, axis)
	if xs.selection != nil && axis == len(xs.shape)-1 {
		outer = xs.rows()
	} else {
		xs = r.whole(xs)
	}
	if from < 0 || to > length || from >= to {
		refuse("slice: %d … %d of axis %d of %v", from, to, axis, xs.shape)
	}
	data := r.flat(xs)
	shape := slices.Clone(xs.shape)
	shape[axis] = to - from
	n, stride, first := (to-from)*inner, length*inner, from*inner
	var y *value
	owns := false
	switch {
	case outer == 1:
		y = r.view(xs, data[first:first+n], shape)
	case axis == len(shape)-1:
		y = r.view(xs, data[first:], shape)
		y.stride = stride
	default:
		y, owns = r.fresh(shape, xs), true
		r.device().copyRows(outer, n, data[first:], stride, y.data, n, false)
	}
	return r.then(y, owns, func(dy []float32) {
		r.device().copyRows(outer, n, dy, n, r.wantZeroed(xs)[first:], stride, true)
	})
}

// Reshape keeps the order of the elements.
func (r *run) Reshape(x engine.Value, shape ...int) engine.Value {
	xs := r.held(x)
	if engine.Size(shape) != engine.Size(xs.shape) {
		refuse("reshape: %v does not become %v", xs.shape, shape)
	}
	if t := xs.selection; t != nil && !slices.Equal(shape, []int{t.samples * t.length, xs.width()}) &&
		!slices.Equal(shape, []int{t.samples, t.length, xs.width()}) {
		xs = r.whole(xs)
	}
	y := r.view(xs, r.flat(xs), shape)
	return r.then(y, false, func([]float32) { r.pass(y, xs) })
}

// dropAxis is shape without axis.
func dropAxis(shape []int, axis int) []int { return slices.Delete(slices.Clone(shape), axis, axis+1) }

// Mean averages over axis and drops it.
func (r *run) Mean(x engine.Value, axis int) engine.Value {
	xs := r.of(x)
	outer, length, inner := around("mean", xs.shape, axis)
	y := r.fresh(dropAxis(xs.shape, axis), xs)
	data, share := r.flat(xs), 1/float32(length)
	for o := range outer {
		sums := y.data[o*inner : (o+1)*inner]
		clear(sums)
		for i := range length {
			row := data[(o*length+i)*inner:][:inner]
			for j, v := range row {
				sums[j] += v
			}
		}
		for j := range sums {
			sums[j] *= share
		}
	}
	return r.then(y, true, func(dy []float32) {
		dx := r.wantZeroed(xs)
		for o := range outer {
			g := dy[o*inner : (o+1)*inner]
			for i := range length {
				row := dx[(o*length+i)*inner:][:inner]
				for j, v := range g {
					row[j] += v * share
				}
			}
		}
	})
}

// Max takes the largest over axis and drops it.
func (r *run) Max(x engine.Value, axis int) engine.Value {
	xs := r.of(x)
	outer, length, inner := around("max", xs.shape, axis)
	if length == 0 {
		refuse("max: axis %d of %v is empty", axis, xs.shape)
	}
	y := r.fresh(dropAxis(xs.shape, axis), xs)
	data := r.flat(xs)
	winner := make([]int, outer*inner)
	for o := range outer {
		for j := range inner {
			best := o*length*inner + j
			for i := 1; i < length; i++ {
				at := (o*length+i)*inner + j
				if data[at] > data[best] || math.IsNaN(float64(data[at])) {
					best = at
				}
			}
			winner[o*inner+j] = best
			y.data[o*inner+j] = data[best]
		}
	}
	return r.then(y, true, func(dy []float32) {
		dx := r.wantZeroed(xs)
		for i, at := range winner {
			dx[at] += dy[i]
		}
	})
}

// Dropout zeroes elements by [engine.Keep] and scales the others up; in Run it does nothing.
func (r *run) Dropout(x engine.Value, rate float64, seed string) engine.Value {
	xs := r.held(x)
	call := uint32(r.dropped)
	r.dropped++
	if !r.records || rate == 0 {
		return xs
	}
	if rate < 0 || rate >= 1 {
		refuse("dropout: rate %g is outside of [0, 1)", rate)
	}
	base := engine.DropoutBase(uint32(r.intInput(seed, 1).I32[0]), call)
	threshold, up := engine.KeepThreshold(rate), 1/float32(1-rate)
	y := r.freshOf(xs.shape, xs.selection, xs)
	drop := func(from []float32, to target) {
		if xs.selection == nil {
			r.device().dropout(from, up, base, threshold, to)
			return
		}
		width := xs.width()
		for _, s := range xs.selection.stretches { // an element is dropped by its number among those of all rows
			part := target{to.dst[s.held*width:][:s.n*width], to.add}
			r.device().dropout(from[s.held*width:][:s.n*width], up, base+uint32(s.all*width), threshold, part)
		}
	}
	drop(r.flat(xs), target{dst: y.data})
	return r.then(y, true, func(dy []float32) {
		if to := r.want(xs); to.dst != nil {
			drop(dy, to)
		}
	})
}

// StopGradient is x without a gradient.
func (r *run) StopGradient(x engine.Value) engine.Value {
	still := *r.held(x)
	still.needs, still.leaf, still.grad = false, nil, nil
	return &still
}

// Recompute is the plain call: the memory of a block is kept.
func (r *run) Recompute(x engine.Value, block func(x engine.Value) []engine.Value) []engine.Value {
	return block(x)
}
