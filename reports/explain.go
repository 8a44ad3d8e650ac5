package reports

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/metrics"
	"harness/sweeps"
)

// Explain says in lines what stands behind a cell: its numbers by seed, the interval, the comparison with the baseline and its test, what
// each mark means, and the footnotes. A published number and a cell without a number have the footnotes only.
func (t *Table) Explain(row *Row, column int) []string {
	c, cell := t.Columns[column], &row.Cells[column]
	var lines []string
	if row.Kind != Published && cell.N+cell.Diverged > 0 {
		lines = append(lines, t.explainMean(c, cell))
		if text := t.explainSeeds(c, cell); text != "" {
			lines = append(lines, text)
		}
		lines = append(lines, t.explainDelta(c, row, cell)...)
	}
	if cell.Within {
		lines = append(lines, "~: the test could have found a difference from the baseline, and did not")
	}
	if cell.Bold {
		lines = append(lines, t.explainBold())
	}
	for _, mark := range append(append([]int{}, cell.Marks...), row.Marks...) {
		lines = append(lines, "["+letter(mark)+"] "+t.Notes[mark])
	}
	return lines
}

// explainMean names the row and says what the number is.
func (t *Table) explainMean(c Column, cell *Cell) string {
	text := c.fullLabel() + ": "
	switch {
	case cell.Want == 1 && cell.N == 1:
		return text + exact(cell.Mean*c.Scale) + ", one seed"
	case cell.N == 0:
		return text + "no seed has a finite number"
	}
	text += fmt.Sprintf("mean of %d of %s %s", cell.N, count(cell.Want, "seed"), t.precise(c, cell.Mean))
	if !math.IsNaN(cell.Std) {
		text += fmt.Sprintf("; ± %s standard deviation (n-1), ± %s 95%% interval of the mean (Student's t)", t.precise(c, cell.Std), t.precise(c, cell.CI))
	}
	return text
}

// explainSeeds lists the numbers by seed.
func (t *Table) explainSeeds(c Column, cell *Cell) string {
	if t.plan == nil || len(cell.Values) < 2 || len(cell.Values) != len(t.plan.Seeds) {
		return ""
	}
	parts := make([]string, len(cell.Values))
	for i, v := range cell.Values {
		text := "none"
		if v != nil {
			text = exact(float64(*v))
			if finite(float64(*v)) {
				text = t.precise(c, float64(*v))
			}
		}
		parts[i] = strconv.FormatInt(t.plan.Seeds[i], 10) + ": " + text
	}
	const most = 30
	if len(parts) > most {
		parts = append(parts[:most], fmt.Sprintf("and %d more", len(parts)-most))
	}
	return "by seed " + strings.Join(parts, ", ")
}

// explainDelta says how far the baseline is, and what the test says of it.
func (t *Table) explainDelta(c Column, row *Row, cell *Cell) []string {
	if math.IsNaN(cell.Delta) {
		return nil
	}
	text := fmt.Sprintf("%s from %s", t.signed(c, cell.Delta), escape.Line(cmp.Or(cell.Baseline, row.Baseline)))
	test := cell.told()
	if test == nil {
		return []string{text + "; not tested"}
	}
	if finite(test.Low) && finite(test.High) {
		text += fmt.Sprintf(", 95%% interval %s to %s", t.signed(c, test.Low), t.signed(c, test.High))
	}
	p := test.text() + ": p " + equals(test.P)
	switch {
	case cell.Verdict == nil:
		p += ", no verdict"
	case math.IsNaN(test.Holm):
		p += "; outside of the family, so no marks"
	default:
		p += "; adjusted over the family (Holm) " + equals(test.Holm)
	}
	if test.SmallestP > 0 {
		p += fmt.Sprintf("; the smallest it can reach is %s", shortP(test.SmallestP))
	}
	return []string{text, p}
}

// text names a test with what it is over.
func (test *Test) text() string {
	switch test.Method {
	case Hierarchical:
		return fmt.Sprintf("seeds × test samples, %d × %d, paired", test.N, test.Items)
	case Bootstrap:
		return fmt.Sprintf("paired bootstrap over %d test samples of one seed", test.Items)
	}
	return fmt.Sprintf("exact paired sign-flip over %s", count(test.N, "seed"))
}

// equals is "= .012", or "< .001" for what is smaller.
func equals(p float64) string {
	if p < 0.001 {
		return "< .001"
	}
	return "= " + shortP(p)
}

// explainBold says why a number is bold.
func (t *Table) explainBold() string {
	if t.plan != nil && t.plan.Report.Bold == sweeps.BoldMean {
		return "bold: the best mean of the column; not tested"
	}
	return "bold: the best of the rows that are significantly better than their baseline; where none is, the baseline and rows not told from it"
}

// precise is a number with two digits more than the table prints.
func (t *Table) precise(c Column, value float64) string {
	return fixed(value*c.Scale, min(maxDigits, c.Digits+2))
}

// signed is a difference with two digits more than the table prints.
func (t *Table) signed(c Column, value float64) string {
	c.Digits = min(maxDigits, c.Digits+2)
	if c.Goal == metrics.NoGoal {
		return fixed(value*c.Scale, c.Digits)
	}
	return delta(value*c.Scale, c)
}
