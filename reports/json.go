package reports

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"

	"harness/internal/jsonfloat"
)

// JSON writes all of the table, indented, as docs/table.schema.json describes it; what does not exist is null, a list is never null. Rows
// are encoded one at a time: those of a large table together would take a hundred megabytes.
func (t *Table) JSON(w io.Writer) error {
	table := *t
	table.Caption, table.Heads, table.Show, table.Notes = filled(t.Caption), filled(t.Heads), filled(t.Show), filled(t.Notes)
	table.Columns, table.Rows = filled(t.Columns), []Row{}
	frame, err := indented(table, "")
	if err != nil || len(t.Rows) == 0 {
		return errors.Join(err, write(w, frame))
	}
	before, after, ok := bytes.Cut(frame, []byte("\n  \"rows\": []")) // no text holds a line end
	if !ok {
		return errors.New("encode table: rows stand nowhere")
	}
	err = write(w, before, []byte("\n  \"rows\": ["))
	for i, row := range t.Rows {
		if err != nil {
			return err
		}
		row.Lead, row.Cells = filled(row.Lead), filled(row.Cells)
		encoded, wrong := indented(row, "    ")
		between := "\n    "
		if i > 0 {
			between = ",\n    "
		}
		err = errors.Join(wrong, write(w, []byte(between), bytes.TrimSpace(encoded)))
	}
	return errors.Join(err, write(w, []byte("\n  ]"), after))
}

// indented is a value as JSON, whose lines but the first begin with prefix, and a line end.
func indented(value any, prefix string) ([]byte, error) {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetIndent(prefix, "  ")
	e.SetEscapeHTML(false)
	err := e.Encode(value)
	return out.Bytes(), err
}

func write(w io.Writer, parts ...[]byte) error {
	for _, part := range parts {
		if _, err := w.Write(part); err != nil {
			return err
		}
	}
	return nil
}

// filled is a list that is empty instead of nil.
func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// known is a number that exists unless it is NaN.
func known(v float64) *jsonfloat.Float { return jsonfloat.Known(v, !math.IsNaN(v)) }

// MarshalJSON writes a cell with null for what does not exist.
func (c Cell) MarshalJSON() ([]byte, error) {
	type plain Cell // without this method
	return json.Marshal(struct {
		plain
		Mean   *jsonfloat.Float   `json:"mean"`
		Std    *jsonfloat.Float   `json:"std"`
		CI     *jsonfloat.Float   `json:"ci95"`
		Delta  *jsonfloat.Float   `json:"delta"`
		Values []*jsonfloat.Float `json:"values"`
	}{plain(c), known(c.Mean), known(c.Std), known(c.CI), known(c.Delta), filled(c.Values)})
}

// MarshalJSON writes a test with null for what does not exist.
func (t Test) MarshalJSON() ([]byte, error) {
	type plain Test // without this method
	return json.Marshal(struct {
		plain
		P         *jsonfloat.Float `json:"p"`
		Holm      *jsonfloat.Float `json:"p_holm"`
		SmallestP *jsonfloat.Float `json:"smallest"`
		Low       *jsonfloat.Float `json:"low"`
		High      *jsonfloat.Float `json:"high"`
	}{plain(t), known(t.P), known(t.Holm), known(t.SmallestP), known(t.Low), known(t.High)})
}

// MarshalJSON writes a family with null for what does not exist.
func (f Family) MarshalJSON() ([]byte, error) {
	type plain Family // without this method
	f.Columns = filled(f.Columns)
	return json.Marshal(struct {
		plain
		Smallest *jsonfloat.Float `json:"smallest"`
	}{plain(f), known(f.Smallest)})
}

// MarshalJSON writes a hypothesis with null for what does not exist.
func (h Hypothesis) MarshalJSON() ([]byte, error) {
	type plain Hypothesis // without this method
	h.Lines = filled(h.Lines)
	return json.Marshal(struct {
		plain
		P        *jsonfloat.Float `json:"p"`
		Holm     *jsonfloat.Float `json:"p_holm"`
		Smallest *jsonfloat.Float `json:"smallest"`
	}{plain(h), known(h.P), known(h.Holm), known(h.Smallest)})
}

// MarshalJSON writes a comparison with null for what does not exist.
func (c Comparison) MarshalJSON() ([]byte, error) {
	type plain Comparison // without this method
	return json.Marshal(struct {
		plain
		Mean       *jsonfloat.Float `json:"mean"`
		Other      *jsonfloat.Float `json:"other"`
		Delta      *jsonfloat.Float `json:"delta"`
		Low        *jsonfloat.Float `json:"low"`
		High       *jsonfloat.Float `json:"high"`
		Detectable *jsonfloat.Float `json:"detectable"`
	}{plain(c), known(c.Mean), known(c.Other), known(c.Delta), known(c.Low), known(c.High), known(c.Detectable)})
}
