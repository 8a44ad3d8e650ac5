package reports

import (
	"context"
	"math"
	"slices"

	"harness/metrics"
	"harness/sweeps"
)

// family is the comparisons that are judged together: each row with its baseline, in the columns that count. Their p are adjusted
// together, and every mark follows from them and from nothing else.
type family struct {
	*builder
	members map[testKey]*member
	order   []testKey
}

// member is one comparison of the family.
type member struct {
	tests    []*Test // one, or the same test seen from both of its rows
	smallest float64 // the smallest p that it can reach after the adjustment
}

// judge makes the tests, adjusts them over the family and sets the marks.
func (b *builder) judge(ctx context.Context) error {
	b.tests, b.resampled = map[testKey]*Test{}, map[string]map[string]*Test{}
	b.choosePrimary()
	b.resamples = metrics.Resamples(b.mostComparisons())
	if err := b.compareWithBaselines(ctx); err != nil {
		return err
	}
	f := &family{builder: b, members: map[testKey]*member{}}
	for c, column := range b.table.Columns {
		for i := range b.table.Rows {
			row := &b.table.Rows[i]
			if base := f.row(row.Baseline); column.Primary && base != nil && row.Kind == Model && row.Cells[c].Verdict != nil {
				f.add(row, base, c, row.Cells[c].Verdict)
			}
		}
	}
	f.adjust()
	f.describe()
	f.setMarks()
	return nil
}

// choosePrimary settles which columns count. Where the plan names no metrics they are those that are primary by default; a family
// of the whole table or of each column makes all columns count.
func (b *builder) choosePrimary() {
	for c := range b.table.Columns {
		column := &b.table.Columns[c]
		if column.extra {
			continue
		}
		switch b.plan.Report.Family {
		case sweeps.FamilyTable, sweeps.FamilyColumn:
			column.Primary = true
		case sweeps.FamilyNone:
			column.Primary = false
		}
	}
	if b.plan.Report.Family == sweeps.FamilyPrimary && !slices.ContainsFunc(b.table.Columns, func(c Column) bool { return c.Primary }) {
		for c := range b.table.Columns { // a table of BLEU-1 alone asks about BLEU-1
			column := &b.table.Columns[c]
			column.Primary = !b.plan.Command && column.Goal != metrics.NoGoal && !column.extra
		}
	}
}

// mostComparisons bounds the size of the family before any test is made.
func (b *builder) mostComparisons() int {
	rows, columns := 0, 0
	for _, row := range b.table.Rows {
		if row.Kind == Model {
			rows++
		}
	}
	for _, column := range b.table.Columns {
		if column.Primary {
			columns++
		}
	}
	return rows * columns
}

func (f *family) add(row, base *Row, c int, test *Test) {
	key := keyOf(row, base, c).either()
	if f.members[key] == nil {
		f.members[key] = &member{}
		f.order = append(f.order, key)
	}
	if m := f.members[key]; !slices.Contains(m.tests, test) {
		m.tests = append(m.tests, test)
	}
}

// adjust applies Holm's correction over the family, or over each column of it.
func (f *family) adjust() {
	if f.plan.Report.Family != sweeps.FamilyColumn {
		f.adjustAll(f.order)
		return
	}
	for c := range f.table.Columns {
		f.adjustAll(slices.DeleteFunc(slices.Clone(f.order), func(k testKey) bool { return k.column != c }))
	}
}

func (f *family) adjustAll(keys []testKey) {
	p, smallest := make([]float64, len(keys)), make([]float64, len(keys))
	for i, key := range keys {
		p[i], smallest[i] = f.members[key].tests[0].P, f.members[key].tests[0].SmallestP
	}
	p, smallest = metrics.Holm(p), metrics.Holm(smallest)
	for i, key := range keys {
		f.members[key].smallest = smallest[i]
		for _, test := range f.members[key].tests {
			test.Holm = p[i]
		}
	}
}

// describe sets the table's Family.
func (f *family) describe() {
	if len(f.order) == 0 {
		return
	}
	d := &Family{Rule: f.plan.Report.Family, Size: len(f.order), Largest: len(f.order), Smallest: math.Inf(1)}
	if d.Rule == sweeps.FamilyColumn {
		d.Largest = 0
	}
	overSeeds := false // a comparison that more seeds would make possible
	for c, column := range f.table.Columns {
		size, smallest := 0, math.Inf(1)
		for _, key := range f.order {
			if m := f.members[key]; key.column == c {
				size, smallest = size+1, min(smallest, m.smallest)
				overSeeds = overSeeds || m.smallest >= Level && m.tests[0].Method == SignFlip
			}
		}
		if size == 0 {
			continue
		}
		d.Columns, d.Smallest = append(d.Columns, column.Metric), min(d.Smallest, smallest)
		if smallest >= Level {
			d.Untold = append(d.Untold, column.Metric)
		}
		if d.Rule == sweeps.FamilyColumn {
			d.Largest = max(d.Largest, size)
		}
	}
	if len(d.Untold) > 0 && overSeeds {
		d.Needed = metrics.SeedsFor(d.Largest)
	}
	f.table.Family = d
}

// verdict is what a row's test with its baseline says, from the row's side.
type verdict int

const (
	untold verdict = iota // no test, or one that could not have found a difference
	same                  // a test that could have, and did not
	better
	worse
	other // a difference in a column without a goal
)

// verdictOf judges a row in a column.
func (f *family) verdictOf(row *Row, c int) verdict {
	base, cell := f.row(row.Baseline), &row.Cells[c]
	if base == nil || row.Kind != Model || cell.Verdict == nil {
		return untold
	}
	m := f.members[keyOf(row, base, c).either()]
	goal := f.table.Columns[c].Goal
	switch {
	case m == nil || !(m.smallest < Level):
		return untold
	case !(cell.Verdict.Holm < Level):
		return same
	case goal == metrics.NoGoal:
		return other
	case (cell.Delta > 0) == (goal == metrics.Maximize):
		return better
	}
	return worse
}

// setMarks sets "~" where a test with the baseline was possible and found nothing, and what is bold.
func (f *family) setMarks() {
	for c, column := range f.table.Columns {
		for i := range f.table.Rows {
			f.table.Rows[i].Cells[c].Within = f.verdictOf(&f.table.Rows[i], c) == same
		}
		switch {
		case column.Goal == metrics.NoGoal:
		case f.plan.Report.Bold == sweeps.BoldMean:
			f.embolden(c, func(*Row) bool { return true })
		case f.plan.Report.Bold == sweeps.BoldBest && column.Primary:
			for _, base := range f.baselines() {
				f.boldBest(c, base)
			}
		}
	}
}

// baselines are the rows with which others are compared.
func (f *family) baselines() []*Row {
	var list []*Row
	for i := range f.table.Rows {
		row := &f.table.Rows[i]
		if base := f.row(row.Baseline); row.Kind == Model && base != nil && base != row && !slices.Contains(list, base) {
			list = append(list, base)
		}
	}
	return list
}

// boldBest makes bold, among a baseline and the rows that are compared with it, the best of those that are significantly better
// than it; where there is none, the baseline and the rows that the tests do not tell from it. Nothing is bold where no test
// was possible.
func (f *family) boldBest(c int, base *Row) {
	of := func(v verdict) func(*Row) bool {
		return func(row *Row) bool { return row.Baseline == base.Name && f.verdictOf(row, c) == v }
	}
	if f.embolden(c, of(better)) {
		return
	}
	tested := false
	for i := range f.table.Rows {
		row := &f.table.Rows[i]
		tested = tested || of(worse)(row) || of(same)(row)
		row.Cells[c].Bold = row.Cells[c].Bold || of(same)(row)
	}
	base.Cells[c].Bold = base.Cells[c].Bold || tested
}

// embolden makes the best mean among some models of a column bold, and those that are equal to it; false where there is none.
func (f *family) embolden(c int, among func(*Row) bool) bool {
	var best []*Row
	goal := f.table.Columns[c].Goal
	for i := range f.table.Rows {
		row := &f.table.Rows[i]
		switch {
		case row.Kind != Model || !row.Cells[c].rankable() || !among(row):
		case len(best) == 0 || isBetter(row.Cells[c].Mean, best[0].Cells[c].Mean, goal):
			best = []*Row{row}
		case row.Cells[c].Mean == best[0].Cells[c].Mean:
			best = append(best, row)
		}
	}
	for _, row := range best {
		row.Cells[c].Bold = true
	}
	return len(best) > 0
}

// rankable reports whether a cell may be called best: it has numbers, and is whole.
func (c *Cell) rankable() bool { return !c.Blank() && c.whole() }

// whole reports whether no seed has diverged or was stopped early: what is left says too little of the row.
func (c *Cell) whole() bool { return c.Diverged == 0 && c.Stopped == 0 }

func isBetter(a, b float64, goal metrics.Goal) bool {
	if goal == metrics.Minimize {
		return a < b
	}
	return a > b
}
