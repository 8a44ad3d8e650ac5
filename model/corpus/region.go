package corpus

import (
	"math/rand/v2"

	"harness/metrics"
	"harness/model/dataset"
	"harness/model/spec"
)

// Quantised is a region's box in the 448 bins (FACTS 2.3).
func Quantised(image *dataset.Image, r *dataset.Region) ([4]int, bool) {
	return dataset.Quantise(r.Box, image.Width, image.Height)
}

// DrawRegion picks one of a training image's regions; false where it has none whose box survives quantising.
func DrawRegion(image *dataset.Image, rng *rand.Rand) (*dataset.Region, [4]int, bool) {
	if len(image.Regions) == 0 || image.RegionSplit != dataset.Train {
		return nil, [4]int{}, false
	}
	region := &image.Regions[rng.IntN(len(image.Regions))]
	box, ok := Quantised(image, region)
	return region, box, ok
}

// Trainable lists the training images that have something for one of the tasks.
func (c *Corpus) Trainable(tasks spec.Tasks) []int {
	var list []int
	for i := range c.Set.Images {
		image := &c.Set.Images[i]
		caption := tasks.Has(spec.CAP) && image.Split == dataset.Train && image.Caption != ""
		region := tasks&^spec.CAP != 0 && image.RegionSplit == dataset.Train && len(image.Regions) > 0
		if caption || region {
			list = append(list, i)
		}
	}
	return list
}

// Captioned lists the images of the training split that have a report.
func (c *Corpus) Captioned() []int {
	return c.Images(dataset.Train, func(i *dataset.Image) bool { return i.Caption != "" })
}

// MeanBoxes are, for each region, the mean of its boxes in the training images, in the space of the 448 bins. A region that none of
// them has is left out.
func (c *Corpus) MeanBoxes() map[string]metrics.Box {
	sum, n := map[string]metrics.Box{}, map[string]float64{}
	for i := range c.Set.Images {
		image := &c.Set.Images[i]
		if image.RegionSplit != dataset.Train {
			continue
		}
		for _, region := range image.Regions {
			total := sum[region.Name]
			for k, v := range dataset.ToBins(region.Box, image.Width, image.Height) {
				total[k] += v
			}
			sum[region.Name] = total
			n[region.Name]++
		}
	}
	for name, box := range sum {
		for k := range box {
			box[k] /= n[name]
		}
		sum[name] = box
	}
	return sum
}
