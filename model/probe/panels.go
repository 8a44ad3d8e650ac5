package probe

// #cgo CFLAGS: -std=gnu17 -O3 -Wall
// #include "panels.h"
import "C"

import (
	"sync"
	"sync/atomic"
	"unsafe"
)

// panel is how many rows lie side by side.
const panel = C.PANEL

// panels are the rows of a matrix as the kernel reads them: [panel][k][16], 16 rows side by side. The last panel is filled with zeros.
type panels struct {
	count, k int
	data     []float64
}

func newPanels(rows, k int) panels {
	count := (rows + panel - 1) / panel
	return panels{count, k, make([]float64, count*k*panel)}
}

// part are the panels from … to-1.
func (p panels) part(from, to int) panels {
	size := p.k * panel
	return panels{to - from, p.k, p.data[from*size : to*size]}
}

// set puts number l of a row.
func (p panels) set(row, l int, v float64) { p.data[(row/panel*p.k+l)*panel+row%panel] = v }

// unitPanels are the panels of rows that one thread takes at a time: with their 192 numbers a row they fit its second cache.
const unitPanels = 8

// kind is a kind of kernels; a machine runs all up to best.
type kind int

var best = kind(C.panels_best())

// multiply is c += sign · a bᵀ; rows of c are stride apart. Each number of c is computed by one thread, in one order, so that no bit
// depends on their number.
func multiply(threads int, a, b panels, c []float64, stride int, sign float64) {
	best.product(threads, a, b, c, stride, sign, false)
}

// multiplyLower is multiply for the panels of c on its diagonal and below.
func multiplyLower(threads int, a, b panels, c []float64, stride int, sign float64) {
	best.product(threads, a, b, c, stride, sign, true)
}

func (k kind) product(threads int, a, b panels, c []float64, stride int, sign float64, lower bool) {
	if a.count == 0 || b.count == 0 || a.k == 0 {
		return
	}
	units := (a.count + unitPanels - 1) / unitPanels
	var taken atomic.Int64
	work := func() {
		for {
			unit := int(taken.Add(1)) - 1
			if unit >= units {
				return
			}
			from := unit * unitPanels
			some, columns, first := a.part(from, min(from+unitPanels, a.count)), b.count, -1
			if lower {
				first, columns = from, min(b.count, from+some.count)
			}
			C.panels_multiply(C.int(k), C.long(first), C.long(some.count), C.long(columns), C.long(a.k), doubles(some.data), doubles(b.data),
				doubles(c[from*panel*stride:]), C.long(stride), C.double(sign))
		}
	}
	var others sync.WaitGroup
	for range min(threads, units) - 1 {
		others.Go(work)
	}
	work()
	others.Wait()
}

func doubles(x []float64) *C.double { return (*C.double)(unsafe.Pointer(unsafe.SliceData(x))) }
