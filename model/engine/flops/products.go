package flops

import (
	"slices"

	"harness/model/engine"
)

// Linear is x wᵀ + b: one product forth, and one back for each of x and w that has a gradient.
func (r *run) Linear(x, w, b engine.Value) engine.Value { return r.linear(x, w, b, 1) }

// LinearInOut is x w + b, which costs what Linear costs.
func (r *run) LinearInOut(x, w, b engine.Value) engine.Value { return r.linear(x, w, b, 0) }

// linear contracts x's last dimension with the dimension inner of w.
func (r *run) linear(x, w, b engine.Value, inner int) engine.Value {
	xs, ws := r.of(x), r.of(w)
	if len(xs.shape) == 0 || len(ws.shape) != 2 || xs.width() != ws.shape[inner] {
		refuse("linear: x %v does not fit w %v", xs.shape, ws.shape)
	}
	in, out := ws.shape[inner], ws.shape[1-inner]
	var bias *value
	if b != nil {
		bias = r.of(b)
		if bias.size() != out {
			refuse("linear: b %v does not fit w %v", bias.shape, ws.shape)
		}
	}
	y := r.fresh(append(slices.Clone(xs.shape[:len(xs.shape)-1]), out), xs, ws, bias)
	work := matrix(xs.rows(), out, in)
	return r.product(y, Linear, work, times(work, xs, ws))
}

// Attention has two products forth, scores and weighted sum; back two for the scores' operands q and k, one for v, and
// one for the gradient of the weights where q or k needs it.
func (r *run) Attention(q, k, v engine.Value, heads int, mask engine.Mask) engine.Value {
	qs, ks, vs := r.of(q), r.of(k), r.of(v)
	if len(qs.shape) != 3 || len(ks.shape) != 3 || !slices.Equal(ks.shape, vs.shape) || qs.shape[0] != ks.shape[0] ||
		qs.shape[2] != ks.shape[2] {
		refuse("attention: q %v, k %v and v %v do not fit", qs.shape, ks.shape, vs.shape)
	}
	batch, queries, keys, width := qs.shape[0], qs.shape[1], ks.shape[1], qs.shape[2]
	if heads < 1 || width%heads != 0 {
		refuse("attention: width %d is not divisible by %d heads", width, heads)
	}
	if mask.KeyLengths != "" {
		r.ints(mask.KeyLengths, batch)
	}
	if mask.CausalRows != "" {
		if !mask.Causal {
			refuse("attention: a mask with causal rows must be causal")
		}
		r.ints(mask.CausalRows, batch)
	}
	work := int64(batch) * matrix(queries, keys, width)
	back := times(work, qs, ks, vs)
	if qs.needs || ks.needs {
		back += work
	}
	return r.product(r.fresh(qs.shape, qs, ks, vs), Attention, 2*work, back)
}

// MatMul is a bᵀ.
func (r *run) MatMul(a, b engine.Value) engine.Value {
	as, bs := r.of(a), r.of(b)
	if len(as.shape) != 2 || len(bs.shape) != 2 || as.width() != bs.width() {
		refuse("matmul: a %v does not fit b %v", as.shape, bs.shape)
	}
	n, m := as.shape[0], bs.shape[0]
	work := matrix(n, m, as.width())
	return r.product(r.fresh([]int{n, m}, as, bs), MatMul, work, times(work, as, bs))
}

// SigmoidPair has the product of all images with all texts.
func (r *run) SigmoidPair(image, text, logScale, bias engine.Value, sign string) engine.Value {
	a, b, s, c := r.of(image), r.of(text), r.of(logScale), r.of(bias)
	if len(a.shape) != 2 || len(b.shape) != 2 || a.width() != b.width() || s.size() != 1 || c.size() != 1 {
		refuse("sigmoid pair: image %v, text %v, scale %v and bias %v do not fit", a.shape, b.shape, s.shape, c.shape)
	}
	n, m := a.shape[0], b.shape[0]
	r.floats(sign, n*m)
	work := matrix(n, m, a.width())
	return r.product(r.fresh(nil, a, b, s, c), SigmoidPair, work, times(work, a, b))
}
