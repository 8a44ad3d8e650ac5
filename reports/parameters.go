package reports

import (
	"cmp"
	"maps"
	"slices"
)

// Parameter is what the rows of a table differ in, as a reader chooses it.
type Parameter struct {
	Path   string
	Label  string
	Values []string // as printed, in the order of the file
	Axis   bool     // it may become columns; else it is a field that ablations change
}

// Parameters lists those with more than one value.
func (t *Table) Parameters() []Parameter {
	var list []Parameter
	for _, p := range t.params {
		if len(p.rank) < 2 {
			continue
		}
		values := slices.SortedFunc(maps.Keys(p.rank), func(a, b string) int { return cmp.Compare(p.rank[a], p.rank[b]) })
		list = append(list, Parameter{Path: p.Path, Label: cmp.Or(p.Label, p.Path), Values: values, Axis: p.axis})
	}
	return list
}

// Recorded lists the metrics that trials have recorded, controls aside, by name: what Layout.Metrics may name.
func (t *Table) Recorded() []string { return t.recorded }

// Own is the layout of the plan where a reader may choose another: the metrics and what cells show.
func (t *Table) Own() Layout {
	var l Layout
	for _, c := range t.Columns {
		if !c.extra {
			l.Metrics = append(l.Metrics, c.Metric)
		}
	}
	l.Show = t.Show
	return l
}

// Reduced is a layout without what is the plan's own anyway.
func (t *Table) Reduced(l Layout) Layout {
	own := t.Own()
	if slices.Equal(l.Metrics, own.Metrics) {
		l.Metrics = nil
	}
	if slices.Equal(l.Show, own.Show) {
		l.Show = nil
	}
	return l
}

// Computed is the part of a layout that changes what is computed: the tables of two layouts that agree in it differ in their looks only.
func (l Layout) Computed() Layout { return Layout{Baseline: l.Baseline, Metrics: l.Metrics} }
