package method

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// locationAware is the paper's method: generative pretraining on captions and on the three location tasks (3.1, 3.2.2).
func locationAware(ctx context.Context, r *Run, start Weights) (Weights, error) {
	return r.Train(ctx, r.Trial, spec.StagePretrain, func() (Training, error) { return r.generative(r.Trial.Pretrain.Tasks, start) })
}

// NewCaptioner is the model that generative pretraining trains.
func NewCaptioner(t spec.Trial, vocab int) nn.Captioner {
	return nn.Captioner{Encoder: nn.NewEncoder(t), Decoder: nn.NewDecoder(t, vocab)}
}

// CaptionerParams are its parameters with their first values.
func (r *Run) CaptionerParams(c nn.Captioner) []engine.Param {
	return c.Params(r.Trial.Seed, nn.TokenTable(r.Trial, r.Corpus.Tok, "decoder.token", c.Decoder.Width, 1))
}

// generative is generative pretraining on the given tasks. An image of a step is encoded once; from it are decoded one sequence of
// each task, or of one of them (spec.PerImage).
func (r *Run) generative(tasks spec.Tasks, start Weights) (Training, error) {
	return r.captioning(NewCaptioner(r.Trial, r.Corpus.Tok.Size()), tasks, start)
}

// captioning is generative pretraining of the captioner c.
func (r *Run) captioning(c nn.Captioner, tasks spec.Tasks, start Weights) (Training, error) {
	texts, err := r.captionDealer(c, tasks)
	if err != nil {
		return Training{}, err
	}
	groups, parts := groupsOf(tasks), max(r.Trial.Pretrain.Accumulate, 1)
	padding, err := r.captionPadding(c, tasks, parts)
	if err != nil {
		return Training{}, err
	}
	key := "pretrain " + strings.Join(groups, " ")
	return Training{
		Params: r.CaptionerParams(c),
		Start:  start,
		Steps:  r.steps(),
		Ahead:  true,
		Batch: func(_ engine.Session, step int) (Batch, error) {
			all := texts(step)
			b := Batch{Images: len(all.images), Sequences: all.sequences()}
			for _, part := range all.split(parts) {
				in := r.captionInputs(part, groups, padding.Rooms(part.rooms(groups, r.Corpus.EOS())))
				b.Parts = append(b.Parts, Part{key, c.Loss(groups), in})
			}
			b.accumulate()
			return b, nil
		},
	}, nil
}

func groupsOf(tasks spec.Tasks) []string {
	var groups []string
	if tasks.Has(spec.CAP) {
		groups = append(groups, nn.CaptionGroup)
	}
	if tasks&^spec.CAP != 0 {
		groups = append(groups, nn.RegionGroup)
	}
	return groups
}

// use is an image of a step and the tasks that it is used for.
type use struct {
	image int
	tasks []spec.Tasks
}

// taskDealer says which images a step sees, and for which tasks.
func (r *Run) taskDealer(tasks spec.Tasks) (func(step int) []use, error) {
	list := tasks.List()
	if r.Trial.Pretrain.PerImage == spec.PerImageOne && len(list) > 1 {
		return r.oneTaskDealer(list)
	}
	images := r.Corpus.Trainable(tasks)
	if len(images) == 0 {
		return nil, fmt.Errorf("no training image has what the tasks %s need", tasks)
	}
	d := newDealer(r.Trial, images, len(list))
	return func(step int) []use {
		var uses []use
		for _, one := range d.of(step) {
			uses = append(uses, use{one.image, list[one.from:one.to]})
		}
		return uses
	}, nil
}

// oneTaskDealer gives each image of a step one task; the tasks take turns, and each has an order of images of its own (paper 4.1:
// equally many samples from each task).
func (r *Run) oneTaskDealer(tasks []spec.Tasks) (func(step int) []use, error) {
	images, samplers := make([][]int, len(tasks)), make([]*corpus.Sampler, len(tasks))
	for i, task := range tasks {
		if images[i] = r.Corpus.Trainable(task); len(images[i]) == 0 {
			return nil, fmt.Errorf("no training image has what the task %s needs", task)
		}
		samplers[i] = corpus.NewSampler(len(images[i]), r.Trial.Seed, "pretrain.images."+task.String())
	}
	batch := r.Trial.Pretrain.BatchSize
	return func(step int) []use {
		uses := make([]use, batch)
		for i := range uses {
			at := (step-1)*batch + i
			k, place := at%len(tasks), at/len(tasks)
			uses[i] = use{images[k][samplers[k].Range(place, place+1)[0]], tasks[k : k+1]}
		}
		return uses
	}, nil
}

// taskSequence is one sample of a task from an image, false where the image has nothing for it.
func (r *Run) taskSequence(c nn.Captioner, task spec.Tasks, image *dataset.Image, rng *rand.Rand) (nn.Sequence, bool) {
	p := r.Trial.Pretrain
	var region *dataset.Region
	var box [4]int
	if task == spec.CAP {
		if image.Caption == "" || image.Split != dataset.Train {
			return nn.Sequence{}, false
		}
	} else {
		var ok bool
		if region, box, ok = corpus.DrawRegion(image, rng); !ok {
			return nn.Sequence{}, false
		}
	}
	share := parallelShare(p, task)
	parallel := share > 0 && rng.Float64() < share
	var prefix, body []int32
	limit := p.MaxPhrase
	if task == spec.CAP {
		limit = p.MaxReport
		head, text := corpus.CapText(image.Caption)
		prefix, body = r.Corpus.IDs(head), r.Corpus.IDs(text)
	} else {
		most := limit
		if parallel {
			most-- // EOS needs one of the masks
		}
		prefix, body = r.Corpus.RegionIDs(task, region.Name, region.Phrase, box, most)
	}
	eos := r.Corpus.EOS()
	if parallel {
		return nn.ParallelSequence(eos, eos, c.Decoder.Mask(), prefix, body, limit), true
	}
	return nn.CausalSequence(eos, eos, prefix, body, limit), true
}

// parallelShare is the share of a task's samples that is predicted in parallel (FACTS 6 #17). CapPa's own is 0.75.
func parallelShare(p spec.Pretrain, task spec.Tasks) float64 {
	if task == spec.CAP || p.ParallelScope == "all" {
		return p.ParallelRatio
	}
	return 0
}
