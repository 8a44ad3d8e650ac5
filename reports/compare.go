package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"harness/sweeps"
)

// compare computes, for every row, the difference from its baseline and the sign-flip test over the seeds both have.
func (b *builder) compare() {
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		base := b.row(row.Baseline)
		if base == nil {
			continue
		}
		twin := b.twin(i)
		for c := range row.Cells {
			differences := paired(row.Cells[c].Values, base.Cells[c].Values)
			if len(differences) == 0 || row.Cells[c].Diverged > 0 || base.Cells[c].Diverged > 0 {
				continue
			}
			row.Cells[c].Delta, _, _ = moments(differences)
			switch {
			case twin != nil:
				row.Cells[c].Seeds = twin.Cells[c].Seeds
			case comparable(row, base, c):
				row.Cells[c].Seeds = signFlip(differences)
			}
		}
	}
}

// findTwins finds, for each row, the row above it that is the same comparison: the same trainings against the same. The two
// share their tests, so that no test counts twice.
func (b *builder) findTwins() {
	first := map[string]int{}
	b.twins = make([]int, len(b.table.Rows))
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		b.twins[i] = -1
		base := b.row(row.Baseline)
		if base == nil || row.Kind != Model {
			continue
		}
		key := strings.Join(row.trials, " ") + "\n" + strings.Join(base.trials, " ")
		if j, known := first[key]; known {
			b.twins[i] = j
			continue
		}
		first[key] = i
	}
}

// twin is the row above row i that is the same comparison, or nil.
func (b *builder) twin(i int) *Row {
	if b.twins[i] < 0 {
		return nil
	}
	return &b.table.Rows[b.twins[i]]
}

// comparable reports whether a test of column c makes sense: no seed of either row has diverged, and the two are not the same
// training.
func comparable(row, base *Row, c int) bool {
	return row.Cells[c].Diverged == 0 && base.Cells[c].Diverged == 0 &&
		(row.Kind != Model || !slices.Equal(row.trials, base.trials))
}

// row finds a model's row by its name.
func (b *builder) row(name string) *Row {
	if i, ok := b.models[name]; ok {
		return &b.table.Rows[i]
	}
	return nil
}

// adjust applies Holm's correction to each kind of test, over the table or over each column, as the experiment declares.
// Rows that the file declares are the family; controls are not part of it.
func (b *builder) adjust() {
	for _, kind := range []func(*Cell) *Test{seedsTest, samplesTest} {
		var family []*Test
		seen := map[*Test]bool{}
		for c := range b.table.Columns {
			for i := range b.table.Rows {
				test := kind(&b.table.Rows[i].Cells[c])
				if test != nil && b.table.Rows[i].Kind == Model && !seen[test] {
					seen[test] = true
					family = append(family, test)
				}
			}
			if b.plan.Report.Family == "column" {
				holm(family)
				family = nil
			}
		}
		holm(family)
	}
}

func seedsTest(c *Cell) *Test   { return c.Seeds }
func samplesTest(c *Cell) *Test { return c.Samples }

// mark sets what is within noise of the baseline, and makes the best model of each column bold together with all rows that do
// not differ significantly from it.
func (b *builder) mark(ctx context.Context) error {
	for c, column := range b.table.Columns {
		for i := range b.table.Rows {
			row := &b.table.Rows[i]
			if base := b.row(row.Baseline); base != nil && row.Kind == Model {
				row.Cells[c].Within = row.Cells[c].testable() && !significant(&row.Cells[c])
			}
		}
		if !b.plan.Report.BoldBest || column.Goal == metrics.NoGoal {
			continue
		}
		if best := b.best(c, column.Goal); best != nil {
			if err := b.embolden(ctx, c, best); err != nil {
				return err
			}
		}
	}
	return nil
}

// embolden makes the best of a column bold, and each row that does not differ significantly from it: its paired differences over seeds
// have an interval that covers zero, or its answers differ from those of the best by no more than the bootstrap's noise.
// A row differs only if every possible comparison is significant; where none is possible, only an equal mean ties.
func (b *builder) embolden(ctx context.Context, c int, best *Row) error {
	task, name := split(b.table.Columns[c].Metric)
	var rows []*Row
	var tests []*Test
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		if row.Kind != Model || !row.Cells[c].rankable() {
			continue
		}
		var test *Test
		if s := b.scored[task]; s != nil && !slices.Equal(row.trials, best.trials) {
			var err error
			if test, err = s.test(ctx, best.Name, row.Name, name); err != nil {
				return err
			}
		}
		rows, tests = append(rows, row), append(tests, test)
	}
	holm(slices.DeleteFunc(slices.Clone(tests), func(t *Test) bool { return t == nil }))
	for i, row := range rows {
		differences := paired(row.Cells[c].Values, best.Cells[c].Values)
		overSeeds := len(differences) >= 2
		tied := row.Cells[c].Mean == best.Cells[c].Mean
		if overSeeds {
			tied = tied || tCovers(differences)
		}
		if tests[i] != nil {
			tied = tied || !(tests[i].Holm < Level)
		}
		row.Cells[c].Bold = row == best || tied
	}
	return nil
}

// best is the model with the best mean of a column, if there are at least two to choose from.
func (b *builder) best(c int, goal metrics.Goal) *Row {
	var best *Row
	models := 0
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		if row.Kind != Model || !row.Cells[c].rankable() {
			continue
		}
		models++
		if best == nil || better(row.Cells[c].Mean, best.Cells[c].Mean, goal) {
			best = row
		}
	}
	if models < 2 {
		return nil
	}
	return best
}

// rankable reports whether a cell may be called best: it has numbers, and no seed has diverged.
func (c *Cell) rankable() bool { return !c.Blank() && c.Diverged == 0 }

func better(a, b float64, goal metrics.Goal) bool {
	if goal == metrics.Minimize {
		return a < b
	}
	return a > b
}

// testable says whether any test could find a difference between the cell and its baseline.
func (c *Cell) testable() bool {
	return c.Samples != nil || c.Seeds != nil && c.Seeds.SmallestP < Level
}

// significant says whether a test found a difference between the cell and its baseline, after correction.
func significant(c *Cell) bool {
	return c.Seeds != nil && c.Seeds.Holm < Level || c.Samples != nil && c.Samples.Holm < Level
}

// describeTests says in the caption which tests were made and what they can show.
func (b *builder) describeTests(say func(string, ...any)) {
	seeds, samples, family := 0, 0, 0
	bold, within, deltas := false, false, false
	for _, row := range b.table.Rows {
		for c := range row.Cells {
			cell := &row.Cells[c]
			if row.Kind != Model {
				continue
			}
			bold, within, deltas = bold || cell.Bold, within || cell.Within, deltas || cell.Seeds != nil
			if cell.Seeds != nil {
				seeds = max(seeds, cell.Seeds.N)
			}
			if cell.Samples != nil {
				samples = max(samples, cell.Samples.Items)
				family++
			}
		}
	}
	if bold {
		say("Bold: %s.", boldRule(len(b.plan.Seeds) > 1, samples > 0))
	}
	if smallest := math.Min(1, math.Pow(2, 1-float64(seeds))); deltas && smallest >= Level && slices.Contains(b.table.Show, "p") {
		say("Sign-flip over %s cannot reach p < %.2f: the smallest possible p is %.3g.", count(seeds, "seed"), Level, smallest)
	}
	if samples > 0 {
		say("Paired bootstrap over %s of one seed, Holm over %s; it says nothing about retraining.",
			count(samples, "test sample"), count(family, "comparison"))
	}
	if within {
		say("~: no significant difference from its baseline.")
	}
}

// boldRule says what is bold, by the comparisons that could be made.
func boldRule(seeds, samples bool) string {
	switch {
	case seeds && samples:
		return "the best, and rows that the 95% interval of paired differences over seeds or the paired bootstrap over test samples " +
			"does not tell from it"
	case seeds:
		return "the best, and rows whose paired differences from it over seeds have a 95% interval that covers zero"
	case samples:
		return "the best of one seed each, and rows that the paired bootstrap over test samples does not tell from it"
	}
	return "the best of one seed each"
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, strings.TrimSuffix(noun, "s"))
}
