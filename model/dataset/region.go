package dataset

import (
	"math"

	"harness/metrics"
)

// Bins is the number of coordinate bins on each axis, at every resolution (FACTS 2.3).
const Bins = 448

// RegionNames are the 29 regions of Chest ImaGenome that are used, in their usual order (FACTS 1.3). The JSON may hold
// others, which are left out.
var RegionNames = []string{
	"right lung", "right upper lung zone", "right mid lung zone", "right lower lung zone", "right hilar structures",
	"right apical zone", "right costophrenic angle", "right hemidiaphragm", "left lung", "left upper lung zone",
	"left mid lung zone", "left lower lung zone", "left hilar structures", "left apical zone", "left costophrenic angle",
	"left hemidiaphragm", "trachea", "spine", "right clavicle", "left clavicle", "aortic arch", "mediastinum",
	"upper mediastinum", "svc", "cardiac silhouette", "cavoatrial junction", "right atrium", "carina", "abdomen",
}

// knownRegions holds RegionNames for look-up.
var knownRegions = func() map[string]bool {
	m := make(map[string]bool, len(RegionNames))
	for _, name := range RegionNames {
		m[name] = true
	}
	return m
}()

// Quantise returns the bins 0..447 of a box given in pixels of an image of w by h, each axis scaled by itself and rounded half
// away from zero (FACTS 1.7, 2.3). It returns false when the box collapses to a line or a point, or a value is not a number.
func Quantise(box metrics.Box, w, h int) ([4]int, bool) {
	var q [4]int
	for i, c := range ToBins(box, w, h) {
		if math.IsNaN(c) {
			return q, false
		}
		q[i] = int(min(max(math.Round(c), 0), Bins-1))
	}
	return q, q[0] < q[2] && q[1] < q[3]
}

// Dequantise returns the box in pixels of an image of w by h that the bins stand for.
func Dequantise(q [4]int, w, h int) metrics.Box {
	x, y := float64(w)/Bins, float64(h)/Bins
	return metrics.Box{float64(q[0]) * x, float64(q[1]) * y, float64(q[2]) * x, float64(q[3]) * y}
}

// ToBins scales a box in pixels of an image of w by h to the continuous 448 by 448 space in which boxes are compared.
func ToBins(box metrics.Box, w, h int) metrics.Box {
	x, y := Bins/float64(w), Bins/float64(h)
	return metrics.Box{box[0] * x, box[1] * y, box[2] * x, box[3] * y}
}

// clampBox returns the part of a box inside an image of w by h; false when the box is empty or lies outside (FACTS 1.3).
func clampBox(b metrics.Box, w, h int) (metrics.Box, bool) {
	fw, fh := float64(w), float64(h)
	inside := b[0] < b[2] && b[1] < b[3] && b[2] > 0 && b[3] > 0 && b[0] < fw && b[1] < fh // false for NaN
	return metrics.Box{max(b[0], 0), max(b[1], 0), min(b[2], fw), min(b[3], fh)}, inside
}

// usableBox returns a box clamped to an image of w by h, and whether it can be used: all coordinates are there, it lies at least partly
// inside, and it does not collapse when quantised.
func usableBox(b metrics.Box, w, h int) (metrics.Box, bool) {
	box, ok := clampBox(b, w, h)
	if ok {
		_, ok = Quantise(box, w, h)
	}
	return box, ok
}
