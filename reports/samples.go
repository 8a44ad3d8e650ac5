package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"harness/metrics"
)

// sampleKeys says how package metrics names, in which group, what the trials record as TASK/NAME.
var sampleKeys = map[string]struct{ group, key string }{
	"bleu1": {"bleu", "bleu1"}, "bleu2": {"bleu", "bleu2"}, "bleu3": {"bleu", "bleu3"}, "bleu4": {"bleu", "bleu4"},
	"meteor": {"meteor", "meteor"}, "rouge_l": {"rouge", "rouge_l"}, "cider": {"cider", "cider"},
	"f1": {"finding", "finding_f1"}, "f1_added": {"finding", "added_f1"}, "f1_missing": {"finding", "missing_f1"},
	"exact": {"finding", "finding_exact"}, "nothing": {"finding", "nothing_acc"}, "level": {"finding", "level_acc"},
	"acc50": {"box", "acc_0.5"}, "iou": {"box", "mean_iou"},
}

// scored are the models of a table on the same test samples of one task, from the answers of one seed.
type scored struct {
	seed    int64
	rows    []string
	systems []*metrics.Scores
	tests   map[[2]string]map[string]metrics.Comparison // baseline, row -> key
}

// split is the task and the name of a metric such as diffvqa/bleu4.
func split(metric string) (task, name string) {
	task, name, _ = strings.Cut(metric, "/")
	return task, name
}

// compareSamples tests every model against its baseline by the paired bootstrap over test samples. The samples are those
// of one seed, since the answers of several seeds to one question are not independent samples.
func (b *builder) compareSamples(ctx context.Context) error {
	b.scored = map[string]*scored{}
	for c, column := range b.table.Columns {
		task, name := split(column.Metric)
		if _, known := sampleKeys[name]; !known {
			continue
		}
		s, err := b.score(ctx, task)
		if err != nil {
			return err
		}
		for i := range b.table.Rows {
			row := &b.table.Rows[i]
			if row.Kind != Model || row.Baseline == "" {
				continue
			}
			base := b.row(row.Baseline)
			if base == nil || !comparable(row, base, c) {
				continue
			}
			if twin := b.twin(i); twin != nil {
				row.Cells[c].Samples = twin.Cells[c].Samples
				continue
			}
			test, err := s.test(ctx, row.Baseline, row.Name, name)
			if err != nil {
				return err
			}
			row.Cells[c].Samples = test
		}
	}
	return nil
}

// score reads and scores the answers to a task, of the first seed for which at least two models have kept them.
func (b *builder) score(ctx context.Context, task string) (*scored, error) {
	if s := b.scored[task]; s != nil {
		return s, nil
	}
	b.scored[task] = &scored{tests: map[[2]string]map[string]metrics.Comparison{}}
	for i, seed := range b.plan.Seeds {
		var rows []string
		var answers [][]metrics.Sample
		for _, r := range b.rows {
			path := b.results[r.Trials[i]].Predictions
			if r.Control != "" || path == "" {
				continue
			}
			list, err := readPredictions(path, task)
			if err != nil {
				return nil, err
			}
			if len(list) > 0 {
				rows, answers = append(rows, r.Name), append(answers, samplesOf(list))
			}
		}
		if len(rows) < 2 {
			continue
		}
		s := b.scored[task]
		s.seed, s.rows = seed, rows
		return s, s.scoreAll(ctx, common(answers), b.groups(task))
	}
	return b.scored[task], nil
}

// groups are the groups of metrics that the columns of a task need.
func (b *builder) groups(task string) []string {
	var groups []string
	for _, column := range b.table.Columns {
		own, name := split(column.Metric)
		if k, ok := sampleKeys[name]; ok && own == task && !slices.Contains(groups, k.group) {
			groups = append(groups, k.group)
		}
	}
	return groups
}

func samplesOf(list []prediction) []metrics.Sample {
	samples := make([]metrics.Sample, len(list))
	for i, p := range list {
		samples[i] = metrics.Sample{ID: p.ID, Hyp: p.Hyp, Refs: p.Refs}
	}
	return samples
}

// common keeps the samples that all have, in the order of the first; nothing where there are none.
func common(answers [][]metrics.Sample) [][]metrics.Sample {
	count := map[string]int{}
	for _, list := range answers {
		for _, s := range list {
			count[s.ID]++
		}
	}
	kept := make([][]metrics.Sample, len(answers))
	for i, list := range answers {
		byID := map[string]metrics.Sample{}
		for _, s := range list {
			byID[s.ID] = s
		}
		for _, s := range answers[0] {
			if count[s.ID] == len(answers) {
				kept[i] = append(kept[i], byID[s.ID])
			}
		}
	}
	return kept
}

func (s *scored) scoreAll(ctx context.Context, answers [][]metrics.Sample, groups []string) error {
	if len(answers[0]) == 0 {
		s.rows = nil
		return nil
	}
	for i, samples := range answers {
		scores, err := metrics.Score(ctx, samples, metrics.Options{Metrics: groups})
		if err != nil {
			return fmt.Errorf("score the answers of %s: %w", s.rows[i], err)
		}
		s.systems = append(s.systems, scores)
	}
	return nil
}

// test compares a row with another; nil where one of the two has no answers or the metric has no value.
func (s *scored) test(ctx context.Context, baseline, row, name string) (*Test, error) {
	i, j := slices.Index(s.rows, baseline), slices.Index(s.rows, row)
	if i < 0 || j < 0 || i == j {
		return nil, nil
	}
	pair := [2]string{baseline, row}
	if s.tests[pair] == nil {
		comparisons, err := metrics.PairedBootstrap(ctx, []*metrics.Scores{s.systems[i], s.systems[j]}, metrics.Resampling{})
		if err != nil {
			return nil, fmt.Errorf("compare %s with %s: %w", row, baseline, err)
		}
		s.tests[pair] = map[string]metrics.Comparison{}
		for _, c := range comparisons {
			if c.System == 1 {
				s.tests[pair][c.Key] = c
			}
		}
	}
	c, ok := s.tests[pair][sampleKeys[name].key]
	if !ok || math.IsNaN(c.P) {
		return nil, nil
	}
	return &Test{Method: Bootstrap, P: c.P, Holm: math.NaN(), SmallestP: 1 / float64(metrics.DefaultResamples+1), Low: math.NaN(), High: math.NaN(),
		N: 1, Items: len(s.systems[j].IDs)}, nil
}
