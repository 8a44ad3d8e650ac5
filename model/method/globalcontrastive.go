package method

import (
	"context"
	"fmt"

	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// globalContrastive aligns whole images with their reports (paper 4.2.1; FACTS 3.1): mean of the visual tokens against the text
// tower, sigmoid loss. All other reports of the batch are negatives.
func globalContrastive(ctx context.Context, r *Run, start Weights) (Weights, error) {
	return r.Train(ctx, r.Trial, spec.StagePretrain, func() (Training, error) { return r.globalContrast(start) })
}

// twinEncoder trains, or shares, the stage of the trial's global-contrastive twin, for methods that go on from its encoder.
func (r *Run) twinEncoder(ctx context.Context, start Weights) (Weights, error) {
	twin := *r
	twin.Trial.Method = spec.GlobalContrastive
	encoder, err := globalContrastive(ctx, &twin, start)
	if err != nil {
		return nil, fmt.Errorf("pretrain the encoder: %w", err)
	}
	return encoder, nil
}

func (r *Run) globalContrast(start Weights) (Training, error) {
	images := r.Corpus.Captioned()
	if len(images) == 0 {
		return Training{}, fmt.Errorf("no training image has a report")
	}
	e := nn.NewEncoder(r.Trial)
	p := &nn.Parameters{Seed: r.Trial.Seed}
	e.Params(p)
	p.Linear("image.head", e.Width, e.Width)
	c := r.newContrast("global contrastive", p, e.Width, r.Trial.Pretrain.MaxReport)
	c.images = func(o engine.Ops) engine.Value {
		pooled := o.Mean(e.Forward(o, o.Input("patches")), 1) // [I, e]
		return o.L2Normalise(nn.Linear(o, "image.head", pooled))
	}
	c.inputs = func(shown []showing) engine.Inputs {
		return engine.Inputs{"patches": r.Corpus.Patches(imagesShown(shown))}
	}
	shown := r.reportsShown(images)
	if err := c.pad(r, r.Unseeded().reportsShown(images)); err != nil {
		return Training{}, err
	}
	return Training{Params: p.List, Start: start, Steps: r.steps(), Batch: func(session engine.Session, step int) (Batch, error) {
		return r.contrastBatch(c, session, shown(step))
	}}, nil
}

// reportsShown says which images a step shows with their reports.
func (r *Run) reportsShown(images []int) func(step int) []showing {
	d := newDealer(r.Trial, images, 1)
	return func(step int) (list []showing) {
		for _, one := range d.of(step) {
			list = append(list, showing{image: one.image, texts: []string{r.caption(one.image)}})
		}
		return list
	}
}

func imagesShown(shown []showing) []int {
	images := make([]int, len(shown))
	for i, s := range shown {
		images[i] = s.image
	}
	return images
}
