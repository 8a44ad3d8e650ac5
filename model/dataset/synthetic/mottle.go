package synthetic

import (
	"math"
	"math/rand/v2"
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
// mean square 1.
var mottles = func() (all [numFindings]mottle) {
	r := rand.New(rand.NewPCG(0x6d6f7474, 0x6c65))
	for f := range all {
		if !findings[f].fine {
			continue
		}
		m := &all[f]
		for i := range m {
			for j := range m[i] {
				m[i][j] = r.NormFloat64()
			}
		}
		for other := range f {
			m.subtract(&all[other], m.dot(&all[other])/4)
		}
		scale := 2 / math.Sqrt(m.dot(m)) // each product of two waves has mean square 1/4
		for i := range m {
			for j := range m[i] {
				m[i][j] *= scale
			}
		}
	}
	return all
}()

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

// drawMottle adds the fine findings in their windows. The amount varies over a window as disease does; the phase does not.
func drawMottle(r *rand.Rand, c *canvas, g *geometry, s *state, p Params) {
	for f := range s {
		seed1, seed2 := r.Uint64(), r.Uint64()
		if !s[f].present || !findings[f].fine || p.FineAmplitude == 0 {
			continue
		}
		draw := rand.New(rand.NewPCG(seed1, seed2))
		for _, window := range mottleWindows[f] {
			c.addMottle(draw, g, window, &mottles[f], p.FineAmplitude)
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
		envelope := soften(1-d, .35) * (.85 + .30*math.Sin(4*du+p1)*math.Sin(4*dv+p2) + .20*math.Sin(7*(du+dv)+p3))
		x, y := i%c.w, i/c.w
		var sum float64
		for k := range m {
			sum += across[k][x] * (m[k][0]*down[0][y] + m[k][1]*down[1][y] + m[k][2]*down[2][y])
		}
		c.pix[i] += float32(amount * envelope * sum)
	})
}
