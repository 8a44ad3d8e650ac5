package reports

import (
	"fmt"
	"math"
	"slices"
	"sort"
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
		for c := range row.Cells {
			differences := paired(row.Cells[c].Values, base.Cells[c].Values)
			if len(differences) == 0 {
				continue
			}
			row.Cells[c].Delta, _, _ = moments(differences)
			test := signFlip(differences)
			row.Cells[c].Seeds = &test
		}
	}
}

// row finds a model's row by its name.
func (b *builder) row(name string) *Row {
	for i := range b.table.Rows {
		if b.table.Rows[i].Name == name && b.table.Rows[i].Kind == Model {
			return &b.table.Rows[i]
		}
	}
	return nil
}

// adjust applies Holm's correction to each kind of test, over the table or over each column, as the experiment declares.
// Rows that the file declares are the family; controls are not part of it.
func (b *builder) adjust() {
	for _, kind := range []func(*Cell) *Test{seedsTest, samplesTest} {
		var family []*Test
		for c := range b.table.Columns {
			for i := range b.table.Rows {
				if test := kind(&b.table.Rows[i].Cells[c]); test != nil && b.table.Rows[i].Kind == Model {
					family = append(family, test)
				}
			}
			if b.sweep.Report.Family == "column" {
				holm(family)
				family = nil
			}
		}
		holm(family)
	}
}

func seedsTest(c *Cell) *Test   { return c.Seeds }
func samplesTest(c *Cell) *Test { return c.Samples }

// holm sets the adjusted p of a family of tests.
func holm(family []*Test) {
	sorted := slices.Clone(family)
	sort.SliceStable(sorted, func(i, j int) bool { return sorted[i].P < sorted[j].P })
	least := 0.0
	for i, test := range sorted {
		least = math.Min(1, math.Max(least, test.P*float64(len(sorted)-i)))
		test.Holm = least
	}
}

// mark sets what is within noise of the baseline, and makes the best model of each column bold together with all that
// cannot be told from it.
func (b *builder) mark() {
	for c, column := range b.table.Columns {
		for i := range b.table.Rows {
			row := &b.table.Rows[i]
			if base := b.row(row.Baseline); base != nil && row.Kind == Model {
				row.Cells[c].Within = row.Cells[c].tested() && !told(&row.Cells[c])
			}
		}
		if !b.sweep.Report.BoldBest || column.Goal == sweeps.NoGoal {
			continue
		}
		best := b.best(c, column.Goal)
		if best == nil {
			continue
		}
		for i := range b.table.Rows {
			row := &b.table.Rows[i]
			if row.Kind == Model && !row.Cells[c].Blank() {
				row.Cells[c].Bold = row == best || b.tied(row, best, c)
			}
		}
	}
}

// best is the model with the best mean of a column, if there are at least two to choose from.
func (b *builder) best(c int, goal sweeps.Goal) *Row {
	var best *Row
	models := 0
	for i := range b.table.Rows {
		row := &b.table.Rows[i]
		if row.Kind != Model || row.Cells[c].Blank() {
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

func better(a, b float64, goal sweeps.Goal) bool {
	if goal == sweeps.Minimize {
		return a < b
	}
	return a > b
}

// tied tells whether a row cannot be told from the best: their paired differences over seeds have an interval that
// covers zero. With fewer than two pairs only an equal mean ties.
func (b *builder) tied(row, best *Row, c int) bool {
	differences := paired(row.Cells[c].Values, best.Cells[c].Values)
	if len(differences) < 2 {
		return row.Cells[c].Mean == best.Cells[c].Mean
	}
	return tCovers(differences)
}

// tested tells whether any test could have told the cell from its baseline.
func (c *Cell) tested() bool {
	return c.Samples != nil || c.Seeds != nil && c.Seeds.Floor < Level
}

// told tells whether a test told the cell from its baseline, after correction.
func told(c *Cell) bool {
	return c.Seeds != nil && c.Seeds.Holm < Level || c.Samples != nil && c.Samples.Holm < Level
}

// describeTests says in the caption which tests were made and what they can tell.
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
				samples = max(samples, cell.Samples.N)
				family++
			}
		}
	}
	if bold {
		rule := "the best, and rows whose paired differences from it over seeds have a 95% interval that covers zero"
		if len(b.sweep.Seeds) < 2 {
			rule = "the best of one seed each"
		}
		say("Bold: %s.", rule)
	}
	if floor := math.Min(1, math.Pow(2, 1-float64(seeds))); deltas && floor >= Level && slices.Contains(b.table.Show, "p") {
		say("Sign-flip over %s cannot reach p < %.2f: its least value is %.3g.", count(seeds, "seed"), Level, floor)
	}
	if samples > 0 {
		say("Paired bootstrap over %s, Holm over %d comparisons; it says nothing about retraining.", count(samples, "test sample"), family)
	}
	if within {
		say("~: not told apart from its baseline.")
	}
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, strings.TrimSuffix(noun, "s"))
}
