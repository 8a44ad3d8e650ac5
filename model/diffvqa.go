package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"harness/metrics"
	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/method"
	"harness/model/nn"
	"harness/model/spec"
)

// diffVQA trains the second stage (paper 3.4) and tests it with its controls: the most frequent answer, a model that
// sees the question only, and the trained model given the images of another pair.
func (r *trialRun) diffVQA(ctx context.Context, weights method.Weights, f *features) error {
	pairs, tests := r.corpus.Pairs(dataset.Train), r.questionTests()
	if len(pairs) == 0 || len(tests[0].pairs) == 0 {
		return r.rec.Note("diffvqa/blank", fmt.Sprintf("the data set has %d training and %d test pairs", len(pairs), len(tests[0].pairs)))
	}
	train := r.trainingQuestions()
	asked := 0
	for _, test := range tests {
		asked += len(test.pairs)
	}
	if err := r.phase(spec.PhaseFrequent, float64(asked), func() error { return r.frequentAnswer(ctx, train, tests) }); err != nil {
		return err
	}
	// The control first: it is quick, and the model's own numbers are the last of a trial.
	blind := &answering{Answerer: method.Blind(r.trial, r.corpus.Tok.Size())}
	blindWeights, err := r.trainAnswerer(ctx, spec.StageQuestionOnly, blind, train)
	if err != nil {
		return err
	}
	if err := r.testing(ctx, spec.PhaseBlind, "question-only", blind, blindWeights, tests); err != nil {
		return err
	}
	a := &answering{Answerer: method.Of(r.trial).Answerer(r.trial, r.corpus.Tok.Size()), pretrained: weights}
	began := r.phases.from(now())
	if a.Tokens > 0 {
		if a.features, err = r.pooled(ctx, f, a.Tokens); err != nil {
			return err
		}
		defer func() { a.features.close() }()
	}
	if a.Prepare != nil {
		if a.reading, err = a.Prepare(ctx, r.methodRun(), weights, allQuestions(train, tests)); err != nil {
			return err
		}
	}
	images := float64(len(f.images))
	if r.plan != nil {
		r.plan.add(PlannedPhase{Phase: spec.PhasePrepare, Work: images})
	}
	began.until(now(), spec.PhasePrepare, images)
	answererWeights, err := r.trainAnswerer(ctx, spec.StageDiffVQA, a, train)
	if err != nil {
		return err
	}
	shuffled := slices.Clone(tests)
	for i := range shuffled {
		shuffled[i].pairs = exchanged(tests[i].pairs, r.corpus)
	}
	if err := r.testing(ctx, spec.PhaseShuffled, "shuffled-images", a, answererWeights, shuffled); err != nil {
		return err
	}
	return r.testing(ctx, spec.PhaseTest, "", a, answererWeights, tests)
}

// testing is a phase in which an answerer is tested.
func (r *trialRun) testing(ctx context.Context, phase spec.Phase, control string, a *answering, weights method.Weights, tests []questionTest) error {
	var prompts [][]int32
	var answers []int
	for _, test := range tests {
		for _, pair := range test.pairs {
			prompts = append(prompts, r.question(a, pair))
			answers = append(answers, min(len(r.corpus.IDs(corpus.AnswerText(pair.Answer))), r.trial.Eval.MaxNewTokens))
		}
	}
	defer r.limitTo(&r.trial.Eval.MaxNewTokens, answers)()
	work := decoded(prompts, answers) * float64(max(1, r.trial.Eval.NumBeams))
	return r.phase(phase, work, func() error { return r.testAnswerer(ctx, control, a, weights, tests) })
}

func allQuestions(train []dataset.Pair, tests []questionTest) []dataset.Pair {
	all := slices.Clone(train)
	for _, test := range tests {
		all = append(all, test.pairs...)
	}
	return all
}

// answering is a model of difference VQA with what it reads of images.
type answering struct {
	method.Answerer
	pretrained method.Weights // what came before
	features   *features      // pooled to its tokens; nil where it reads none
	reading    method.Reading
}

// inputs are what the model reads of the images of pairs.
func (a *answering) inputs(pairs []dataset.Pair) (engine.Inputs, error) {
	in := engine.Inputs{}
	if a.features != nil {
		encoded, err := a.features.of(imagesOf(pairs))
		if err != nil {
			return nil, err
		}
		in["encoded"] = encoded
	}
	if a.reading.Images != nil {
		a.reading.Images(in, pairs)
	}
	return in, nil
}

// room names the setting that bounds question and answer, and its value.
func (r *trialRun) room(a *answering) string {
	if a.HasLM() {
		return fmt.Sprintf("lm.text_positions %d", r.trial.LM.MaxPositionEmbeddings)
	}
	return fmt.Sprintf("decoder.positions %d", r.trial.Decoder.MaxPositionEmbeddings)
}

// question is a pair's question, or what the model makes of it.
func (r *trialRun) question(a *answering, pair dataset.Pair) []int32 {
	question := r.corpus.IDs(pair.Question)
	if a.reading.Prompt == nil {
		return question
	}
	return a.reading.Prompt(pair, question)
}

// ask gives questions to the model, and returns the prompts that its answers follow. Where it reads questions apart, they become inputs, padded
// to at least length tokens.
func (r *trialRun) ask(a *answering, in engine.Inputs, questions [][]int32, length int) [][]int32 {
	if a.Ask != nil {
		a.Ask(in, questions, r.corpus.EOS(), length)
	}
	return r.prompts(a, questions)
}

// prompts are what the answers to questions follow.
func (r *trialRun) prompts(a *answering, questions [][]int32) [][]int32 {
	if a.Ask == nil {
		return questions
	}
	return slices.Repeat([][]int32{{r.corpus.EOS()}}, len(questions))
}

// trainAnswerer returns the weights of a trained answerer: its own parameters, without the frozen encoder's.
func (r *trialRun) trainAnswerer(ctx context.Context, name spec.Stage, a *answering, pairs []dataset.Pair) (method.Weights, error) {
	return r.trainStage(ctx, r.trial, name, func() (training, error) {
		began := r.phases.from(now())
		start, err := r.answererStart(ctx, a, pairs)
		if err != nil {
			return training{}, err
		}
		began.until(now(), spec.PhasePrepare, 0)
		d := r.trial.DiffVQA
		others := corpus.OfSplit(r.corpus.Set.Questions, dataset.Train)
		steps := spec.TotalSteps(d.Steps, d.Epochs, len(pairs), d.BatchSize)
		parts := max(d.Accumulate, 1)
		drawn, probe := r.questionDealer(pairs, others, steps, r.trial.Seed), r.questionDealer(pairs, others, steps, 0)
		padding, err := r.questionPadding(a, slices.Concat(pairs, others), func(step int) [][]dataset.Pair {
			return slices.Collect(slices.Chunk(probe(step), d.BatchSize/parts))
		})
		if err != nil {
			return training{}, err
		}
		return training{opt: d.Optimizer, Training: method.Training{
			Params: r.answererParams(a),
			Start:  start,
			Steps:  steps,
			Ahead:  a.features == nil || a.features.data != nil, // else the encoder runs for every batch
			Batch: func(_ engine.Session, step int) (method.Batch, error) {
				one := method.Batch{Sequences: d.BatchSize}
				if a.features != nil || a.reading.Images != nil {
					one.Images = 2 * d.BatchSize
				}
				for part := range slices.Chunk(drawn(step), d.BatchSize/parts) {
					// Each part drops out other values.
					in, err := r.questionBatch(a, part, (step-1)*parts+len(one.Parts)+1, padding)
					if err != nil {
						return method.Batch{}, err
					}
					one.Parts = append(one.Parts, method.Part{Key: string(name), Program: a.Loss, Inputs: in})
				}
				one.Parts = method.Accumulate(one.Parts)
				return one, nil
			},
		}}, nil
	})
}

// answererStart are the weights that an answerer starts from: published ones, those of pretraining that it goes on with, and an
// adapter at whitened features.
func (r *trialRun) answererStart(ctx context.Context, a *answering, pairs []dataset.Pair) (method.Weights, error) {
	if r.plan != nil {
		return nil, nil
	}
	var start method.Weights
	if a.HasLM() {
		var err error
		if start, err = r.pretrainedLM(a.LM); err != nil {
			return nil, err
		}
	}
	if a.Keeps != nil {
		kept := method.Weights{}
		for name, t := range a.pretrained {
			if a.Keeps(name) {
				kept[name] = t
			}
		}
		start = method.Merged(kept, start)
	}
	if r.trial.DiffVQA.Whiten && a.Whitens && !r.skips(spec.PhasePrepare) {
		whitened, err := r.whitened(ctx, a.features, distinct(pairs), a.LM.Width)
		if err != nil {
			return nil, err
		}
		start = method.Merged(start, whitened)
	}
	return start, nil
}

func (r *trialRun) answererParams(a *answering) []engine.Param {
	if !a.HasLM() {
		return a.Params(r.trial.Seed, nil)
	}
	return a.Params(r.trial.Seed, nn.TokenTable(r.trial, r.corpus.Tok, "transformer.wte.weight", a.LM.Width, 0))
}

// questionDealer says which questions a step asks, for a seed.
func (r *trialRun) questionDealer(pairs, others []dataset.Pair, steps int, seed int64) func(step int) []dataset.Pair {
	d, sample := r.trial.DiffVQA, corpus.NewSampler(len(pairs), seed, "diffvqa.pairs")
	return func(step int) []dataset.Pair {
		rng := corpus.RandomOf(seed, "diffvqa.samples", step)
		batch := make([]dataset.Pair, d.BatchSize)
		auxiliary := d.AuxQuestionRatio * (1 - float64(step-1)/float64(steps))
		for i, k := range sample.Batch(step, d.BatchSize) {
			batch[i] = r.drawQuestion(pairs[k], others, auxiliary, rng)
		}
		return batch
	}
}

// drawQuestion turns a pair into the question that is trained on in its place: itself, itself reversed, or with
// probability auxiliary one of the data set's other questions.
func (r *trialRun) drawQuestion(pair dataset.Pair, others []dataset.Pair, auxiliary float64, rng *rand.Rand) dataset.Pair {
	if auxiliary > 0 && len(others) > 0 && rng.Float64() < auxiliary {
		other := others[rng.IntN(len(others))]
		if other.Ref < 0 { // a question about one image: the other is the same
			other.Ref = other.Main
		}
		return other
	}
	if r.trial.DiffVQA.Reversed && rng.IntN(2) == 1 {
		if reversed, ok := reverse(pair); ok {
			return reversed
		}
	}
	return pair
}

// reverse exchanges the images of a pair, and what was added with what is missing. Answers with a level change are left
// as they are.
func reverse(pair dataset.Pair) (dataset.Pair, bool) {
	answer, err := metrics.ParseAnswer(pair.Answer)
	if err != nil || len(answer.Levels) > 0 {
		return pair, false
	}
	pair.Ref, pair.Main = pair.Main, pair.Ref
	answer.Added, answer.Missing = answer.Missing, answer.Added
	pair.Answer = answer.String()
	return pair, true
}

// distinct lists the images of pairs, each once, in order of appearance.
func distinct(pairs []dataset.Pair) []int {
	seen := map[int]bool{}
	var images []int
	for _, image := range imagesOf(pairs) {
		if !seen[image] {
			seen[image] = true
			images = append(images, image)
		}
	}
	return images
}

// imagesOf lists reference, main, reference, main, …
func imagesOf(batch []dataset.Pair) []int {
	images := make([]int, 0, 2*len(batch))
	for _, pair := range batch {
		images = append(images, pair.Ref, pair.Main)
	}
	return images
}
