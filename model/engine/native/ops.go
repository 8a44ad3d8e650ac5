package native

import (
	"slices"

	"harness/model/engine"
)

// Param is the parameter of that name.
func (r *run) Param(name string) engine.Value {
	p := r.s.params[name]
	if p == nil {
		refuse("no parameter %s", name)
	}
	if p.value == nil {
		p.value = &value{shape: p.Tensor.Shape, data: p.data, leaf: p, weight: true, needs: r.records && !p.Frozen}
	}
	return p.value
}

func (r *run) input(name string) engine.Tensor {
	t, ok := r.in[name]
	if !ok {
		refuse("no input %s", name)
	}
	if len(t.F32)+len(t.I32) != t.Size() {
		refuse("input %s %v holds %d elements", name, t.Shape, len(t.F32)+len(t.I32))
	}
	return t
}

// Input is the float32 input of that name, where it lies.
func (r *run) Input(name string) engine.Value {
	t := r.input(name)
	if t.F32 == nil && t.Size() > 0 {
		refuse("input %s holds integers where floats are wanted", name)
	}
	return &value{shape: t.Shape, data: t.F32, lent: true}
}

// floatInput is the data of a float32 input of that many elements.
func (r *run) floatInput(name string, n int) []float32 {
	t := r.input(name)
	if len(t.F32) != n {
		refuse("input %s %v: %d floats are wanted", name, t.Shape, n)
	}
	return t.F32
}

// intInput is an int32 input; n is its number of elements, or -1 for any.
func (r *run) intInput(name string, n int) engine.Tensor {
	t := r.input(name)
	if len(t.F32) > 0 || n >= 0 && len(t.I32) != n {
		refuse("input %s %v: int32 [%d] is wanted", name, t.Shape, n)
	}
	return t
}

// indices is an int32 input whose elements number one of count things.
func (r *run) indices(op, name string, n, count int) engine.Tensor {
	t := r.intInput(name, n)
	for i, id := range t.I32 {
		if id < 0 || int(id) >= count {
			refuse("%s: %s[%d] is %d, outside of 0 … %d", op, name, i, id, count-1)
		}
	}
	return t
}

// IntShape is the shape of an int32 input.
func (r *run) IntShape(name string) []int { return slices.Clone(r.intInput(name, -1).Shape) }

// Linear is x wᵀ + b for x [..., in], w [out, in], b [out] or nil.
func (r *run) Linear(x, w, b engine.Value) engine.Value {
	weight := r.of(w)
	if len(weight.shape) != 2 {
		refuse("linear: w %v is not a matrix", weight.shape)
	}
	return r.linear("linear", r.held(x), weight, r.optional(b), weight.shape[1], weight.shape[0], true)
}

// LinearInOut is x w + b for w [in, out].
func (r *run) LinearInOut(x, w, b engine.Value) engine.Value {
	weight := r.of(w)
	if len(weight.shape) != 2 {
		refuse("linear: w %v is not a matrix", weight.shape)
	}
	return r.linear("linear", r.held(x), weight, r.optional(b), weight.shape[0], weight.shape[1], false)
}

// MatMul is a bᵀ for a [N, w] and b [M, w].
func (r *run) MatMul(a, b engine.Value) engine.Value {
	x, y := r.of(a), r.of(b)
	if len(x.shape) != 2 || len(y.shape) != 2 {
		refuse("product: a %v and b %v must be matrices", x.shape, y.shape)
	}
	return r.linear("product", x, y, nil, y.shape[1], y.shape[0], true)
}

// optional is of for an operand that may be nil.
func (r *run) optional(v engine.Value) *value {
	if v == nil {
		return nil
	}
	return r.of(v)
}

// linear is x w + b with w [in, out], stored as [out, in] if outIn.
func (r *run) linear(op string, x, w, b *value, in, out int, outIn bool) *value {
	if len(x.shape) == 0 || x.width() != in {
		refuse("%s: x %v does not fit w %v", op, x.shape, w.shape)
	}
	if b != nil && b.size() != out {
		refuse("%s: b %v does not fit w %v", op, b.shape, w.shape)
	}
	shape := append(slices.Clone(x.shape[:len(x.shape)-1]), out)
	y := r.freshOf(shape, x.selection, x, w, b)
	n := x.rows()
	weight := rowMajor(r.flat(w), w.width())
	if outIn {
		weight = weight.transposed()
	}
	var bias []float32
	if b != nil {
		bias = r.flat(b)
	}
	data := r.flat(x)
	if r.decodes && w.weight && in > 0 && n <= packedRows {
		r.device().packedProduct(n, out, in, data, r.s.packed(weight, out, in), bias, y.data)
		return y
	}
	r.device().product(n, out, in, rowMajor(data, in), weight, bias, y.data, false)
	return r.then(y, true, func(dy []float32) {
		if b != nil && b.needs {
			r.device().columns(dy, nil, out, r.want(b), x.blocks())
		}
		if w.needs {
			dw := r.want(w)
			if outIn {
				r.device().product(out, in, n, rowMajor(dy, out).transposed(), rowMajor(data, in), nil, dw.dst, dw.add)
			} else {
				r.device().product(in, out, n, rowMajor(data, in).transposed(), rowMajor(dy, out), nil, dw.dst, dw.add)
			}
		}
		if x.needs {
			dx := r.want(x)
			r.device().product(n, in, out, rowMajor(dy, out), weight.transposed(), nil, dx.dst, dx.add)
		}
	})
}

// LayerNorm normalises the last dimension: biased variance, eps inside the root.
func (r *run) LayerNorm(x, w, b engine.Value, eps float64) engine.Value {
	xs, ws, bs := r.held(x), r.of(w), r.of(b)
	if len(xs.shape) == 0 || ws.size() != xs.width() || bs.size() != xs.width() {
		refuse("layer norm: x %v does not fit w %v and b %v", xs.shape, ws.shape, bs.shape)
	}
	y := r.freshOf(xs.shape, xs.selection, xs, ws, bs)
	rows, width := xs.rows(), xs.width()
	mean, scale := r.take(rows), r.take(rows)
	data := r.flat(xs)
	r.device().norm(rows, width, data, r.flat(ws), r.flat(bs), eps, y.data, mean, scale)
	return r.then(y, true, func(dy []float32) {
		dwb := r.take(2 * width)
		r.device().normBack(rows, width, data, ws.data, mean, scale, dy, r.want(xs), dwb, xs.blocks())
		r.addTo(r.want(ws), dwb[:width])
		r.addTo(r.want(bs), dwb[width:])
	})
}

// GELU is the activation in one of its two forms.
func (r *run) GELU(x engine.Value, form engine.GELU) engine.Value {
	xs := r.held(x)
	forth, back := elementGELUTanh, elementGELUTanhBack
	switch form {
	case engine.GELUTanh:
	case engine.GELUErf:
		forth, back = elementGELUErf, elementGELUErfBack
	default:
		refuse("gelu: no form %d", form)
	}
	y := r.freshOf(xs.shape, xs.selection, xs)
	data := r.flat(xs)
	r.device().element(forth, data, nil, 0, target{dst: y.data})
	return r.then(y, true, func(dy []float32) { r.device().element(back, data, dy, 0, r.wantInPlace(y, xs)) })
}

// Attention is softmax(q kᵀ / sqrt(w/heads)) v, head by head.
func (r *run) Attention(q, k, v engine.Value, count int, mask engine.Mask) engine.Value {
	qs, ks, vs := r.held(q), r.held(k), r.held(v)
	if !qs.selection.attends() {
		qs = r.whole(qs)
	}
	few := len(qs.shape) == 3 && qs.shape[1] <= fewQueries
	if ks.selection != vs.selection || !ks.selection.attends() || few {
		ks, vs = r.whole(ks), r.whole(vs)
	}
	if len(qs.shape) != 3 || len(ks.shape) != 3 || !slices.Equal(ks.shape, vs.shape) || qs.shape[0] != ks.shape[0] ||
		qs.shape[2] != ks.shape[2] {
		refuse("attention: q %v, k %v and v %v do not fit", qs.shape, ks.shape, vs.shape)
	}
	batch, queries, keys, width := qs.shape[0], qs.shape[1], ks.shape[1], qs.shape[2]
	if count < 1 || width%count != 0 {
		refuse("attention: width %d is not divisible by %d heads", width, count)
	}
	kh, vh := r.heads(ks), r.heads(vs)
	if (kh.rows == nil) != (vh.rows == nil) || ks.state != nil && ks.state.positions != vs.state.positions {
		r.flat(ks)
		r.flat(vs)
		kh, vh = r.heads(ks), r.heads(vs)
	}
	rowsStride := 0
	if ks.state != nil {
		rowsStride = ks.state.positions
	}
	if qs.state != nil {
		r.flat(qs)
	}
	job := newAttentionJob(batch, queries, keys, width, count, r.heads(qs), kh, vh, rowsStride)
	job.starts(qs.starts(), ks.starts())
	if t := ks.selection; t != nil && !t.hiddenBy(mask, qs) {
		refuse("attention: keys are unpadded by %s, and the mask does not hide what lies behind", t.by.lengths)
	}
	var lengths, causalRows []int32
	if mask.KeyLengths != "" {
		lengths = r.offHeap(r.intInput(mask.KeyLengths, batch).I32)
	}
	if mask.CausalRows != "" {
		if !mask.Causal {
			refuse("attention: a mask with causal rows must be causal")
		}
		causalRows = r.offHeap(r.intInput(mask.CausalRows, batch).I32)
	}
	job.mask(mask.Causal, lengths, causalRows)
	y := r.freshOf(qs.shape, qs.selection, qs, ks, vs)
	var peak, inverse []float32
	if y.needs {
		peak, inverse = r.take(batch*count*queries), r.take(batch*count*queries)
	}
	r.device().attention(job, y.data, peak, inverse)
	return r.then(y, true, func(dy []float32) {
		if qs == ks || qs == vs || ks == vs { // the kernel writes the three in turns
			for _, operand := range []*value{qs, ks, vs} {
				r.wantZeroed(operand)
			}
		}
		r.device().attentionBack(job, dy, r.want(qs), r.want(ks), r.want(vs))
	})
}

// heads says where the rows of an operand of attention lie. Attention keeps pointers to them.
func (r *run) heads(v *value) heads {
	if v.lent {
		own := r.take(len(v.data))
		copy(own, v.data)
		v.data, v.lent = own, false
	}
	if v.state != nil {
		return heads{v.state.data, v.width(), v.state.where}
	}
	return heads{v.data, max(v.stride, v.width()), nil}
}

// offHeap copies numbers out of Go's heap, where C may keep pointers to them.
func (r *run) offHeap(x []int32) []int32 {
	own := int32sOf(r.take(len(x)))
	copy(own, x)
	return own
}

// Embedding takes rows of table [N, w] by the int32 input ids [...].
func (r *run) Embedding(table engine.Value, ids string) engine.Value {
	t := r.held(table)
	if len(t.shape) != 2 {
		refuse("embedding: table %v is not a matrix", t.shape)
	}
	width := t.width()
	index := r.indices("embedding", ids, -1, t.shape[0])
	if t.selection != nil {
		index.I32 = t.selection.numbers("embedding: "+ids, index.I32)
	}
	y := r.fresh(append(slices.Clone(index.Shape), width), t)
	r.device().gather(width, r.flat(t), index.I32, y.data)
	return r.then(y, true, func(dy []float32) { r.device().scatter(width, r.wantZeroed(t), index.I32, dy) })
}

// RoIAlign reads 3 × 3 bins of boxes from features [B, height·width, C].
func (r *run) RoIAlign(features engine.Value, height, width int, boxes, rows string) engine.Value {
	f := r.of(features)
	if len(f.shape) != 3 || f.shape[1] != height*width {
		refuse("roi align: features %v are not those of a grid %d × %d", f.shape, height, width)
	}
	g := grid{f.shape[0], height, width, f.shape[2]}
	index := r.indices("roi align", rows, -1, g.samples)
	box := r.floatInput(boxes, 4*len(index.I32))
	y := r.fresh([]int{len(index.I32), 3, 3, g.channels}, f)
	r.device().roi(g, r.flat(f), box, index.I32, y.data)
	return r.then(y, true, func(dy []float32) { r.device().roiBack(g, r.wantZeroed(f), box, index.I32, dy) })
}
