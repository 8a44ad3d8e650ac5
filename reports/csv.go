package reports

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
	"strings"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
)

// CSV writes one line a cell, unrounded and unscaled: for spreadsheets and other programs.
func (t *Table) CSV(w io.Writer) error {
	out := csv.NewWriter(w)
	out.Write([]string{"table", "kind", "row", "metric", "n", "of", "diverged", "mean", "std", "ci95", "delta", "p_seeds", "p_samples",
		"p_samples_holm", "values", "notes"})
	for _, row := range t.Rows {
		for i, c := range row.Cells {
			out.Write([]string{cellText(t.Name), string(row.Kind), cellText(row.Name), cellText(t.Columns[i].Metric),
				strconv.Itoa(c.N), strconv.Itoa(c.Want), strconv.Itoa(c.Diverged),
				exactOrNone(c.Mean), exactOrNone(c.Std), exactOrNone(c.CI), exactOrNone(c.Delta), pOf(c.Seeds), pOf(c.Samples), holmOf(c.Samples),
				joinValues(c.Values), cellText(t.noteTexts(append(append([]int(nil), row.Marks...), c.Marks...)))})
		}
	}
	out.Flush()
	return out.Error()
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

func pOf(t *Test) string {
	if t == nil {
		return ""
	}
	return exactOrNone(t.P)
}

func holmOf(t *Test) string {
	if t == nil {
		return ""
	}
	return exactOrNone(t.Holm)
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

func (t *Table) noteTexts(marks []int) string {
	texts := make([]string, len(marks))
	for i, m := range marks {
		texts[i] = t.Notes[m]
	}
	return strings.Join(texts, "; ")
}
