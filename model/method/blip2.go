package method

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"harness/model/corpus"
	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// blip2 connects a frozen vision encoder to an LM through a Q-Former (paper 4.2.1; FACTS 3.4; Li et al. 2023, arXiv 2301.12597, and
// the authors' code in salesforce/LAVIS). The encoder is that of the trial's global-contrastive twin, whose stage it trains or
// shares: the analogue of the CLIP encoder of the original.
//
// As published: the Q-Former's masks, layers and marks; the three losses of the first stage with equal weights, label smoothing 0.1 and
// hard negatives (blip2_negatives.go); the second stage, in which the queries become a prefix of the LM, with no prompt; 32
// queries and BERT-base's sizes at preset paper.
//
// Otherwise: the small presets have the decoder's sizes and 16 queries. The Q-Former starts at random, not from BERT, so its blocks
// are pre-layer-norm as all others of this program; the output layer is the tied token table without BERT's transform. The
// encoder's own last norm, frozen, stands for the original's trained one. The temperature is learned through its inverse.
// An image with an equal report is never a negative for matching: reports repeat more than captions do. Texts are the trial's tokens,
// and the LM's begins with EOS. Optimiser and batch are those of the other methods.
//
// The LM of the second stage is frozen where it starts from published weights, as in the original. One that starts at random
// has no language that the queries could learn to speak: it is trained with them, and difference VQA goes on from it. There, Q-Former,
// projection and LM are trained, and the encoder stays frozen (paper 3.4).
//
// Samples: the encoder's stage sees as many as any other method's, in the same order. Each of the two stages of the Q-Former sees as many
// again, with the encoder frozen.
func blip2(ctx context.Context, r *Run, start Weights) (Weights, error) {
	encoder, err := r.twinEncoder(ctx, start)
	if err != nil {
		return nil, err
	}
	represents, err := r.Train(ctx, r.Trial, spec.StageQFormer, func() (Training, error) { return r.represent(encoder) })
	if err != nil || r.Trial.Until == spec.UntilRegions { // nothing that follows needs an LM, and the trial reads none
		return represents, err
	}
	return r.Train(ctx, r.Trial, spec.StageQFormerLM, func() (Training, error) { return r.speak(represents) })
}

func ofEncoder(name string) bool { return strings.HasPrefix(name, "encoder.") }

// represent is the first stage: the Q-Former learns to take from an image what its report says.
func (r *Run) represent(encoder Weights) (Training, error) {
	images := r.Corpus.Captioned()
	if len(images) == 0 {
		return Training{}, fmt.Errorf("no training image has a report")
	}
	e, q := nn.NewEncoder(r.Trial), nn.NewQFormer(r.Trial, r.Corpus.Tok.Size())
	p := &nn.Parameters{Seed: r.Trial.Seed}
	e.Params(p)
	q.Params(p)
	q.TextParams(p, nn.TokenTable(r.Trial, r.Corpus.Tok, "qformer.text.token", q.Width, 2))
	look := func(o engine.Ops) []engine.Value {
		encoded := e.Forward(o, o.Input("patches"))
		toText, toImage := q.Similarities(o, encoded)
		return []engine.Value{encoded, toText, toImage}
	}
	d := newDealer(r.Trial, images, 1)
	probe := newDealer(r.Unseeded().Trial, images, 1)
	padding, err := r.Padding(q.Positions, func() nn.Rooms {
		report := nn.Room{Length: r.Trial.Pretrain.MaxReport + 2} // marks before and behind
		return nn.Rooms{"text": report, "match": report, "write": r.reportRoom(r.Trial.Pretrain.MaxReport)}
	}, func(step int) (nn.Rooms, error) {
		_, texts := r.reports(probe.of(step))
		return r.qformerRooms(q, texts), nil
	})
	if err != nil {
		return Training{}, err
	}
	return Training{Params: p.List, Start: encoder, Frozen: ofEncoder, Steps: r.steps(), Batch: func(session engine.Session, step int) (Batch, error) {
		images, texts := r.reports(d.of(step))
		in, rooms := engine.Inputs{"patches": r.Corpus.Patches(images)}, padding.Rooms(r.qformerRooms(q, texts))
		read := r.readInputs(in, q, texts, rooms)
		first := Part{"qformer similarities", look, maps.Clone(in)}
		seen, err := session.Run(first.Key, first.Program, first.Inputs)
		if err != nil {
			return Batch{}, fmt.Errorf("similarities: %w", err)
		}
		delete(in, "patches")
		in["encoded"] = seen[0] // the frozen encoder runs once a step
		r.matchInputs(in, q, read, r.negatives(texts, seen[1], seen[2], step), rooms)
		r.writeInputs(in, q, texts, rooms)
		return Batch{Parts: []Part{{"qformer", q.Loss, in}}, Before: []Part{first}, Images: len(images), Sequences: len(texts)}, nil
	}}, nil
}

// reports are the images of a step and their texts, as captions are written.
func (r *Run) reports(list []drawn) (images []int, texts []string) {
	for _, one := range list {
		images, texts = append(images, one.image), append(texts, corpus.CapBody(r.caption(one.image)))
	}
	return images, texts
}

// readInputs writes the group "text" and which text belongs to which image. It returns the texts as they are read.
func (r *Run) readInputs(in engine.Inputs, q nn.QFormer, texts []string, rooms nn.Rooms) []nn.Sequence {
	list, n := r.readTexts(q, texts), len(texts)
	labels := make([]int32, n)
	for i := range labels {
		labels[i] = int32(i)
	}
	r.comparedTexts(in, list, rooms)
	in["pair.labels"], in["pair.weights"] = engine.Ints(labels, n), engine.Floats(nn.Ones(n), n)
	return list
}

// readTexts are texts as they are read: [CLS], text, EOS.
func (r *Run) readTexts(q nn.QFormer, texts []string) []nn.Sequence {
	list := make([]nn.Sequence, len(texts))
	for i, text := range texts {
		ids := r.Corpus.IDs(text)
		ids = append(append([]int32{q.CLS()}, ids[:min(len(ids), r.Trial.Pretrain.MaxReport)]...), r.Corpus.EOS())
		list[i] = nn.Sequence{IDs: ids, Rows: []int{0}, Targets: []int32{0}}
	}
	return list
}

// writtenTexts are texts as they are written behind the token first.
func (r *Run) writtenTexts(first int32, texts []string, limit int) []nn.Sequence {
	list := make([]nn.Sequence, len(texts))
	for i, text := range texts {
		list[i] = nn.CausalSequence(first, r.Corpus.EOS(), nil, r.Corpus.IDs(text), limit)
	}
	return list
}

// reportRoom bounds what the reports of a step need that are written with at most limit tokens each.
func (r *Run) reportRoom(limit int) nn.Room {
	n := r.Trial.Pretrain.BatchSize
	return nn.Room{Sequences: n, Length: limit + 1, Rows: n * (limit + 1)}
}

// qformerRooms are what the reports of a step need in the three ways that they are used. Which texts are matched is not known yet: none is longer than
// those that are read.
func (r *Run) qformerRooms(q nn.QFormer, texts []string) nn.Rooms {
	rooms := comparedRooms(r.readTexts(q, texts))
	rooms["match"] = rooms["text"]
	rooms["write"] = nn.RoomFor(r.writtenTexts(q.DEC(), texts, r.Trial.Pretrain.MaxReport))
	return rooms
}

// matchInputs writes the group "match" with its labels: each image with its text, each text with a wrong image, each image
// with a wrong text. Where a batch has no wrong one, the pair has no weight.
func (r *Run) matchInputs(in engine.Inputs, q nn.QFormer, texts []nn.Sequence, wrong negatives, rooms nn.Rooms) {
	n := len(texts)
	list := make([]nn.Sequence, 3*n)
	labels, weights := make([]int32, 3*n), nn.Ones(3*n)
	pair := func(at, image, text int) {
		if image < 0 || text < 0 {
			weights[at], image, text = 0, at%n, at%n
		}
		list[at] = texts[text]
		list[at].Image = image
	}
	for i := range n {
		pair(i, i, i)
		labels[i] = 1
		pair(n+i, wrong.images[i], i)
		pair(2*n+i, i, wrong.texts[i])
	}
	nn.CollateIn(in, "match", list, r.Corpus.EOS(), rooms["match"])
	for i := range in["match.lengths"].I32 {
		in["match.lengths"].I32[i] += int32(q.Queries)
	}
	in["match.labels"], in["match.weights"] = engine.Ints(labels, 3*n), engine.Floats(weights, 3*n)
}

// writeInputs writes the group "write" with labels and weights.
func (r *Run) writeInputs(in engine.Inputs, q nn.QFormer, texts []string, rooms nn.Rooms) {
	list := r.writtenTexts(q.DEC(), texts, r.Trial.Pretrain.MaxReport)
	targets, weights := nn.CollateIn(in, "write", list, r.Corpus.EOS(), rooms["write"])
	nn.SetTargets(in, targets, weights)
}

// speak is the second stage: the queries become a prefix by which the LM writes the report. The image takes the place that
// the main image has in difference VQA, so that the text stands where a question does.
func (r *Run) speak(represents Weights) (Training, error) {
	vocab := r.Corpus.Tok.Size()
	e, adapter, lm := nn.NewEncoder(r.Trial), queryAdapter(r.Trial, vocab), queryAnswerer(r.Trial, vocab).LM
	limit := min(r.Trial.Pretrain.MaxReport, lm.MaxPositionEmbeddings-1) // EOS comes before
	if limit < 1 {
		return Training{}, fmt.Errorf("lm.text_positions %d leaves no room for a report", lm.MaxPositionEmbeddings)
	}
	published, err := r.PublishedLM(lm)
	if err != nil {
		return Training{}, err
	}
	fixed := r.Trial.LM.Given()
	if fixed {
		lm.Dropout = 0
	}
	p := &nn.Parameters{Seed: r.Trial.Seed}
	e.Params(p)
	adapter.PrefixParams(p)
	lm.Params(p, nn.TokenTable(r.Trial, r.Corpus.Tok, "transformer.wte.weight", lm.Width, 0))
	loss := func(o engine.Ops) []engine.Value {
		encoded := o.StopGradient(e.Forward(o, o.Input("patches")))
		return []engine.Value{adapter.Describe(o, lm, encoded)}
	}
	eos := r.Corpus.EOS()
	d, probe := newDealer(r.Trial, r.Corpus.Captioned(), 1), newDealer(r.Unseeded().Trial, r.Corpus.Captioned(), 1)
	written := func(list []drawn) (images []int, texts []nn.Sequence) {
		images, reports := r.reports(list)
		return images, r.writtenTexts(eos, reports, limit)
	}
	padding, err := r.Padding(lm.MaxPositionEmbeddings, func() nn.Rooms { return nn.Rooms{"text": r.reportRoom(limit)} },
		func(step int) (nn.Rooms, error) {
			_, list := written(probe.of(step))
			return nn.Rooms{"text": nn.RoomFor(list)}, nil
		})
	if err != nil {
		return Training{}, err
	}
	return Training{
		Params: p.List, Start: Merged(represents, published), Steps: r.steps(), Ahead: true,
		Frozen: func(name string) bool { return ofEncoder(name) || fixed && ofLM(name) },
		Batch: func(_ engine.Session, step int) (Batch, error) {
			images, list := written(d.of(step))
			in := engine.Inputs{"patches": r.Corpus.Patches(images), "dropout": engine.Ints([]int32{int32(step)}, 1)}
			targets, weights := nn.CollateIn(in, "text", list, eos, padding.Rooms(nn.Rooms{"text": nn.RoomFor(list)})["text"])
			nn.SetTargets(in, targets, weights)
			return Batch{Parts: []Part{{"qformer-lm", loss, in}}, Images: len(images), Sequences: len(list)}, nil
		}}, nil
}

func ofLM(name string) bool { return strings.HasPrefix(name, "transformer.") }

func queryAdapter(t spec.Trial, vocab int) nn.QueryAdapter {
	return nn.QueryAdapter{QFormer: nn.NewQFormer(t, vocab), Out: t.LM.Width}
}

// queryAnswerer is BLIP-2's model of difference VQA: two images of q queries each before the question.
func queryAnswerer(t spec.Trial, vocab int) Answerer {
	adapter := queryAdapter(t, vocab)
	lm := nn.NewLanguageModel(t, vocab, adapter.Len())
	return Answerer{
		Model: nn.Answerer{Adapter: adapter, LM: lm, Smoothing: t.DiffVQA.LabelSmoothing},
		LM:    lm, Tokens: nn.NewEncoder(t).Tokens,
		Keeps: func(name string) bool {
			return strings.HasPrefix(name, "qformer.") || ofLM(name) && !t.LM.Given()
		},
	}
}
