package method

import (
	"harness/model/corpus"
	"harness/model/spec"
)

// drawn is an image of a step and which of its texts the step takes: from … to-1, counted from 0.
type drawn struct{ image, from, to int }

// dealer deals the images of a pretraining stage out, so that every step holds as many samples as the trial says.
type dealer struct {
	images  []int
	sampler *corpus.Sampler
	texts   int // of an image
	batch   int
	equal   spec.Equal
}

func newDealer(t spec.Trial, images []int, texts int) dealer {
	return dealer{images, corpus.NewSampler(len(images), t.Seed, "pretrain.images"), texts, t.Pretrain.BatchSize, t.Pretrain.Equal}
}

// of is what step 1, 2, … sees. Where sequences are counted, a step may end between two texts of an image: the next one goes on there.
func (d dealer) of(step int) []drawn {
	var list []drawn
	if d.equal != spec.EqualSequences {
		for _, k := range d.sampler.Batch(step, d.batch) {
			list = append(list, drawn{d.images[k], 0, d.texts})
		}
		return list
	}
	from, to := (step-1)*d.batch, step*d.batch // sequences
	first := from / d.texts
	for i, k := range d.sampler.Range(first, (to+d.texts-1)/d.texts) {
		start := (first + i) * d.texts
		list = append(list, drawn{d.images[k], max(from-start, 0), min(to-start, d.texts)})
	}
	return list
}

// steps is the length of pretraining.
func (r *Run) steps() int { return r.Trial.PretrainSteps(len(r.Corpus.Trainable(spec.AllTasks))) }

// caption is the report of an image, "" where it has none.
func (r *Run) caption(image int) string { return r.Corpus.Set.Images[image].Caption }
