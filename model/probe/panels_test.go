package probe

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Every kind of kernels that the machine runs gives the product, whole and below the diagonal, on one thread and on several.
func TestProduct(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	draw := func(rows, k int) (panels, [][]float64) {
		p, x := newPanels(rows, k), make([][]float64, rows)
		for i := range x {
			for l := range k {
				x[i] = append(x[i], r.NormFloat64())
				p.set(i, l, x[i][l])
			}
		}
		return p, x
	}
	const k = 7
	a, x := draw(11*panel, k) // more than one unit of panels
	b, y := draw(3*panel, k)
	for kind := range best + 1 {
		for _, threads := range []int{1, 3} {
			c := make([]float64, 11*panel*3*panel)
			kind.product(threads, a, b, c, 3*panel, -2, false)
			lower := make([]float64, 11*panel*11*panel)
			kind.product(threads, a, a, lower, 11*panel, 1, true)
			for i := range x {
				for j := range y {
					if got, want := c[i*3*panel+j], -2*dot(x[i], y[j]); math.Abs(got-want) > 1e-13 {
						t.Fatalf("kind %d: (%d, %d): got %v, want %v", kind, i, j, got, want)
					}
				}
				for j := range x {
					want := dot(x[i], x[j])
					if j/panel > i/panel {
						want = 0 // above the panels of the diagonal nothing is computed
					}
					if got := lower[i*11*panel+j]; math.Abs(got-want) > 1e-13 {
						t.Fatalf("kind %d: lower (%d, %d): got %v, want %v", kind, i, j, got, want)
					}
				}
			}
		}
	}
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for l := range x {
		sum += x[l] * y[l]
	}
	return sum
}
