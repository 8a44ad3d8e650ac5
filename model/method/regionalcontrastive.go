package method

import (
	"context"
	"fmt"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// regionalContrastive aligns regions with their phrases (paper 4.2.1; FACTS 3.2): RoIAlign on the grid of visual tokens, mean, layer
// norm and projection against the text tower, sigmoid loss over all regions of the step.
func regionalContrastive(ctx context.Context, r *Run, start Weights) (Weights, error) {
	return r.Train(ctx, r.Trial, spec.StagePretrain, func() (Training, error) { return r.regionalContrast(start) })
}

func (r *Run) regionalContrast(start Weights) (Training, error) {
	images := r.Corpus.Images(dataset.Train, func(i *dataset.Image) bool { return len(i.Regions) > 0 && i.RegionSplit == dataset.Train })
	if len(images) == 0 {
		return Training{}, fmt.Errorf("no training image has regions")
	}
	e := nn.NewEncoder(r.Trial)
	side := nn.Square(e.Tokens)
	p := &nn.Parameters{Seed: r.Trial.Seed}
	e.Params(p)
	p.LayerNorm("region.norm", e.Width)
	p.Linear("region.head", e.Width, e.Width)
	c := r.newContrast("regional contrastive", p, e.Width, r.Trial.Pretrain.MaxPhrase)
	c.images = func(o engine.Ops) engine.Value {
		read := o.RoIAlign(e.Forward(o, o.Input("patches")), side, side, "boxes", "box.image") // [R, 3, 3, e]
		pooled := nn.LayerNorm(o, "region.norm", o.Mean(o.Mean(read, 1), 1), e.Eps)
		return o.L2Normalise(nn.Linear(o, "region.head", pooled))
	}
	c.inputs = func(shown []showing) engine.Inputs {
		in := engine.Inputs{"patches": r.Corpus.Patches(imagesShown(shown))}
		boxes := make([][][4]float32, len(shown))
		for i, s := range shown {
			boxes[i] = s.boxes
		}
		addBoxes(in, boxes)
		return in
	}
	shown := r.regionsShown(images, side)
	if err := c.pad(r, r.Unseeded().regionsShown(images, side)); err != nil {
		return Training{}, err
	}
	return Training{Params: p.List, Start: start, Steps: r.steps(), Batch: func(session engine.Session, step int) (Batch, error) {
		return r.contrastBatch(c, session, shown(step))
	}}, nil
}

// regionsShown says which regions of which images a step shows with their phrases, on a grid of side by side.
func (r *Run) regionsShown(images []int, side int) func(step int) []showing {
	d := newDealer(r.Trial, images, r.Trial.TextsPerImage())
	return func(step int) (list []showing) {
		rng := corpus.RandomOf(r.Trial.Seed, "pretrain.samples", step)
		for _, one := range d.of(step) {
			image := &r.Corpus.Set.Images[one.image]
			sx, sy := float64(side)/float64(image.Width), float64(side)/float64(image.Height) // pixels -> cells
			s := showing{image: one.image}
			for range one.to - one.from {
				region := &image.Regions[rng.IntN(len(image.Regions))]
				b := region.Box
				s.texts = append(s.texts, region.Phrase)
				s.boxes = append(s.boxes, [4]float32{float32(b[0] * sx), float32(b[1] * sy), float32(b[2] * sx), float32(b[3] * sy)})
			}
			list = append(list, s)
		}
		return list
	}
}
