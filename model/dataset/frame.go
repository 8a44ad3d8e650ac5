package dataset

import (
	"fmt"
	"math"
	"strconv"

	"harness/model/dataset/scenegraph"
)

// A frame relates the pixels in which boxes are given to those of an image's file. Chest ImaGenome gives boxes in pixels of the
// original, whose size the metadata state; copies of the images are often smaller.
type frame struct {
	x, y   float64 // pixels of the file to one of the original
	stated bool    // the metadata state the original's size
}

// frameOf returns the frame of a file of w by h pixels. An original of columns by rows pixels, 0 where they are not stated, must
// have the same aspect ratio: a padded or cropped copy has its anatomy at other places, and how much was added or cut is not known.
func frameOf(columns, rows, w, h int) (frame, bool) {
	switch {
	case columns <= 0 || rows <= 0:
		return frame{1, 1, false}, true
	case columns == w && rows == h:
		return frame{1, 1, true}, true
	}
	return frame{float64(w) / float64(columns), float64(h) / float64(rows), true}, sameAspect(columns, rows, w, h)
}

// sameAspect reports whether one factor takes columns by rows to w by h, each side being rounded up or down.
func sameAspect(columns, rows, w, h int) bool {
	low := max(float64(w-1)/float64(columns), float64(h-1)/float64(rows))
	high := min(float64(w+1)/float64(columns), float64(h+1)/float64(rows))
	return low < high
}

// apply returns a box of the original in pixels of the file.
func (f frame) apply(b [4]float64) [4]float64 {
	if f.x == 1 && f.y == 1 {
		return b
	}
	return [4]float64{b[0] * f.x, b[1] * f.y, b[2] * f.x, b[3] * f.y}
}

// resized reports whether the file has another size than the original.
func (f frame) resized() bool { return f.x != 1 || f.y != 1 }

// tolerance is how far a box may reach out of its image, and how far the original's size that two boxes tell may differ from
// that of the image, as a share of the side. Single boxes of Chest ImaGenome reach out by a few pixels.
const tolerance = 0.1

// contradicted reports whether the boxes show that the image, of w by h pixels, is not the original that they are given in. It is
// asked only where the metadata do not state the size. A box far outside shows it, and so does the largest box, whose size on a
// canvas of known side tells how long the original is.
func contradicted(g *scenegraph.Graph, w, h int) bool {
	largest, long := 0.0, 0.0
	for _, o := range g.Objects {
		if !knownRegions[o.Name] {
			continue
		}
		if o.Box[2] > float64(w)*(1+tolerance) || o.Box[3] > float64(h)*(1+tolerance) {
			return true
		}
		for axis := range 2 {
			if side := o.Canvas[axis+2] - o.Canvas[axis]; side > largest {
				largest, long = side, (o.Box[axis+2]-o.Box[axis])*scenegraph.CanvasSide/side
			}
		}
	}
	const leastSide = 40 // below it, rounding to whole pixels of the canvas says too little
	return largest >= leastSide && math.Abs(long/float64(max(w, h))-1) > tolerance
}

// parseSide reads a number of pixels, also as "2544.0"; 0 where there is none.
func parseSide(s string) int {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || v < 1 || v > 1<<20 || v != float64(int(v)) {
		return 0
	}
	return int(v)
}

// sizes words two sizes that do not agree.
func sizes(row imageRow, w, h int) string {
	return fmt.Sprintf("%d by %d pixels, the metadata state %d by %d", w, h, row.columns, row.rows)
}
