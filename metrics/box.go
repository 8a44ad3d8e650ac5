package metrics

import (
	"regexp"
	"strconv"
)

// Box is x1, y1, x2, y2 in one continuous coordinate system; which one is the caller's business.
type Box [4]float64

// IoU returns the intersection over union of two boxes on continuous coordinates, 0 when the union has no area.
func IoU(a, b Box) float64 {
	w := min(a[2], b[2]) - max(a[0], b[0])
	h := min(a[3], b[3]) - max(a[1], b[1])
	inter := max(w, 0) * max(h, 0)
	union := a.area() + b.area() - inter
	if union <= 0 {
		return 0
	}
	return inter / union
}

// area returns the area of a box; one whose corners are exchanged has none.
func (b Box) area() float64 { return max(b[2]-b[0], 0) * max(b[3]-b[1], 0) }

var boxPattern = regexp.MustCompile(`\[\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(-?\d+)\s*,\s*(-?\d+)\s*\]`)

// ParseBox returns the last box written in text as "[x1, y1, x2, y2]" with whole numbers (FACTS 2.3), and whether there is one.
// Other programs' outputs may reach over the border: a minus sign is accepted, as the recorded boxes have it.
func ParseBox(text string) (Box, bool) {
	matches := boxPattern.FindAllStringSubmatch(text, -1)
	if len(matches) == 0 {
		return Box{}, false
	}
	var box Box
	for i, digits := range matches[len(matches)-1][1:] {
		v, err := strconv.ParseFloat(digits, 64)
		if err != nil { // out of float64's range
			return Box{}, false
		}
		box[i] = v
	}
	return box, true
}

// BoxSample is one box to judge: OK is false where the output holds no box, which is a miss.
type BoxSample struct {
	Region    string // the name of the region, for the scores by region; may be empty
	Pred, Ref Box
	OK        bool
}

// BoxScores are the scores of a set of boxes.
type BoxScores struct {
	N       int
	Acc50   float64 // Acc@0.5: the share with IoU >= 0.5
	Acc75   float64 // Acc@0.75, which needs nearly the whole box
	MeanIoU float64 // a missing box counts as 0
	Parsed  float64 // the share of outputs that hold a box
}

// The smallest IoU that counts as found (>=, not >: FACTS 5).
const (
	hitIoU50 = 0.5
	hitIoU75 = 0.75
)

// ScoreBoxes returns the scores over all samples; NaN values when there is none.
func ScoreBoxes(samples []BoxSample) BoxScores {
	var hits50, hits75, sum, parsed float64
	for _, s := range samples {
		if !s.OK {
			continue
		}
		parsed++
		iou := IoU(s.Pred, s.Ref)
		sum += iou
		if iou >= hitIoU50 {
			hits50++
		}
		if iou >= hitIoU75 {
			hits75++
		}
	}
	n := float64(len(samples))
	return BoxScores{N: len(samples), Acc50: hits50 / n, Acc75: hits75 / n, MeanIoU: sum / n, Parsed: parsed / n}
}

// RegionBoxScores is one row of ScoreRegions.
type RegionBoxScores struct {
	Region string
	BoxScores
}

// ScoreRegions returns the scores of each region, in the order in which the regions first occur.
func ScoreRegions(samples []BoxSample) []RegionBoxScores {
	var order []string
	byRegion := map[string][]BoxSample{}
	for _, s := range samples {
		if _, seen := byRegion[s.Region]; !seen {
			order = append(order, s.Region)
		}
		byRegion[s.Region] = append(byRegion[s.Region], s)
	}
	rows := make([]RegionBoxScores, len(order))
	for i, region := range order {
		rows[i] = RegionBoxScores{Region: region, BoxScores: ScoreBoxes(byRegion[region])}
	}
	return rows
}
