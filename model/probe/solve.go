package probe

import "math"

// blockRows are the rows that one step of the factorisation eliminates.
const blockRows = 4 * panel

// padded is the next multiple of panel.
func padded(n int) int { return (n + panel - 1) / panel * panel }

// solve replaces y by a⁻¹ y for a symmetric positive definite matrix a [size, size], of which it reads the lower triangle and destroys
// it, and y [size, width]; size and width are multiples of panel. It is a blocked Cholesky factorisation a = L Lᵀ, right-looking, with
// the inverses of the blocks on L's diagonal, so that all but those blocks is a product of matrices. It reports whether a was positive
// definite.
func solve(threads int, a []float64, size int, y []float64, width int) bool {
	var inverses [][]float64
	for at := 0; at < size; at += blockRows { // L, and L⁻¹ y
		to := min(at+blockRows, size)
		w := to - at
		inverse, ok := invertedFactor(a, size, at, w)
		if !ok {
			return false
		}
		inverses = append(inverses, inverse)
		m := rowsOf(inverse, w, 0, w, 0, w)
		some := columnsOf(y, width, at, to, 0, width)
		clear(y[at*width : to*width])
		multiply(threads, m, some, y[at*width:], width, 1)
		if to == size {
			break
		}
		below := rowsOf(a, size, to, size, at, to)
		for r := to; r < size; r++ {
			clear(a[r*size+at : r*size+to])
		}
		multiply(threads, below, m, a[to*size+at:], size, 1)
		below = rowsOf(a, size, to, size, at, to)
		multiplyLower(threads, below, below, a[to*size+to:], size, -1)
		multiply(threads, below, columnsOf(y, width, at, to, 0, width), y[to*width:], width, -1)
	}
	for b := len(inverses) - 1; b >= 0; b-- { // L⁻ᵀ of that
		at := b * blockRows
		to := min(at+blockRows, size)
		w := to - at
		some := columnsOf(y, width, at, to, 0, width)
		clear(y[at*width : to*width])
		multiply(threads, columnsOf(inverses[b], w, 0, w, 0, w), some, y[at*width:], width, 1)
		multiply(threads, columnsOf(a, size, at, to, 0, at), columnsOf(y, width, at, to, 0, width), y, width, -1)
	}
	return true
}

// rowsOf packs rows from … to-1 of a matrix, their columns left … right-1.
func rowsOf(x []float64, stride, from, to, left, right int) panels {
	p := newPanels(to-from, right-left)
	for r := from; r < to; r++ {
		for l, v := range x[r*stride+left : r*stride+right] {
			p.set(r-from, l, v)
		}
	}
	return p
}

// columnsOf packs the columns left … right-1 of a matrix as rows, of its rows from … to-1.
func columnsOf(x []float64, stride, from, to, left, right int) panels {
	p := newPanels(right-left, to-from)
	for r := from; r < to; r++ {
		for c, v := range x[r*stride+left : r*stride+right] {
			p.set(c, r-from, v)
		}
	}
	return p
}

// invertedFactor is the inverse of L for the block a [w, w] on the diagonal at row at: [w, w], zero above the diagonal.
func invertedFactor(a []float64, size, at, w int) (inverse []float64, ok bool) {
	l := make([]float64, w*w)
	for i := range w {
		row := l[i*w : i*w+i+1]
		copy(row, a[(at+i)*size+at:])
		for j := range row {
			sum := row[j]
			for k, v := range l[j*w : j*w+j] {
				sum -= row[k] * v
			}
			if j < i {
				row[j] = sum / l[j*w+j]
				continue
			}
			if !(sum > 0) || math.IsInf(sum, 1) {
				return nil, false
			}
			row[j] = math.Sqrt(sum)
		}
	}
	inverse = make([]float64, w*w)
	for j := range w { // column j solves L x = e_j
		inverse[j*w+j] = 1 / l[j*w+j]
		for i := j + 1; i < w; i++ {
			sum := 0.0
			for k := j; k < i; k++ {
				sum -= l[i*w+k] * inverse[k*w+j]
			}
			inverse[i*w+j] = sum / l[i*w+i]
		}
	}
	return inverse, true
}
