package synthetic

import (
	"math"
	"math/rand/v2"
	"sync"
)

// mottleGrid is the image size to whose pixel grid the mottle of fine findings is locked: the higher resolution.
const mottleGrid = 448

// mottlePeriod is after how many pixels of that grid a mottle repeats. It divides the patches 16 and 32.
const mottlePeriod = 16

// mottleWindows are where a fine finding shows, in patient coordinates: centre and radii. Each is wider than a patch of
// 32 pixels at 448.
var mottleWindows = [numFindings][]box{
	edema:             {{.355, .40, .080, .090}, {.645, .40, .080, .090}},
	atelectasis:       {{.285, .585, .120, .080}},
	pneumothorax:      {{.310, .205, .115, .075}},
	granuloma:         {{.700, .240, .105, .085}},
	pleuralThickening: {{.785, .460, .090, .105}},
}

// mottle is the texture of one fine finding: coefficients over products of the grid waves across and down. Each wave has
// 7 or 8 cycles in mottlePeriod pixels, a period of 2 to 2.3 pixels at 448, which averaging down to 224 pixels all but
// removes: it passes sinc(7/8) or sinc(1) on each axis.
type mottle [gridWaves][gridWaves]float64

// gridWaves is the number of waves: cosine and sine of 7 cycles, sine of 8 (whose cosine is zero at every pixel centre).
const gridWaves = 3

// mottles are orthogonal to each other, so that each finding is a direction of its own to a linear patch embedding, and of
// mean square 1. Each is the flattest of many draws: high peaks would be cut off in dark lungs, and what is cut off does
// not average out at 224 pixels.
var mottles = sync.OnceValue(func() *[numFindings]mottle {
	const draws = 256
	var all [numFindings]mottle
	r, w := rand.New(rand.NewPCG(0x6d6f7474, 0x6c65)), waves(mottleGrid)
	for f := range all {
		if !findings[f].fine {
			continue
		}
		best := math.Inf(1)
		for range draws {
			m := drawnMottle(r, all[:f])
			if peak := m.peak(&w); peak < best {
				best, all[f] = peak, m
			}
		}
	}
	return &all
})

// drawnMottle draws a mottle orthogonal to the given ones.
func drawnMottle(r *rand.Rand, others []mottle) (m mottle) {
	for i := range m {
		for j := range m[i] {
			m[i][j] = r.NormFloat64()
		}
	}
	for k := range others {
		m.subtract(&others[k], m.dot(&others[k])/4)
	}
	scale := 2 / math.Sqrt(m.dot(&m)) // each product of two waves has mean square 1/4
	for i := range m {
		for j := range m[i] {
			m[i][j] *= scale
		}
	}
	return m
}

// peak is the largest value of m at the pixels of a 448-pixel image, whose waves are w.
func (m *mottle) peak(w *[gridWaves][]float64) (top float64) {
	for x := range mottlePeriod {
		for y := range mottlePeriod {
			top = max(top, math.Abs(m.at(w, w, x, y)))
		}
	}
	return top
}

// at is the value of m where the waves across are at x and those down at y.
func (m *mottle) at(across, down *[gridWaves][]float64, x, y int) (sum float64) {
	for k := range m {
		sum += across[k][x] * (m[k][0]*down[0][y] + m[k][1]*down[1][y] + m[k][2]*down[2][y])
	}
	return sum
}

func (m *mottle) dot(o *mottle) (sum float64) {
	for i := range m {
		for j := range m[i] {
			sum += m[i][j] * o[i][j]
		}
	}
	return sum
}

func (m *mottle) subtract(o *mottle, times float64) {
	for i := range m {
		for j := range m[i] {
			m[i][j] -= times * o[i][j]
		}
	}
}

// waves tabulates the grid waves along one axis of n native pixels.
func waves(n int) (w [gridWaves][]float64) {
	for k := range w {
		w[k] = make([]float64, n)
	}
	for i := range n {
		at := 2 * math.Pi / mottlePeriod * (float64(i) + .5) * mottleGrid / float64(n)
		w[1][i], w[0][i] = math.Sincos(7 * at)
		w[2][i] = math.Sin(8 * at)
	}
	return w
}

// Decoys lie below the domes, left or right of the spine, as folds of skin and cloth do: centre of the first, distance to the
// second, radii.
var (
	decoyAt   = box{.26, .90, .110, .090}
	decoyStep = .48
)

// drawMottle adds the fine findings in their windows, and decoys: the same mottles in the abdomen, drawn whether or not
// the finding is there. They make a mottle mean nothing without its place, so that an average over the film (what a linear
// reader sees of an untrained encoder) tells little. The amount varies over a window as disease does; the phase does not.
func drawMottle(r *rand.Rand, c *canvas, g *geometry, s *state, p Params) {
	textures := mottles()
	for f := range s {
		draw := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		decoy, at := r.Float64() < p.Decoys, r.IntN(2)
		if !findings[f].fine || p.FineAmplitude == 0 {
			continue
		}
		if s[f].present {
			for _, window := range mottleWindows[f] {
				c.addMottle(draw, g, window, &textures[f], p.FineAmplitude)
			}
		}
		if decoy {
			place := decoyAt
			place[0] += float64(at)*decoyStep + uniform(r, -.03, .03)
			place[1] += uniform(r, -.02, .04)
			c.addMottle(r, g, place, &textures[f], p.FineAmplitude)
		}
	}
}

// addMottle adds m, times amount and an uneven envelope, within an ellipse.
func (c *canvas) addMottle(r *rand.Rand, g *geometry, window box, m *mottle, amount float64) {
	across, down := waves(c.w), waves(c.h)
	p1, p2, p3 := uniform(r, 0, 2*math.Pi), uniform(r, 0, 2*math.Pi), uniform(r, 0, 2*math.Pi)
	c.eachIn(g, window, 1, func(i int, du, dv float64) {
		d := du*du + dv*dv
		if d >= 1 {
			return
		}
		envelope := soften(1-d, .35) * (.85 + .20*math.Sin(4*du+p1)*math.Sin(4*dv+p2) + .15*math.Sin(7*(du+dv)+p3))
		c.pix[i] += float32(amount * envelope * m.at(&across, &down, i%c.w, i/c.w))
	})
}
