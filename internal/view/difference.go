package view

import (
	"harness/internal/jsonfloat"
	"harness/registry/journal"
	"maps"
	"slices"
	"strings"
)

// Difference is in what two trials differ. Metrics are all listed, side by side.
type Difference struct {
	IDs        [2]string    `json:"ids"`
	Params     []FieldPair  `json:"params"`
	Provenance []FieldPair  `json:"provenance"`
	Code       []string     `json:"code"`            // files that differ
	Edits      *CodeEdits   `json:"edits,omitempty"` // the same line by line, where they were asked for
	Metrics    []MetricPair `json:"metrics"`
}

// FieldPair is a setting or a fact that two trials have in two ways; "" where one lacks it.
type FieldPair struct {
	Name string `json:"name"`
	A    string `json:"a"`
	B    string `json:"b"`
}

// MetricPair is a metric of two trials.
type MetricPair struct {
	Name  string           `json:"name"`
	A     *jsonfloat.Float `json:"a"` // null: not recorded
	B     *jsonfloat.Float `json:"b"`
	Delta *jsonfloat.Float `json:"delta"` // b − a
}

// Compare finds in what two trials of a home differ.
func Compare(home string, a, b *Record) (*Difference, error) {
	d := &Difference{IDs: [2]string{a.ID, b.ID}, Metrics: PairMetrics(a, b)}
	fieldsA, err := Settings(a.Spec)
	if err != nil {
		return nil, err
	}
	fieldsB, err := Settings(b.Spec)
	if err != nil {
		return nil, err
	}
	d.Params = PairFields(fieldsA, fieldsB)
	d.Provenance = PairFields(a.Counting().Provenance(), b.Counting().Provenance())
	if d.Code, err = CodeDifferences(home, a.Counting().Code, b.Counting().Code); err != nil {
		return nil, err
	}
	return d, nil
}

// PairMetrics puts all metrics of two trials side by side, by name.
func PairMetrics(a, b *Record) []MetricPair {
	pairs := []MetricPair{}
	names := slices.Sorted(maps.Keys(a.Metrics))
	for name := range b.Metrics {
		if a.Metrics[name] == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		pair := MetricPair{Name: name, A: a.Metrics[name], B: b.Metrics[name]}
		if pair.A != nil && pair.B != nil {
			delta := *pair.B - *pair.A
			pair.Delta = &delta
		}
		pairs = append(pairs, pair)
	}
	return pairs
}

// Counting is the attempt whose numbers are the trial's, else the newest run.
func (r *Record) Counting() Attempt {
	for i := len(r.History) - 1; i >= 0; i-- {
		if r.History[i].Counts {
			return r.History[i]
		}
	}
	for i := len(r.History) - 1; i >= 0; i-- {
		if r.History[i].Purpose == string(journal.PurposeRun) {
			return r.History[i]
		}
	}
	return Attempt{}
}

// PairFields lists the fields that differ, in the order in which they come.
func PairFields(a, b []Field) []FieldPair {
	pairs := []FieldPair{}
	valueOf := func(fields []Field, path string) string {
		for _, f := range fields {
			if f.Name == path {
				return f.Value
			}
		}
		return ""
	}
	seen := map[string]bool{}
	for _, f := range append(slices.Clone(a), b...) {
		if va, vb := valueOf(a, f.Name), valueOf(b, f.Name); va != vb && !seen[f.Name] {
			pairs = append(pairs, FieldPair{f.Name, va, vb})
		}
		seen[f.Name] = true
	}
	slices.SortStableFunc(pairs, func(x, y FieldPair) int { return strings.Compare(x.Name, y.Name) })
	return pairs
}
