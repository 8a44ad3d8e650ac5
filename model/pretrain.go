package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"

	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/spec"
	"harness/model/tokenizer"
)

// pretrain returns the weights of the trial's first stage: trained now, or by an earlier trial.
func (r *trialRun) pretrain(ctx context.Context) (map[string]engine.Tensor, error) {
	start, err := r.pretrainedEncoder()
	if err != nil {
		return nil, err
	}
	if r.trial.Method == spec.Untrained {
		p := &parameters{seed: r.trial.Seed}
		newEncoder(r.trial).params(p)
		return merged(start, valuesOf(p.list)), nil
	}
	st, err := openStage(ctx, r.env.Home, r.trial, spec.StagePretrain, r.rec)
	if err != nil {
		return nil, err
	}
	defer st.close()
	if st.done() {
		if err := st.reuse(r.rec, r.env.Build); err != nil {
			return nil, err
		}
		return st.weights()
	}
	method, err := r.method(ctx)
	if err != nil {
		return nil, err
	}
	session, err := r.openSession(method.params, merged(method.weights, start), method.frozen)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	method.loop.name = "pretrain"
	method.loop.opt = r.trial.Pretrain.Optimizer
	if err := train(ctx, session, st, method.loop, r.rec); err != nil {
		return nil, err
	}
	weights, err := parametersOf(session, everything)
	if err != nil {
		return nil, err
	}
	return weights, st.finish(weights, map[string]string{"trial": string(r.trial.Canonical()), buildKey: r.env.Build})
}

// method is what distinguishes the ways to pretrain an encoder: the parameters of the stage's model, with weights to
// start from and to freeze where there are any, and its loop.
type method struct {
	params  []engine.Param
	weights map[string]engine.Tensor
	frozen  func(name string) bool
	loop    loop
}

func (r *trialRun) method(ctx context.Context) (method, error) {
	switch r.trial.Method {
	case spec.LocationAware:
		return r.locationAware(r.trial.Pretrain.Tasks)
	case spec.CapPa:
		return r.locationAware(spec.CAP)
	case spec.GlobalContrastive:
		return r.globalContrastive()
	case spec.RegionalContrastive:
		return r.regionalContrastive()
	case spec.BLIP2:
		return r.blip2(ctx)
	}
	return method{}, fmt.Errorf("method %q cannot be trained", r.trial.Method)
}

func valuesOf(params []engine.Param) map[string]engine.Tensor {
	values := map[string]engine.Tensor{}
	for _, p := range params {
		values[p.Name] = p.Tensor
	}
	return values
}

// locationAware is generative pretraining on the given tasks (paper 3.1, 3.2.2). Each image of a step is encoded once,
// and one sequence of each task is decoded from it.
func (r *trialRun) locationAware(tasks spec.Tasks) (method, error) {
	images := r.corpus.trainable(tasks)
	if len(images) == 0 {
		return method{}, fmt.Errorf("no training image has what the tasks %s need", tasks)
	}
	p := r.trial.Pretrain
	steps := totalSteps(p.Steps, p.Epochs, len(images), p.BatchSize)
	c := r.captioner()
	sample := newSampler(len(images), p.BatchSize, r.trial.Seed, "pretrain.images")
	return method{
		params: c.params(r.trial.Seed, r.tokenTable("decoder.token", c.decoder.Width, 1)),
		loop: loop{
			steps: steps,
			program: func(int) (string, engine.Program) {
				groups := groupsOf(tasks)
				return "pretrain " + strings.Join(groups, " "), c.loss(groups)
			},
			batch: func(step int) (engine.Inputs, error) {
				rng := randomOf(r.trial.Seed, "pretrain.samples", step)
				return r.captionBatch(c, tasks, pick(images, sample.of(step)), rng), nil
			},
		},
	}, nil
}

func (r *trialRun) captioner() captioner {
	return captioner{encoder: newEncoder(r.trial), decoder: newDecoder(r.trial, r.corpus.tok.Size())}
}

func groupsOf(tasks spec.Tasks) []string {
	var groups []string
	if tasks.Has(spec.CAP) {
		groups = append(groups, captionGroup)
	}
	if tasks&^spec.CAP != 0 {
		groups = append(groups, regionGroup)
	}
	return groups
}

// captionBatch makes the inputs of a step: a caption of each image that has one, and for each location task one region
// of each image that has regions, drawn at random.
func (r *trialRun) captionBatch(c captioner, tasks spec.Tasks, images []int, rng *rand.Rand) engine.Inputs {
	in := engine.Inputs{"patches": r.corpus.patches(images)}
	groups := map[string][]sequence{}
	for i, image := range images {
		for _, task := range tasks.List() {
			s, ok := r.taskSequence(c, task, &r.corpus.set.Images[image], rng)
			if !ok {
				continue
			}
			s.image = i
			group := regionGroup
			if task == spec.CAP {
				group = captionGroup
			}
			groups[group] = append(groups[group], s)
		}
	}
	var targets []int32
	var weights []float32
	eos := int32(r.corpus.tok.EOS())
	for _, name := range groupsOf(tasks) {
		list := groups[name]
		if len(list) == 0 { // possible where few images have regions: one token without weight keeps the shapes
			list = []sequence{{ids: []int32{eos}, causal: true}}
		}
		t, w := collate(in, name, list, eos, r.step(), c.decoder.MaxPositionEmbeddings)
		targets, weights = append(targets, t...), append(weights, w...)
	}
	setTargets(in, targets, weights)
	return in
}

// taskSequence is one sample of a task from an image, false where the image has nothing for it.
func (r *trialRun) taskSequence(c captioner, task spec.Tasks, image *dataset.Image, rng *rand.Rand) (sequence, bool) {
	p := r.trial.Pretrain
	eos := int32(r.corpus.tok.EOS())
	var prefix, body string
	limit := p.MaxPhrase
	if task == spec.CAP {
		if image.Caption == "" || image.Split != dataset.Train {
			return sequence{}, false
		}
		prefix, body = capText(image.Caption)
		limit = p.MaxReport
	} else {
		region, box, ok := drawRegion(image, rng)
		if !ok {
			return sequence{}, false
		}
		prefix, body = regionText(task, region.Name, region.Phrase, box)
	}
	prefixIDs, bodyIDs := r.corpus.text.ids(prefix), r.corpus.text.ids(body)
	if r.parallel(task) > 0 && rng.Float64() < r.parallel(task) {
		return parallelSequence(eos, eos, c.decoder.mask(), prefixIDs, bodyIDs, limit), true
	}
	return causalSequence(eos, eos, prefixIDs, bodyIDs, limit), true
}

// parallel is the share of a task's samples that is predicted in parallel (FACTS 6 #17). CapPa's own is 0.75.
func (r *trialRun) parallel(task spec.Tasks) float64 {
	if task == spec.CAP || r.trial.Pretrain.ParallelScope == "all" {
		return r.trial.Pretrain.ParallelRatio
	}
	return 0
}

// drawRegion picks one of an image's regions whose box survives quantising.
func drawRegion(image *dataset.Image, rng *rand.Rand) (*dataset.Region, [4]int, bool) {
	if len(image.Regions) == 0 || image.RegionSplit != dataset.Train {
		return nil, [4]int{}, false
	}
	region := &image.Regions[rng.IntN(len(image.Regions))]
	box, ok := quantised(image, region)
	return region, box, ok
}

// trainable lists the training images that have something for one of the tasks.
func (c *corpus) trainable(tasks spec.Tasks) []int {
	var list []int
	for i := range c.set.Images {
		image := &c.set.Images[i]
		caption := tasks.Has(spec.CAP) && image.Split == dataset.Train && image.Caption != ""
		region := tasks&^spec.CAP != 0 && image.RegionSplit == dataset.Train && len(image.Regions) > 0
		if caption || region {
			list = append(list, i)
		}
	}
	return list
}

// used reports whether a later stage looks at the image.
func (c *corpus) used(image int) bool {
	i := &c.set.Images[image]
	return i.Split != dataset.None || i.RegionSplit != dataset.None
}

// tokenStd is the spread of a token table's first values.
const tokenStd = 0.08

// tokenTable is the first value of a token table [V+extra, d]: random rows, but those of the whole numbers up to 447
// are drawn close to their neighbours', since they name places in the image (RECIPE 2: ordinal coordinates).
func (r *trialRun) tokenTable(name string, width, extra int) []float32 {
	p := &parameters{seed: r.trial.Seed}
	vocab := r.corpus.tok.Size()
	p.normal(name, tokenStd, vocab+extra, width)
	table := p.list[0].Tensor.F32
	for id := range vocab {
		if v, ok := coordinate(r.corpus.tok, id); ok {
			mixOrdinal(table[id*width:][:width], v)
		}
	}
	return table
}

// coordinate reads a token that is a whole number 0 … 447, with or without a space before it.
func coordinate(tok tokenizer.Tokenizer, id int) (int, bool) {
	text := strings.TrimPrefix(tok.Decode([]int{id}), " ")
	v, err := strconv.Atoi(text)
	return v, err == nil && v >= 0 && v < 448 && strconv.Itoa(v) == text
}
