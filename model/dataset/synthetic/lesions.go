package synthetic

import (
	"math"
	"math/rand/v2"
)

// Coarse findings with a sharp border, in patient coordinates.
var (
	// effusionFill is how high fluid stands above the costophrenic angle by level, in v (lung height .62).
	effusionFill = [2]float64{.100, .170}
	opacityAt    = box{.285, .435, .125, .095} // centre, radii
	herniaAt     = box{.545, .640, .085, .085}
)

// Brightness of coarse findings at CoarseContrast 1.
const (
	effusionGrey = 0.72
	opacityAdd   = 0.30
	herniaRim    = 0.16
	herniaAir    = 0.42
)

// drawSharpFindings draws effusion, opacity and hernia. Cardiomegaly and emphysema change the shapes of drawSoft.
func drawSharpFindings(c *canvas, g *geometry, s *state, p Params) {
	if s[lungOpacity].present {
		drawOpacity(c, g, opacityAdd*p.CoarseContrast)
	}
	if f := s[pleuralEffusion]; f.present {
		drawEffusion(c, g, f.side, effusionFill[f.level], p.CoarseContrast)
	}
	if s[hernia].present {
		drawHernia(c, g, p.CoarseContrast)
	}
}

// drawOpacity adds a dense patch with a fairly sharp, lobed border.
func drawOpacity(c *canvas, g *geometry, amount float64) {
	c.eachIn(g, opacityAt, 1.2, func(i int, du, dv float64) {
		lobes := 1 + .10*math.Sin(3*math.Atan2(dv, du)+.7) + .06*math.Sin(5*math.Atan2(dv, du))
		c.pix[i] += float32(amount * soften(lobes-math.Hypot(du, dv), .16))
	})
}

// drawEffusion fills the base of a lung up to a meniscus that climbs along the chest wall.
func drawEffusion(c *canvas, g *geometry, where side, fill, contrast float64) {
	angle, edge, medial := .785, .145, .455
	if where == left {
		angle, edge, medial = .805, .865, .545
	}
	span := math.Abs(medial - edge)
	area := box{(edge + medial) / 2, angle - .10, span/2 + .06, .22}
	c.eachIn(g, area, 1.42, func(i int, du, dv float64) {
		u, v := area[0]+du*area[2], area[1]+dv*area[3]
		t := math.Abs(u-edge) / span // 0 at the chest wall, 1 at the heart
		if math.Abs(u-area[0]) > span/2+.03 {
			return
		}
		surface := angle - fill - .045*math.Exp(-t/.10)
		inside := soften(v-surface, .008) * ramp(t, 1.05, .92) * ramp(v, .90, .84)
		grey := float32(effusionGrey)
		if c.pix[i] < grey {
			c.pix[i] += (grey - c.pix[i]) * float32(min(inside*contrast, 1))
		}
	})
}

// drawHernia draws a bright-walled disc behind the heart, air above fluid.
func drawHernia(c *canvas, g *geometry, contrast float64) {
	c.eachIn(g, herniaAt, 1.1, func(i int, du, dv float64) {
		d := math.Hypot(du, dv)
		inside := soften(.82-d, .05)
		rim := soften(1-d, .06) - inside
		air := inside * soften(-.05-dv, .04)
		fluid := inside - air
		c.pix[i] += float32(contrast * (herniaRim*(rim+fluid) - herniaAir*air))
	})
}

// eachIn calls draw with the index of every pixel within reach radii of a's centre, and its place in units of the radii.
func (c *canvas) eachIn(g *geometry, a box, reach float64, draw func(i int, du, dv float64)) {
	kx, ky := float64(g.width)/float64(c.w), float64(g.height)/float64(c.h)
	x1, x2 := g.x(a[0]-reach*a[2])/kx, g.x(a[0]+reach*a[2])/kx
	y1, y2 := g.y(a[1]-reach*a[3])/ky, g.y(a[1]+reach*a[3])/ky
	for y := max(int(y1), 0); y <= min(int(y2), c.h-1); y++ {
		dv := (g.v((float64(y)+.5)*ky) - a[1]) / a[3]
		for x := max(int(x1), 0); x <= min(int(x2), c.w-1); x++ {
			draw(y*c.w+x, (g.u((float64(x)+.5)*kx)-a[0])/a[2], dv)
		}
	}
}

// mottleGrid is the image size to whose pixel grid the mottle of fine findings is locked: the higher resolution.
const mottleGrid = 448

// mottlePeriod is after how many pixels of that grid a mottle repeats. It divides the patches 16 and 32.
const mottlePeriod = 16

// mottleWindows are where a fine finding shows, in patient coordinates: centre and radii. Each is wider than a patch of
// 32 pixels at 448.
var mottleWindows = [numFindings][]box{
	edema:             {{.365, .40, .095, .095}, {.635, .40, .095, .095}},
	atelectasis:       {{.285, .585, .120, .080}},
	pneumothorax:      {{.310, .205, .115, .075}},
	granuloma:         {{.700, .240, .105, .085}},
	pleuralThickening: {{.785, .460, .090, .105}},
}

// mottleTiles holds one period of each fine finding's mottle at both native sizes' phase: cosine components with 6 to 7
// cycles a period on each axis, which area averaging to 224 pixels all but removes (sinc(.75) to sinc(.875) on each axis).
type component struct{ fx, fy, cos, sin float64 }

var mottleParts = func() (parts [numFindings][]component) {
	r := rand.New(rand.NewPCG(0x6d6f7474, 0x6c65))
	for f := range parts {
		if !findings[f].fine {
			continue
		}
		var power float64
		for _, fx := range []float64{6, 7} {
			for _, fy := range []float64{-7, -6, 6, 7} {
				k := component{fx, fy, r.NormFloat64(), r.NormFloat64()}
				parts[f] = append(parts[f], k)
				power += (sq(k.cos) + sq(k.sin)) / 2
			}
		}
		for i := range parts[f] {
			parts[f][i].cos /= math.Sqrt(power)
			parts[f][i].sin /= math.Sqrt(power)
		}
	}
	return parts
}()

// drawMottle adds the fine findings in their windows. The amount varies over a window as disease does; the phase does not.
func drawMottle(r *rand.Rand, c *canvas, g *geometry, s *state, p Params) {
	for f := range s {
		seed1, seed2 := r.Uint64(), r.Uint64()
		if !s[f].present || !findings[f].fine || p.FineAmplitude == 0 {
			continue
		}
		draw := rand.New(rand.NewPCG(seed1, seed2))
		for _, window := range mottleWindows[f] {
			c.addMottle(draw, g, window, mottleParts[f], p.FineAmplitude)
		}
	}
}

// addMottle adds the sum of parts, times amount and an uneven envelope.
func (c *canvas) addMottle(r *rand.Rand, g *geometry, window box, parts []component, amount float64) {
	cosX, sinX := gridWaves(c.w)
	cosY, sinY := gridWaves(c.h)
	phase := [4]float64{uniform(r, 0, 6.3), uniform(r, 0, 6.3), uniform(r, 0, 6.3), uniform(r, 0, 6.3)}
	c.eachIn(g, window, 1, func(i int, du, dv float64) {
		d := du*du + dv*dv
		if d >= 1 {
			return
		}
		x, y := i%c.w, i/c.w
		envelope := soften(1-d, .35) * (.85 + .30*math.Sin(4*du+phase[0])*math.Sin(4*dv+phase[1]) + .2*math.Sin(7*(du+dv)+phase[2]))
		var sum float64
		for _, k := range parts {
			ix, iy := int(k.fx)-6, int(math.Abs(k.fy))-6
			cx, sx, cy, sy := cosX[ix][x], sinX[ix][x], cosY[iy][y], sinY[iy][y]
			if k.fy < 0 {
				sy = -sy
			}
			sum += k.cos*(cx*cy-sx*sy) + k.sin*(sx*cy+cx*sy)
		}
		c.pix[i] += float32(amount * envelope * sum)
	})
}

// gridWaves tabulates the waves of 6 and 7 cycles a period along one axis of n native pixels.
func gridWaves(n int) (cos, sin [2][]float64) {
	for k := range cos {
		cos[k], sin[k] = make([]float64, n), make([]float64, n)
		for i := range n {
			at := (float64(i) + .5) * mottleGrid / float64(n)
			sin[k][i], cos[k][i] = math.Sincos(2 * math.Pi * float64(6+k) * at / mottlePeriod)
		}
	}
	return cos, sin
}
