package synthetic

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
)

// canvas is a grey image in float32, 0 black to 1 white (dense).
type canvas struct {
	w, h int
	pix  []float32
}

// canvases are those that may be drawn on again: a data set draws thousands of films, one at a time on each core.
var canvases sync.Pool

// newCanvas returns a canvas that holds anything.
func newCanvas(w, h int) *canvas {
	c, _ := canvases.Get().(*canvas)
	if c == nil {
		c = &canvas{}
	}
	c.w, c.h = w, h
	c.pix = slices.Grow(c.pix[:0], w*h)[:w*h]
	return c
}

// done hands the canvas on; the caller does not use it any more.
func (c *canvas) done() { canvases.Put(c) }

// exposure is what differs between two radiographs of the same patient and is no finding.
type exposure struct {
	gain, gamma float64
	bias        [4]float64 // brightness at the four corners
	lung, gas   float64    // density of the lungs, amount of gas in the stomach: differences from the average
	ap          bool
}

func drawExposure(r *rand.Rand, ap bool) exposure {
	e := exposure{gain: uniform(r, .90, 1.10), gamma: uniform(r, .88, 1.16), lung: uniform(r, -.045, .045), gas: uniform(r, 0, 1), ap: ap}
	for i := range e.bias {
		e.bias[i] = uniform(r, -.03, .03)
	}
	return e
}

// drawRadiograph draws one frontal radiograph. Soft shapes are computed on a quarter of the pixels, bones and vessels on half, and the
// textures and the noise on all of them.
func drawRadiograph(r *rand.Rand, h habitus, g *geometry, s *state, e exposure, p Params) *image.Gray {
	soft := drawSoft(h, g, s, e, p)
	half := soft.enlarged((g.width+1)/2, (g.height+1)/2)
	drawRibs(half, h, g)
	drawClavicles(half, h, g)
	drawVessels(r, half, g)
	drawSharpFindings(half, h, g, s, p)
	grain := newCanvas(g.width, g.height)
	clear(grain.pix)
	drawTextures(r, grain, g, s, p)
	return develop(r, half.enlarged(g.width, g.height), grain, e, p)
}

// lungRow holds what the soft shapes need of one row or column, so that the inner loop has no powers or roots.
type lungRow struct {
	body                   float64 // half-width of the body
	rightOuter, rightInner float64 // borders of the right lung; outer > inner where there is none
	leftInner, leftOuter   float64
	heartRight, heartLeft  float64 // borders of the heart; right > left where there is none
	mediastinum            float64 // half-width
	tissue, lung, spine    float64 // grey values
	trachea                float64 // half-width of the air column, 0 below the carina
	breast, gas            float64 // density of the breast shadows, of the gas in the stomach
}

// Grey values before the exposure.
const (
	greyAir    = 0.03
	greyTissue = 0.60
	greyLung   = 0.31
	greyHeart  = 0.66
	greyCentre = 0.62

	emphysemaDark = 0.14 // taken from the lungs at CoarseContrast 1
)

func rowAt(v float64, h habitus, g *geometry) lungRow {
	row := lungRow{
		body:       bodyHalf(v) + h.contour,
		rightOuter: 1, leftOuter: 0, heartRight: 1, heartLeft: 0,
		mediastinum: mediastinumHalf(v),
		tissue:      greyTissue + h.tissue - .06*ramp(v, .30, .0) + .08*ramp(v, .70, .95),
		lung:        greyLung + .05*ramp(v, .35, .75),
		spine:       .050 + .022*math.Cos(2*math.Pi*14*v),
	}
	if v > .13 && v < .85 {
		outer := superellipse((.56-v)/.43, 2.6)
		inner := superellipse((.34-v)/.21, 2.2)
		row.rightOuter, row.rightInner = .325-.195*outer, .325+.135*inner
		row.leftInner, row.leftOuter = .675-.135*inner, .675+.205*outer
	}
	if v > .43 && v < .80 {
		t := (v - .43) / .36
		row.heartRight = g.widened(.50 - .13*math.Sqrt(max(0, 1-sq((v-.61)/.19))))
		row.heartLeft = g.widened(.55 + .205*math.Sin(math.Pi/2*math.Pow(t/.80, .85))*math.Sqrt(max(0, 1-math.Pow(t, 7))))
	}
	if h.female {
		row.breast = .09
	}
	if v < .36 {
		row.trachea = .022 + .02*ramp(v, .31, .36)
	}
	return row
}

// bodyHalf is the half-width of the body: neck, sloping shoulders, chest, waist.
func bodyHalf(v float64) float64 {
	switch {
	case v < .16:
		t := ramp(v, -.08, .16)
		return .14 + .40*t*t*(3-2*t)*1.0
	default:
		return .54 - .09*ramp(v, .16, .60) + .02*ramp(v, .75, 1)
	}
}

func mediastinumHalf(v float64) float64 {
	return .075 + .035*math.Exp(-sq((v-.32)/.09)) + .05*ramp(v, .36, .60)
}

// superellipse is the height of a unit superellipse of power n at distance t from its centre, 1 below the centre.
func superellipse(t, n float64) float64 {
	if t <= 0 {
		return 1
	}
	if t >= 1 {
		return 0
	}
	return math.Pow(1-math.Pow(t, n), 1/n)
}

// domes returns the lower borders of the right and the left lung at u.
func domes(u, flat float64) (rightDome, leftDome float64) {
	arc := func(d float64) float64 { return d * d }
	rightDome = .635 + flat + (.135-flat)*arc(min(math.Abs(u-.33)/.19, 1.2))
	leftDome = .660 + flat + (.130-flat)*arc(min(math.Abs(u-.69)/.18, 1.2))
	return rightDome, leftDome
}

// drawSoft draws everything with soft borders: body, lungs, heart, great vessels, spine, abdomen, and the coarse findings
// that change a whole shape.
func drawSoft(h habitus, g *geometry, s *state, e exposure, p Params) *canvas {
	c := newCanvas((g.width+3)/4, (g.height+3)/4)
	us := make([]float64, c.w)
	rightDome, leftDome := make([]float64, c.w), make([]float64, c.w)
	for x := range us {
		us[x] = g.u((float64(x) + .5) * float64(g.width) / float64(c.w))
		rightDome[x], leftDome[x] = domes(us[x], g.flat)
	}
	for y := range c.h {
		v := g.v((float64(y) + .5) * float64(g.height) / float64(c.h))
		row := rowAt(v, h, g)
		row.lung += e.lung
		row.gas = .20 * e.gas
		if s.has[emphysema].present {
			row.lung -= emphysemaDark * p.CoarseContrast
		}
		for x, u := range us {
			c.pix[y*c.w+x] = float32(softAt(u, v, &row, rightDome[x], leftDome[x]))
		}
	}
	return c
}

// softAt is the density of the soft shapes at one place.
func softAt(u, v float64, row *lungRow, rightDome, leftDome float64) float64 {
	depth := row.body - math.Abs(u-.5)
	if depth <= 0 {
		return greyAir
	}
	tissue := greyAir + (row.tissue-greyAir)*depth/(depth+.018)
	val := tissue
	if v > .08 {
		rightLung := soften(min(u-row.rightOuter, row.rightInner-u, rightDome-v), .012)
		leftLung := soften(min(u-row.leftInner, row.leftOuter-u, leftDome-v), .012)
		if lung := rightLung + leftLung; lung > 0 {
			val += (row.lung - val) * min(lung, 1)
		}
		if v > .6 { // liver and stomach below the domes
			val += .07 * soften(v-min(rightDome, leftDome), .025)
		}
		if row.breast > 0 {
			val += row.breast * soften(1-sq((math.Abs(u-.5)-.235)/.17)-sq((v-.60)/.15), .5) * tissue
		}
	}
	off := math.Abs(u - .505)
	if centre := soften(row.mediastinum-off, .018); centre > 0 && v > 0 {
		val += (max(greyCentre, val) - val) * centre * ramp(v, .02, .12)
	}
	if row.heartRight < row.heartLeft {
		if heart := soften(min(u-row.heartRight, row.heartLeft-u), .012); heart > 0 {
			val += (max(greyHeart, val) - val) * heart * ramp(v, .43, .50)
		}
	}
	if d := sq((u-.575)/.030) + sq((v-.315)/.045); d < 2 { // the aortic knob
		val += (max(greyCentre+.04, val) - val) * soften(1.4-d, .5)
	}
	if off := math.Abs(u - .5); off < .06 {
		val += row.spine * soften(.042-off, .012)
		if row.trachea > 0 {
			val -= .13 * soften(row.trachea-off, .010)
		}
	}
	if d := sq((u-.66)/.075) + sq((v-.84)/.045); d < 1.5 { // gas in the stomach
		val -= row.gas * soften(1-d, .45)
	}
	return val
}

// develop turns densities into pixels: uneven field, gain, gamma, white noise, and the marker of the side. grain is added
// after the tone curve, which would turn its strength into brightness; nil stands for none. Both canvases are done with.
func develop(r *rand.Rand, c, grain *canvas, e exposure, p Params) *image.Gray {
	drawMarkers(c, e.ap)
	tone := toneCurve(e.gain, e.gamma)
	out := image.NewGray(image.Rect(0, 0, c.w, c.h))
	noise, table := float32(p.Noise), noiseTable()
	fine := make([]float32, c.w)
	for y := range c.h {
		fy := float64(y) / float64(c.h)
		lo, hi := e.bias[0]+(e.bias[2]-e.bias[0])*fy, e.bias[1]+(e.bias[3]-e.bias[1])*fy
		field, slope := float32(lo), float32((hi-lo)/float64(c.w))
		random := table[r.IntN(len(table)-c.w):][:c.w]
		if grain != nil {
			fine = grain.pix[y*c.w:][:c.w]
		}
		developRow(out.Pix[y*out.Stride:][:c.w], c.pix[y*c.w:][:c.w], fine, random, tone, field, slope, noise)
	}
	c.done()
	if grain != nil {
		grain.done()
	}
	return out
}

// developRow is develop for one row; all slices are as long as dst.
func developRow(dst []uint8, src, fine, random []float32, tone *[toneSteps + 1]float32, field, slope, noise float32) {
	src, fine, random = src[:len(dst)], fine[:len(dst)], random[:len(dst)]
	for x := range dst {
		d := src[x] + field + slope*float32(x)
		i := int(d*toneSteps + .5)
		dst[x] = clampByte(tone[min(max(i, 0), toneSteps)] + fine[x] + noise*random[x])
	}
}

const toneSteps = 1024

// toneCurve tabulates gain and gamma over densities 0 to 1.
func toneCurve(gain, gamma float64) *[toneSteps + 1]float32 {
	t := new([toneSteps + 1]float32)
	for i := range t {
		t[i] = float32(math.Min(1, gain*math.Pow(float64(i)/toneSteps, gamma)))
	}
	return t
}

// noiseTable holds unit Gaussian noise that every radiograph reads from random places.
var noiseTable = sync.OnceValue(func() []float32 {
	r := rand.New(rand.NewPCG(0x53796e43, 0x5852))
	t := make([]float32, 1<<17)
	for i := range t {
		t[i] = float32(r.NormFloat64())
	}
	return t
})

// clampByte turns 0 … 1 into a byte, without branches: at the dark border of a film nobody can foretell them.
func clampByte(x float32) uint8 {
	v := int32(x*255 + .5)
	v &^= v >> 31                 // 0 where it is below
	return uint8(v | (255-v)>>31) // 255 where it is above
}

// soften is 0 outside, 1 inside a border, smooth over width on either side of it; d is the signed depth.
func soften(d, width float64) float64 {
	t := ramp(d, -width, width)
	return t * t * (3 - 2*t)
}

// ramp is 0 at a, 1 at b, straight between; a may be greater than b.
func ramp(x, a, b float64) float64 {
	switch t := (x - a) / (b - a); {
	case t <= 0:
		return 0
	case t >= 1:
		return 1
	default:
		return t
	}
}

func sq(x float64) float64 { return x * x }

// enlarged returns c resized bilinearly to w by h, pixel centres aligned as in an area resize. c is done with.
func (c *canvas) enlarged(w, h int) *canvas {
	out := newCanvas(w, h)
	left, frac := make([]int32, w), make([]float32, w)
	for x := range w {
		at := min(max((float64(x)+.5)*float64(c.w)/float64(w)-.5, 0), float64(c.w-1)-1e-6)
		left[x], frac[x] = int32(at), float32(at-math.Floor(at))
	}
	row := make([]float32, c.w)
	for y := range h {
		at := min(max((float64(y)+.5)*float64(c.h)/float64(h)-.5, 0), float64(c.h-1)-1e-6)
		top, f := int(at), float32(at-math.Floor(at))
		a, b := c.pix[top*c.w:][:c.w], c.pix[(top+1)*c.w:][:c.w]
		for x := range row {
			row[x] = a[x] + f*(b[x]-a[x])
		}
		dst := out.pix[y*w:][:w]
		for x := range dst {
			l := left[x]
			dst[x] = row[l] + frac[x]*(row[l+1]-row[l])
		}
	}
	c.done()
	return out
}
