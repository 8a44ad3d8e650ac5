package method

import (
	"context"
	"fmt"
	"slices"

	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// RG-AG, Dalla Serra et al. 2025 (arXiv 2505.16624): a report generator writes a report of each image, and an answer generator answers
// from the visual tokens of both images, the reports and the question. As published: images are read as one token an anatomical region,
// by generator and answerer alike; a region's tokens of both images are projected together (the longitudinal projection module, here two
// layers); the report generator is trained on findings and impression; the answerer reads reports that were generated, not those of
// radiologists.
//
// What differs, and why:
//   - Regions are read at their mean box in the training images, the same in each image, since there is no detector. Published: boxes
//     and features of 36 regions from a Faster R-CNN that was trained beforehand on the regions and 71 findings of them. Here are the 29
//     regions of the other rows.
//   - The vision encoder is the one of all rows, trained with the report generator, from scratch and on as many images and texts as the
//     encoders of the other rows see. Parallel prediction is off: the generator must write.
//   - Reports are of one image each, since captions leave out what refers to an earlier one; an answer follows those of both images.
//   - The answerer is the LM of all rows over frozen tokens, with the settings of difference VQA. Published: projection and
//     transformer of 68 M parameters, of the same form in both steps.
//   - Reports of training images are of images that the generator has been trained on, those of test images are not: the
//     training images serve both steps.
//   - A report has at most pretrain.max_report tokens. Question and answer keep lm.text_positions to themselves: the LM has as many
//     positions more as two reports take.

// reportGenerator trains the encoder and the decoder that writes reports.
func reportGenerator(ctx context.Context, r *Run, start Weights) (Weights, error) {
	return r.Train(ctx, r.Trial, spec.StagePretrain, func() (Training, error) { return r.reportTraining(start) })
}

func (r *Run) reportTraining(start Weights) (Training, error) {
	b, err := r.generatorBoxes()
	if err != nil {
		return Training{}, err
	}
	causal := *r
	causal.Trial.Pretrain.ParallelRatio = 0
	s, err := causal.captioning(r.reportCaptioner(), spec.CAP, start)
	if err != nil {
		return Training{}, err
	}
	batch := s.Batch
	s.Batch = func(session engine.Session, step int) (Batch, error) {
		one, err := batch(session, step)
		for _, part := range one.Parts {
			b.add(part.Inputs, part.Inputs["patches"].Shape[0])
		}
		return one, err
	}
	return s, nil
}

// reportCaptioner is the model that writes reports.
func (r *Run) reportCaptioner() nn.Captioner {
	c := NewCaptioner(r.Trial, r.Corpus.Tok.Size())
	c.Read = anatomy.Read
	return c
}

var anatomy = nn.Anatomy{Regions: len(dataset.RegionNames)}

// generatorBoxes are where both generators read the regions. One that training has never seen is the whole image.
func (r *Run) generatorBoxes() (regionBoxes, error) {
	side := nn.Square(nn.NewEncoder(r.Trial).Tokens)
	return r.meanBoxes(side, [4]float32{0, 0, float32(side), float32(side)})
}

// Prompts come in few lengths, for engines that compile a graph for each: they are filled up to a multiple of promptStep, at the front.
// reportHeads bounds the tokens of the words before the reports, and of that filling.
const (
	promptStep  = 16
	reportHeads = 48
)

// answerGenerator answers from reports and regions.
func answerGenerator(t spec.Trial, vocab int) Answerer {
	lm := nn.NewLanguageModel(t, vocab, anatomy.Regions)
	lm.MaxPositionEmbeddings += 2*t.Pretrain.MaxReport + reportHeads
	encoder := nn.NewEncoder(t)
	return Answerer{
		Model: nn.Answerer{
			Adapter:   nn.LongitudinalAdapter{Anatomy: anatomy, Width: encoder.Width, Out: lm.Width},
			LM:        lm,
			Smoothing: t.DiffVQA.LabelSmoothing,
		},
		LM: lm, Tokens: encoder.Tokens, Prepare: readReports,
	}
}

// readReports has the reports of all images written.
func readReports(ctx context.Context, r *Run, weights Weights, _ []dataset.Pair) (Reading, error) {
	boxes, err := r.generatorBoxes()
	if err != nil {
		return Reading{}, err
	}
	asked := r.asked()
	kept, err := r.Keep(ctx, r.Trial, spec.StageReports, asked, func(images []int) (Weights, error) { return r.writeReports(ctx, weights, boxes, images) })
	if err != nil {
		return Reading{}, err
	}
	reports := reportsOf(kept, r.Corpus.EOS())
	for _, image := range asked {
		if _, ok := reports[image]; !ok {
			return Reading{}, fmt.Errorf("reports: none of image %s", r.Corpus.Set.Images[image].ID)
		}
	}
	return Reading{
		Images: func(in engine.Inputs, pairs []dataset.Pair) { boxes.add(in, 2*len(pairs)) },
		Prompt: func(pair dataset.Pair, question []int32) []int32 {
			return r.reportPrompt(reports[pair.Ref], reports[pair.Main], question)
		},
	}, nil
}

// reportPrompt is both reports and the question.
func (r *Run) reportPrompt(reference, main, question []int32) []int32 {
	text := slices.Concat(r.Corpus.IDs(" reference image:"), reference, r.Corpus.IDs(" main image:"), main, question)
	missing := (promptStep - len(text)%promptStep) % promptStep
	return append(slices.Repeat([]int32{r.Corpus.EOS()}, missing), text...)
}

// asked lists the images that a question of training or a pair of the test may show, in order.
func (r *Run) asked() []int {
	seen := make([]bool, len(r.Corpus.Set.Images))
	for _, list := range [][]dataset.Pair{r.Corpus.Set.Pairs, r.Corpus.Set.Questions} {
		for _, q := range list {
			if q.Split == dataset.Val || q.Split == dataset.None {
				continue
			}
			seen[q.Main] = true
			if q.Ref >= 0 {
				seen[q.Ref] = true
			}
		}
	}
	var images []int
	for i, yes := range seen {
		if yes {
			images = append(images, i)
		}
	}
	return images
}

// reportRows is the number of reports that are written side by side.
const reportRows = 64

// The result of the stage reports: the images, and row by row their reports, followed by EOS.
const (
	reportImages = "images"
	reportTokens = "reports"
)

// writeReports writes a report of each image: greedily, so that it depends on image and weights alone. A stop
// loses what was written, which takes a small part of the time that the weights took.
func (r *Run) writeReports(ctx context.Context, weights Weights, boxes regionBoxes, images []int) (Weights, error) {
	c, eos := r.reportCaptioner(), r.Corpus.EOS()
	session, err := OpenSession(r.Engine, r.CaptionerParams(c), weights, Everything)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	prefix := append([]int32{eos}, r.Corpus.IDs("Cap:")...)
	g := nn.Generator{
		Session: session, Name: "report", Prompt: c.Prompt, Next: c.Next, Memory: anatomy.Regions, Constant: !r.Native(), // all prompts are the same
		Search: nn.Search{Beams: 1, MaxTokens: min(r.Trial.Pretrain.MaxReport+1, c.Decoder.MaxPositionEmbeddings-len(prefix)), Penalty: 1, EOS: eos},
	}
	encode := func(o engine.Ops) []engine.Value { return []engine.Value{c.Encoder.Forward(o, o.Input("patches"))} }
	count := r.Rows(reportRows, len(images))
	var tokens []int32
	for batch := range slices.Chunk(images, reportRows) {
		rows := Filled(batch, count)
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		out, err := session.Run("report encode", encode, engine.Inputs{"patches": r.Corpus.Patches(rows)})
		if err != nil {
			return nil, fmt.Errorf("reports: encode images: %w", err)
		}
		in := engine.Inputs{"encoded": out[0]}
		boxes.add(in, len(rows))
		found, err := g.Run(in, slices.Repeat([][]int32{prefix}, len(rows)), 0)
		if err != nil {
			return nil, fmt.Errorf("reports: generate: %w", err)
		}
		for _, hypotheses := range found[:len(batch)] {
			tokens = append(tokens, reportRow(hypotheses[0].Tokens, eos, r.Trial.Pretrain.MaxReport)...)
		}
		r.Progress(spec.StageReports, len(tokens)/(r.Trial.Pretrain.MaxReport+1), len(images))
	}
	return Weights{
		reportImages: engine.Ints(nn.ToInt32(images), len(images)),
		reportTokens: engine.Ints(tokens, len(images), r.Trial.Pretrain.MaxReport+1),
	}, nil
}

// ReferenceReports are, in the form of the stage reports, those that people have written, for who counts what reading them takes.
func (r *Run) ReferenceReports() Weights {
	images, limit := r.asked(), r.Trial.Pretrain.MaxReport
	var tokens []int32
	for _, image := range images {
		tokens = append(tokens, reportRow(r.Corpus.IDs(corpus.CapBody(r.caption(image))), r.Corpus.EOS(), limit)...)
	}
	return Weights{reportImages: engine.Ints(nn.ToInt32(images), len(images)), reportTokens: engine.Ints(tokens, len(images), limit+1)}
}

// reportRow is a report of at most limit tokens, filled with EOS to one more than limit.
func reportRow(report []int32, eos int32, limit int) []int32 {
	row := slices.Repeat([]int32{eos}, limit+1)
	copy(row, report[:min(len(report), limit)])
	return row
}

// reportsOf are the reports of the stage by image, each up to its EOS.
func reportsOf(kept Weights, eos int32) map[int][]int32 {
	reports := map[int][]int32{}
	tokens := kept[reportTokens]
	for i, image := range kept[reportImages].I32 {
		row := tokens.I32[i*tokens.Shape[1]:][:tokens.Shape[1]]
		reports[int(image)] = row[:slices.Index(row, eos)]
	}
	return reports
}
