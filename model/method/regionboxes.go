package method

import (
	"fmt"

	"harness/model/dataset"
	"harness/model/engine"
)

// regionBoxes are the boxes at which the regions of Chest ImaGenome are read, the same in every image, in cells of the grid of visual
// tokens.
type regionBoxes [][4]float32

// meanBoxes are the means over the training images, on a grid of side by side. A region that training has never seen is read in missing.
func (r *Run) meanBoxes(side int, missing [4]float32) (regionBoxes, error) {
	mean := r.Corpus.MeanBoxes()
	boxes, seen := make(regionBoxes, len(dataset.RegionNames)), false
	for i, name := range dataset.RegionNames {
		box, ok := mean[name]
		if !ok {
			boxes[i] = missing
			continue
		}
		seen = true
		for k, v := range box {
			boxes[i][k] = float32(v * float64(side) / dataset.Bins)
		}
	}
	if !seen {
		return nil, fmt.Errorf("method %s reads images by the boxes of anatomical regions, and no training image has any", r.Trial.Method)
	}
	return boxes, nil
}

// add adds the boxes of so many images to the inputs ([nn.Anatomy]).
func (b regionBoxes) add(in engine.Inputs, images int) {
	all := make([][][4]float32, images)
	for i := range all {
		all[i] = b
	}
	addBoxes(in, all)
}

// addBoxes adds the boxes of each image to the inputs of RoIAlign.
func addBoxes(in engine.Inputs, images [][][4]float32) {
	var data []float32
	var rows []int32
	for i, boxes := range images {
		for _, box := range boxes {
			data, rows = append(data, box[:]...), append(rows, int32(i))
		}
	}
	in["boxes"], in["box.image"] = engine.Floats(data, len(rows), 4), engine.Ints(rows, len(rows))
}
