package method

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// supervised trains the encoder on the findings themselves: one logistic output a finding over the mean of the visual tokens. It is no
// baseline of the paper but a ceiling: what this encoder could read of these images in these steps if it were told.
func supervised(ctx context.Context, r *Run, start Weights) (Weights, error) {
	return r.Train(ctx, r.Trial, spec.StagePretrain, func() (Training, error) { return r.labelled(start) })
}

func (r *Run) labelled(start Weights) (Training, error) {
	byStudy, err := r.Corpus.Set.Findings()
	if err != nil {
		return Training{}, err
	}
	images := r.Corpus.Images(dataset.Train, func(i *dataset.Image) bool { _, ok := byStudy[i.Study]; return ok })
	var names []string
	for _, image := range images {
		names = append(names, byStudy[r.Corpus.Set.Images[image].Study]...)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) == 0 {
		return Training{}, errors.New("method supervised: the data set lists no findings of its training images")
	}
	e := nn.NewEncoder(r.Trial)
	p := &nn.Parameters{Seed: r.Trial.Seed}
	e.Params(p)
	p.Linear("labels", e.Width, 2*len(names))
	d := newDealer(r.Trial, images, 1)
	program := func(o engine.Ops) []engine.Value {
		logits := nn.Linear(o, "labels", o.Mean(e.Forward(o, o.Input("patches")), 1)) // [I, 2K]
		rows := logits.Shape()[0] * len(names)
		return []engine.Value{o.CrossEntropy(o.Reshape(logits, rows, 2), "present", "weights", 0)}
	}
	return Training{
		Params: p.List, Start: start, Steps: r.steps(), Ahead: true,
		Batch: func(_ engine.Session, step int) (Batch, error) {
			var list []int
			var present []int32
			for _, one := range d.of(step) {
				list = append(list, one.image)
				has := byStudy[r.Corpus.Set.Images[one.image].Study]
				for _, name := range names {
					label := int32(0)
					if slices.Contains(has, name) {
						label = 1
					}
					present = append(present, label)
				}
			}
			in := engine.Inputs{"patches": r.Corpus.Patches(list), "present": engine.Ints(present, len(present)), "weights": engine.Floats(nn.Ones(len(present)), len(present))}
			key := fmt.Sprintf("supervised %d", len(names))
			return Batch{Images: len(list), Sequences: len(list), Parts: []Part{{key, program, in}}}, nil
		},
	}, nil
}
