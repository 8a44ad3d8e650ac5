package reports

import (
	"encoding/json"
	"io"
	"math"
)

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
