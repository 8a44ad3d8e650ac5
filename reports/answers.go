package reports

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math"
	"slices"
	"strings"

	"harness/metrics"
)

// answers are what the models of a table answered in one task, scored again, so that tests can resample the test samples.
type answers struct {
	task   string
	groups []string             // of metrics
	of     map[string]*answered // by trial; nil where a trial kept none
}

// answered are the answers of one trial.
type answered struct {
	path    string
	list    []metrics.Sample
	samples string          // digest of the questions and references: which test set this is
	scores  *metrics.Scores // once they were asked for
	bert    *metrics.Scores // BERTScore as the trial recorded it, which needs its model; nil where it has none
}

// task returns what the trials answered in a task. Answers are read, and scored, when they are asked for.
func (b *builder) task(name string) *answers {
	if b.answers == nil {
		b.answers = map[string]*answers{}
	}
	if b.answers[name] == nil {
		a := &answers{task: name, of: map[string]*answered{}}
		for _, column := range b.table.Columns {
			if task, m, ok := metrics.SplitRecorded(column.Metric); ok && task == name && fromText(m) && !slices.Contains(a.groups, m.Group) {
				a.groups = append(a.groups, m.Group)
			}
		}
		b.answers[name] = a
	}
	return b.answers[name]
}

// fromText reports whether a metric can be computed again from kept answers alone. BERTScore needs its model, and is kept with
// each answer.
func fromText(m metrics.Metric) bool { return m.Group != "bertscore" }

// answer reads the answers of a trial; nil where it kept none.
func (b *builder) answer(task, trial string) (*answered, error) {
	a := b.task(task)
	if known, ok := a.of[trial]; ok {
		return known, nil
	}
	a.of[trial] = nil
	path := b.results[trial].Predictions
	if path == "" {
		return nil, nil
	}
	list, err := ReadPredictions(path, task)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	slices.SortFunc(list, func(x, y Prediction) int { return strings.Compare(x.ID, y.ID) })
	a.of[trial] = &answered{path: path, list: samplesOf(list), samples: digestOf(list), bert: bertScores(list)}
	return a.of[trial], nil
}

// score scores answers in what the columns of their task need, once. Of BERTScore it is what was kept, nil for nothing.
func (a *answers) score(ctx context.Context, of *answered, m metrics.Metric) (*metrics.Scores, error) {
	if !fromText(m) {
		return of.bert, nil
	}
	if of.scores == nil {
		scores, err := metrics.Score(ctx, of.list, metrics.Options{Metrics: a.groups})
		if err != nil {
			return nil, fmt.Errorf("score %s: %w", of.path, err)
		}
		of.scores = scores
	}
	return of.scores, nil
}

// bertScores are the kept BERTScores of answers, nil unless each has one.
func bertScores(list []Prediction) *metrics.Scores {
	ids, values := make([]string, len(list)), make([]float64, len(list))
	for i, p := range list {
		if p.BERTScore == nil {
			return nil
		}
		ids[i], values[i] = p.ID, *p.BERTScore
	}
	return metrics.Given("bertscore", ids, values)
}

func samplesOf(list []Prediction) []metrics.Sample {
	samples := make([]metrics.Sample, len(list))
	for i, p := range list {
		samples[i] = metrics.Sample{ID: p.ID, Hyp: p.Hyp, Refs: p.Refs}
	}
	return samples
}

// digestOf names a test set by its questions and references.
func digestOf(list []Prediction) string {
	var b bytes.Buffer
	for _, p := range list {
		fmt.Fprintf(&b, "%q %q %q\n", p.ID, p.Question, p.Refs)
	}
	sum := sha256.Sum256(b.Bytes())
	return hex.EncodeToString(sum[:4])
}

// agree reports whether the answers of a trial, scored again, give the number that it recorded. Where they do not, as with METEOR
// and a paraphrase table, tests over samples would be of another number. References hold boxes in whole bins: those of a box
// metric may differ a little.
func agree(m metrics.Metric, scores *metrics.Scores, recorded float64) bool {
	tolerance := 1e-6
	if m.Group == "box" {
		tolerance = 0.02
	}
	return math.Abs(scores.Corpus[m.Name]-recorded) <= tolerance*max(1, math.Abs(recorded))
}
