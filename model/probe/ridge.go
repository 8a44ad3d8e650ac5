// Package probe measures what linear models read from the numbers of images: for each finding, ridge regression to present or not, its
// penalty chosen on validation rows, and what its scores of test rows are worth.
//
//	FitPooled  on few numbers a row: the mean token of an image
//	FitRidge   on many, all tokens of an image or all its pixels: the dual form, in blocked products of float64 (panels.go, solve.go)
//	AUC        whether rows with a finding score above those without
//	SetF1      whether the changes between two rows of a patient are told, at a Threshold that no test label has moved
//
// The functions know nothing of images, encoders and data sets; package model gives them rows and records what they return.
package probe

import "math"

// Penalties are tried relative to the mean of the diagonal of the smaller of XᵀX and XXᵀ, X being the standardised training rows.
var Penalties = []float64{1e-3, 1e-2, 1e-1, 1}

// chunk is how many summands of a product are packed together, and block how many features of its rows.
const (
	chunk = 192
	block = 4096
)

// Ridge is a number of linear functions of a row of features.
type Ridge struct {
	features, outputs int
	weights           []float64 // [features, outputs]
	bias              []float64
}

// FitRidge fits each target, present or not by row, on rows of features standardised by their own moments, at each of the Penalties:
// the outputs of the result are ordered [penalty][target]. It works in the dual form where features outnumber rows: the result is the
// same, and the matrix to factorise never larger than the rows. Where no feature varies, the functions are constant. x is read where it
// lies. The result does not depend on the number of threads.
func FitRidge(x [][]float32, targets [][]bool, threads int) (*Ridge, error) {
	d := newDesign(x)
	dual := d.features > len(x)
	y := centred(targets, len(x))
	if !dual {
		y = d.transposedTimes(threads, y, len(targets))
	}
	gram, trace := d.gram(threads, dual)
	outputs := len(Penalties) * len(targets)
	solutions, err := solvePenalties(threads, gram, trace, y, len(targets))
	if err != nil {
		return nil, err
	}
	if dual {
		solutions = d.transposedTimes(threads, solutions, outputs)
	}
	return d.folded(solutions, outputs), nil
}

// solvePenalties solves (gram + penalty · trace/size) b = y [size, targets] for each penalty: [size, penalty, target].
func solvePenalties(threads int, gram []float64, trace float64, y []float64, targets int) ([]float64, error) {
	size, outputs := len(y)/targets, len(Penalties)*targets
	n, width := padded(size), padded(targets)
	solutions := make([]float64, size*outputs)
	if trace == 0 {
		return solutions, nil
	}
	a, b := make([]float64, n*n), make([]float64, n*width)
	for k, penalty := range Penalties {
		copy(a, gram)
		for i := range n {
			a[i*n+i] += penalty * trace / float64(size)
		}
		clear(b)
		for i := range size {
			copy(b[i*width:], y[i*targets:][:targets])
		}
		if !solve(threads, a, n, b, width) {
			return nil, errUnsolved
		}
		for i := range size {
			copy(solutions[i*outputs+k*targets:], b[i*width:][:targets])
		}
	}
	return solutions, nil
}

// At are the outputs of one penalty alone.
func (r *Ridge) At(penalty int) *Ridge {
	n := r.outputs / len(Penalties)
	one := &Ridge{features: r.features, outputs: n, bias: r.bias[penalty*n:][:n], weights: make([]float64, 0, r.features*n)}
	for f := range r.features {
		one.weights = append(one.weights, r.weights[f*r.outputs+penalty*n:][:n]...)
	}
	return one
}

// Scores are the outputs of a row of features.
func (r *Ridge) Scores(row []float32) []float64 {
	scores := append([]float64(nil), r.bias...)
	for f, v := range row {
		for k, w := range r.weights[f*r.outputs:][:r.outputs] {
			scores[k] += float64(v) * w
		}
	}
	return scores
}

// centred are the targets less their means: [rows, targets]. The columns of a design have mean zero, so there is no intercept to fit.
func centred(targets [][]bool, rows int) []float64 {
	y := make([]float64, rows*len(targets))
	for k, present := range targets {
		share := Prevalence(present)
		for i, v := range present {
			y[i*len(targets)+k] = -share
			if v {
				y[i*len(targets)+k] = 1 - share
			}
		}
	}
	return y
}

// design is the training rows with what standardises their features: (x - center) · inverse.
type design struct {
	x               [][]float32
	features        int
	center, inverse []float64
}

// constant is the standard deviation, relative to the mean, up to which a feature counts as constant, and has no weight: what is left
// of it is rounding.
const constant = 1e-6

func newDesign(x [][]float32) *design {
	d := &design{x: x, features: len(x[0])}
	d.center, d.inverse = make([]float64, d.features), make([]float64, d.features)
	for _, row := range x {
		for f, v := range row {
			d.center[f] += float64(v)
		}
	}
	for f := range d.center {
		d.center[f] /= float64(len(x))
	}
	for _, row := range x {
		for f, v := range row {
			off := float64(v) - d.center[f]
			d.inverse[f] += off * off
		}
	}
	for f, sum := range d.inverse {
		deviation := math.Sqrt(sum / float64(len(x)))
		d.inverse[f] = 1 / deviation
		if deviation <= constant*math.Abs(d.center[f]) {
			d.inverse[f] = 0
		}
	}
	return d
}

// rows packs features from … to-1 of all rows.
func (d *design) rows(from, to int) panels {
	p := newPanels(len(d.x), to-from)
	center, inverse := d.center[from:to], d.inverse[from:to]
	for i, row := range d.x {
		at := p.data[i/panel*p.k*panel+i%panel:]
		for l, v := range row[from:to] {
			at[l*panel] = (float64(v) - center[l]) * inverse[l]
		}
	}
	return p
}

// columns packs the rows from … to-1 of the features left … right-1, a feature a row of the panels.
func (d *design) columns(from, to, left, right int) panels {
	p := newPanels(right-left, to-from)
	center, inverse := d.center[left:right], d.inverse[left:right]
	for l, row := range d.x[from:to] {
		for f, v := range row[left:right] {
			p.set(f, l, (float64(v)-center[f])*inverse[f])
		}
	}
	return p
}

// gram is the lower triangle of X Xᵀ, or, where dual is false, of Xᵀ X, padded, and its trace.
func (d *design) gram(threads int, dual bool) (lower []float64, trace float64) {
	outer, inner, pack := len(d.x), d.features, d.rows
	if !dual {
		outer, inner, pack = d.features, len(d.x), func(from, to int) panels { return d.columns(from, to, 0, d.features) }
	}
	n := padded(outer)
	lower = make([]float64, n*n)
	for at := 0; at < inner; at += chunk {
		p := pack(at, min(at+chunk, inner))
		multiplyLower(threads, p, p, lower, n, 1)
	}
	for i := range outer {
		trace += lower[i*n+i]
	}
	return lower, trace
}

// transposedTimes is Xᵀ m for m [rows, width]: [features, width].
func (d *design) transposedTimes(threads int, m []float64, width int) []float64 {
	stride := padded(width)
	dense := make([]float64, 0, d.features*width)
	for left := 0; left < d.features; left += block {
		right := min(left+block, d.features)
		product := make([]float64, padded(right-left)*stride)
		for at := 0; at < len(d.x); at += chunk {
			to := min(at+chunk, len(d.x))
			multiply(threads, d.columns(at, to, left, right), columnsOf(m, width, at, to, 0, width), product, stride, 1)
		}
		for f := range right - left {
			dense = append(dense, product[f*stride:][:width]...)
		}
	}
	return dense
}

// folded makes functions of features as they are of weights [features, outputs] for standardised ones.
func (d *design) folded(weights []float64, outputs int) *Ridge {
	r := &Ridge{features: d.features, outputs: outputs, weights: weights, bias: make([]float64, outputs)}
	for f := range d.features {
		for k := range outputs {
			weights[f*outputs+k] *= d.inverse[f]
			r.bias[k] -= d.center[f] * weights[f*outputs+k]
		}
	}
	return r
}
