package reports

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"
)

// CSV writes one line a cell, unrounded and unscaled: for spreadsheets and other programs.
func (t *Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"table", "kind", "row", "metric", "n", "of", "mean", "std", "ci95", "delta", "p_seeds", "p_samples",
		"p_samples_holm", "values", "notes"})
	for _, row := range t.Rows {
		for i, c := range row.Cells {
			out.Write([]string{t.Name, string(row.Kind), row.Name, t.Columns[i].Metric, strconv.Itoa(c.N), strconv.Itoa(c.Want),
				exact(c.Mean), exact(c.Std), exact(c.CI), exact(c.Delta), pOf(c.Seeds), pOf(c.Samples), holmOf(c.Samples),
				joinValues(c.Values), t.noteTexts(append(append([]int(nil), row.Marks...), c.Marks...))})
		}
	}
	out.Flush()
	return out.Error()
}

func exact(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}

func pOf(t *Test) string {
	if t == nil {
		return ""
	}
	return exact(t.P)
}

func holmOf(t *Test) string {
	if t == nil {
		return ""
	}
	return exact(t.Holm)
}

func joinValues(values []float64) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = exact(v)
	}
	return strings.Join(texts, " ")
}

func (t *Table) noteTexts(marks []int) string {
	texts := make([]string, len(marks))
	for i, m := range marks {
		texts[i] = t.Notes[m]
	}
	return strings.Join(texts, "; ")
}
