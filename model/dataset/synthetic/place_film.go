package synthetic

import (
	"image"
	"math"
	"math/rand/v2"
)

// A spot: its spread in units of the longer side of the image and its density, by what share both differ from spot to spot, and how far its middle
// stays off the sides of its zone, in patient coordinates.
const (
	spotSpread, spotSpreadVaries   = .038, .2
	spotDensity, spotDensityVaries = .39, .3
	spotMargin                     = .03
)

// drawPlaces draws one frontal radiograph of the design place.
func drawPlaces(r *rand.Rand, h habitus, g *geometry, s *state, e exposure, p Params) *image.Gray {
	soft := drawThorax(g)
	for f := range placeCardiomegaly {
		soft.addSpot(r, g, zones[f], s.has[f].present, p)
	}
	for _, d := range decoys {
		chance := p.Decoys
		if d.twin != noTwin && s.has[d.twin].present {
			chance *= twinKept
		}
		soft.addSpot(r, g, d.zone, r.Float64() < chance, p)
	}
	e.gain, e.gamma = uniform(r, .85, 1.15), 1
	offset, across, down := uniform(r, -.06, .06), uniform(r, -.04, .04), uniform(r, -.04, .04)
	e.bias = [4]float64{offset - across - down, offset + across - down, offset - across + down, offset + across + down}
	return develop(r, soft.enlarged(g.width, g.height), nil, e, p)
}

// addSpot adds the spot at a random place of the zone; it makes the same draws where it adds none.
func (c *canvas) addSpot(r *rand.Rand, g *geometry, z zone, on bool, p Params) {
	b := g.chest.place(z)
	margin := min(spotMargin, (b[2]-b[0])/2)
	u, v := uniform(r, b[0]+margin, b[2]-margin), uniform(r, b[1], b[3])
	spread := spotSpread * uniform(r, 1-spotSpreadVaries, 1+spotSpreadVaries) * float64(max(g.width, g.height))
	density := spotDensity * uniform(r, 1-spotDensityVaries, 1+spotDensityVaries) * p.CoarseContrast
	if !on {
		return
	}
	kx, ky := float64(g.width)/float64(c.w), float64(g.height)/float64(c.h)
	mx, my, reach := g.x(u)/kx, g.y(v)/ky, 4*spread
	for y := max(int(my-reach/ky), 0); y <= min(int(my+reach/ky), c.h-1); y++ {
		for x := max(int(mx-reach/kx), 0); x <= min(int(mx+reach/kx), c.w-1); x++ {
			d := sq((float64(x)+.5-mx)*kx) + sq((float64(y)+.5-my)*ky)
			c.pix[y*c.w+x] += float32(density * math.Exp(-d/(2*spread*spread)))
		}
	}
}
