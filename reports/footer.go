package reports

import (
	"fmt"
	"slices"
	"strings"

	"harness/metrics"
	"harness/sweeps"
)

// describeTests says in the caption which tests were made, over which family, what they can show, and what the marks are.
func (b *builder) describeTests(say func(string, ...any)) {
	marks := b.marks()
	f := b.table.Family
	if f != nil {
		say("Tests (two-sided): %s.", strings.Join(marks.methods, "; "))
		say("Holm over %s.", b.familyText(f))
		if len(f.Untold) > 0 {
			say("%s", b.untoldText(f))
		}
		if f.Smallest < Level && f.Smallest >= 1e-3 {
			say("The smallest adjusted p that can be reached is %s.", shortP(f.Smallest))
		}
	}
	switch {
	case b.plan.Report.Bold == sweeps.BoldMean && marks.bold:
		say("Bold: the best mean of a column; not tested.")
	case marks.bold:
		say("Bold: the best of the rows that are significantly better than their baseline; where none is, the baseline and rows not told from it.")
	case f == nil && b.plan.Report.Family != sweeps.FamilyNone && b.compared():
		say("No marks: %s.", b.whyUntested())
	}
	if marks.within {
		say("~: no significant difference from its baseline.")
	}
	if f != nil && len(marks.secondary) > 0 {
		say("No marks in %s: not primary.", several(marks.secondary))
	}
}

// marks are what describeTests speaks of.
type marks struct {
	bold, within bool
	methods      []string
	secondary    []string // labels of the columns without tests that have a goal
}

func (b *builder) marks() marks {
	var m marks
	seeds, items := map[Method][]int{}, map[Method][]int{}
	for c, column := range b.table.Columns {
		if !column.Primary && column.Goal != metrics.NoGoal {
			m.secondary = append(m.secondary, column.Label)
		}
		for _, row := range b.table.Rows {
			cell := row.Cells[c]
			m.bold, m.within = m.bold || cell.Bold, m.within || cell.Within
		}
	}
	for key, test := range b.tests {
		if test != nil && b.table.Columns[key.column].Primary {
			seeds[test.Method], items[test.Method] = append(seeds[test.Method], test.N), append(items[test.Method], test.Items)
		}
	}
	for _, method := range []Method{Hierarchical, SignFlip, Bootstrap} {
		if len(seeds[method]) > 0 {
			m.methods = append(m.methods, methodText(method, fromTo(seeds[method]), fromTo(items[method]), b.resamples))
		}
	}
	return m
}

func methodText(m Method, seeds, items string, resamples int) string {
	switch m {
	case Hierarchical:
		return fmt.Sprintf("seeds × test samples (%s × %s), paired, %d resamples of the samples", seeds, items, resamples)
	case SignFlip:
		return fmt.Sprintf("exact paired sign-flip over %s seeds", seeds)
	}
	return fmt.Sprintf("paired bootstrap over %s test samples of one seed, %d resamples; it says nothing about retraining", items, resamples)
}

// fromTo is a number, or the smallest and the largest of several.
func fromTo(numbers []int) string {
	low, high := slices.Min(numbers), slices.Max(numbers)
	if low == high {
		return fmt.Sprint(low)
	}
	return fmt.Sprintf("%d to %d", low, high)
}

// untoldText says in which columns no test could have found a difference, and what it takes.
func (b *builder) untoldText(f *Family) string {
	no, what, takes := "marks", "test samples", ""
	if b.plan.Report.Bold == sweeps.BoldMean {
		no = "~" // bold is not tested
	}
	if f.Needed > 0 {
		what, takes = "seeds", fmt.Sprintf("; p < .05 takes %d seeds", f.Needed)
	}
	if len(f.Untold) < len(f.Columns) {
		return fmt.Sprintf("No %s in %s: too few %s%s.", no, several(b.labels(f.Untold)), what, takes)
	}
	return fmt.Sprintf("No %s: with so few %s no adjusted p below %s can be reached%s.", no, what, shortP(f.Smallest), takes)
}

// familyText says which comparisons are judged together.
func (b *builder) familyText(f *Family) string {
	text := fmt.Sprintf("%s (each row with its baseline", count(f.Size, "comparison"))
	switch {
	case f.Rule == sweeps.FamilyColumn:
		text += ", each column by itself"
	case len(f.Columns) < len(b.table.Columns):
		text += ", in " + several(b.labels(f.Columns))
	}
	return text + ")"
}

func (b *builder) labels(keys []string) []string {
	var labels []string
	for _, column := range b.table.Columns {
		if slices.Contains(keys, column.Metric) {
			labels = append(labels, column.Label)
		}
	}
	return labels
}

// compared reports whether a row has a baseline to be compared with.
func (b *builder) compared() bool {
	return slices.ContainsFunc(b.table.Rows, func(r Row) bool { return r.Kind == Model && b.row(r.Baseline) != nil })
}

// whyUntested says why no comparison was tested.
func (b *builder) whyUntested() string {
	switch {
	case !slices.ContainsFunc(b.table.Columns, func(c Column) bool { return c.Primary }):
		return "no metric is declared, so none is tested"
	case len(b.plan.Seeds) == 1:
		return "one seed, and no answers to test samples"
	}
	return "no two rows have enough in common to be tested"
}

// shortP is a probability as a sentence gives it: .25, .012, 1.
func shortP(p float64) string {
	return strings.TrimPrefix(fmt.Sprintf("%.2g", p), "0")
}

func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, strings.TrimSuffix(noun, "s"))
}
