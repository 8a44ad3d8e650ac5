package reports

import (
	"context"
	"fmt"
	"strings"

	"harness/experiments"
	"harness/internal/jsonfloat"
	"harness/metrics"
	"harness/registry"
	"harness/sweeps"
)

// Options are what a table needs beside the plan.
type Options struct {
	Commit    string               // of the program that prints, to tell which results are of another; "" is not known
	Stale     map[string]string    // by trial: what differs between the code or data that made its result and what is there now
	Published []experiments.Number // empty: what comes with the harness
	Layout    Layout               // a reader's choice
	Trials    []registry.Trial     // those of the plan, where Build need not read them once more
}

// Build loads the trials of a planned sweep and computes its table. Where no trial has recorded anything the error is
// ErrNothing; where trials are done but recorded none of the declared metrics it is ErrNoMetrics.
func Build(ctx context.Context, db *registry.DB, plan *sweeps.Plan, o Options) (*Table, error) {
	var results Results
	var err error
	if o.Trials != nil {
		results, err = loadOf(ctx, db, plan, o.Trials)
	} else {
		results, err = Load(ctx, db, plan)
	}
	if err != nil {
		return nil, fmt.Errorf("report %s: %w", plan.Name, err)
	}
	if namesCosts(plan, o.Layout) {
		if err := results.addCosts(ctx, db, plan); err != nil {
			return nil, fmt.Errorf("report %s: %w", plan.Name, err)
		}
	}
	if len(o.Published) == 0 {
		if o.Published, err = experiments.Published(); err != nil {
			return nil, err
		}
	}
	t, err := Compute(ctx, plan, results, o)
	if err != nil {
		return nil, err
	}
	if err := results.check(plan, t); err != nil {
		return nil, fmt.Errorf("report %s: %w", plan.Name, err)
	}
	return t.LaidOut(o.Layout)
}

// builder holds the state that the steps of Compute share.
type builder struct {
	plan    *sweeps.Plan
	results Results
	options Options
	table   *Table
	rows    []*seeded
	shared  map[string]string    // by row: that it is the same training as another
	models  map[string]int       // index in table.Rows by name
	groups  map[string][]string  // of metrics, by the task of whose answers the columns are
	kept    map[string]*answered // by task and trial; nil where a trial kept none

	rebased   bool // with another baseline than that of the experiment
	claimed   bool // the comparisons are those that hypotheses name
	resamples int
	tests     map[testKey]*Test
	resampled map[string]map[string]*Test // by task, rows and seeds: the tests of all numbers

	differences map[*Test]metrics.Difference // behind tests over seeds × samples, where comparisons are those of hypotheses
	instead     map[testKey]string           // why a test is not over test samples, likewise
}

// seeded is a row before it is averaged: a row of the plan, with its trials by seed.
type seeded struct {
	*sweeps.Row
	// prefix is that of its metrics: "controls/NAME/" for what a model's trial recorded about a control.
	prefix string
}

// Compute computes the table of a plan from results, with the baseline and the metrics of the options' layout; Table.LaidOut does the rest of it.
// Predictions are read only for tests over samples.
func Compute(ctx context.Context, plan *sweeps.Plan, results Results, o Options) (*Table, error) {
	rebased, err := o.Layout.replan(plan)
	if err != nil {
		return nil, err
	}
	b := &builder{plan: rebased, results: results, options: o, rebased: otherBaselines(plan, rebased),
		table: &Table{Name: titleOf(plan), Handle: plan.Handle, Command: plan.Command, Show: plan.Report.Show, Notes: []string{},
			plan: rebased, params: parametersOf(plan), seeds: len(plan.Seeds), recorded: results.recorded()}}
	if b.table.Columns, err = b.addChosen(b.columns()); err != nil {
		return nil, err
	}
	b.collect()
	b.table.setLeads(b.leads())
	for _, r := range b.rows {
		b.add(r)
	}
	b.compareEfforts()
	b.addControls()
	b.showSmall()
	if err := b.judge(ctx); err != nil {
		return nil, err
	}
	if err := b.judgeHypotheses(ctx, plan); err != nil {
		return nil, err
	}
	b.addPublished()
	b.notShown()
	b.caption()
	return b.table, nil
}

// collect lists the rows of the plan.
func (b *builder) collect() {
	b.shared, b.models = map[string]string{}, map[string]int{}
	for _, s := range b.plan.Shared() {
		b.shared[s.Row] = s.String()
	}
	for i := range b.plan.Rows {
		b.rows = append(b.rows, &seeded{Row: &b.plan.Rows[i]})
	}
}

// leads are the paths of the axes that stand as columns on the left.
func (b *builder) leads() []string {
	if len(b.plan.Report.Rows) > 0 {
		return b.plan.Report.Rows
	}
	var paths []string
	for _, axis := range b.plan.Axes {
		if len(axis.Options) > 1 {
			paths = append(paths, axis.Path)
		}
	}
	return paths
}

// named is a left side that consists of a name only.
func (b *builder) named(name string) []string {
	lead := make([]string, len(b.table.Heads))
	lead[0] = name
	return lead
}

// add averages a row over its seeds.
func (b *builder) add(r *seeded) {
	row := Row{Name: r.Name, Kind: Model, Baseline: r.Baseline, Params: r.Params, trials: r.Trials,
		key: strings.Join(r.Trials, " ")}
	if r.Control != "" {
		row.Kind, row.Control, row.Of = Control, untrainedName, r.Of
	}
	row.Lead = b.table.leadOf(&row)
	row.Cells = make([]Cell, 0, len(b.table.Columns))
	for _, column := range b.table.Columns {
		row.Cells = append(row.Cells, b.cell(r, column))
	}
	b.warn(r, &row)
	row.Effort = b.effort(r)
	if row.Kind == Model {
		b.models[row.Name] = len(b.table.Rows)
	}
	b.table.Rows = append(b.table.Rows, row)
}

// cell averages one metric of a row over its seeds. A seed whose value is NaN or infinite has diverged: it is counted and
// named; it is not averaged and not silently dropped. So is one that was stopped early.
func (b *builder) cell(r *seeded, column Column) Cell {
	c := emptyCell()
	c.Want = len(b.plan.Seeds)
	var found []float64
	var diverged, silent []string
	c.Stopped = b.countStopped(r)
	for i, id := range r.Trials {
		value, ok := b.results[id].value(r.prefix+column.Metric, column.at, column.Goal == metrics.Minimize)
		c.Values = append(c.Values, jsonfloat.Known(value, ok))
		switch {
		case !ok && b.results[id].State == registry.Done:
			silent = append(silent, fmt.Sprintf("seed %d", b.plan.Seeds[i]))
		case !ok:
		case finite(value):
			found = append(found, value)
		default:
			diverged = append(diverged, fmt.Sprintf("seed %d (%s)", b.plan.Seeds[i], exact(value)))
		}
	}
	c.N, c.Diverged = len(found), len(diverged)
	c.Mean, c.Std, c.CI = moments(found)
	if c.Diverged > 0 {
		c.Marks = append(c.Marks, b.table.note(divergedNote(diverged, c)))
	}
	if c.Stopped > 0 && (r.prefix == "" || c.N+c.Diverged > 0) { // else it is no control of theirs
		c.Marks = append(c.Marks, b.table.note(b.stoppedNote(r, c)))
	}
	if r.prefix != "" {
		return c
	}
	if c.N+c.Diverged > 0 && len(silent) > 0 {
		c.Marks = append(c.Marks, b.table.note(column.Label+": not recorded by "+strings.Join(silent, ", ")))
	}
	if c.N+c.Diverged == 0 {
		if reason := b.blank(r, column); reason != "" {
			c.Marks = append(c.Marks, b.table.note(reason))
		}
	}
	return c
}

// divergedNote names the seeds that diverged and says what that does to the cell.
func divergedNote(seeds []string, c Cell) string {
	text := fmt.Sprintf("diverged: %d of %d seeds: %s", c.Diverged, c.Want, strings.Join(seeds, ", "))
	if c.N > 0 {
		text += "; the mean is of the other seeds only, and is neither tested nor called best"
	}
	return text
}

// blank says why a row has no number in a column; "" when a note on the whole row says it already.
func (b *builder) blank(r *seeded, column Column) string {
	metric := column.Metric
	stage, _, _ := strings.Cut(metric, "/")
	done := false
	for _, id := range r.Trials {
		result, ok := b.results[id]
		if !ok || result.State != registry.Done {
			continue
		}
		done = true
		for _, key := range []string{metric + "/blank", metric, stage + "/blank", "regions/blank"} {
			if text, ok := result.Notes[key]; ok && (key != "regions/blank" || stage == "gcap" || stage == "caref") {
				return column.Label + ": " + text
			}
		}
	}
	switch {
	case !done:
		return ""
	case strings.HasSuffix(metric, "/bertscore"):
		return column.Label + ": " + metrics.NoBERT
	}
	return column.Label + ": not measured by these trials"
}

// titleOf is the name of the sweep; of two files of one name, the one under which this sweep is kept. What was changed on the
// command line is in the caption.
func titleOf(plan *sweeps.Plan) string {
	if plan.Handle == "" || strings.Contains(plan.Handle, "@") {
		return plan.Name
	}
	return plan.Handle
}
