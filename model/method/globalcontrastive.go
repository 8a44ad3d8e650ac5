package method

import (
	"context"
	"fmt"

	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// globalContrastive aligns whole images with their reports (paper 4.2.1; FACTS 3.1): mean of the visual tokens against the text
// tower, sigmoid loss.
func globalContrastive(ctx context.Context, r *Run, start Weights) (Weights, error) {
	return r.Train(ctx, r.Trial, spec.StagePretrain, func() (Training, error) { return r.globalContrast(start) })
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
	tower := r.textTower(p, e.Width)
	loss := func(o engine.Ops) []engine.Value {
		pooled := o.Mean(e.Forward(o, o.Input("patches")), 1) // [I, e]
		return []engine.Value{pairLoss(o, o.L2Normalise(nn.Linear(o, "image.head", pooled)), tower.Forward(o))}
	}
	d := newDealer(r.Trial, images, 1)
	return Training{Params: p.List, Start: start, Steps: r.steps(), Batch: func(_ engine.Session, step int) (Batch, error) {
		batch := imagesOf(d.of(step))
		texts := make([]string, len(batch))
		for i, image := range batch {
			texts[i] = r.caption(image)
		}
		in := engine.Inputs{"patches": r.Corpus.Patches(batch)}
		r.textInputs(in, texts, r.Trial.Pretrain.MaxReport)
		return Batch{[]Part{{"global contrastive", loss, in}}, len(batch), len(texts)}, nil
	}}, nil
}

func (r *Run) caption(image int) string { return r.Corpus.Set.Images[image].Caption }
