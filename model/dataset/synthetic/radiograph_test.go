package synthetic

import (
	"image"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// radiographPair draws two radiographs that differ in state alone, and their geometry.
func radiographPair(seed uint64, a, b state, p Params) (fa, fb *image.Gray, g geometry) {
	draw := func(s state) *image.Gray {
		r := rand.New(rand.NewPCG(21, seed))
		h := drawHabitus(r)
		g = drawGeometry(r, h, &s, false)
		return drawRadiograph(r, h, &g, &s, drawExposure(r, false), p)
	}
	fa, fb = draw(a), draw(b)
	return fa, fb, g
}

// shrunk resizes to n by n by area averaging, in units of full scale.
func shrunk(img *image.Gray, n int) []float64 {
	w, h := img.Rect.Dx(), img.Rect.Dy()
	across := make([]float64, h*n)
	for y := range h {
		row := img.Pix[y*img.Stride:][:w]
		for x := range n {
			across[y*n+x] = cover(float64(x)*float64(w)/float64(n), float64(x+1)*float64(w)/float64(n), func(i int) float64 { return float64(row[i]) / 255 })
		}
	}
	out := make([]float64, n*n)
	for y := range n {
		for x := range n {
			out[y*n+x] = cover(float64(y)*float64(h)/float64(n), float64(y+1)*float64(h)/float64(n), func(i int) float64 { return across[i*n+x] })
		}
	}
	return out
}

// cover averages at over [lo, hi).
func cover(lo, hi float64, at func(i int) float64) float64 {
	var sum float64
	for i := int(lo); float64(i) < hi-1e-9; i++ {
		sum += at(i) * (math.Min(hi, float64(i+1)) - math.Max(lo, float64(i)))
	}
	return sum / (hi - lo)
}

// change is the root mean square of b-a where they differ most: over the strongest hundredth of the pixels.
func change(a, b []float64) float64 {
	var sum float64
	for i := range a {
		sum += sq(b[i] - a[i])
	}
	return math.Sqrt(sum / float64(len(a)/100))
}

func only(f finding) state {
	s := designs[Look].none()
	s.has[f] = presence{present: true, side: s.findings[f].side}
	return s
}

// A fine finding loses nine tenths of its amplitude, 99% of its energy, from 448 to 224 pixels; a coarse one stays.
func TestFineFindingsVanishAt224(t *testing.T) {
	p := Default()
	p.Noise = 0 // so that rounding alone is left where nothing changes
	for f, spec := range lookFindings {
		var high, low float64
		for seed := range uint64(3) {
			a, b, _ := radiographPair(seed, designs[Look].none(), only(finding(f)), p)
			high += change(shrunk(a, 448), shrunk(b, 448)) / 3
			low += change(shrunk(a, 224), shrunk(b, 224)) / 3
		}
		switch {
		case high < .02:
			t.Errorf("%s: change of %.4f at 448 pixels is too weak to see", spec.name, high)
		case spec.fine && low > .1*high:
			t.Errorf("%s: %.4f at 448, %.4f at 224: a fine finding must vanish", spec.name, high, low)
		case !spec.fine && low < .8*high:
			t.Errorf("%s: %.4f at 448, %.4f at 224: a coarse finding must stay", spec.name, high, low)
		}
	}
}

// Most of what a finding changes lies inside the boxes of the regions whose phrases name it.
func TestFindingsLieInTheirRegions(t *testing.T) {
	p := Default()
	p.Noise = 0
	for f, spec := range lookFindings {
		if finding(f) == emphysema || finding(f) == cardiomegaly {
			continue // they move borders, so that the rest of the image changes too
		}
		var inside, all float64
		for seed := range uint64(3) {
			s := only(finding(f))
			a, b, g := radiographPair(seed, designs[Look].none(), s, p)
			boxes := namingBoxes(&g, &s)
			for y := range a.Rect.Dy() {
				for x := range a.Rect.Dx() {
					d := sq(float64(a.Pix[y*a.Stride+x]) - float64(b.Pix[y*b.Stride+x]))
					all += d
					if slices.ContainsFunc(boxes, func(r image.Rectangle) bool { return image.Pt(x, y).In(r) }) {
						inside += d
					}
				}
			}
		}
		want := .75
		if finding(f) == pleuralEffusion {
			want = .20 // fluid spreads from the angle over the base
		}
		if inside < want*all {
			t.Errorf("%s: %.2f of the change is in its regions, want %.2f", spec.name, inside/all, want)
		}
	}
}

// namingBoxes are the boxes of the regions whose phrases name a finding of s.
func namingBoxes(g *geometry, s *state) []image.Rectangle {
	var boxes []image.Rectangle
	for k := range lookSights {
		for i := range lookRegions {
			if lookRegions[i].name == lookSights[k].region && lookSights[k].holds(s) {
				b := g.boxes()[i]
				boxes = append(boxes, image.Rect(int(b[0]), int(b[1]), int(b[2]), int(b[3])))
			}
		}
	}
	return boxes
}

// Boxes lie inside the image, have an area, and vary so that the mean box of a region is right about half of the time.
func TestMeanBoxAccuracy(t *testing.T) {
	if acc := meanBoxAccuracy(boxesOf(t, Look, 900), .5); acc < .42 || acc > .60 {
		t.Errorf("mean box is right in %.3f, want .42 to .60: a model could not show that it learned", acc)
	}
}

// overlap is intersection over union.
func overlap(a, b box) float64 {
	w, h := min(a[2], b[2])-max(a[0], b[0]), min(a[3], b[3])-max(a[1], b[1])
	if w <= 0 || h <= 0 {
		return 0
	}
	return w * h / ((a[2]-a[0])*(a[3]-a[1]) + (b[2]-b[0])*(b[3]-b[1]) - w*h)
}

// The two directions of the warp are inverse, so that what is drawn lies where its box says.
func TestGeometryInverts(t *testing.T) {
	for i := range uint64(50) {
		r := rand.New(rand.NewPCG(41, i))
		none := designs[Look].none()
		g := drawGeometry(r, drawHabitus(r), &none, false)
		for _, at := range []float64{0, .2, .45, .6, .9} {
			if u, v := g.u(g.x(at)), g.v(g.y(at)); math.Abs(u-at) > 1e-9 || math.Abs(v-at) > 1e-9 {
				t.Fatalf("%v comes back as %v, %v", at, u, v)
			}
		}
	}
}

func BenchmarkDrawRadiograph(b *testing.B) {
	p := Default()
	for i := range b.N {
		r := rand.New(rand.NewPCG(1, uint64(i)))
		h, s := drawHabitus(r), firstState(r, p)
		g := drawGeometry(r, h, &s, false)
		drawRadiograph(r, h, &g, &s, drawExposure(r, false), p)
	}
}
