package model

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"harness/metrics"
	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// generateRows is the number of sequences generated side by side; beams count.
const generateRows = 64

// regionSample is one region of a test image.
type regionSample struct {
	image  int
	region *dataset.Region
	box    [4]int // quantised
}

func (s regionSample) id(c *corpus.Corpus) string {
	return c.Set.Images[s.image].ID + "_" + s.region.Name
}

// regions tests what the trial predicts of regions.
func (r *trialRun) regions(ctx context.Context, weights method.Weights, f *features) error {
	if !r.trial.PredictsRegions() {
		return nil
	}
	var prompts [][]int32
	var answers []int
	for _, s := range testRegions(r.corpus, r.trial.Eval.Regions) {
		name, box, phrase := r.corpus.IDs(corpus.CAREFPrompt(s.region.Name)), r.corpus.IDs(corpus.GCAPPrompt(nn.BoxText(s.box))), len(r.corpus.IDs(s.region.Phrase))
		if r.trial.Pretrain.Tasks.Has(spec.CAREF) {
			prompts, answers = append(prompts, name), append(answers, min(phrase+len(box), r.trial.Pretrain.MaxPhrase))
		}
		if r.trial.Pretrain.Tasks.Has(spec.GCAP) {
			prompts, answers = append(prompts, box), append(answers, min(phrase, r.trial.Pretrain.MaxPhrase))
		}
	}
	defer r.limitTo(&r.trial.Pretrain.MaxPhrase, answers)()
	return r.phase(spec.PhaseRegions, decoded(prompts, answers), func() error { return r.testRegions(ctx, weights, f) })
}

// testRegions tests the pretrained captioner on test regions (paper 4.2): GCAP, a phrase for a box, and CAREF, a box for
// a region's name. AREF is not tested: the same phrase may be true of several regions. Decoding is greedy.
func (r *trialRun) testRegions(ctx context.Context, weights method.Weights, f *features) error {
	if !r.trial.PredictsRegions() {
		return nil
	}
	samples := testRegions(r.corpus, r.trial.Eval.Regions)
	if len(samples) == 0 {
		return r.rec.Note("regions/blank", "no test image has regions")
	}
	if err := r.meanBoxes(samples); err != nil {
		return err
	}
	tasks := r.trial.Pretrain.Tasks
	if tasks&(spec.GCAP|spec.CAREF) == 0 {
		return nil
	}
	c := method.NewCaptioner(r.trial, r.corpus.Tok.Size())
	session, err := method.OpenSession(r.engine, r.methodRun().CaptionerParams(c), weights, method.Everything)
	if err != nil {
		return err
	}
	defer session.Close()
	if tasks.Has(spec.CAREF) {
		texts, err := r.generateRegions(ctx, session, c, f, samples, "caref", func(s regionSample) string { return corpus.CAREFPrompt(s.region.Name) })
		if err != nil {
			return err
		}
		if err := r.scoreBoxes("", samples, texts); err != nil {
			return err
		}
	}
	if tasks.Has(spec.GCAP) {
		texts, err := r.generateRegions(ctx, session, c, f, samples, "gcap", func(s regionSample) string { return corpus.GCAPPrompt(nn.BoxText(s.box)) })
		if err != nil {
			return err
		}
		return r.scorePhrases(ctx, samples, texts)
	}
	return nil
}

// testRegions lists the test regions, at most limit of them when it is not 0: the same ones for every trial.
func testRegions(c *corpus.Corpus, limit int) []regionSample {
	var all []regionSample
	for i := range c.Set.Images {
		image := &c.Set.Images[i]
		if image.RegionSplit != dataset.Test {
			continue
		}
		for k := range image.Regions {
			if box, ok := corpus.Quantised(image, &image.Regions[k]); ok {
				all = append(all, regionSample{i, &image.Regions[k], box})
			}
		}
	}
	return firstOf(all, limit, "test.regions")
}

// firstOf takes limit of the samples in an order that depends on their number alone; 0 takes all.
func firstOf[T any](all []T, limit int, purpose string) []T {
	if limit == 0 || limit >= len(all) {
		return all
	}
	picked := make([]T, limit)
	for i, k := range corpus.Shuffled(len(all), 0, purpose, 0)[:limit] {
		picked[i] = all[k]
	}
	return picked
}

// generateRegions generates greedily behind each sample's prompt. Prompts of one length go together.
func (r *trialRun) generateRegions(ctx context.Context, session engine.Session, c nn.Captioner, f *features, samples []regionSample,
	task string, prompt func(regionSample) string) ([]string, error) {
	eos := r.corpus.EOS()
	prompts := make([][]int32, len(samples))
	for i, s := range samples {
		prompts[i] = append([]int32{eos}, r.corpus.IDs(prompt(s))...)
	}
	longest := c.Decoder.MaxPositionEmbeddings
	g := nn.Generator{Session: session, Name: "region", Prompt: c.Prompt, Next: c.Next, Memory: f.tokens}
	r.fix(&g, prompts, 0, min(longestOf(prompts).Length+r.trial.Pretrain.MaxPhrase, longest))
	rows := r.methodRun().Rows(generateRows, len(samples))
	texts := make([]string, len(samples))
	done := 0
	for _, batch := range byLength(prompts, generateRows) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		var images []int
		var batchPrompts [][]int32
		for _, k := range method.Filled(batch, rows) {
			images, batchPrompts = append(images, samples[k].image), append(batchPrompts, prompts[k])
		}
		g.Search = nn.Search{Beams: 1, MaxTokens: min(r.trial.Pretrain.MaxPhrase, longest-len(batchPrompts[0])), Penalty: 1, EOS: eos}
		encoded, err := f.of(images)
		if err != nil {
			return nil, err
		}
		found, err := g.Run(engine.Inputs{"encoded": encoded}, batchPrompts, 0)
		if err != nil {
			return nil, fmt.Errorf("%s: generate: %w", task, err)
		}
		for i, k := range batch {
			texts[k] = r.corpus.Tok.Decode(nn.ToInt(found[i][0].Tokens))
		}
		done += len(batch)
		r.rec.Progress(task, done, len(samples), nan)
	}
	return texts, nil
}

// fix keeps the shapes of a generator the same for all prompts, on an engine that compiles a program for each; positions is the number that
// prompts and answers may take behind the first offset ones.
func (r *trialRun) fix(g *nn.Generator, prompts [][]int32, offset, positions int) {
	if r.methodRun().Native() {
		return
	}
	g.Constant, g.Positions, g.First = true, offset+positions, len(prompts[0])
	for _, prompt := range prompts {
		g.First = min(g.First, len(prompt))
	}
}

// byLength groups the indices of prompts of the same length, at most limit together, in order of length.
func byLength(prompts [][]int32, limit int) [][]int {
	order := make([]int, len(prompts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(prompts[a]) - len(prompts[b]) })
	var groups [][]int
	for _, k := range order {
		last := len(groups) - 1
		if last < 0 || len(groups[last]) == limit || len(prompts[groups[last][0]]) != len(prompts[k]) {
			groups = append(groups, nil)
			last++
		}
		groups[last] = append(groups[last], k)
	}
	return groups
}

// inBins is a region's true box in the space of the 448 bins, unquantised: predictions are compared with it.
func (s regionSample) inBins(c *corpus.Corpus) metrics.Box {
	image := &c.Set.Images[s.image]
	return dataset.ToBins(s.region.Box, image.Width, image.Height)
}

// scoreBoxes records Acc@0.5, Acc@0.75 and mean IoU, overall and by region, of the boxes written in texts.
func (r *trialRun) scoreBoxes(control string, samples []regionSample, texts []string) error {
	boxes := make([]metrics.BoxSample, len(samples))
	for i, s := range samples {
		pred, ok := metrics.ParseBox(texts[i])
		boxes[i] = metrics.BoxSample{Region: s.region.Name, Pred: pred, Ref: s.inBins(r.corpus), OK: ok}
		r.predictions.add(prediction{Task: "caref", Control: control, ID: s.id(r.corpus), Question: corpus.CAREFPrompt(s.region.Name),
			Hyp: texts[i], Refs: []string{s.region.Phrase + " " + nn.BoxText(s.box)}})
	}
	prefix := recordedPrefix("caref", control)
	all := metrics.ScoreBoxes(boxes)
	points := []point{{prefix + "acc50", 0, all.Acc50}, {prefix + "acc75", 0, all.Acc75}, {prefix + "iou", 0, all.MeanIoU}, {prefix + "parsed", 0, all.Parsed}}
	for _, row := range metrics.ScoreRegions(boxes) {
		points = append(points, point{prefix + "acc50/" + row.Region, 0, row.Acc50}, point{prefix + "acc75/" + row.Region, 0, row.Acc75})
	}
	return recordPoints(r.rec, points)
}

// meanBoxes is the control of CAREF: for each region the mean of its training boxes, the same for every image.
func (r *trialRun) meanBoxes(samples []regionSample) error {
	mean := r.corpus.MeanBoxes()
	texts := make([]string, len(samples))
	for i, s := range samples {
		box, ok := mean[s.region.Name]
		if !ok {
			continue // a region that training has never seen: no box, a miss
		}
		var q [4]int
		for c, v := range box {
			q[c] = int(v + 0.5)
		}
		texts[i] = nn.BoxText(q)
	}
	return r.scoreBoxes("mean-box", samples, texts)
}

// scorePhrases records the caption metrics of GCAP (paper Table 1).
func (r *trialRun) scorePhrases(ctx context.Context, samples []regionSample, texts []string) error {
	list := make([]metrics.Sample, len(samples))
	for i, s := range samples {
		p := prediction{Task: "gcap", ID: s.id(r.corpus), Question: corpus.GCAPPrompt(nn.BoxText(s.box)), Hyp: strings.TrimSpace(texts[i]), Refs: []string{s.region.Phrase}}
		list[i] = metrics.Sample{ID: p.ID, Hyp: p.Hyp, Refs: p.Refs}
		r.predictions.add(p)
	}
	return r.scoreTexts(ctx, "gcap", "", list)
}
