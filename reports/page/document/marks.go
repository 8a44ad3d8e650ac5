package document

import (
	"slices"

	"harness/metrics"
	"harness/reports"
)

// mark is a sign of the table with what it means.
type mark struct{ Sign, Meaning string }

// marksOf explains the signs that a table has.
func marksOf(t *reports.Table) []mark {
	var list []mark
	add := func(there bool, sign, meaning string) {
		if there {
			list = append(list, mark{sign, meaning})
		}
	}
	goal := func(g metrics.Goal) bool {
		return slices.ContainsFunc(t.Columns, func(c reports.Column) bool { return c.Goal == g })
	}
	cell := func(has func(reports.Cell) bool) bool {
		return slices.ContainsFunc(t.Rows, func(r reports.Row) bool { return slices.ContainsFunc(r.Cells, has) })
	}
	shows := func(what string) bool { return slices.Contains(t.Show, what) }
	add(goal(metrics.Maximize), "↑", "More is better.")
	add(goal(metrics.Minimize), "↓", "Less is better.")
	several := cell(func(c reports.Cell) bool { return c.N > 1 })
	switch {
	case several && shows("ci"):
		add(true, "±", "Half the width of the 95% confidence interval of the mean over seeds (Student's t).")
	case several && shows("std"):
		add(true, "±", "The standard deviation over seeds (n-1).")
	}
	add(cell(func(c reports.Cell) bool { return c.N > 0 && c.N < c.Want }), "(k/n)", "The mean is of k of the n seeds that the sweep asks for; a footnote says why.")
	add(cell(func(c reports.Cell) bool { return c.Bold }), "bold", "The best of its column, as the caption says.")
	add(cell(func(c reports.Cell) bool { return c.Within }), "~", "A test that could have found a difference from the row's baseline found none.")
	add(cell(func(c reports.Cell) bool { return c.Diverged > 0 }), "diverged", "The value of a seed is NaN or infinite: it is counted, and in no mean.")
	add(shows("delta"), "Δ", "The mean difference from the row's baseline, over the seeds that both have.")
	add(shows("p"), "p", "Of the test that the caption names, two-sided; what it is adjusted for is said there.")
	add(cell(reports.Cell.Blank), "blank", "There is no number: it was not measured, or has a footnote that says why.")
	add(len(t.Notes) > 0, "a, b, …", "Footnotes, below the table.")
	return list
}
