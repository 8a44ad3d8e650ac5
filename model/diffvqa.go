package model

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"harness/metrics"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/spec"
)

// diffVQA trains the second stage (paper 3.4) and tests it with its controls: the most frequent answer, a model that
// sees the question only, and the trained model given the images of another pair.
func (r *trialRun) diffVQA(ctx context.Context, weights map[string]engine.Tensor, f *features, out *predictions) error {
	train, test := r.corpus.pairs(dataset.Train), firstOf(r.corpus.pairs(dataset.Test), r.trial.Eval.Pairs, "test.pairs")
	if len(train) == 0 || len(test) == 0 {
		return r.rec.Note("diffvqa/blank", fmt.Sprintf("the data set has %d training and %d test pairs", len(train), len(test)))
	}
	if err := r.frequentAnswer(ctx, train, test, out); err != nil {
		return err
	}
	// The control first: it is quick, and the model's own numbers are the last of a trial.
	blind := newAnswerer(r.trial, r.corpus.tok.Size(), false)
	blindWeights, err := r.trainAnswerer(ctx, spec.StageQuestionOnly, blind, nil, train)
	if err != nil {
		return err
	}
	if err := r.testAnswerer(ctx, "question-only", blind, blindWeights, nil, test, out); err != nil {
		return err
	}
	a := newAnswerer(r.trial, r.corpus.tok.Size(), true)
	pooled, err := r.pooled(ctx, f, a.tokens)
	if err != nil {
		return err
	}
	defer pooled.close()
	answererWeights, err := r.trainAnswerer(ctx, spec.StageDiffVQA, a, pooled, train)
	if err != nil {
		return err
	}
	if err := r.testAnswerer(ctx, "shuffled-images", a, answererWeights, pooled, exchanged(test, r.corpus), out); err != nil {
		return err
	}
	return r.testAnswerer(ctx, "", a, answererWeights, pooled, test, out)
}

// trainAnswerer returns the weights of a trained answerer: its own parameters, without the encoder's.
func (r *trialRun) trainAnswerer(ctx context.Context, name spec.Stage, a answerer, f *features, pairs []dataset.Pair) (
	map[string]engine.Tensor, error) {
	st, err := openStage(ctx, r.env.Home, r.trial, name, r.rec)
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
	start, err := r.pretrainedLM(a.lm)
	if err != nil {
		return nil, err
	}
	if r.trial.DiffVQA.Whiten && a.tokens > 0 {
		whitened, err := r.whitened(ctx, f, distinct(pairs), a.lm.Width)
		if err != nil {
			return nil, err
		}
		start = merged(start, whitened)
	}
	session, err := r.openAnswerer(a, start)
	if err != nil {
		return nil, err
	}
	defer session.Close()
	d := r.trial.DiffVQA
	sample := newSampler(len(pairs), d.BatchSize, r.trial.Seed, "diffvqa.pairs")
	others := ofSplit(r.corpus.set.Questions, dataset.Train)
	steps := totalSteps(d.Steps, d.Epochs, len(pairs), d.BatchSize)
	l := loop{
		name:    string(name),
		steps:   steps,
		opt:     d.Optimizer,
		program: func(int) (string, engine.Program) { return string(name), a.loss },
		batch: func(step int) (engine.Inputs, error) {
			rng := randomOf(r.trial.Seed, "diffvqa.samples", step)
			batch := make([]dataset.Pair, d.BatchSize)
			auxiliary := d.AuxQuestionRatio * (1 - float64(step-1)/float64(steps))
			for i, k := range sample.of(step) {
				batch[i] = r.drawQuestion(pairs[k], others, auxiliary, rng)
			}
			return r.questionBatch(a, f, batch, step)
		},
	}
	if err := train(ctx, session, st, l, r.rec); err != nil {
		return nil, err
	}
	weights, err := parametersOf(session, everything)
	if err != nil {
		return nil, err
	}
	return weights, st.finish(weights, map[string]string{"trial": string(r.trial.Canonical()), buildKey: r.env.Build})
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

func (r *trialRun) openAnswerer(a answerer, weights map[string]engine.Tensor) (engine.Session, error) {
	table := r.tokenTable("transformer.wte.weight", a.lm.Width, 0)
	return r.openSession(a.params(r.trial.Seed, table), weights, nil)
}

// questionBatch makes the inputs of a step: question and answer of each pair, and its two images' features.
func (r *trialRun) questionBatch(a answerer, f *features, batch []dataset.Pair, step int) (engine.Inputs, error) {
	in := engine.Inputs{"dropout": engine.Ints([]int32{int32(step)}, 1)}
	eos := int32(r.corpus.tok.EOS())
	list := make([]sequence, len(batch))
	for i, pair := range batch {
		question, answer := r.corpus.text.ids(pair.Question), r.corpus.text.ids(answerText(pair.Answer))
		limit := a.lm.MaxPositionEmbeddings - len(question)
		if limit < 1 {
			return nil, fmt.Errorf("question of pair %s has %d tokens: lm.text_positions %d leaves no room for an answer",
				pair.ID, len(question), a.lm.MaxPositionEmbeddings)
		}
		list[i] = causalSequence(-1, eos, question, answer, limit)
	}
	targets, weights := collate(in, "text", list, eos, r.step(), a.lm.MaxPositionEmbeddings)
	setTargets(in, targets, weights)
	if a.tokens > 0 {
		encoded, err := f.of(imagesOf(batch))
		if err != nil {
			return nil, err
		}
		in["encoded"] = encoded
	}
	return in, nil
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

// testAnswerer generates the answers to the test pairs and scores them; control is the name of the control, or "" for the model itself.
func (r *trialRun) testAnswerer(ctx context.Context, control string, a answerer, weights map[string]engine.Tensor, f *features,
	test []dataset.Pair, out *predictions) error {
	session, err := r.openAnswerer(a, weights)
	if err != nil {
		return err
	}
	defer session.Close()
	t := r.trial.Eval
	prompts := make([][]int32, len(test))
	for i, pair := range test {
		prompts[i] = r.corpus.text.ids(pair.Question)
	}
	g := generator{session: session, name: "answer", prompt: a.prompt, next: a.next, constant: !r.native()}
	answers := make([]string, len(test))
	done := 0
	for _, batch := range byLength(prompts, max(1, generateRows/t.NumBeams)) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		batchPairs := make([]dataset.Pair, len(batch))
		batchPrompts := make([][]int32, len(batch))
		for i, k := range batch {
			batchPairs[i], batchPrompts[i] = test[k], prompts[k]
		}
		in := engine.Inputs{}
		if a.tokens > 0 {
			encoded, err := f.of(imagesOf(batchPairs))
			if err != nil {
				return err
			}
			in["encoded"] = encoded
		}
		g.search = search{
			beams: t.NumBeams, maxTokens: min(t.MaxNewTokens, a.lm.MaxPositionEmbeddings-len(batchPrompts[0])),
			penalty: t.LengthPenalty, eos: int32(r.corpus.tok.EOS()),
		}
		found, err := g.run(in, batchPrompts, a.lm.visual)
		if err != nil {
			return fmt.Errorf("diffvqa: generate: %w", err)
		}
		for i, k := range batch {
			answers[k] = strings.TrimSpace(r.corpus.tok.Decode(toInt(found[i][0].tokens)))
		}
		done += len(batch)
		r.rec.Progress(strings.TrimSpace("test "+control), done, len(test), nan)
	}
	return r.scoreAnswers(ctx, control, test, answers, out)
}

// frequentAnswer is the control that always says the most frequent answer to the same question in training, the first
// in order among equals.
func (r *trialRun) frequentAnswer(ctx context.Context, train, test []dataset.Pair, out *predictions) error {
	n := map[string]int{}
	best := map[string]string{} // question -> answer
	for _, pair := range train {
		for _, question := range []string{pair.Question, ""} {
			key := question + "\n" + pair.Answer
			n[key]++
			held := question + "\n" + best[question]
			if n[key] > n[held] || best[question] == "" {
				best[question] = pair.Answer
			}
		}
	}
	answers := make([]string, len(test))
	for i, pair := range test {
		answers[i] = best[""] // the most frequent of all
		if answer, ok := best[pair.Question]; ok {
			answers[i] = answer
		}
	}
	return r.scoreAnswers(ctx, "most-frequent", test, answers, out)
}

// exchanged gives each test pair the images of another subject's pair: the next one in the list that has another subject.
func exchanged(test []dataset.Pair, c *corpus) []dataset.Pair {
	subject := func(p dataset.Pair) string { return c.set.Images[p.Main].Subject }
	out := make([]dataset.Pair, len(test))
	for i, pair := range test {
		out[i] = pair
		for step := 1; step < len(test); step++ {
			if other := test[(i+step)%len(test)]; subject(other) != subject(pair) {
				out[i].Ref, out[i].Main = other.Ref, other.Main
				break
			}
		}
	}
	return out
}

// scoreAnswers records the caption metrics and the finding-level extraction of answers to test pairs.
func (r *trialRun) scoreAnswers(ctx context.Context, control string, test []dataset.Pair, answers []string, out *predictions) error {
	prefix := "diffvqa/"
	if control != "" {
		prefix = "controls/" + control + "/" + prefix
	}
	list := make([]metrics.Sample, len(test))
	var counts metrics.FindingCounts
	for i, pair := range test {
		list[i] = metrics.Sample{ID: pair.ID, Hyp: answers[i], Refs: []string{pair.Answer}}
		if c, ok := metrics.CountFindings(answers[i], pair.Answer); ok {
			counts = counts.Plus(c)
		}
		err := out.add(prediction{
			Task: "diffvqa", Control: control, ID: pair.ID, Question: pair.Question,
			Hyp: answers[i], Refs: []string{pair.Answer},
		})
		if err != nil {
			return err
		}
	}
	if err := r.scoreTexts(ctx, prefix, list); err != nil {
		return err
	}
	var points []point
	if counts.Rows > 0 {
		points = append(points, point{prefix + "f1", 0, counts.Both().F1()}, point{prefix + "f1_added", 0, counts.Added.F1()},
			point{prefix + "f1_missing", 0, counts.Missing.F1()}, point{prefix + "exact", 0, counts.ExactAccuracy()},
			point{prefix + "nothing", 0, counts.NothingAccuracy()})
	}
	if counts.Levels > 0 {
		points = append(points, point{prefix + "level", 0, counts.LevelAccuracy()})
	}
	return r.recordAll(points)
}
