package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"harness/metrics"
	"harness/sweeps"
)

// pair is one row beside another, in what their trials have in common.
type pair struct {
	row, base *Row
	seeds     []int // indices of the seeds of which both have a finite number in the column
	deltas    []float64
}

// pairOf pairs two rows in a column; nil where a seed of either has diverged or was stopped early, or where nothing is common.
func pairOf(row, base *Row, c int) *pair {
	p := &pair{row: row, base: base}
	if !row.Cells[c].whole() || !base.Cells[c].whole() {
		return nil
	}
	for i := range min(len(row.Cells[c].Values), len(base.Cells[c].Values)) {
		x, y := row.Cells[c].Values[i], base.Cells[c].Values[i]
		if x != nil && y != nil && finite(float64(*x)-float64(*y)) {
			p.seeds, p.deltas = append(p.seeds, i), append(p.deltas, float64(*x)-float64(*y))
		}
	}
	if len(p.seeds) == 0 {
		return nil
	}
	return p
}

// sameTraining reports whether two rows are the same trials: there is nothing to test.
func sameTraining(a, b *Row) bool { return a.Kind == Model && slices.Equal(a.trials, b.trials) }

// compareWithBaselines computes, for every row, the difference from its baseline, and the tests of it. Where two cells must not
// be compared, a footnote says why and there is no difference.
func (b *builder) compareWithBaselines(ctx context.Context) error {
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		base := b.row(row.Baseline)
		if base == nil {
			continue
		}
		reasons := make([]string, len(row.Cells)) // why the row is not compared in a column
		for c := range row.Cells {
			cell := &row.Cells[c]
			p := pairOf(row, base, c)
			if p == nil {
				continue
			}
			reason, err := b.incomparable(p, c)
			if err != nil {
				return err
			}
			if reasons[c] = reason; reason != "" {
				continue
			}
			cell.Delta, _ = meanStd(p.deltas)
			if sameTraining(row, base) || row.Kind != Model || b.plan.Report.Family == sweeps.FamilyNone {
				continue
			}
			if cell.Verdict, err = b.test(ctx, p, c); err != nil {
				return err
			}
			switch {
			case cell.Verdict != nil && cell.Verdict.Method == Bootstrap:
				cell.Samples = cell.Verdict
			case cell.Verdict != nil && cell.Verdict.Method == SignFlip:
				cell.Seeds = cell.Verdict
			case len(p.deltas) > 1:
				cell.Seeds = signFlip(p.deltas)
			}
		}
		b.markApart(row, reasons)
	}
	return nil
}

// markApart says in one footnote in which columns a row is not compared for the same reason.
func (b *builder) markApart(row *Row, reasons []string) {
	for c, reason := range reasons {
		if reason == "" {
			continue
		}
		var labels []string
		for k, other := range reasons {
			if other == reason {
				labels = append(labels, b.table.Columns[k].Label)
			}
		}
		b.mark(&row.Cells[c], strings.Join(labels, "; ")+": "+reason)
	}
}

// test is the test of two rows in a column: over seeds and test samples where both are many, over the test samples where
// there is one seed, else over the seeds; nil where there is one seed and no answer. Rows that are the same trainings as others
// share the tests of those.
func (b *builder) test(ctx context.Context, p *pair, c int) (*Test, error) {
	key := keyOf(p.row, p.base, c)
	if known, ok := b.tests[key]; ok {
		return known, nil
	}
	test, instead, err := b.overSamples(ctx, p, c)
	if err != nil {
		return nil, fmt.Errorf("compare %s with %s: %w", p.row.Name, p.base.Name, err)
	}
	if b.claimed {
		b.instead[key] = instead
	}
	if test == nil && len(p.deltas) > 1 {
		test = signFlip(p.deltas)
	}
	b.tests[key] = test
	return test, nil
}

// testKey names a test by the trials of the two rows and the column.
type testKey struct {
	row, base string
	column    int
}

func keyOf(row, base *Row, c int) testKey {
	return testKey{row.key, base.key, c}
}

// either names the comparison whichever of the two rows it is seen from.
func (k testKey) either() testKey {
	if k.base < k.row {
		k.row, k.base = k.base, k.row
	}
	return k
}

// overSamples is the test that resamples the test samples. Where not all of the seeds kept answers that give the recorded numbers it is nil,
// and instead says why; "" for a metric that is computed from no answers.
func (b *builder) overSamples(ctx context.Context, p *pair, c int) (test *Test, instead string, err error) {
	column := b.table.Columns[c]
	task, m, ok := metrics.SplitRecorded(column.Metric)
	if !ok {
		return nil, "", nil
	}
	switch {
	case column.at != "last" && b.plan.Command: // nobody expects answers of a program
		return nil, "", nil
	case column.at != "last":
		return nil, fmt.Sprintf("answers are those of the last point, the number is that of the %s", column.at), nil
	}
	rows, bases := make([]*metrics.Scores, len(p.seeds)), make([]*metrics.Scores, len(p.seeds))
	for i, seed := range p.seeds {
		if rows[i], instead, err = b.scored(ctx, task, m, p.row, seed, c); rows[i] == nil {
			return nil, instead, err
		}
		if bases[i], instead, err = b.scored(ctx, task, m, p.base, seed, c); bases[i] == nil {
			return nil, instead, err
		}
	}
	if slices.ContainsFunc(rows[1:], func(s *metrics.Scores) bool { return !slices.Equal(s.IDs, rows[0].IDs) }) {
		return nil, "each seed was tested on samples of its own", nil
	}
	if !fromText(m) { // its resamples are the same, its scores lie apart
		task += " " + m.Group
	}
	found, err := b.resample(ctx, task, p, bases, rows)
	if err != nil || found[m.Name] == nil {
		return nil, "a resample has no number", err
	}
	return found[m.Name], "", nil
}

// scored are the scores of the answers that a seed of a row kept; nil, and why, where they do not give the recorded number.
func (b *builder) scored(ctx context.Context, task string, m metrics.Metric, row *Row, seed, c int) (*metrics.Scores, string, error) {
	whose := fmt.Sprintf("seed %d of %s", b.plan.Seeds[seed], row.Name)
	a, err := b.answer(task, row.trials[seed])
	switch {
	case err != nil || a == nil && b.plan.Command: // nobody expects answers of a program
		return nil, "", err
	case a == nil:
		return nil, whose + " kept no answers", nil
	}
	scores, err := a.score(ctx, b.groupsOf(task), m)
	if err != nil || scores == nil {
		return nil, whose + " kept no scores with its answers", err
	}
	if recorded := float64(*row.Cells[c].Values[seed]); !agree(m, scores, recorded) {
		said := fmt.Sprintf("scored again, give %s and not %s", short4(scores.Corpus[m.Name]), short4(recorded))
		b.mark(&row.Cells[c], fmt.Sprintf("%s: the kept answers of seed %d, %s: not tested over samples", b.table.Columns[c].Label, b.plan.Seeds[seed], said))
		return nil, fmt.Sprintf("the kept answers of %s, %s", whose, said), nil
	}
	return scores, "", nil
}

// resample makes the tests of all numbers of a task at once: their resamples are the same.
func (b *builder) resample(ctx context.Context, task string, p *pair, bases, rows []*metrics.Scores) (map[string]*Test, error) {
	key := fmt.Sprintf("%s %v %v %v", task, p.row.trials, p.base.trials, p.seeds)
	if known, ok := b.resampled[key]; ok {
		return known, nil
	}
	found := map[string]*Test{}
	b.resampled[key] = found
	items := len(rows[0].IDs)
	how := metrics.Resampling{N: b.resamples}
	if len(rows) > 1 {
		differences, err := metrics.Hierarchical(ctx, bases, rows, how)
		for _, d := range differences {
			if !math.IsNaN(d.P) {
				found[d.Key] = &Test{Method: Hierarchical, P: d.P, Holm: math.NaN(), Low: d.Low, High: d.High, N: len(rows), Items: items}
				if b.claimed {
					b.differences[found[d.Key]] = d
				}
			}
		}
		return found, err
	}
	comparisons, err := metrics.PairedBootstrap(ctx, []*metrics.Scores{bases[0], rows[0]}, how)
	for _, d := range comparisons {
		if !math.IsNaN(d.P) {
			found[d.Key] = &Test{Method: Bootstrap, P: d.P, Holm: math.NaN(), SmallestP: max(1/float64(b.resamples+1), metrics.SmallestSignFlip(items)),
				Low: d.DeltaLow, High: d.DeltaHigh, N: 1, Items: items}
		}
	}
	return found, err
}

// incomparable says why the numbers of two rows must not be compared in a column, or "": they were scored on other test samples, on
// other data, or with other settings of the scorer.
func (b *builder) incomparable(p *pair, c int) (string, error) {
	metric := b.table.Columns[c].Metric
	if isCost(metric) && !b.results.have(metric) || !b.plan.Command && metrics.IsEffort(metric) { // what was measured on counts for results alone
		return "", nil
	}
	task, m, isText := metrics.SplitRecorded(metric)
	isText = isText && !b.plan.Command
	for _, seed := range p.seeds {
		row, base := b.results[p.row.trials[seed]], b.results[p.base.trials[seed]]
		if isText {
			if x, y := row.scorer(task, m.Group), base.scorer(task, m.Group); x != y {
				return fmt.Sprintf("not compared with %s: scored with %s, that with %s", p.base.Name, x, y), nil
			}
			x, err := b.answer(task, p.row.trials[seed])
			if err != nil {
				return "", err
			}
			y, err := b.answer(task, p.base.trials[seed])
			if err != nil {
				return "", err
			}
			if x != nil && y != nil {
				if x.samples != y.samples {
					return fmt.Sprintf("not compared with %s: other test samples (%d, set %s; that has %d, set %s)",
						p.base.Name, len(x.list), x.samples, len(y.list), y.samples), nil
				}
				continue
			}
		}
		if row.DataHash != base.DataHash && row.DataHash != "" && base.DataHash != "" && !b.sameImages(p, seed, c) {
			return fmt.Sprintf("not compared with %s: other data (%s; that has %s)", p.base.Name, short(row.DataHash), short(base.DataHash)), nil
		}
	}
	return "", nil
}

// row finds a model's row by its name.
func (b *builder) row(name string) *Row {
	if i, ok := b.models[name]; ok {
		return &b.table.Rows[i]
	}
	return nil
}

// mark gives a cell a footnote, once.
func (b *builder) mark(cell *Cell, text string) {
	if mark := b.table.note(text); !slices.Contains(cell.Marks, mark) {
		cell.Marks = append(cell.Marks, mark)
	}
}

func short4(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
