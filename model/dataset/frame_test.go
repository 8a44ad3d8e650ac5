package dataset

import (
	"math"
	"testing"

	"harness/model/dataset/scenegraph"
)

// TestFrame tells resized copies from padded, cropped and rotated ones.
func TestFrame(t *testing.T) {
	for _, c := range []struct {
		columns, rows, w, h int
		want                bool
	}{
		{2544, 3056, 2544, 3056, true}, {2544, 3056, 1272, 1528, true}, {2544, 3056, 426, 512, true}, {2544, 3056, 427, 512, true},
		{2544, 3056, 512, 512, false}, {2544, 3056, 512, 615, true}, {2544, 3056, 2540, 3056, false}, {2544, 3056, 3056, 2544, false},
		{2544, 3056, 187, 224, true}, {2544, 3056, 186, 224, true}, {2544, 3056, 190, 224, false}, {2500, 2500, 512, 512, true},
		{0, 3056, 7, 9, true}, {2544, -1, 7, 9, true},
	} {
		f, ok := frameOf(c.columns, c.rows, c.w, c.h)
		if ok != c.want {
			t.Errorf("%d by %d as %d by %d: %v, want %v", c.columns, c.rows, c.w, c.h, ok, c.want)
		}
		if !f.stated {
			continue
		}
		whole := f.apply([4]float64{0, 0, float64(c.columns), float64(c.rows)})
		if ok && (math.Abs(whole[2]-float64(c.w)) > 1e-9 || math.Abs(whole[3]-float64(c.h)) > 1e-9) {
			t.Errorf("%d by %d as %d by %d: the whole image is %v", c.columns, c.rows, c.w, c.h, whole)
		}
	}
}

// TestContradicted asks whether boxes are in pixels of an image of 400 by 300 whose original size is not stated.
func TestContradicted(t *testing.T) {
	for _, c := range []struct {
		name   string
		object scenegraph.Object
		want   bool
	}{
		{"inside", scenegraph.Object{Name: "svc", Box: [4]float64{10, 10, 390, 290}}, false},
		{"a little outside", scenegraph.Object{Name: "svc", Box: [4]float64{10, 10, 410, 310}}, false},
		{"far outside", scenegraph.Object{Name: "svc", Box: [4]float64{10, 10, 810, 290}}, true},
		{"far outside, a region that is not used", scenegraph.Object{Name: "neck", Box: [4]float64{10, 10, 810, 290}}, false},
		{"of this size by the canvas", scenegraph.Object{Name: "svc", Box: [4]float64{10, 10, 110, 60}, Canvas: [4]float64{6, 34, 62, 62}}, false},
		{"of twice this size by the canvas", scenegraph.Object{Name: "svc", Box: [4]float64{20, 20, 220, 120}, Canvas: [4]float64{6, 34, 62, 62}}, true},
		{"too small on the canvas to tell", scenegraph.Object{Name: "svc", Box: [4]float64{20, 20, 60, 40}, Canvas: [4]float64{6, 34, 17, 40}}, false},
		{"no numbers", scenegraph.Object{Name: "svc", Box: [4]float64{math.NaN(), 1, math.NaN(), 2}, Canvas: [4]float64{0, 0, 224, math.NaN()}}, false},
	} {
		if got := contradicted(&scenegraph.Graph{Objects: []scenegraph.Object{c.object}}, 400, 300); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
