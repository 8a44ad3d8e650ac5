package plots

import (
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot/palette"
	"gonum.org/v1/plot/palette/moreland"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// colours turns numbers into colours whose lightness rises evenly (CIELAB): what is lighter is greater, in print without colour
// and for readers who see few colours too.
type colours struct {
	ramp      palette.ColorMap
	scale     axisScale
	low, high float64
}

// ramp goes from dark blue through Okabe and Ito's blue and green to their yellow.
func ramp() palette.ColorMap {
	m, err := moreland.NewLuminance([]color.Color{color.RGBA{10, 20, 70, 255}, okabeIto[0], okabeIto[2], color.RGBA{240, 228, 66, 255}})
	if err != nil {
		panic(err) // the colours above are fixed, and each is lighter than the one before
	}
	m.SetMin(0)
	m.SetMax(1)
	return m
}

// newColours spans the numbers that are drawn, of which there is at least one.
func newColours(values []float64, scale axisScale) *colours {
	values = slices.DeleteFunc(slices.Clone(values), func(v float64) bool { return scale.log && v <= 0 })
	return &colours{ramp: ramp(), scale: scale, low: slices.Min(values), high: slices.Max(values)}
}

// at is the colour of a number; in the middle where all are equal.
func (k *colours) at(v float64) color.Color {
	share := between(v, k.low, k.high, k.scale.log)
	c, err := k.ramp.At(math.Max(0, math.Min(share, 1)))
	if err != nil {
		return gray
	}
	return c
}

// ink is black or white, whichever stands out more on a colour: the relative luminance at which both contrast alike is .18.
func ink(on color.Color) color.Color {
	r, g, b, _ := on.RGBA()
	linear := func(v uint32) float64 { return math.Pow(float64(v)/0xffff, 2.2) }
	if .2126*linear(r)+.7152*linear(g)+.0722*linear(b) > .18 {
		return black
	}
	return white
}

// patch is the sample of a colour in the key.
type patch struct{ fill color.Color }

// Thumbnail fills a rectangle.
func (p patch) Thumbnail(c *draw.Canvas) {
	c.SetColor(p.fill)
	c.Fill(vg.Rectangle{Min: vg.Point{X: c.Min.X, Y: c.Min.Y - vg.Points(2)}, Max: vg.Point{X: c.Max.X, Y: c.Max.Y + vg.Points(2)}}.Path())
}

// entries are the key of the colours, the greatest number above.
func (k *colours) entries(digits int) []keyEntry {
	const steps = 6
	var list []keyEntry
	for i := steps - 1; i >= 0; i-- {
		share := float64(i) / (steps - 1)
		v := k.low + share*(k.high-k.low)
		if k.scale.log {
			v = k.low * math.Pow(k.high/k.low, share)
		}
		list = append(list, sampled(fixed(v, digits), patch{k.at(v)}))
		if k.low == k.high {
			break
		}
	}
	return list
}
