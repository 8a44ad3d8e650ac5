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

// PLURAL, Cho et al. 2024 (arXiv 2402.08966; github.com/yjch00/PLURAL): an encoder-decoder over the tokens of the past image, of the
// current image and of a question, with an embedding of their type (past; current or text), trained in stages: on natural images, then
// on longitudinal radiographs, whose reports and questions of all types it answers, then on difference questions alone. As published:
// in the second stage half of the samples have two images (difference questions, and the report of the current one), and half have
// one (the other questions, and reports), with the mean of both halves' losses up to a factor; label smoothing 0.1; the third stage
// trains everything, the vision encoder too.
//
// What differs, and why:
//   - The first stage is left out, as all rows start from scratch or from encoder.weights. Published: OFA-base, with its weights.
//   - Images go through the vision transformer of all rows instead of a ResNet; the joint encoder and the decoder have the sizes of
//     decoder.*; blocks are those of this repository, without OFA's relative positions, scaled heads and dropped paths.
//   - Findings and impression are one text here and have one question. Punctuation is kept, since answers are scored with it.
//   - The second stage has as many texts as the stages of other rows: pretrain.batch a step. A text about two images is one sample, so
//     that the encoder sees one and a half images a sample; a table that compares rows by images says so at the row.
//   - The third stage is difference VQA with its settings, auxiliary and reversed questions among them. It trains the encoder, and
//     therefore encodes every image of every step: forward and back, where other rows read kept features. Its images are not counted
//     as pretraining, as no row's are.
//   - No worst samples are dropped: published, after 200,000 updates.

// The question whose answer is the report.
const describe = "what does the image describe?"

// pluralSmoothing is the label smoothing of the second stage. The third has that of difference VQA.
const pluralSmoothing = 0.1

// longitudinal is the second stage.
func longitudinal(ctx context.Context, r *Run, start Weights) (Weights, error) {
	return r.Train(ctx, r.Trial, spec.StagePretrain, func() (Training, error) { return r.longitudinalTraining(start) })
}

// newEncoderDecoder is the model of a trial for a vocabulary of V tokens.
func newEncoderDecoder(t spec.Trial, vocab int, smoothing float64) nn.EncoderDecoder {
	return nn.EncoderDecoder{Vision: nn.NewEncoder(t), Decoder: nn.NewDecoder(t, vocab), Smoothing: smoothing}
}

// told is a sample of the second stage: images, the past one first, what is asked of them, and the answer.
type told struct {
	images           []int
	question, answer string
}

// kind are the samples with the same number of images.
type kind struct {
	key     string // names the program
	samples []told
	sampler *corpus.Sampler
	padding Padding
}

// kinds are the samples of pairs of images and those of single ones.
func (r *Run) kinds() ([]kind, error) {
	var pairs, singles []told
	reported := map[[2]int]bool{}
	for _, p := range r.Corpus.Pairs(dataset.Train) {
		images := []int{p.Ref, p.Main}
		pairs = append(pairs, told{images, p.Question, p.Answer})
		if key := [2]int(images); !reported[key] && r.caption(p.Main) != "" {
			reported[key] = true
			pairs = append(pairs, told{images, describe, r.caption(p.Main)})
		}
	}
	for _, q := range corpus.OfSplit(r.Corpus.Set.Questions, dataset.Train) {
		singles = append(singles, told{[]int{q.Main}, q.Question, q.Answer})
	}
	for _, image := range r.Corpus.Captioned() {
		singles = append(singles, told{[]int{image}, describe, r.caption(image)})
	}
	var list []kind
	for _, k := range []kind{{key: "pair", samples: pairs}, {key: "single", samples: singles}} {
		if len(k.samples) > 0 {
			k.sampler = corpus.NewSampler(len(k.samples), r.Trial.Seed, "pretrain.images."+k.key)
			list = append(list, k)
		}
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no training image has a report or a question")
	}
	return list, nil
}

func (r *Run) longitudinalTraining(start Weights) (Training, error) {
	kinds, err := r.kinds()
	if err != nil {
		return Training{}, err
	}
	vocab := r.Corpus.Tok.Size()
	m := newEncoderDecoder(r.Trial, vocab, pluralSmoothing)
	size, parts := r.Trial.Pretrain.BatchSize, max(r.Trial.Pretrain.Accumulate, 1)
	probe, err := r.Unseeded().kinds()
	if err != nil {
		return Training{}, err
	}
	for i := range kinds {
		if err := kinds[i].pad(r, m, func(step int) [][]told { return splitTold(drawKinds(probe, step, size)[i], parts) }); err != nil {
			return Training{}, err
		}
	}
	return Training{
		Params: m.Params(r.Trial.Seed, nn.TokenTable(r.Trial, r.Corpus.Tok, "decoder.token", m.Decoder.Width, 1)),
		Start:  start,
		Steps:  r.steps(),
		Ahead:  true,
		Batch: func(_ engine.Session, step int) (Batch, error) {
			b := Batch{Sequences: size}
			drawn := drawKinds(kinds, step, size)
			present := 0
			for _, samples := range drawn {
				if len(samples) > 0 {
					present++
				}
			}
			for i, samples := range drawn {
				if len(samples) == 0 {
					continue
				}
				one := Batch{}
				for _, part := range splitTold(samples, parts) {
					in, err := r.toldInputs(m, part, kinds[i].padding)
					if err != nil {
						return Batch{}, err
					}
					loss := func(o engine.Ops) []engine.Value { return []engine.Value{o.Scale(m.Loss(o)[0], 1/float64(present))} }
					one.Parts = append(one.Parts, Part{fmt.Sprintf("pretrain %s of %d", kinds[i].key, present), loss, in})
				}
				one.accumulate()
				b.Parts = append(b.Parts, one.Parts...)
				b.Images += len(samples) * len(samples[0].images)
			}
			return b, nil
		},
	}, nil
}

// splitTold divides samples among n parts, which are as equal as can be; parts without a sample are left out.
func splitTold(samples []told, n int) [][]told {
	var parts [][]told
	for k := range n {
		if part := share(samples, k, n); len(part) > 0 {
			parts = append(parts, part)
		}
	}
	return parts
}

// pad finds how to pad the texts of a kind; drawn are the parts of a step of the run with seed 0.
func (k *kind) pad(r *Run, m nn.EncoderDecoder, drawn func(step int) [][]told) (err error) {
	most := func() nn.Rooms {
		n := r.Trial.Pretrain.BatchSize
		var question nn.Room
		for _, s := range k.samples {
			question.Length = max(question.Length, len(r.Corpus.IDs(s.question)))
		}
		return nn.Rooms{"question": question, "text": {Length: r.Trial.Pretrain.MaxReport + 1, Rows: n * (r.Trial.Pretrain.MaxReport + 1)}}
	}
	k.padding, err = r.Padding(m.Decoder.MaxPositionEmbeddings, most, func(step int) (nn.Rooms, error) {
		rooms := nn.Rooms{}
		for _, part := range drawn(step) {
			questions, list, err := r.toldTexts(m, part)
			if err != nil {
				return nil, err
			}
			for group, room := range toldRooms(questions, list) {
				rooms[group] = rooms[group].Or(room)
			}
		}
		return rooms, nil
	})
	return err
}

// toldRooms are what questions and answers need; they are not padded in number.
func toldRooms(questions [][]int32, list []nn.Sequence) nn.Rooms {
	var question nn.Room
	for _, ids := range questions {
		question.Length = max(question.Length, len(ids))
	}
	text := nn.RoomFor(list)
	text.Sequences = 0
	return nn.Rooms{"question": question, "text": text}
}

// drawKinds are the samples of a step of each kind: the kinds take turns.
func drawKinds(kinds []kind, step, size int) [][]told {
	drawn := make([][]told, len(kinds))
	for at := (step - 1) * size; at < step*size; at++ {
		k, place := at%len(kinds), at/len(kinds)
		one := kinds[k].sampler.Range(place, place+1)[0]
		drawn[k] = append(drawn[k], kinds[k].samples[one])
	}
	return drawn
}

// toldTexts are what is asked of samples, and the answers.
func (r *Run) toldTexts(m nn.EncoderDecoder, samples []told) (questions [][]int32, list []nn.Sequence, err error) {
	eos, longest := r.Corpus.EOS(), m.Decoder.MaxPositionEmbeddings
	for _, s := range samples {
		question := r.Corpus.IDs(s.question)
		if len(question) > longest {
			return nil, nil, fmt.Errorf("the question %q has %d tokens: more than decoder.positions %d", s.question, len(question), longest)
		}
		questions = append(questions, question)
		list = append(list, nn.CausalSequence(eos, eos, nil, r.Corpus.IDs(corpus.AnswerText(s.answer)), r.Trial.Pretrain.MaxReport))
	}
	return questions, list, nil
}

// toldInputs are the inputs of samples of one kind.
func (r *Run) toldInputs(m nn.EncoderDecoder, samples []told, padding Padding) (engine.Inputs, error) {
	questions, list, err := r.toldTexts(m, samples)
	if err != nil {
		return nil, err
	}
	var images []int
	for _, s := range samples {
		images = append(images, s.images...)
	}
	in, eos, rooms := engine.Inputs{"patches": r.Corpus.Patches(images)}, r.Corpus.EOS(), padding.Rooms(toldRooms(questions, list))
	nn.Ask(in, questions, len(samples[0].images)*m.Vision.Tokens, eos, rooms["question"].Length)
	targets, weights := nn.CollateIn(in, "text", list, eos, rooms["text"])
	nn.SetTargets(in, targets, weights)
	return in, nil
}

// jointAnswerer goes on with all that the second stage has trained.
func jointAnswerer(t spec.Trial, vocab int) Answerer {
	m := newEncoderDecoder(t, vocab, t.DiffVQA.LabelSmoothing)
	visual, positions := 2*m.Vision.Tokens, t.Decoder.MaxPositionEmbeddings
	return Answerer{
		Model: m, OwnPositions: positions, Memory: visual,
		Keeps: Everything,
		Ask: func(in engine.Inputs, questions [][]int32, pad int32, length int) {
			nn.Ask(in, questions, visual, pad, length)
		},
		Prepare: func(_ context.Context, r *Run, _ Weights, _ []dataset.Pair) (Reading, error) {
			return Reading{Images: func(in engine.Inputs, pairs []dataset.Pair) {
				images := make([]int, 0, 2*len(pairs))
				for _, pair := range pairs {
					images = append(images, pair.Ref, pair.Main)
				}
				in["patches"] = r.Corpus.Patches(images)
			}}, nil
		},
	}
}
