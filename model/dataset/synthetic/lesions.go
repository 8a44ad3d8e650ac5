package synthetic

import "math"

// Coarse findings with a sharp border, in patient coordinates.
var (
	// effusionFill is how high fluid stands above the costophrenic angle by level, in v (lung height .62).
	effusionFill = [2]float64{.14, .24}
	opacityAt    = box{.285, .437, .145, .115} // centre, radii
	herniaAt     = box{.545, .640, .105, .100}
)

// Brightness of coarse findings at CoarseContrast 1.
const (
	effusionGrey = 0.69
	opacityAdd   = 0.32
	opacityMost  = 0.70 // no denser than this, vessels included
	herniaWall   = 0.10
	herniaAir    = 0.34
)

// drawSharpFindings draws effusion, opacity and hernia. Cardiomegaly and emphysema change the shapes of drawSoft.
func drawSharpFindings(c *canvas, h habitus, g *geometry, s *state, p Params) {
	if s.has[lungOpacity].present {
		drawOpacity(c, g, opacityAdd*p.CoarseContrast)
	}
	if f := s.has[pleuralEffusion]; f.present {
		drawEffusion(c, h, g, f.side, effusionFill[f.level], p.CoarseContrast)
	}
	if s.has[hernia].present {
		drawHernia(c, g, p.CoarseContrast)
	}
}

// drawOpacity adds a dense patch with a fairly sharp, lobed border.
func drawOpacity(c *canvas, g *geometry, amount float64) {
	c.eachIn(g, opacityAt, 1.2, func(i int, du, dv float64) {
		around := math.Atan2(dv, du)
		lobes := 1 + .07*math.Sin(3*around+.7) + .05*math.Sin(7*around)
		uneven := 1 + .12*math.Sin(5*du+1)*math.Sin(6*dv)
		dense := c.pix[i] + float32(amount*uneven*soften(lobes-math.Hypot(du, dv), .22))
		c.pix[i] = max(c.pix[i], min(dense, opacityMost))
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
