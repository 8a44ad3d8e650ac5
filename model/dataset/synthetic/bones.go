package synthetic

import (
	"math"
	"math/rand/v2"
)

// drawRibs adds the posterior ribs, arcs that fall from the spine to the chest wall, and their fainter anterior ends.
func drawRibs(c *canvas, h habitus, g *geometry) {
	gap := .66 / h.ribs
	for x := range c.w {
		u := g.u((float64(x) + .5) * float64(g.width) / float64(c.w))
		out := math.Abs(u - .5)
		if out < .05 || out > .41 {
			continue
		}
		t := out / .40
		fade := ramp(out, .05, .10) * ramp(out, .41, .36)
		for i := range 11 {
			v0 := .09 + gap*(float64(i)+h.ribPhase*.5-.25)
			v := v0 + .02 - .055*math.Sin(math.Pi*min(t*1.1, 1)) + .17*t*t
			drawBand(c, g, x, v, .017, .062*fade*ramp(v, .88, .66))
			if i > 1 && out > .16 {
				front := v0 + .26 - .30*t
				drawBand(c, g, x, front, .014, .024*fade*ramp(out, .16, .24)*ramp(front, .80, .60))
			}
		}
	}
}

// drawBand adds a band of half-width half (in v) centred at v in column x, with denser edges, as a cortex has.
func drawBand(c *canvas, g *geometry, x int, v, half, amount float64) {
	scale := float64(c.h) / float64(g.height)
	mid := g.y(v) * scale
	wide := half * g.sy * float64(c.h)
	for y := max(int(mid-wide-1), 0); y <= min(int(mid+wide+1), c.h-1); y++ {
		d := math.Abs(float64(y)+.5-mid) / wide
		if d < 1 {
			c.pix[y*c.w+x] += float32(amount * (.62 + .55*d*d) * ramp(d, 1, .72))
		}
	}
}

// drawClavicles adds the collar bones, from the top of the sternum up and out.
func drawClavicles(c *canvas, h habitus, g *geometry) {
	for x := range c.w {
		u := g.u((float64(x) + .5) * float64(g.width) / float64(c.w))
		out := math.Abs(u - .5)
		if out < .04 || out > .36 {
			continue
		}
		t := (out - .04) / .32
		v := .185 - (.065+h.clavicle)*t - .012*math.Sin(2*math.Pi*t)
		drawBand(c, g, x, v, .013, .13*ramp(out, .04, .07)*ramp(out, .36, .33))
	}
}

// hila are where the vessels of the right and the left lung start.
var hila = [2][2]float64{{.395, .41}, {.615, .40}}

// drawVessels adds the branching vessels of both lungs, new in every image, and the shadow of each hilum.
func drawVessels(r *rand.Rand, c *canvas, g *geometry) {
	for i, hilum := range hila {
		dir := float64(2*i - 1)
		drawBlob(c, g, hilum[0]+.012*dir, hilum[1], .050, .080, .10)
		drawBlob(c, g, hilum[0]+.005*dir, hilum[1]+.05, .030, .060, .07)
		const trunks = 8
		for k := range trunks {
			t := (float64(k) + uniform(r, .2, .8)) / trunks // 0 up, 1 down
			drawVessel(r, c, g, hilum[0], hilum[1]-.05+.11*t, -1.3+2.6*t, dir, uniform(r, .08, .13), .0085, 3)
		}
	}
}

// drawVessel draws one branch of the given length and half-width (both in u) and then its two children.
func drawVessel(r *rand.Rand, c *canvas, g *geometry, u, v, angle, dir, length, width float64, depth int) {
	const step = .004
	steps := int(length / step)
	for i := range steps {
		w := width * (1 - .35*float64(i)/float64(steps))
		drawBlob(c, g, u, v, w, w, .012+4.5*w)
		u += dir * step * math.Cos(angle)
		v += step * math.Sin(angle)
		angle += uniform(r, -.07, .07)
		if out := math.Abs(u - .5); v > .66 || v < .16 || out > .33 {
			return
		}
	}
	if depth == 0 {
		return
	}
	drawVessel(r, c, g, u, v, angle-uniform(r, .15, .5), dir, length*uniform(r, .55, .85), width*.65, depth-1)
	drawVessel(r, c, g, u, v, angle+uniform(r, .15, .5), dir, length*uniform(r, .55, .85), width*.65, depth-1)
}

// drawBlob adds a soft disc of radii ru, rv.
func drawBlob(c *canvas, g *geometry, u, v, ru, rv, amount float64) {
	kx, ky := float64(c.w)/float64(g.width), float64(c.h)/float64(g.height)
	cx, cy := g.x(u)*kx, g.y(v)*ky
	rx, ry := max(ru*g.sx*float64(c.w), .8), max(rv*g.sy*float64(c.h), .8)
	for y := max(int(cy-ry), 0); y <= min(int(cy+ry), c.h-1); y++ {
		dy := sq((float64(y) + .5 - cy) / ry)
		for x := max(int(cx-rx), 0); x <= min(int(cx+rx), c.w-1); x++ {
			if d := dy + sq((float64(x)+.5-cx)/rx); d < 1 {
				c.pix[y*c.w+x] += float32(amount * sq(1-d))
			}
		}
	}
}

// markers are the glyphs burned into the image, as rows of set bits, most significant bit left.
var markers = map[rune][7]uint8{
	'L': {0x10, 0x10, 0x10, 0x10, 0x10, 0x10, 0x1f},
	'A': {0x0e, 0x11, 0x11, 0x1f, 0x11, 0x11, 0x11},
	'P': {0x1e, 0x11, 0x11, 0x1e, 0x10, 0x10, 0x10},
}

// drawMarkers burns in the side, and the view of an AP image, as technicians do.
func drawMarkers(c *canvas, ap bool) {
	drawText(c, "L", c.w-c.w/12, c.h/20)
	if ap {
		drawText(c, "AP", c.w/24, c.h/20)
	}
}

func drawText(c *canvas, text string, x0, y0 int) {
	const scale = 3
	for i, glyph := range []rune(text) {
		for row, bits := range markers[glyph] {
			for col := range 5 {
				if bits>>(4-col)&1 == 0 {
					continue
				}
				for k := range scale * scale {
					x, y := x0+(i*6+col)*scale+k%scale, y0+row*scale+k/scale
					c.pix[y*c.w+x] = 1
				}
			}
		}
	}
}
