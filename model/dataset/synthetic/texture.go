package synthetic

import (
	"math"
	"math/rand/v2"
	"sync"
)

// textureGrid is the image size to whose pixel grid the texture of fine findings is locked: the higher resolution.
const textureGrid = 448

// texturePeriod is after how many pixels of that grid a texture repeats. It divides the patches 16 and 32.
const texturePeriod = 16

// textureWindows are where a fine finding shows, in patient coordinates: centre and radii. Each is wider than a patch of
// 32 pixels at 448.
var textureWindows = [numFindings][]box{
	edema:             {{.355, .40, .080, .090}, {.645, .40, .080, .090}},
	atelectasis:       {{.285, .585, .120, .080}},
	pneumothorax:      {{.310, .205, .115, .075}},
	granuloma:         {{.700, .240, .105, .085}},
	pleuralThickening: {{.785, .460, .090, .105}},
}

// texture is the pattern of one fine finding: coefficients over products of the grid waves across and down. Each wave has
// 7 or 8 cycles in texturePeriod pixels, a period of 2 to 2.3 pixels at 448; averaging down to 224 pixels removes nearly
// all of it: it passes sinc(7/8) or sinc(1) on each axis.
type texture [gridWaves][gridWaves]float64

// gridWaves is the number of waves: cosine and sine of 7 cycles, sine of 8 (whose cosine is zero at every pixel centre).
const gridWaves = 3

// fineTextures are orthogonal to each other, so that each finding is a direction of its own to a linear patch embedding, and of
// mean square 1. Each is the flattest of many draws: high peaks would be cut off in dark lungs, and what is cut off does
// not average out at 224 pixels.
var fineTextures = sync.OnceValue(func() *[numFindings]texture {
	const draws = 256
	var all [numFindings]texture
	r, w := rand.New(rand.NewPCG(0x6d6f7474, 0x6c65)), waves(textureGrid)
	for f := range all {
		if !lookFindings[f].fine {
			continue
		}
		best := math.Inf(1)
		for range draws {
			m := randomTexture(r, all[:f])
			if peak := m.peak(&w); peak < best {
				best, all[f] = peak, m
			}
		}
	}
	return &all
})

// randomTexture draws a texture orthogonal to the given ones.
func randomTexture(r *rand.Rand, others []texture) (m texture) {
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
func (m *texture) peak(w *[gridWaves][]float64) (top float64) {
	for x := range texturePeriod {
		for y := range texturePeriod {
			top = max(top, math.Abs(m.at(w, w, x, y)))
		}
	}
	return top
}

// at is the value of m where the waves across are at x and those down at y.
func (m *texture) at(across, down *[gridWaves][]float64, x, y int) (sum float64) {
	for k := range m {
		sum += across[k][x] * (m[k][0]*down[0][y] + m[k][1]*down[1][y] + m[k][2]*down[2][y])
	}
	return sum
}

func (m *texture) dot(o *texture) (sum float64) {
	for i := range m {
		for j := range m[i] {
			sum += m[i][j] * o[i][j]
		}
	}
	return sum
}

func (m *texture) subtract(o *texture, times float64) {
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
		at := 2 * math.Pi / texturePeriod * (float64(i) + .5) * textureGrid / float64(n)
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

// drawTextures adds the fine findings in their windows, and decoys: the same textures in the abdomen, drawn whether or not
// the finding is there. They make a texture mean nothing without its place, so that an average over the image (what a linear
// reader sees of an untrained encoder) tells little. The amount varies over a window as disease does; the phase does not.
func drawTextures(r *rand.Rand, c *canvas, g *geometry, s *state, p Params) {
	textures := fineTextures()
	across, down := waves(c.w), waves(c.h)
	for f := range s.has {
		draw := rand.New(rand.NewPCG(r.Uint64(), r.Uint64()))
		decoy, at := r.Float64() < p.Decoys, r.IntN(2)
		if !lookFindings[f].fine || p.FineAmplitude == 0 {
			continue
		}
		if s.has[f].present {
			for _, window := range textureWindows[f] {
				c.addTexture(draw, g, window, &textures[f], &across, &down, p.FineAmplitude)
			}
		}
		if decoy {
			place := decoyAt
			place[0] += float64(at)*decoyStep + uniform(r, -.03, .03)
			place[1] += uniform(r, -.02, .04)
			c.addTexture(r, g, place, &textures[f], &across, &down, p.FineAmplitude)
		}
	}
}

// addTexture adds m, times amount and an uneven envelope, within an ellipse; across and down are the waves of c.
func (c *canvas) addTexture(r *rand.Rand, g *geometry, window box, m *texture, across, down *[gridWaves][]float64, amount float64) {
	p1, p2, p3 := uniform(r, 0, 2*math.Pi), uniform(r, 0, 2*math.Pi), uniform(r, 0, 2*math.Pi)
	sines, sine, row := make([]float64, c.w), 0., -1 // those of the columns, where known, and of the row
	c.eachIn(g, window, 1, func(i int, du, dv float64) {
		d := du*du + dv*dv
		if d >= 1 {
			return
		}
		x, y := i%c.w, i/c.w
		if y != row {
			row, sine = y, math.Sin(4*dv+p2)
		}
		if sines[x] == 0 {
			sines[x] = .20 * math.Sin(4*du+p1)
		}
		envelope := soften(1-d, .35) * (.85 + sines[x]*sine + .15*math.Sin(7*(du+dv)+p3))
		c.pix[i] += float32(amount * envelope * m.at(across, down, x, y))
	})
}
