package native

import (
	"math"
	"slices"

	"harness/model/engine"
)

// lossOf is a scalar known in float64.
func (r *run) lossOf(loss float64, operands ...*value) *value {
	y := r.fresh(nil, operands...)
	y.data[0], y.exact, y.scalar = float32(loss), loss, true
	return y
}

// CrossEntropy is the weighted mean of the rows' cross-entropies, with label smoothing over all classes.
func (r *run) CrossEntropy(logits engine.Value, labels, weights string, smoothing float64) engine.Value {
	x := r.of(logits)
	if len(x.shape) != 2 {
		refuse("cross-entropy: logits %v are not a matrix", x.shape)
	}
	rows, classes := x.shape[0], x.shape[1]
	e := entropyRows{
		labels: r.intInput(labels, rows).I32, weights: r.floatInput(weights, rows), smoothing: smoothing,
		loss: make([]float64, rows), peak: r.take(rows), inverse: r.take(rows),
	}
	total := 0.0
	for i, w := range e.weights {
		total += float64(w)
		if w != 0 && (e.labels[i] < 0 || int(e.labels[i]) >= classes) {
			refuse("cross-entropy: %s[%d] is %d, outside of 0 … %d", labels, i, e.labels[i], classes-1)
		}
	}
	if total == 0 {
		refuse("cross-entropy: the weights %s sum up to zero", weights)
	}
	data := r.flat(x)
	y := r.lossOf(r.device().entropy(classes, data, e)/total, x)
	return r.then(y, true, func(dy []float32) { r.device().entropyBack(classes, data, e, float64(dy[0])/total, r.want(x)) })
}

// LogSoftmaxTopK is the k largest of each row of log softmax and their indices.
func (r *run) LogSoftmaxTopK(logits engine.Value, k int) (logp, index engine.Value) {
	x := r.of(logits)
	if !r.decodes {
		refuse("log softmax top k: it is for Run only")
	}
	if len(x.shape) != 2 || k < 1 || k > x.shape[1] || x.shape[1] > 1<<24 {
		refuse("log softmax top k: no %d of logits %v", k, x.shape)
	}
	shape := []int{x.shape[0], k}
	p, i := r.fresh(shape, x), r.fresh(shape, x)
	r.device().top(x.shape[1], k, r.flat(x), p.data, i.data)
	return p, i
}

// SigmoidPair is SigLIP's loss over all pairs of images and texts.
func (r *run) SigmoidPair(image, text, logScale, bias engine.Value, sign string) engine.Value {
	a, b, s, c := r.of(image), r.of(text), r.of(logScale), r.of(bias)
	if len(a.shape) != 2 || len(b.shape) != 2 || a.width() != b.width() || s.size() != 1 || c.size() != 1 {
		refuse("sigmoid pair: image %v, text %v, scale %v and bias %v do not fit", a.shape, b.shape, s.shape, c.shape)
	}
	images, texts, width := a.shape[0], b.shape[0], a.width()
	signs := r.floatInput(sign, images*texts)
	as, bs := rowMajor(r.flat(a), width), rowMajor(r.flat(b), width)
	dots := r.take(images * texts)
	r.device().gemm(images, texts, width, as, bs.transposed(), nil, dots, false)
	scale := math.Exp(float64(r.flat(s)[0]))
	shift := float64(r.flat(c)[0])
	total := 0.0
	for i, d := range dots {
		total += softplus(-float64(signs[i]) * (float64(d)*scale + shift))
	}
	y := r.lossOf(total/float64(texts), a, b, s, c)
	return r.then(y, true, func(dy []float32) {
		slopes := r.take(images * texts) // of the loss by the dot products
		var dScale, dShift float64
		for i, d := range dots {
			sign := float64(signs[i])
			g := -sign / (1 + math.Exp(sign*(float64(d)*scale+shift))) / float64(texts) * float64(dy[0])
			dShift += g
			dScale += g * float64(d) * scale
			slopes[i] = float32(g * scale)
		}
		r.addScalar(s, dScale)
		r.addScalar(c, dShift)
		if t := r.want(a); t.dst != nil {
			r.device().gemm(images, width, texts, rowMajor(slopes, texts), bs, nil, t.dst, t.add)
		}
		if t := r.want(b); t.dst != nil {
			r.device().gemm(texts, width, images, rowMajor(slopes, texts).transposed(), as, nil, t.dst, t.add)
		}
	})
}

// softplus is log(1 + e^x).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

func (r *run) addScalar(v *value, g float64) {
	if v.needs {
		r.wantZeroed(v)[0] += float32(g)
	}
}

// MSE is the mean of (x-y)² over all elements.
func (r *run) MSE(x, y engine.Value) engine.Value {
	xs, ys := r.of(x), r.of(y)
	if !slices.Equal(xs.shape, ys.shape) || xs.size() == 0 {
		refuse("mse: x %v and y %v differ", xs.shape, ys.shape)
	}
	apart := r.take(xs.size()) // x - y
	r.device().element(elementScale, r.flat(ys), nil, -1, target{dst: apart})
	r.device().element(elementScale, r.flat(xs), nil, 1, target{apart, true})
	n := float64(len(apart))
	z := r.lossOf(r.device().squares(apart)/n, xs, ys)
	return r.then(z, true, func(dz []float32) {
		slope := float64(dz[0]) * 2 / n
		if xs.needs {
			r.device().element(elementScale, apart, nil, slope, r.want(xs))
		}
		if ys.needs {
			r.device().element(elementScale, apart, nil, -slope, r.want(ys))
		}
	})
}

// L2Normalise is x / (‖x‖ + 1e-8) over the last dimension.
func (r *run) L2Normalise(x engine.Value) engine.Value {
	const eps = 1e-8
	xs := r.of(x)
	if len(xs.shape) == 0 {
		refuse("l2 normalise: x has no dimension")
	}
	rows, width := xs.rows(), xs.width()
	y := r.fresh(xs.shape, xs)
	data := r.flat(xs)
	norms := make([]float64, rows)
	for i := range rows {
		row := data[i*width:][:width]
		total := 0.0
		for _, v := range row {
			total += float64(v) * float64(v)
		}
		norms[i] = math.Sqrt(total)
		for j, v := range row {
			y.data[i*width+j] = float32(float64(v) / (norms[i] + eps))
		}
	}
	return r.then(y, true, func(dy []float32) {
		dx := r.wantZeroed(xs)
		for i, norm := range norms {
			row, g := data[i*width:][:width], dy[i*width:][:width]
			along := 0.0 // dy · x / (‖x‖ (‖x‖ + eps)²)
			if norm > 0 {
				for j := range row {
					along += float64(g[j]) * float64(row[j])
				}
				along /= norm * (norm + eps) * (norm + eps)
			}
			for j := range row {
				dx[i*width+j] += float32(float64(g[j])/(norm+eps) - float64(row[j])*along)
			}
		}
	})
}
