package synthetic

import (
	"math"
	"math/rand/v2"
)

// lung is one lung in patient coordinates: half its width, its top and its base.
type lung struct{ half, top, base float64 }

// chest is how a patient of the design place is built, in patient coordinates.
type chest struct {
	lungs          [2]lung // right, left
	mediastinum    float64 // its half-width above the heart
	heart, heartAt float64 // half-width, which disease makes wider; height of the middle
	tissue         tissue
	ribs, phase    float64 // waves of the ribs down the lung, and where they start
}

// tissue is how dense the parts of a chest are; air is what the lungs take away.
type tissue struct{ body, air, heart, belly float64 }

// Where the middles of the lungs are, and the half-height of the heart.
const (
	lungOff   = .275
	heartHalf = .16
)

// heartGrows is how much wider cardiomegaly makes a heart.
const heartGrows = 1.5

func drawChest(r *rand.Rand) habitus {
	size := nativeSizes[r.IntN(len(nativeSizes))]
	h := habitus{
		width: size[0], height: size[1],
		shiftX: uniform(r, -.115, .115), shiftY: uniform(r, -.115, .115),
		scaleX: uniform(r, .58, .85), scaleY: uniform(r, .58, .85),
		female: r.IntN(2) == 0, decile: 3 + r.IntN(6),
	}
	c := chest{mediastinum: uniform(r, .08, .14), heart: uniform(r, .12, .145), heartAt: uniform(r, .65, .73),
		tissue: tissue{body: uniform(r, .26, .46), air: uniform(r, .09, .29), heart: uniform(r, .09, .20), belly: uniform(r, 0, .24)},
		ribs:   uniform(r, 14, 30), phase: uniform(r, 0, 2*math.Pi)}
	for i := range c.lungs {
		c.lungs[i] = lung{uniform(r, .14, .19), uniform(r, -.03, .08), uniform(r, .80, .95)}
	}
	h.chest = &c
	return h
}

// place is a zone in patient coordinates.
func (c *chest) place(z zone) box {
	var at box // of the part
	switch z.part {
	case inRightLung:
		l := c.lungs[0]
		at = box{.5 - lungOff - l.half, l.top, .5 - lungOff + l.half, l.base}
	case inLeftLung:
		l := c.lungs[1]
		at = box{.5 + lungOff - l.half, l.top, .5 + lungOff + l.half, l.base}
	case inMediastinum:
		at = box{.5 - c.mediastinum, .20, .5 + c.mediastinum, .425}
	case inHeart:
		at = box{.5 - c.heart, c.heartAt - heartHalf, .5 + c.heart, c.heartAt + heartHalf}
	case inChest:
		at = box{0, 0, 1, 1}
	}
	mid, half := (at[0]+at[2])/2, (at[2]-at[0])/2
	down := at[3] - at[1]
	return box{mid + half*z.box[0], at[1] + down*z.box[1], mid + half*z.box[2], at[1] + down*z.box[3]}
}

// drawPose places the chest of a study: the patient's, moved a little.
func drawPose(r *rand.Rand, h habitus, s *state, _ bool) geometry {
	c := *h.chest
	c.heart += uniform(r, -.005, .005)
	if s.has[placeCardiomegaly].present {
		c.heart *= heartGrows
	}
	g := geometry{
		width: h.width, height: h.height,
		x0: .5 + h.shiftX + uniform(r, -.015, .015), sx: h.scaleX + uniform(r, -.02, .02),
		y0: .5 + h.shiftY + uniform(r, -.015, .015), sy: h.scaleY + uniform(r, -.02, .02),
		chest: c,
	}
	for _, z := range zones {
		g.regions = append(g.regions, c.place(z))
	}
	return g
}

// drawThorax draws the chest without findings but for the size of the heart, on a quarter of the pixels.
func drawThorax(g *geometry) *canvas {
	c := newCanvas((g.width+3)/4, (g.height+3)/4)
	t := &g.chest
	for y := range c.h {
		v := g.v((float64(y) + .5) * float64(g.height) / float64(c.h))
		for x := range c.w {
			u := g.u((float64(x) + .5) * float64(g.width) / float64(c.w))
			var lungs float64
			for i, l := range t.lungs {
				at := .5 + lungOff*float64(2*i-1)
				lungs += disc(u-at, v-(l.top+l.base)/2, l.half, (l.base-l.top)/2)
			}
			lungs = min(lungs, 1)
			val := .12 + t.tissue.body*disc(u-.5, v-.5, .525, .65) - t.tissue.air*lungs
			val += .03 * lungs * math.Sin(t.ribs*(v+.5*sq(u-.5))+t.phase)
			val += t.tissue.heart * disc(u-.5, v-t.heartAt, t.heart, heartHalf)
			val += t.tissue.belly*disc(u-.5, v-.975, .475, .15) + .06*disc(u-.5, v-.4, .05, .5) + .06*disc(u-.5, v-.3125, t.mediastinum, .1125)
			c.pix[y*c.w+x] = float32(val)
		}
	}
	return c
}

// disc is 1 inside an ellipse of the given radii and 0 outside, with a soft border.
func disc(du, dv, ru, rv float64) float64 {
	return 1 / (1 + math.Exp(min(30, -8*(1-sq(du/ru)-sq(dv/rv)))))
}
