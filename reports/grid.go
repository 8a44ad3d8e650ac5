package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/metrics"
)

// field is one place of a printed table: text and what a renderer must show with it.
type field struct {
	text   string
	bold   bool
	marks  []int // indices of footnotes
	number bool
}

// grid is the table as every renderer prints it: headings, then rows with their kinds.
func (t *Table) grid() (heads []field, rows [][]field) {
	for _, head := range t.Heads {
		heads = append(heads, field{text: escape.Line(head)})
	}
	for _, c := range t.Columns {
		heads = append(heads, field{text: strings.TrimSpace(c.Label + " " + goalOf(c)), number: true})
		if t.shows("delta") {
			heads = append(heads, field{text: "Δ " + c.Label, number: true})
		}
		if t.shows("p") {
			heads = append(heads, field{text: "p " + c.Label, number: true})
		}
	}
	if t.shows("n") {
		heads = append(heads, field{text: "n", number: true})
	}
	for _, row := range t.Rows {
		rows = append(rows, t.fields(row))
	}
	return heads, rows
}

func (t *Table) shows(what string) bool { return slices.Contains(t.Show, what) }

// publishedDigits is the precision in which the papers print.
const publishedDigits = 3

func (t *Table) fields(row Row) []field {
	var line []field
	for i, lead := range row.Lead {
		f := field{text: escape.Line(lead)}
		if i == 0 {
			f.marks = row.Marks
		}
		line = append(line, f)
	}
	for i, c := range t.Columns {
		cell := row.Cells[i]
		if row.Kind == Published && c.Scale == 1 {
			c.Digits = max(c.Digits, publishedDigits)
		}
		line = append(line, field{text: t.number(c, cell), bold: cell.Bold, marks: cell.Marks, number: true})
		if t.shows("delta") {
			line = append(line, field{text: delta(cell.Delta*c.Scale, c), number: true})
		}
		if t.shows("p") {
			line = append(line, field{text: pText(cell), number: true})
		}
	}
	if t.shows("n") {
		line = append(line, field{text: seedsText(row), number: true})
	}
	return line
}

// number is the mean with its spread, and "~" where the cell is within noise of its baseline. Where it is not over all
// seeds, it says over how many of how many.
func (t *Table) number(c Column, cell Cell) string {
	if cell.Blank() {
		if cell.Diverged > 0 {
			return fmt.Sprintf("diverged (0/%d)", cell.Want)
		}
		return ""
	}
	text := fixed(cell.Mean*c.Scale, c.Digits)
	spread := cell.Std
	if t.shows("ci") {
		spread = cell.CI
	}
	if (t.shows("std") || t.shows("ci")) && !math.IsNaN(spread) {
		text += " ± " + fixed(spread*c.Scale, c.Digits)
	}
	if cell.N < cell.Want {
		text += fmt.Sprintf(" (%d/%d)", cell.N, cell.Want)
	}
	if cell.Within {
		text += " ~"
	}
	return text
}

func fixed(value float64, digits int) string {
	if math.IsNaN(value) {
		return ""
	}
	return strconv.FormatFloat(value, 'f', digits, 64)
}

// delta is a difference from the baseline. A plus would look like a gain where no direction is better.
func delta(value float64, c Column) string {
	switch {
	case math.IsNaN(value):
		return ""
	case c.Goal == metrics.NoGoal:
		return fixed(value, c.Digits)
	}
	return fmt.Sprintf("%+.*f", c.Digits, value)
}

// pText is the adjusted p of the test that the marks follow; empty outside of the family.
func pText(c Cell) string {
	test := c.Verdict
	switch {
	case test == nil || math.IsNaN(test.Holm):
		return ""
	case test.Holm < 0.001:
		return "<0.001"
	}
	return fixed(test.Holm, 3)
}

// seedsText is the number of seeds behind a row, "2/3" where some are missing.
func seedsText(row Row) string {
	n, want := 0, 0
	for _, c := range row.Cells {
		n, want = max(n, c.N), max(want, c.Want)
	}
	if row.Kind == Published {
		return ""
	}
	if n == want {
		return strconv.Itoa(n)
	}
	return fmt.Sprintf("%d/%d", n, want)
}

// letter names a footnote: a … z, aa, ab, …
func letter(i int) string {
	name := ""
	for i++; i > 0; i = (i - 1) / 26 {
		name = string(rune('a'+(i-1)%26)) + name
	}
	return name
}

func letters(marks []int) string {
	names := make([]string, len(marks))
	for i, m := range marks {
		names[i] = letter(m)
	}
	return strings.Join(names, ",")
}

// ruleBefore reports whether row i begins another kind than the row above.
func (t *Table) ruleBefore(i int) bool {
	return i > 0 && t.Rows[i].Kind != t.Rows[i-1].Kind
}

// kindTitle is what stands above the rows of a kind; models need none.
func kindTitle(k Kind) string {
	switch k {
	case Control:
		return "controls"
	case Published:
		return "as published"
	}
	return ""
}

// goalOf is the arrow that says which direction is better.
func goalOf(c Column) string {
	switch c.Goal {
	case metrics.Maximize:
		return "↑"
	case metrics.Minimize:
		return "↓"
	}
	return ""
}
