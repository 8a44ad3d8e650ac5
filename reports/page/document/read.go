package document

import (
	"context"

	"harness/registry"
	"harness/sweeps"
)

// Read reads what the registry knows of the trials of a plan.
func Read(ctx context.Context, db *registry.DB, plan *sweeps.Plan) (*Record, error) {
	known, err := db.Trials(ctx, registry.Query{IDs: plan.IDs(), NoSpec: true})
	if err != nil {
		return nil, err
	}
	at := make(map[string]registry.Trial, len(known))
	for _, t := range known {
		at[t.ID] = t
	}
	r := &Record{}
	for _, planned := range plan.Trials {
		t := Tried{Trial: planned}
		if of, ok := at[planned.ID]; ok && of.Attempt > 0 {
			t.State, t.Result, t.Newest = db.LiveState(of), of.Result, of.Attempt
			if t.Attempts, err = db.Attempts(ctx, planned.ID); err != nil {
				return nil, err
			}
		}
		r.Trials = append(r.Trials, t)
	}
	return r, nil
}
