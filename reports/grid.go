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
	text   string // all of it
	parts  parts  // of a number that can be aligned
	bold   bool
	marks  []int // indices of footnotes
	number bool
	column int // of Columns, or -1

	// Of a head: what a row is sorted by (a name of numberKinds), and what stands over several of them.
	kind, group string
}

// short is a head without what stands over it.
func (f field) short() string {
	if f.group == "" {
		return f.text
	}
	return strings.Replace(f.text, f.group+": ", "", 1)
}

// parts are the pieces of a number. value is empty where the field is no number.
type parts struct {
	value  string // 0.555
	spread string // 0.004
	tail   string // (2/3) ~
}

// text is the number as text formats print it.
func (p parts) text() string {
	text := p.value
	if p.spread != "" {
		text += " ± " + p.spread
	}
	if p.tail != "" {
		text += " " + p.tail
	}
	return text
}

// signed is the text of a field, a number with the minus sign of typesetting.
func (f field) signed() string {
	if f.number && strings.HasPrefix(f.text, "-") {
		return "−" + f.text[1:]
	}
	return f.text
}

// grid is the table as every renderer prints it: headings, then rows with their kinds.
func (t *Table) grid() (heads []field, rows [][]field) {
	for _, head := range t.Heads {
		heads = append(heads, field{text: escape.Line(head), column: -1})
	}
	for i, c := range t.Columns {
		group := escape.Line(c.Group)
		heads = append(heads, field{text: headOf(c), number: true, column: i, kind: "metrics", group: group})
		if t.shows("delta") {
			heads = append(heads, field{text: "Δ " + c.fullLabel(), number: true, column: i, kind: "delta", group: group})
		}
		if t.shows("p") {
			heads = append(heads, field{text: "p " + c.fullLabel(), number: true, column: i, kind: "p", group: group})
		}
	}
	if t.shows("n") {
		heads = append(heads, field{text: "n", number: true, column: -1})
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
		f := field{text: escape.Line(lead), column: -1}
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
		f := t.number(c, cell)
		f.bold, f.marks, f.column = cell.Bold, cell.Marks, i
		line = append(line, f)
		if t.shows("delta") {
			line = append(line, numeral(delta(cell.Delta*c.Scale, c), i))
		}
		if t.shows("p") {
			line = append(line, numeral(pText(cell), i))
		}
	}
	if t.shows("n") {
		line = append(line, field{text: seedsText(row), number: true, column: -1})
	}
	return line
}

// number is the mean with its spread, and "~" where the cell is within noise of its baseline. Where it is not over all
// seeds, it says over how many of how many.
func (t *Table) number(c Column, cell Cell) field {
	if cell.Blank() {
		if cell.Diverged > 0 {
			return field{text: fmt.Sprintf("diverged (0/%d)", cell.Want), number: true}
		}
		return field{number: true}
	}
	p := parts{value: fixed(cell.Mean*c.Scale, c.Digits)}
	spread := cell.Std
	if t.shows("ci") {
		spread = cell.CI
	}
	if t.shows("std") || t.shows("ci") {
		p.spread = fixed(spread*c.Scale, c.Digits)
	}
	var tail []string
	if cell.N < cell.Want {
		tail = append(tail, fmt.Sprintf("(%d/%d)", cell.N, cell.Want))
	}
	if cell.Within {
		tail = append(tail, "~")
	}
	p.tail = strings.Join(tail, " ")
	return field{text: p.text(), parts: p, number: true}
}

// numeral is a number without a spread, or a text such as <0.001.
func numeral(text string, column int) field {
	f := field{text: text, number: true, column: column}
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		f.parts.value = text
	}
	return f
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

// namedOver reports whether row r is a control or a published row that has a name but no values on the axes, so that its name may
// stand over all columns on the left.
func (t *Table) namedOver(r int) bool {
	lead := t.Rows[r].Lead
	return len(lead) > 1 && t.Rows[r].Kind != Model && !slices.ContainsFunc(lead[1:], func(text string) bool { return text != "" })
}

// ruleBefore reports whether row i begins another kind or group than the row above, so that a title stands above it.
func (t *Table) ruleBefore(i int) bool {
	if i == 0 {
		return t.Rows[0].Group != ""
	}
	return t.Rows[i].Kind != t.Rows[i-1].Kind || t.Rows[i].Group != t.Rows[i-1].Group
}

// title is what stands above the rows of a kind or group; models without a group need none.
func (t *Table) title(i int) string {
	switch t.Rows[i].Kind {
	case Control:
		return "controls"
	case Published:
		return "as published"
	}
	return escape.Line(t.Rows[i].Group)
}

// headOf is the label of a column with its unit and an arrow where one direction is better.
func headOf(c Column) string {
	head := c.fullLabel()
	if unit := unitOf(c); unit != "" {
		head += " (" + unit + ")"
	}
	return strings.TrimSpace(head + " " + c.Goal.Arrow())
}

// unitOf is what stands behind a label: a unit such as ms, % where shares are printed times 100, or the factor of another number
// that is not printed as it was recorded. Ranges such as "0 to 1" are no unit.
func unitOf(c Column) string {
	unit := strings.ReplaceAll(escape.Line(c.Unit), " per ", "/")
	share := unit == "0 to 1" || strings.HasPrefix(unit, "share of ")
	switch {
	case strings.ContainsAny(c.Label, "%×") || unit != "" && strings.Contains(c.Label, "("+unit+")"):
		return "" // the label says it
	case unit != "" && !strings.Contains(unit, " "):
		return unit
	case c.Scale == 100 && share:
		return "%"
	case c.Scale != 1 && c.Scale != 0:
		return "×" + strconv.FormatFloat(c.Scale, 'g', -1, 64)
	}
	return ""
}
