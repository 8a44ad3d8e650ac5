package model

import (
	"context"

	"harness/metrics"
	"harness/model/dataset"
)

// questionTest is the test questions of one type.
type questionTest struct {
	kind  string // "" is difference
	pairs []dataset.Pair
}

// questionTests are what the trial is tested on: difference questions, then the other types that it names, each in an order that depends
// on their number alone and at most test.pairs of them.
func (r *trialRun) questionTests() []questionTest {
	tests := []questionTest{{"", firstOf(r.corpus.Pairs(dataset.Test), r.trial.Eval.Pairs, "test.pairs")}}
	for _, kind := range r.trial.DiffVQA.Questions.Others() {
		tests = append(tests, questionTest{kind, firstOf(r.otherQuestions(kind, dataset.Test), r.trial.Eval.Pairs, "test.pairs")})
	}
	return tests
}

// trainingQuestions are the difference questions of the training split, and those of the other types that the trial names.
func (r *trialRun) trainingQuestions() []dataset.Pair {
	train := r.corpus.Pairs(dataset.Train)
	for _, kind := range r.trial.DiffVQA.Questions.Others() {
		train = append(train, r.otherQuestions(kind, dataset.Train)...)
	}
	return train
}

// otherQuestions lists the questions of a type. They are about one image, which is shown as both.
func (r *trialRun) otherQuestions(kind string, split dataset.Split) []dataset.Pair {
	var list []dataset.Pair
	for _, q := range r.corpus.Set.Questions {
		if q.Type == kind && q.Split == split {
			q.Ref = q.Main
			list = append(list, q)
		}
	}
	return list
}

// scoreOthers records the numbers of a type other than difference under the names of difference VQA with /TYPE behind them: the caption
// metrics, and the share of answers that are the same as the reference.
func (r *trialRun) scoreOthers(ctx context.Context, control string, test questionTest, answers []string) error {
	prefix, behind := recordedPrefix("diffvqa", control), "/"+test.kind
	if len(test.pairs) == 0 {
		return r.rec.Note(prefix+"exact"+behind+"/blank", "the data set has no such test question")
	}
	list := make([]metrics.Sample, len(test.pairs))
	same := 0
	for i, pair := range test.pairs {
		list[i] = metrics.Sample{ID: pair.ID, Hyp: answers[i], Refs: []string{pair.Answer}}
		if metrics.SameAnswer(answers[i], pair.Answer) {
			same++
		}
		r.predictions.add(prediction{Task: test.kind, Control: control, ID: pair.ID, Question: pair.Question, Hyp: answers[i], Refs: []string{pair.Answer}})
	}
	scores, err := metrics.Score(ctx, list, metrics.Options{Threads: r.env.Threads, Paraphrases: r.paraphrases, Metrics: metrics.TextGroups})
	if err != nil {
		return err
	}
	points := []point{{prefix + "exact" + behind, 0, float64(same) / float64(len(list))}}
	for _, key := range scores.Keys {
		if _, blank := scores.Blank[key]; !blank {
			points = append(points, point{prefix + key + behind, 0, scores.Corpus[key]})
		}
	}
	return recordPoints(r.rec, points)
}
