package reports

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/internal/nearest"
	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

// Results is what the trials of a sweep recorded, by trial ID. Trials that were never started are absent.
type Results map[string]Result

// Result is what one trial recorded.
type Result struct {
	State       registry.State
	Error       string
	Values      map[string]registry.Summary
	Notes       map[string]string
	Commit      string // with "+" when there were changes beside it
	Engine      string
	DataHash    string
	Predictions string // path of predictions.jsonl, or ""
	Synthetic   bool

	costs map[string]float64 // what its runs took, where a table shows that
}

// ErrNothing means that no trial of the sweep has recorded anything.
var ErrNothing = errors.New("nothing was recorded yet")

// ErrFailed is ErrNothing where every trial has failed, so that a further sweep would run none of them.
var ErrFailed = fmt.Errorf("%w", ErrNothing)

// ErrNoMetrics means that trials are done, and that none of them recorded what the table shows.
var ErrNoMetrics = errors.New("none of the metrics was recorded")

// Load reads what the trials of a plan recorded. Where there is nothing at all the error is ErrNothing, or ErrNoMetrics where
// trials are done nevertheless.
func Load(ctx context.Context, db *registry.DB, plan *sweeps.Plan) (Results, error) {
	known, err := db.Trials(ctx, registry.Query{IDs: plan.IDs(), NoSpec: true})
	if err != nil {
		return nil, err
	}
	return loadOf(ctx, db, plan, known)
}

// loadOf is Load where the trials are known.
func loadOf(ctx context.Context, db *registry.DB, plan *sweeps.Plan, known []registry.Trial) (Results, error) {
	ids := plan.IDs()
	values, err := db.Summary(ctx, ids)
	if err != nil {
		return nil, err
	}
	notes, err := db.AllNotes(ctx, ids)
	if err != nil {
		return nil, err
	}
	synthetic := map[string]bool{}
	for _, t := range plan.Trials {
		synthetic[t.ID] = t.Spec.Command == "" && t.Spec.Data.Source == spec.SourceSynthetic
	}
	results := Results{}
	recorded, states := false, map[registry.State]int{}
	for _, t := range known {
		r := load(db, t, values[t.ID], notes[t.ID])
		r.Synthetic = r.Synthetic || synthetic[t.ID]
		recorded = recorded || len(r.Values) > 0
		states[r.State]++
		results[t.ID] = r
	}
	switch {
	case recorded:
		return results, nil
	case states[registry.Done] > 0:
		return nil, fmt.Errorf("%w: %s done without reporting a number", ErrNoMetrics, areTrials(states[registry.Done]))
	}
	var parts []string
	for _, state := range []registry.State{registry.Running, registry.Failed, registry.Interrupted, registry.Stopped} {
		if states[state] > 0 {
			parts = append(parts, fmt.Sprintf("%d of %d trials %s", states[state], len(ids), state))
		}
	}
	switch {
	case len(parts) == 0:
		return nil, ErrNothing
	case states[registry.Failed] == len(ids):
		return nil, fmt.Errorf("%w: %s", ErrFailed, parts[0])
	}
	return nil, fmt.Errorf("%w: %s", ErrNothing, strings.Join(parts, ", "))
}

// load is what one trial recorded.
func load(db *registry.DB, t registry.Trial, values map[string]registry.Summary, notes []registry.Note) Result {
	r := Result{State: db.LiveState(t), Error: t.Newest.Error, Values: values, Notes: map[string]string{},
		Commit: t.Newest.Commit, Engine: t.Newest.Engine, DataHash: t.Newest.DataHash}
	if t.Newest.DiffHash != "" {
		r.Commit += "+"
	}
	for _, n := range notes {
		r.Notes[n.Key] = n.Text
	}
	_, r.Synthetic = r.Notes["data/synthetic"]
	if t.Result > 0 {
		r.Predictions = db.PredictionsOf(t.ID, t.Result)
	}
	return r
}

func areTrials(n int) string {
	if n == 1 {
		return "1 trial is"
	}
	return fmt.Sprintf("%d trials are", n)
}

// check returns ErrNoMetrics where trials of the plan are done and the table shows nothing of what they recorded.
func (results Results) check(plan *sweeps.Plan, t *Table) error {
	for _, row := range t.Rows {
		measured := func(c Cell) bool { return c.N+c.Diverged > 0 }
		if row.Kind != Published && slices.ContainsFunc(row.Cells, measured) {
			return nil
		}
	}
	done := 0
	for _, r := range results {
		if r.State == registry.Done {
			done++
		}
	}
	if done == 0 {
		return nil
	}
	var wanted []string
	for _, c := range t.Columns {
		wanted = append(wanted, c.Metric)
	}
	return fmt.Errorf("%w: %s done without %s; recorded are %s: name them under metrics", ErrNoMetrics, areTrials(done),
		listed(wanted, 8), listed(results.recorded(), 20))
}

// controlsPrefix begins the names of what trials recorded about controls.
const controlsPrefix = "controls/"

// recorded lists the names of all metrics that any trial recorded, less those of controls.
func (results Results) recorded() []string {
	keys := map[string]bool{}
	for _, r := range results {
		for key := range r.Values {
			if !strings.HasPrefix(key, controlsPrefix) {
				keys[key] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// several joins labels or names.
func several(names []string) string { return nearest.Some(names, len(names)) }

// listed joins names; of many only the first.
func listed(names []string, most int) string { return escape.Line(nearest.Some(names, most)) }

// value is the number that a column takes from a trial, and whether there is one.
func (r Result) value(metric, at string, minimize bool) (float64, bool) {
	if r.State != registry.Done {
		return 0, false
	}
	s, ok := r.Values[metric]
	if !ok {
		cost, known := r.costs[metric]
		return cost, known
	}
	switch at {
	case "best":
		return s.Best(minimize), true
	case "min":
		return s.Min, true
	case "max":
		return s.Max, true
	}
	return s.Last, true
}

// plainScorer is how trials score that say nothing of it: those of versions that knew no other way.
const plainScorer = "ptb; METEOR without paraphrases; no BERT"

// scorer says with which settings a group of metrics of a task was scored.
func (r Result) scorer(task, group string) string {
	text, ok := r.Notes[task+"/scorer"]
	if !ok {
		text = plainScorer
	}
	parts := strings.Split(text, "; ")
	for _, part := range parts[1:] {
		if group == "meteor" && strings.Contains(part, "METEOR") || group == "bertscore" && strings.Contains(part, "BERT") {
			return parts[0] + "; " + part
		}
	}
	return parts[0]
}
