package reports

import (
	"encoding/json"
	"io"
	"math"
	"slices"

	"harness/internal/jsonfloat"
)

// JSON writes all of the table, indented, as docs/table.schema.json describes it; what does not exist is null, a list is never null.
func (t *Table) JSON(w io.Writer) error {
	table := *t
	table.Caption, table.Heads, table.Show, table.Notes = filled(t.Caption), filled(t.Heads), filled(t.Show), filled(t.Notes)
	table.Columns, table.Rows = filled(t.Columns), slices.Clone(filled(t.Rows))
	for i := range table.Rows {
		row := &table.Rows[i]
		row.Lead, row.Cells = filled(row.Lead), filled(row.Cells)
	}
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(table)
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
