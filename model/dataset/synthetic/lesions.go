package synthetic

import (
	"math"
	"math/rand/v2"
)

// Coarse findings with a sharp border, in patient coordinates.
var (
	// effusionFill is how high fluid stands above the costophrenic angle by level, in v (lung height .62).
	effusionFill = [2]float64{.100, .180}
	opacityAt    = box{.285, .435, .125, .095} // centre, radii
	herniaAt     = box{.545, .640, .085, .085}
)

// Brightness of coarse findings at CoarseContrast 1.
const (
	effusionGrey = 0.69
	opacityAdd   = 0.22
	herniaWall   = 0.10
	herniaAir    = 0.34
)

// drawSharpFindings draws effusion, opacity and hernia. Cardiomegaly and emphysema change the shapes of drawSoft.
func drawSharpFindings(c *canvas, h habitus, g *geometry, s *state, p Params) {
	if s[lungOpacity].present {
		drawOpacity(c, g, opacityAdd*p.CoarseContrast)
	}
	if f := s[pleuralEffusion]; f.present {
		drawEffusion(c, h, g, f.side, effusionFill[f.level], p.CoarseContrast)
	}
	if s[hernia].present {
		drawHernia(c, g, p.CoarseContrast)
	}
}

// drawOpacity adds a dense patch with a fairly sharp, lobed border.
func drawOpacity(c *canvas, g *geometry, amount float64) {
	c.eachIn(g, opacityAt, 1.2, func(i int, du, dv float64) {
		around := math.Atan2(dv, du)
		lobes := 1 + .07*math.Sin(3*around+.7) + .05*math.Sin(7*around)
		uneven := 1 + .12*math.Sin(5*du+1)*math.Sin(6*dv)
		c.pix[i] += float32(amount * uneven * soften(lobes-math.Hypot(du, dv), .22))
	})
}

// drawEffusion fills the base of a lung up to a meniscus that climbs along the chest wall. The fluid is as dense as the
// abdomen below, so that it also hides the dome.
func drawEffusion(c *canvas, h habitus, g *geometry, where side, fill, contrast float64) {
	for y := range c.h {
		v := g.v((float64(y) + .5) * float64(g.height) / float64(c.h))
		if v < .50 || v > .84 {
			continue
		}
		row := rowAt(v, h, g)
		for x := range c.w {
			u := g.u((float64(x) + .5) * float64(g.width) / float64(c.w))
			wall, inner, bottom := u-row.rightOuter, row.rightInner-u, .775
			if where == left {
				wall, inner, bottom = row.leftOuter-u, u-row.leftInner, .795
			}
			lung := soften(min(wall, inner), .012) * ramp(v, bottom+.04, bottom-.04)
			if lung == 0 {
				continue
			}
			surface := bottom - fill - .05*math.Exp(-wall/.035)
			wet := float32(lung * soften(v-surface, .008) * min(contrast, 1))
			if i := y*c.w + x; c.pix[i] < effusionGrey {
				c.pix[i] += (effusionGrey - c.pix[i]) * wet
			}
		}
	}
}

// drawHernia draws a bright-walled disc behind the heart, air above fluid.
func drawHernia(c *canvas, g *geometry, contrast float64) {
	c.eachIn(g, herniaAt, 1.1, func(i int, du, dv float64) {
		d := math.Hypot(du, dv)
		inside := soften(.88-d, .05)
		wall := soften(1-d, .06) - inside
		air := inside * soften(-.05-dv, .04)
		fluid := inside - air
		c.pix[i] += float32(contrast * (herniaWall*(wall+fluid) - herniaAir*air))
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
	edema:             {{.355, .40, .080, .090}, {.645, .40, .080, .090}},
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
