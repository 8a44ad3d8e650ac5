package cli

import (
	"context"

	"harness/internal/view"
	"harness/registry"
	"harness/runner"
	"harness/runner/collect"
	"harness/sweeps"
)

// collectOf says which files of a program the plan has read.
func collectOf(plan *sweeps.Plan) runner.Collect {
	c := plan.Run.Collect
	formats := make([]collect.Format, len(c.Formats))
	for i, format := range c.Formats {
		formats[i] = collect.Format(format)
	}
	if len(formats) == 0 {
		formats = nil
	}
	return runner.Collect{Off: c.Off, Formats: formats, Folders: c.Folders, Shared: c.Shared()}
}

// declaredBy lists the metrics that a plan declares.
func declaredBy(plan *sweeps.Plan) []string {
	keys := make([]string, len(plan.Metrics))
	for i, m := range plan.Metrics {
		keys[i] = m.Key
	}
	return keys
}

// plansOf are the plans of the sweeps that have a trial, the newest first; those that cannot be read are left out.
func plansOf(ctx context.Context, db *registry.DB, id string) ([]*sweeps.Plan, error) {
	handles, err := db.SweepsOf(ctx, id)
	if err != nil {
		return nil, err
	}
	var plans []*sweeps.Plan
	for _, handle := range handles {
		s, err := db.SweepPlan(ctx, handle)
		if err != nil {
			return nil, err
		}
		if plan, err := view.DecodePlan(db, s, nil); err == nil {
			plans = append(plans, plan)
		}
	}
	return plans, nil
}
