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

// answered are the answers of one trial to one task, scored again where tests resample the test samples.
type answered struct {
	path    string
	list    []metrics.Sample
	samples string                     // digest of the questions and references: which test set this is
	scores  map[string]*metrics.Scores // by the groups of metrics that were asked for
	bert    *metrics.Scores            // BERTScore as the trial recorded it, which needs its model; nil where it has none
}

// groupsOf are the groups of metrics that the columns of the table need of the answers to a task.
func (b *builder) groupsOf(task string) []string {
	if known, ok := b.groups[task]; ok {
		return known
	}
	var groups []string
	for _, column := range b.table.Columns {
		if of, m, ok := metrics.SplitRecorded(column.Metric); ok && of == task && fromText(m) && !slices.Contains(groups, m.Group) {
			groups = append(groups, m.Group)
		}
	}
	if b.groups == nil {
		b.groups = map[string][]string{}
	}
	b.groups[task] = groups
	return groups
}

// fromText reports whether a metric can be computed again from kept answers alone. BERTScore needs its model, and is kept with
// each answer.
func fromText(m metrics.Metric) bool { return m.Group != "bertscore" }

// answer reads the answers of a trial, once for the table and its hypotheses; nil where it kept none.
func (b *builder) answer(task, trial string) (*answered, error) {
	if b.kept == nil {
		b.kept = map[string]*answered{}
	}
	key := task + " " + trial
	if known, ok := b.kept[key]; ok {
		return known, nil
	}
	b.kept[key] = nil
	path := b.results[trial].Predictions
	if path == "" {
		return nil, nil
	}
	list, err := ReadPredictions(path, task)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	slices.SortFunc(list, func(x, y Prediction) int { return strings.Compare(x.ID, y.ID) })
	b.kept[key] = &answered{path: path, list: samplesOf(list), samples: digestOf(list), bert: bertScores(list), scores: map[string]*metrics.Scores{}}
	return b.kept[key], nil
}

// score scores answers again in some groups of metrics, once. Of BERTScore it is what was kept, nil for nothing.
func (a *answered) score(ctx context.Context, groups []string, m metrics.Metric) (*metrics.Scores, error) {
	if !fromText(m) {
		return a.bert, nil
	}
	key := strings.Join(groups, " ")
	if a.scores[key] == nil {
		scores, err := metrics.Score(ctx, a.list, metrics.Options{Metrics: groups})
		if err != nil {
			return nil, fmt.Errorf("score %s: %w", a.path, err)
		}
		a.scores[key] = scores
	}
	return a.scores[key], nil
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
