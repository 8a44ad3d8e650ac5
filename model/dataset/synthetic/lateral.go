package synthetic

import (
	"image"
	"math"
	"math/rand/v2"
)

// drawLateral draws a plain lateral view: body, lungs as one dark field, spine behind, heart in front. It carries no
// findings and no boxes; it is there because loaders must skip it.
func drawLateral(r *rand.Rand, h habitus, g *geometry, p Params) *image.Gray {
	c := newCanvas((g.width+3)/4, (g.height+3)/4)
	for y := range c.h {
		v := g.v((float64(y) + .5) * float64(g.height) / float64(c.h))
		half := bodyHalf(v)*.72 + h.contour
		front, back := .5-half*.62*superellipse((.50-v)/.46, 2.2), .5+half*.80*superellipse((.50-v)/.46, 2.6)
		for x := range c.w {
			u := g.u((float64(x) + .5) * float64(g.width) / float64(c.w))
			depth := half - math.Abs(u-.5)
			val := greyAir
			if depth > 0 {
				val += (greyTissue - greyAir) * depth / (depth + .018)
				floor := .66 + .16*ramp(u, .3, .8)
				lung := soften(min(u-front, back-u, floor-v), .012) * ramp(v, .06, .12)
				val += (greyLung + .03 - val) * lung
				val += .30 * soften(1-sq((u-.40)/.13)-sq((v-.58)/.13), .3) * lung
				val += (.12 + .04*math.Cos(2*math.Pi*13*v)) * soften(.05-math.Abs(u-.72+.10*sq(v-.45)), .015)
			}
			c.pix[y*c.w+x] = float32(val)
		}
	}
	return develop(r, c.enlarged(g.width, g.height), nil, drawExposure(r, false), p)
}
