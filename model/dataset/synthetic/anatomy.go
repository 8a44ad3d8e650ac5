package synthetic

import (
	"math"
	"math/rand/v2"
)

// box is x1, y1, x2, y2. In the table it is in patient coordinates (u, v); on an image it is in pixels.
type box [4]float64

// region is one of the 29 anatomical regions of Chest ImaGenome with its place in an average patient.
type region struct {
	name string
	box  box
}

// lookRegions lists them in the order of FACTS 1.3, boxes as in FACTS 8.2; the image's left is the patient's right.
var lookRegions = []region{
	{"right lung", box{.13, .13, .47, .75}},
	{"right upper lung zone", box{.17, .13, .46, .35}},
	{"right mid lung zone", box{.14, .35, .46, .53}},
	{"right lower lung zone", box{.12, .53, .46, .75}},
	{"right hilar structures", box{.28, .30, .43, .50}},
	{"right apical zone", box{.20, .12, .44, .24}},
	{"right costophrenic angle", box{.11, .66, .21, .77}},
	{"right hemidiaphragm", box{.12, .62, .47, .77}},
	{"left lung", box{.53, .13, .88, .77}},
	{"left upper lung zone", box{.54, .13, .83, .35}},
	{"left mid lung zone", box{.54, .35, .86, .53}},
	{"left lower lung zone", box{.54, .53, .88, .77}},
	{"left hilar structures", box{.55, .31, .70, .51}},
	{"left apical zone", box{.56, .12, .80, .24}},
	{"left costophrenic angle", box{.79, .68, .89, .79}},
	{"left hemidiaphragm", box{.53, .65, .88, .79}},
	{"trachea", box{.46, .05, .54, .32}},
	{"spine", box{.44, .02, .56, .96}},
	{"right clavicle", box{.14, .10, .46, .20}},
	{"left clavicle", box{.54, .10, .86, .20}},
	{"aortic arch", box{.50, .26, .61, .38}},
	{"mediastinum", box{.36, .12, .66, .76}},
	{"upper mediastinum", box{.40, .12, .61, .38}},
	{"svc", box{.40, .24, .48, .42}},
	{"cardiac silhouette", box{.37, .44, .74, .75}},
	{"cavoatrial junction", box{.39, .42, .47, .50}},
	{"right atrium", box{.37, .48, .49, .70}},
	{"carina", box{.46, .30, .55, .38}},
	{"abdomen", box{.10, .70, .90, 1.0}},
}

// habitus is what stays the same over a patient's studies: build, not disease.
type habitus struct {
	width, height   int // native pixels
	shiftX, shiftY  float64
	scaleX, scaleY  float64
	heart           float64 // heart width over the average
	ribs, ribPhase  float64 // rib pairs in view, and where the first one starts
	clavicle        float64 // slope of the clavicles
	female          bool
	decile          int     // age 10*decile to 10*decile+10
	tissue, contour float64 // density of the soft tissue, half-width of the body: differences from the average
	chest           *chest  // of the design place, which has none of the build above
}

// The native sizes: not square, so that boxes scale by another factor on each axis.
var nativeSizes = [2][2]int{{480, 512}, {512, 480}}

func drawHabitus(r *rand.Rand) habitus {
	size := nativeSizes[r.IntN(len(nativeSizes))]
	return habitus{
		width: size[0], height: size[1],
		shiftX: uniform(r, -.05, .05), shiftY: uniform(r, -.05, .05),
		scaleX: uniform(r, .78, 1), scaleY: uniform(r, .80, 1),
		heart: uniform(r, .92, 1.08),
		ribs:  uniform(r, 8, 10.5), ribPhase: uniform(r, 0, 1),
		clavicle: uniform(r, -.02, .02),
		female:   r.IntN(2) == 0, decile: 3 + r.IntN(6),
		tissue: uniform(r, -.03, .03), contour: uniform(r, -.03, .03),
	}
}

// geometry maps patient coordinates to the pixels of one image. It is separable and monotone on each axis, so the bound of
// a warped box is the box of its warped corners, exactly.
type geometry struct {
	width, height  int
	x0, sx, y0, sy float64 // x = width*(x0 + sx*(u-.5)), y likewise after the breath
	breath         float64 // how far a point at v = .75 sinks with inspiration
	heart          float64 // heart width over the average, disease included
	flat           float64 // how far the domes are flattened, in v

	regions []box // of the design's regions, in patient coordinates
	chest   chest // of the design place, disease included
}

// breathTop is the height above which breathing moves nothing.
const breathTop = 0.45

// Heart width over the average: by view, by level of cardiomegaly, and at most (it stays within the ribs).
const (
	heartAP     = 1.06
	widestHeart = 1.62
)

var heartLevels = [2]float64{1.32, 1.58}

// emphysemaFlat is how far emphysema lowers the tops of the domes, in v.
const emphysemaFlat = 0.045

func drawGeometry(r *rand.Rand, h habitus, s *state, ap bool) geometry {
	zoom := uniform(r, .93, 1.07)
	g := geometry{
		width: h.width, height: h.height,
		x0: .5 + h.shiftX + uniform(r, -.05, .05), sx: h.scaleX * zoom,
		y0: .5 + h.shiftY + uniform(r, -.04, .04), sy: h.scaleY * zoom,
		breath: uniform(r, -.04, .04), heart: h.heart,
	}
	if ap {
		g.heart *= heartAP
	}
	if s.has[cardiomegaly].present {
		g.heart *= heartLevels[s.has[cardiomegaly].level]
	}
	g.heart = min(g.heart, widestHeart)
	if s.has[emphysema].present {
		g.flat = emphysemaFlat
	}
	for _, region := range s.regions {
		g.regions = append(g.regions, g.changed(region))
	}
	return g
}

func (g *geometry) x(u float64) float64 { return float64(g.width) * (g.x0 + g.sx*(u-.5)) }

func (g *geometry) y(v float64) float64 {
	if v > breathTop {
		v += g.breath * (v - breathTop) / .30
	}
	return float64(g.height) * (g.y0 + g.sy*(v-.5))
}

// u is the inverse of x, v the inverse of y.
func (g *geometry) u(x float64) float64 { return .5 + (x/float64(g.width)-g.x0)/g.sx }

func (g *geometry) v(y float64) float64 {
	v := .5 + (y/float64(g.height)-g.y0)/g.sy
	if v > breathTop {
		v = breathTop + (v-breathTop)/(1+g.breath/.30)
	}
	return v
}

// heartMid is the line about which the heart widens.
const heartMid = 0.52

// changed is the box of a region of the design look in this patient: the heart and what belongs to it widen with the heart, the
// domes sink with emphysema.
func (g *geometry) changed(r region) box {
	b := r.box
	switch r.name {
	case "cardiac silhouette":
		b[0], b[2] = g.widened(b[0]), g.widened(b[2])
	case "right atrium":
		b[0] = g.widened(b[0])
	case "right hemidiaphragm", "left hemidiaphragm":
		b[1] += g.flat
	}
	return b
}

// boxes are those of the design's regions on this image in whole pixels, clamped to the image.
func (g *geometry) boxes() []box {
	list := make([]box, len(g.regions))
	for i, b := range g.regions {
		list[i] = g.onImage(b)
	}
	return list
}

// onImage is the box on the image that has the corners of b.
func (g *geometry) onImage(b box) box {
	clampRound := func(x float64, side int) float64 {
		return math.Round(min(max(x, 0), float64(side)))
	}
	return box{
		clampRound(g.x(b[0]), g.width), clampRound(g.y(b[1]), g.height),
		clampRound(g.x(b[2]), g.width), clampRound(g.y(b[3]), g.height),
	}
}

// widened moves a border of the heart away from its midline.
func (g *geometry) widened(u float64) float64 { return heartMid + (u-heartMid)*g.heart }

func uniform(r *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*r.Float64() }
