package model

import (
	"context"
	"fmt"
	"strings"

	"harness/metrics"
	"harness/model/corpus"
	"harness/model/dataset"
	"harness/model/engine"
	"harness/model/method"
	"harness/model/nn"
)

// testAnswerer generates the answers to the test pairs and scores them; control is the name of the control, or "" for the model itself.
func (r *trialRun) testAnswerer(ctx context.Context, control string, a *answering, weights method.Weights, tests []questionTest) error {
	session, err := method.OpenSession(r.engine, r.answererParams(a), weights, nil)
	if err != nil {
		return err
	}
	defer session.Close()
	for _, test := range tests {
		answers, err := r.answers(ctx, control, a, session, test.pairs)
		if err != nil {
			return err
		}
		if err := r.scoreAnswers(ctx, control, test, answers); err != nil {
			return err
		}
	}
	return nil
}

// answers generates the answers to test questions.
func (r *trialRun) answers(ctx context.Context, control string, a *answering, session engine.Session, test []dataset.Pair) ([]string, error) {
	t := r.trial.Eval
	questions := make([][]int32, len(test))
	for i, pair := range test {
		questions[i] = r.question(a, pair)
	}
	g := nn.Generator{Session: session, Name: "answer", Prompt: a.Prompt, Next: a.Next}
	if prompts := r.prompts(a, questions); len(prompts) > 0 {
		r.fix(&g, prompts, a.LM.Visual, min(longestOf(prompts).Length+t.MaxNewTokens, a.Positions()))
	}
	limit := max(1, generateRows/t.NumBeams)
	rows := r.methodRun().Rows(limit, len(test))
	answers := make([]string, len(test))
	done := 0
	for _, batch := range byLength(questions, limit) {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		filled := method.Filled(batch, rows)
		batchPairs, batchQuestions := corpus.Pick(test, filled), corpus.Pick(questions, filled)
		in, err := a.inputs(batchPairs)
		if err != nil {
			return nil, err
		}
		prompts := r.ask(a, in, batchQuestions, 0) // of one length: without padding
		if a.Ask != nil {
			g.Memory = a.Memory + len(batchQuestions[0])
		}
		g.Search = nn.Search{
			Beams: t.NumBeams, MaxTokens: min(t.MaxNewTokens, a.Positions()-len(prompts[0])),
			Penalty: t.LengthPenalty, EOS: r.corpus.EOS(),
		}
		found, err := g.Run(in, prompts, a.LM.Visual)
		if err != nil {
			return nil, fmt.Errorf("diffvqa: generate: %w", err)
		}
		for i, k := range batch {
			answers[k] = strings.TrimSpace(r.corpus.Tok.Decode(nn.ToInt(found[i][0].Tokens)))
		}
		done += len(batch)
		r.rec.Progress(strings.TrimSpace("test "+control), done, len(test), nan)
	}
	return answers, nil
}

// frequentAnswer is the control that always says the most frequent answer to the same question in training.
func (r *trialRun) frequentAnswer(ctx context.Context, train []dataset.Pair, tests []questionTest) error {
	frequent := corpus.FrequentAnswers(train)
	for _, test := range tests {
		answers := make([]string, len(test.pairs))
		for i, pair := range test.pairs {
			answers[i] = frequent(pair.Question)
		}
		if err := r.scoreAnswers(ctx, "most-frequent", test, answers); err != nil {
			return err
		}
	}
	return nil
}

// exchanged gives each test pair the images of another subject's pair: the next one in the list that has another subject.
func exchanged(test []dataset.Pair, c *corpus.Corpus) []dataset.Pair {
	subject := func(p dataset.Pair) string { return c.Set.Images[p.Main].Subject }
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
func (r *trialRun) scoreAnswers(ctx context.Context, control string, test questionTest, answers []string) error {
	if test.kind != "" {
		return r.scoreOthers(ctx, control, test, answers)
	}
	list := make([]metrics.Sample, len(test.pairs))
	var counts metrics.FindingCounts
	for i, pair := range test.pairs {
		list[i] = metrics.Sample{ID: pair.ID, Hyp: answers[i], Refs: []string{pair.Answer}}
		if c, ok := metrics.CountFindings(answers[i], pair.Answer); ok {
			counts = counts.Plus(c)
		}
		r.predictions.add(prediction{
			Task: "diffvqa", Control: control, ID: pair.ID, Question: pair.Question,
			Hyp: answers[i], Refs: []string{pair.Answer},
		})
	}
	if err := r.scoreTexts(ctx, "diffvqa", control, list); err != nil {
		return err
	}
	prefix := recordedPrefix("diffvqa", control)
	var points []point
	if counts.Rows > 0 {
		points = append(points, point{prefix + "f1", 0, counts.Both().F1()}, point{prefix + "f1_added", 0, counts.Added.F1()},
			point{prefix + "f1_missing", 0, counts.Missing.F1()}, point{prefix + "exact", 0, counts.ExactAccuracy()},
			point{prefix + "nothing", 0, counts.NothingAccuracy()})
	}
	if counts.Levels > 0 {
		points = append(points, point{prefix + "level", 0, counts.LevelAccuracy()})
	}
	return recordPoints(r.rec, points)
}
