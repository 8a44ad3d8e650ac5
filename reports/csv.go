package reports

import (
	"cmp"
	"encoding/csv"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
)

// testColumns are what CSV says of a test; each name stands behind that of the test.
var testColumns = [...]string{"method", "p", "p_holm", "smallest", "low", "high", "seeds", "samples"}

// tests are the tests of a cell with their names, in the order in which they are written.
func (c Cell) tests() []namedTest {
	return []namedTest{{"seeds", c.Seeds}, {"samples", c.Samples}, {"verdict", c.Verdict}}
}

type namedTest struct {
	name string
	test *Test // nil where none was made
}

// CSV writes one line a cell, unrounded and unscaled: for spreadsheets and other programs. It has every test with its correction;
// what the whole table shares, the family of comparisons, is repeated.
func (t *Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"table", "kind", "row", "metric", "n", "of", "diverged", "stopped", "mean", "std", "ci95", "delta"}
	for _, named := range emptyCell().tests() {
		for _, column := range testColumns {
			head = append(head, named.name+"_"+column)
		}
	}
	out.Write(append(head, "family_rule", "family_size", "family_smallest", "goal", "unit", "primary", "bold", "within_noise", "values", "notes"))
	for _, row := range t.Rows {
		for i, c := range row.Cells {
			column, name := t.Columns[i], row.Name
			if column.Group != "" {
				if name = c.Row; name == "" {
					continue // no row has these settings
				}
			}
			line := []string{cellText(t.Name), string(row.Kind), cellText(name), cellText(column.Metric),
				strconv.Itoa(c.N), strconv.Itoa(c.Want), strconv.Itoa(c.Diverged), strconv.Itoa(c.Stopped),
				exactOrNone(c.Mean), exactOrNone(c.Std), exactOrNone(c.CI), exactOrNone(c.Delta)}
			for _, named := range c.tests() {
				line = append(line, named.test.texts()...)
			}
			line = append(line, t.Family.texts()...)
			out.Write(append(line, string(column.Goal), cellText(column.Unit), strconv.FormatBool(column.Primary), strconv.FormatBool(c.Bold),
				strconv.FormatBool(c.Within), joinValues(c.Values), t.notesOf(row, c)))
		}
	}
	out.Flush()
	return out.Error()
}

// wideColumns are what the wide form says of a metric; each name stands behind that of the metric.
var wideColumns = [...]string{"mean", "std", "ci95", "n", "of", "diverged", "stopped", "delta", "method", "p", "p_holm"}

// WideCSV writes one line a row, unrounded and unscaled, with the columns METRIC.mean, METRIC.std and so on. METRIC.p is that of the verdict or,
// where there is none, of the samples or the seeds: METRIC.method says which.
func (t *Table) WideCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	head := []string{"table", "kind", "row"}
	for _, column := range t.Columns {
		for _, name := range wideColumns {
			head = append(head, cellText(column.Key()+"."+name))
		}
	}
	out.Write(append(head, "notes"))
	for _, row := range t.Rows {
		line := []string{cellText(t.Name), string(row.Kind), cellText(row.Name)}
		for _, c := range row.Cells {
			test := c.told().texts()
			line = append(line, exactOrNone(c.Mean), exactOrNone(c.Std), exactOrNone(c.CI), strconv.Itoa(c.N), strconv.Itoa(c.Want),
				strconv.Itoa(c.Diverged), strconv.Itoa(c.Stopped), exactOrNone(c.Delta), test[0], test[1], test[2])
		}
		out.Write(append(line, t.notesOf(row, row.Cells...)))
	}
	out.Flush()
	return out.Error()
}

// told is the test that stands for a cell where there is room for one.
func (c Cell) told() *Test { return cmp.Or(c.Verdict, c.Samples, c.Seeds) }

// texts are the cells of a test, in the order of testColumns; empty where there is none.
func (t *Test) texts() []string {
	if t == nil {
		return make([]string, len(testColumns))
	}
	samples := ""
	if t.Items > 0 {
		samples = strconv.Itoa(t.Items)
	}
	return []string{string(t.Method), exactOrNone(t.P), exactOrNone(t.Holm), exactOrNone(t.SmallestP), exactOrNone(t.Low), exactOrNone(t.High),
		strconv.Itoa(t.N), samples}
}

// texts are the cells of the family of comparisons: its rule, its size and the smallest p that it can reach.
func (f *Family) texts() []string {
	if f == nil {
		return []string{"", "", ""}
	}
	return []string{string(f.Rule), strconv.Itoa(f.Size), exactOrNone(f.Smallest)}
}

// cellText is text from elsewhere as a cell; a number stays one, though it may begin with a sign.
func cellText(text string) string {
	if _, err := strconv.ParseFloat(text, 64); err == nil {
		return text
	}
	return escape.Cell(text)
}

// exact is the shortest number that reads back as the same; NaN, +Inf and -Inf are themselves.
func exact(v float64) string { return strings.Trim(string(jsonfloat.Append(nil, v)), `"`) }

// exactOrNone is exact, and empty where NaN stands for what does not exist.
func exactOrNone(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return exact(v)
}

// joinValues lists the values by seed; a seed that is missing leaves nothing between two blanks.
func joinValues(values []*jsonfloat.Float) string {
	texts := make([]string, len(values))
	for i, v := range values {
		if v != nil {
			texts[i] = exact(float64(*v))
		}
	}
	return strings.Join(texts, " ")
}

// notesOf are the footnotes of a row and of some of its cells, each once.
func (t *Table) notesOf(row Row, cells ...Cell) string {
	marks := slices.Clone(row.Marks)
	for _, c := range cells {
		marks = append(marks, c.Marks...)
	}
	var texts []string
	for i, m := range marks {
		if !slices.Contains(marks[:i], m) {
			texts = append(texts, t.Notes[m])
		}
	}
	return cellText(strings.Join(texts, "; "))
}
