package reports

import (
	"context"
	"errors"

	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

// Results is what the trials of a sweep recorded, by trial ID. Trials that nobody has started are absent.
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
}

// ErrNothing means that no trial of the sweep has recorded anything.
var ErrNothing = errors.New("nothing has run yet")

// Load reads what the trials recorded. Where there is nothing at all the error is ErrNothing.
func Load(ctx context.Context, db *registry.DB, trials []sweeps.Trial) (Results, error) {
	ids := make([]string, len(trials))
	synthetic := map[string]bool{}
	for i, t := range trials {
		ids[i] = t.ID
		synthetic[t.ID] = t.Spec.Command == "" && t.Spec.Data.Source == spec.SourceSynthetic
	}
	known, err := db.Trials(ctx, registry.Query{IDs: ids})
	if err != nil {
		return nil, err
	}
	values, err := db.Summary(ctx, ids)
	if err != nil {
		return nil, err
	}
	results := Results{}
	recorded := false
	for _, t := range known {
		r := Result{State: t.State, Error: t.Newest.Error, Values: values[t.ID], Notes: map[string]string{},
			Commit: t.Newest.Commit, Engine: t.Newest.Engine, DataHash: t.Newest.DataHash, Synthetic: synthetic[t.ID]}
		if t.Newest.DiffHash != "" {
			r.Commit += "+"
		}
		notes, err := db.Notes(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		for _, n := range notes {
			r.Notes[n.Key] = n.Text
		}
		if _, said := r.Notes["data/synthetic"]; said {
			r.Synthetic = true
		}
		if r.Predictions, err = db.PredictionsPath(ctx, t.ID); err != nil {
			return nil, err
		}
		recorded = recorded || len(r.Values) > 0
		results[t.ID] = r
	}
	if !recorded {
		return nil, ErrNothing
	}
	return results, nil
}

// value is the number that a column takes from a trial, and whether there is one.
func (r Result) value(metric, at string, minimize bool) (float64, bool) {
	s, ok := r.Values[metric]
	if !ok || r.State != registry.Done {
		return 0, false
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
