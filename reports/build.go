package reports

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"harness/experiments"
	"harness/registry"
	"harness/sweeps"
)

// Options are what a table needs beside the experiment.
type Options struct {
	Commit    string               // of the program that prints, to tell which results are of another; "" is not known
	Published []experiments.Number // empty: what comes with the harness
}

// Build loads the trials of a sweep and computes its table. Where nothing was recorded the error is ErrNothing.
func Build(ctx context.Context, db *registry.DB, s *sweeps.Sweep, o Options) (*Table, error) {
	trials, err := s.Expand()
	if err != nil {
		return nil, err
	}
	results, err := Load(ctx, db, trials)
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", s.Name, err)
	}
	if len(o.Published) == 0 {
		if o.Published, err = experiments.Published(); err != nil {
			return nil, err
		}
	}
	return Compute(ctx, s, trials, results, o)
}

// builder holds what the steps of Compute share.
type builder struct {
	sweep   *sweeps.Sweep
	results Results
	options Options
	table   *Table
	rows    []*seeded
	scored  map[string]*scored // by task
}

// seeded is a row before it is averaged: its trials by seed.
type seeded struct {
	place  sweeps.Place // of its first seed
	trials []string     // ID by seed, as sweeps.Sweep.Seeds; "" where there is none
	// control is the prefix of its metrics: "controls/NAME/" for what a model's trial recorded about a control.
	control string
}

// Compute computes the table. Predictions are read only for what needs them: cases and tests over samples.
func Compute(ctx context.Context, s *sweeps.Sweep, trials []sweeps.Trial, results Results, o Options) (*Table, error) {
	b := &builder{sweep: s, results: results, options: o,
		table: &Table{Name: s.Name, Columns: columns(s, results), Show: s.Report.Show, Notes: []string{}}}
	b.collect(trials)
	b.heads()
	for _, r := range b.rows {
		b.add(r)
	}
	b.addControls()
	b.compare()
	if err := b.compareSamples(ctx); err != nil {
		return nil, err
	}
	b.adjust()
	if err := b.mark(ctx); err != nil {
		return nil, err
	}
	b.addPublished()
	b.caption()
	if s.Report.Cases > 0 {
		if err := b.cases(); err != nil {
			return nil, err
		}
	}
	return b.table, nil
}

// collect groups the trials by row, in the order of the file.
func (b *builder) collect(trials []sweeps.Trial) {
	at := map[string]*seeded{}
	for _, t := range trials {
		for _, place := range t.Places() {
			r := at[place.Row]
			if r == nil {
				r = &seeded{place: place, trials: make([]string, len(b.sweep.Seeds))}
				at[place.Row] = r
				b.rows = append(b.rows, r)
			}
			r.trials[slices.Index(b.sweep.Seeds, t.Seed)] = t.ID
		}
	}
	slices.SortStableFunc(b.rows, func(x, y *seeded) int { return x.place.Index - y.place.Index })
}

// leads are the paths of the axes that stand as columns on the left.
func (b *builder) leads() []string {
	if len(b.sweep.Report.Rows) > 0 {
		return b.sweep.Report.Rows
	}
	var paths []string
	for _, axis := range b.sweep.Axes {
		if len(axis.Options) > 1 {
			paths = append(paths, axis.Path)
		}
	}
	return paths
}

func (b *builder) heads() {
	for _, path := range b.leads() {
		label := path
		for _, axis := range b.sweep.Axes {
			if axis.Path == path {
				label = axis.Label
			}
		}
		if path == sweeps.AblationPath {
			label = ""
		}
		b.table.Heads = append(b.table.Heads, label)
	}
	if len(b.table.Heads) == 0 {
		b.table.Heads = []string{""}
	}
}

// lead is what stands on the left of a model's row.
func (b *builder) lead(place sweeps.Place) []string {
	lead := make([]string, len(b.table.Heads))
	for i, path := range b.leads() {
		if p, ok := place.Get(path); ok {
			lead[i] = p.Text
		}
	}
	if place.Control != "" || len(b.leads()) == 0 {
		return b.named(place.Row)
	}
	return lead
}

// named is a left side that consists of a name only.
func (b *builder) named(name string) []string {
	lead := make([]string, len(b.table.Heads))
	lead[0] = name
	return lead
}

// add averages a row over its seeds.
func (b *builder) add(r *seeded) {
	row := Row{Name: r.place.Row, Kind: Model, Lead: b.lead(r.place), Baseline: r.place.Baseline, Params: paramsOf(r.place)}
	if r.place.Control != "" {
		row.Kind, row.Control, row.Of = Control, untrainedName, r.place.Of
	}
	for _, column := range b.table.Columns {
		row.Cells = append(row.Cells, b.cell(r, column))
	}
	b.warn(r, &row)
	b.table.Rows = append(b.table.Rows, row)
}

func paramsOf(place sweeps.Place) []Param {
	var params []Param
	for _, p := range place.Params {
		if p.Path != "seed" {
			params = append(params, Param{Path: p.Path, Value: p.Value, Text: p.Text})
		}
	}
	return params
}

// cell averages one metric of a row over its seeds.
func (b *builder) cell(r *seeded, column Column) Cell {
	c := Cell{Want: len(b.sweep.Seeds), Delta: math.NaN()}
	var found []float64
	for _, id := range r.trials {
		value, ok := b.results[id].value(r.control+column.Metric, column.at, column.Goal == sweeps.Minimize)
		if !ok || math.IsNaN(value) {
			c.Values = append(c.Values, math.NaN())
			continue
		}
		c.Values = append(c.Values, value)
		found = append(found, value)
	}
	c.N = len(found)
	c.Mean, c.Std, c.CI = moments(found)
	if c.N == 0 && r.control == "" {
		if reason := b.blank(r, column); reason != "" {
			c.Marks = append(c.Marks, b.table.note(reason))
		}
	}
	return c
}

// blank says why a row has no number in a column; "" when the row as a whole says so already.
func (b *builder) blank(r *seeded, column Column) string {
	metric := column.Metric
	stage, _, _ := strings.Cut(metric, "/")
	done := false
	for _, id := range r.trials {
		result, ok := b.results[id]
		if !ok || result.State != registry.Done {
			continue
		}
		done = true
		for _, key := range []string{metric, stage + "/blank", "regions/blank"} {
			if text, ok := result.Notes[key]; ok && (key != "regions/blank" || stage == "gcap" || stage == "caref") {
				return column.Label + ": " + text
			}
		}
	}
	switch {
	case !done:
		return ""
	case strings.HasSuffix(metric, "/bertscore"):
		return column.Label + ": no BERT given"
	}
	return column.Label + ": not measured by these trials"
}
