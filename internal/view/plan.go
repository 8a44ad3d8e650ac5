package view

import (
	"context"
	"errors"
	"fmt"
	"harness/experiments"
	"harness/registry"
	"harness/reports"
	"harness/sweeps"
	"os"
	"path/filepath"
)

// DecodePlan reads a stored plan; of a sweep that the predecessor planned it is put together from its members.
func DecodePlan(db *registry.DB, s registry.Sweep, layout *sweeps.Sweep) (*sweeps.Plan, error) {
	if len(s.Plan) > 0 {
		return sweeps.Decode(s.Plan)
	}
	if layout == nil {
		if data, err := experiments.Read(s.Name); err == nil {
			if layout, err = sweeps.Parse(s.Name+".yaml", data); err != nil {
				return nil, err
			}
		}
	}
	members, err := legacyMembers(db, s)
	if err != nil {
		return nil, err
	}
	plan := sweeps.Legacy(s.Name, members, layout)
	plan.Handle = s.Handle
	return plan, nil
}

// legacyMembers are the trials of a sweep that the predecessor planned, from its plan file; without it labels and parameters
// are lost, rows and seeds are not.
func legacyMembers(db *registry.DB, s registry.Sweep) ([]sweeps.LegacyMember, error) {
	data, err := os.ReadFile(filepath.Join(db.Home, "plans", s.Handle+".json"))
	if err == nil {
		return sweeps.DecodeLegacy(data)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read plan of %s: %w", s.Handle, err)
	}
	members := make([]sweeps.LegacyMember, len(s.Members))
	for i, m := range s.Members {
		members[i] = sweeps.LegacyMember{ID: m.ID, Spec: m.Spec, Label: m.Label, Row: m.Row, Control: m.Control, Seed: m.Seed}
	}
	return members, nil
}

// TrialsOf reads the trials of a stored plan, with the plan's specs.
func TrialsOf(ctx context.Context, db *registry.DB, plan *sweeps.Plan) ([]registry.Trial, error) {
	trials, err := db.Trials(ctx, registry.Query{Sweep: plan.Handle, NoSpec: true})
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(plan.Trials))
	for i, t := range plan.Trials {
		at[t.ID] = i
	}
	for i := range trials {
		if k, ok := at[trials[i].ID]; ok {
			trials[i].Spec = plan.Trials[k].Spec
		}
	}
	return trials, nil
}

// Plan reads the plan that is stored under a handle. The error is registry.ErrNoSweep where there is none.
func Plan(ctx context.Context, db *registry.DB, handle string) (*sweeps.Plan, error) {
	s, err := db.SweepPlan(ctx, handle)
	if err != nil {
		return nil, err
	}
	return DecodePlan(db, s, nil)
}

// Table computes the table of a plan, with footnotes where results come from other code or data than is there now.
func Table(ctx context.Context, db *registry.DB, plan *sweeps.Plan, now *Staleness) (*reports.Table, error) {
	return TableAs(ctx, db, plan, now, reports.Layout{})
}

// TableAs computes the table of a plan as a reader lays it out.
func TableAs(ctx context.Context, db *registry.DB, plan *sweeps.Plan, now *Staleness, layout reports.Layout) (*reports.Table, error) {
	trials, err := TrialsOf(ctx, db, plan)
	if err != nil {
		return nil, err
	}
	stale, err := now.Of(ctx, trials)
	if err != nil {
		return nil, err
	}
	return reports.Build(ctx, db, plan, reports.Options{Stale: stale, Layout: layout, Trials: trials})
}
