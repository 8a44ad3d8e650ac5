package radiograph

import "image"

// A resizer turns gray images into squares of one size. Each axis is scaled by itself: the mean over the covered area where it
// shrinks, bilinear between pixel centres where it grows. It keeps its buffers and weights; use one a goroutine.
type resizer struct {
	size int
	axes map[int]axis // by input length
	rows []float32    // [input height][size]: scaled along x
	sum  []float32    // [size]: one output row
}

// An axis says how each output sample is made: output o is the sum over k of weights[starts[o]+k] * input[from[o]+k].
type axis struct {
	from, starts []int // starts has one entry more than from
	weights      []float32
}

func newResizer(size int) *resizer {
	return &resizer{size: size, axes: map[int]axis{}, sum: make([]float32, size)}
}

func (r *resizer) axis(in int) axis {
	a, ok := r.axes[in]
	if !ok {
		a = newAxis(in, r.size)
		r.axes[in] = a
	}
	return a
}

// newAxis computes the weights that scale in samples to out samples.
func newAxis(in, out int) axis {
	a := axis{from: make([]int, out), starts: make([]int, out+1)}
	scale := float64(in) / float64(out)
	for o := range out {
		a.starts[o] = len(a.weights)
		if out > in {
			centre := min(max((float64(o)+0.5)*scale-0.5, 0), float64(in-1))
			left := min(int(centre), max(in-2, 0))
			a.from[o] = left
			if in == 1 {
				a.weights = append(a.weights, 1)
			} else {
				a.weights = append(a.weights, float32(1-(centre-float64(left))), float32(centre-float64(left)))
			}
			continue
		}
		// Whole numbers keep the cover exact: output o covers [o*in, (o+1)*in) in units of 1/out of an input sample.
		first, last := o*in/out, ((o+1)*in-1)/out
		a.from[o] = first
		for i := first; i <= last; i++ {
			covered := min((o+1)*in, (i+1)*out) - max(o*in, i*out)
			a.weights = append(a.weights, float32(float64(covered)/float64(in)))
		}
	}
	a.starts[out] = len(a.weights)
	return a
}

// resize writes img as size*size bytes, row by row, into dst.
func (r *resizer) resize(dst []byte, img *image.Gray) {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	across, down := r.axis(w), r.axis(h)
	if len(r.rows) < h*r.size {
		r.rows = make([]float32, h*r.size)
	}
	for y := range h {
		in := img.Pix[y*img.Stride : y*img.Stride+w]
		out := r.rows[y*r.size : (y+1)*r.size]
		for o := range out {
			weights := across.weights[across.starts[o]:across.starts[o+1]]
			samples := in[across.from[o]:][:len(weights)]
			var v float32
			for k, weight := range weights {
				v += weight * float32(samples[k])
			}
			out[o] = v
		}
	}
	for o := range r.size {
		clear(r.sum)
		for k, weight := range down.weights[down.starts[o]:down.starts[o+1]] {
			y := down.from[o] + k
			row := r.rows[y*r.size : (y+1)*r.size]
			for x, v := range row {
				r.sum[x] += weight * v
			}
		}
		out := dst[o*r.size : (o+1)*r.size]
		for x, v := range r.sum {
			out[x] = byte(min(max(v+0.5, 0), 255))
		}
	}
}
