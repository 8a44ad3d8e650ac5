package nih

import (
	"math"
	"strconv"
	"strings"

	"harness/metrics"
	"harness/model/dataset/csvfile"
)

// Side is the width and the height of every published image in pixels; boxes are in these. The original was larger:
// OriginalImage[Width,Height] is its size, in which no box is given.
const Side = 1024

// A Box is one finding that a radiologist has marked.
type Box struct {
	Line  int // of the table
	Image string
	Label string      // as written
	Box   metrics.Box // x1, y1, x2, y2 in pixels of the image of Side by Side
}

// Boxes are the rows of BBox_List_2017.csv.
type Boxes struct {
	csvfile.Source
	Rows []Box
}

// ReadBoxes reads BBox_List_2017.csv, plain or gzipped. Its header has a list in one cell that the commas cut into four.
func ReadBoxes(path string) (*Boxes, error) {
	b := &Boxes{}
	var err error
	columns := []string{"Image Index", "Finding Label", "Bbox [x", "y", "w", "h]"}
	b.Source, err = csvfile.Read(path, columns, func(row *csvfile.Reader) string {
		var v [4]float64
		for i := range v {
			number, err := strconv.ParseFloat(row.Cell(2+i), 64)
			if err != nil || math.IsInf(number, 0) || math.IsNaN(number) {
				return "a box that is not four numbers"
			}
			v[i] = number
		}
		if !isImage(row.Cell(0)) {
			return badImage
		}
		b.Rows = append(b.Rows, Box{
			Line: row.Line(), Image: strings.Clone(row.Cell(0)), Label: strings.Clone(row.Cell(1)),
			Box: metrics.Box{v[0], v[1], v[0] + v[2], v[1] + v[3]},
		})
		return ""
	})
	return b, err
}
