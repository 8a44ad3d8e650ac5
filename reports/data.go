package reports

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
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

// JSON writes all of the table, indented; what does not exist is null.
func (t *Table) JSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(t)
}

// jsonNumber is a number that may not exist.
type jsonNumber float64

// MarshalJSON writes null for NaN.
func (n jsonNumber) MarshalJSON() ([]byte, error) {
	if f := float64(n); math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(n))
}

// MarshalJSON writes a cell with null for what does not exist.
func (c Cell) MarshalJSON() ([]byte, error) {
	values := make([]jsonNumber, len(c.Values))
	for i, v := range c.Values {
		values[i] = jsonNumber(v)
	}
	type plain Cell // without this method
	return json.Marshal(struct {
		plain
		Mean   jsonNumber   `json:"mean"`
		Std    jsonNumber   `json:"std"`
		CI     jsonNumber   `json:"ci95"`
		Delta  jsonNumber   `json:"delta"`
		Values []jsonNumber `json:"values"`
	}{plain(c), jsonNumber(c.Mean), jsonNumber(c.Std), jsonNumber(c.CI), jsonNumber(c.Delta), values})
}

// MarshalJSON writes a test with null for what does not exist.
func (t Test) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		P     jsonNumber `json:"p"`
		Holm  jsonNumber `json:"p_holm"`
		Floor jsonNumber `json:"floor"`
		N     int        `json:"n"`
	}{jsonNumber(t.P), jsonNumber(t.Holm), jsonNumber(t.Floor), t.N})
}

// Format names a way to print a table.
type Format string

// Formats lists the formats that Render knows.
var Formats = [...]Format{"text", "markdown", "latex", "csv", "json"}

// Render writes the table in the given format.
func (t *Table) Render(w io.Writer, format Format) error {
	switch format {
	case "text":
		return t.Text(w)
	case "markdown", "md":
		return t.Markdown(w)
	case "latex", "tex":
		return t.Latex(w)
	case "csv":
		return t.CSV(w)
	case "json":
		return t.JSON(w)
	}
	return fmt.Errorf("unknown format %q: want text, markdown, latex, csv or json", format)
}
