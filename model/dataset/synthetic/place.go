package synthetic

import (
	"image"
	"math"
	"math/rand/v2"
)

// The design place is made to ask one question: does it help an encoder to be told where things are? Five findings are one
// and the same spot, told apart by the zone in which it lies; a sixth is a wide heart. The same spot also lies where it means nothing. The chest
// lies elsewhere and is shaped otherwise in each patient, each lung for itself, so that neither a zone's pixels nor its box can be known
// without seeing the anatomy.

// The findings of the design place.
const (
	placeGranuloma finding = iota
	placePneumonia
	placeFracture
	placeAtelectasis
	placeHernia
	placeCardiomegaly
)

var placeFindings = []findingSpec{
	placeGranuloma:    {name: "granuloma", side: right, other: right, zone: []string{"upper"}, chexpert: "Lung Lesion"},
	placePneumonia:    {name: "pneumonia", side: right, other: right, zone: []string{"lower"}, chexpert: "Pneumonia"},
	placeFracture:     {name: "fracture", side: left, other: left, zone: []string{"upper"}, chexpert: "Fracture"},
	placeAtelectasis:  {name: "atelectasis", side: left, other: left, zone: []string{"lower"}, chexpert: "Atelectasis"},
	placeHernia:       {name: "hernia", zone: []string{"mediastinal"}},
	placeCardiomegaly: {name: "cardiomegaly", chexpert: "Cardiomegaly"},
}

// part is a piece of a patient's anatomy by which zones are measured out.
type part int

const (
	rightLung part = iota
	leftLung
	middle // the mediastinum above the heart
	heart
	frame // the chest as a whole
)

// zone is a box in units of a part: across from -1 to 1 about its middle, down from 0 at its top to 1 at its base.
type zone struct {
	part part
	box
}

// zones are the places of the findings, in their order.
var zones = []zone{
	placeGranuloma:    {rightLung, box{-.74, .09, .74, .35}},
	placePneumonia:    {rightLung, box{-.85, .68, .50, .92}},
	placeFracture:     {leftLung, box{-.74, .09, .74, .35}},
	placeAtelectasis:  {leftLung, box{-.50, .68, .85, .92}},
	placeHernia:       {middle, box{-1, 0, 1, 1}},
	placeCardiomegaly: {heart, box{-1, 0, 1, 1}},
}

// decoy is a place where the same spot means nothing. Where it has a twin, a spot lies there less often when that finding is present, so that how
// many spots there are, which an average over the film shows, tells little.
type decoy struct {
	zone
	twin finding // -1: of none
}

const noTwin finding = -1

// decoys are the middle of each lung, the neck, the mediastinum above the heart, the heart, and the abdomen; several spots may lie in one.
var decoys = []decoy{
	{zone{rightLung, box{-.88, .43, .74, .58}}, placeGranuloma},
	{zone{rightLung, box{-.88, .43, .74, .58}}, placePneumonia},
	{zone{leftLung, box{-.74, .43, .88, .58}}, placeFracture},
	{zone{leftLung, box{-.74, .43, .88, .58}}, placeAtelectasis},
	{zone{frame, box{-.16, 0, .16, .09}}, placeHernia},
	{zone{frame, box{-.16, .44, .16, .51}}, placeHernia},
	{zone{heart, box{-.70, .30, .70, .75}}, noTwin},
	{zone{frame, box{-.70, .90, -.05, .99}}, noTwin},
	{zone{frame, box{-.70, .90, -.05, .99}}, noTwin},
	{zone{frame, box{.05, .90, .70, .99}}, noTwin},
	{zone{frame, box{.05, .90, .70, .99}}, noTwin},
}

// twinKept is the share of its chance that a decoy keeps where the finding is present whose twin it is.
const twinKept = .3

// placeRegions carry a phrase each, in the order of the findings; the boxes are those of the average patient.
var placeRegions = func() []region {
	names := []string{"right upper lung zone", "right lower lung zone", "left upper lung zone", "left lower lung zone", "upper mediastinum", "cardiac silhouette"}
	average := chest{lungs: [2]lung{{.165, .025, .875}, {.165, .025, .875}}, middle: .11, heart: .13, heartAt: .69}
	list := make([]region, len(names))
	for i, name := range names {
		list[i] = region{name, average.place(zones[i])}
	}
	return list
}()

var placeSights = func() []sight {
	var list []sight
	for f, spec := range placeFindings {
		list = append(list, sight{placeRegions[f].name, finding(f), spec.side, []string{capital(spec.name) + "."}, []string{"Clear."}})
	}
	return list
}()

// lung is one lung in patient coordinates: half its width, its top and its base.
type lung struct{ half, top, base float64 }

// chest is how a patient of the design place is built, in patient coordinates.
type chest struct {
	lungs          [2]lung // right, left
	middle         float64 // half-width of the upper mediastinum
	heart, heartAt float64 // half-width without disease, height of its middle
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
const heartGrows = 1.55

func drawChest(r *rand.Rand) habitus {
	size := nativeSizes[r.IntN(len(nativeSizes))]
	h := habitus{
		width: size[0], height: size[1],
		shiftX: uniform(r, -.11, .11), shiftY: uniform(r, -.11, .11),
		scaleX: uniform(r, .58, .85), scaleY: uniform(r, .58, .85),
		female: r.IntN(2) == 0, decile: 3 + r.IntN(6),
	}
	c := chest{middle: uniform(r, .08, .14), heart: uniform(r, .115, .145), heartAt: uniform(r, .65, .73),
		tissue: tissue{body: uniform(r, .275, .445), air: uniform(r, .105, .275), heart: uniform(r, .10, .25), belly: uniform(r, .02, .22)},
		ribs:   uniform(r, 18, 26), phase: uniform(r, 0, 2*math.Pi)}
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
	case rightLung:
		l := c.lungs[0]
		at = box{.5 - lungOff - l.half, l.top, .5 - lungOff + l.half, l.base}
	case leftLung:
		l := c.lungs[1]
		at = box{.5 + lungOff - l.half, l.top, .5 + lungOff + l.half, l.base}
	case middle:
		at = box{.5 - c.middle, .20, .5 + c.middle, .425}
	case heart:
		at = box{.5 - c.heart, c.heartAt - heartHalf, .5 + c.heart, c.heartAt + heartHalf}
	case frame:
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

// The spot: its spread in units of the longer side of the image, its density, and how much both differ.
const (
	spotSpread  = .038
	spotDensity = .40
	spotVaries  = .2
	spotWeaker  = .7
	spotDenser  = 1.3
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
			val += t.tissue.belly*disc(u-.5, v-.975, .475, .15) + .06*disc(u-.5, v-.4, .05, .5) + .06*disc(u-.5, v-.3125, t.middle, .1125)
			c.pix[y*c.w+x] = float32(val)
		}
	}
	return c
}

// disc is 1 inside an ellipse of the given radii and 0 outside, with a soft border.
func disc(du, dv, ru, rv float64) float64 {
	return 1 / (1 + math.Exp(min(30, -8*(1-sq(du/ru)-sq(dv/rv)))))
}

// addSpot adds the spot at a random place of the zone; it makes the same draws where it adds none.
func (c *canvas) addSpot(r *rand.Rand, g *geometry, z zone, on bool, p Params) {
	b := g.chest.place(z)
	margin := min(.03, (b[2]-b[0])/2)
	u, v := uniform(r, b[0]+margin, b[2]-margin), uniform(r, b[1], b[3])
	spread := spotSpread * uniform(r, 1-spotVaries, 1+spotVaries) * float64(max(g.width, g.height))
	density := spotDensity * uniform(r, spotWeaker, spotDenser) * p.CoarseContrast
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
