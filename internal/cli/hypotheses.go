package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"harness/internal/view"
	"harness/registry"
	"harness/sweeps"
)

// dateHypotheses gives the hypotheses of a plan that is about to be stored the time at which each was first stored as it stands, and
// what could be known then: a claim that was written or changed when results were there is told from one that was written before.
func dateHypotheses(ctx context.Context, db *registry.DB, plan *sweeps.Plan) error {
	before, err := view.Plan(ctx, db, plan.Handle)
	switch {
	case err == nil || errors.Is(err, registry.ErrNoSweep):
	case len(plan.Hypotheses) == 0:
		return nil // what cannot be read has no hypotheses that go on
	default:
		return fmt.Errorf("read the plan of before: %w", err)
	}
	var now sweeps.Written
	if plan.Undated(before) {
		if now, err = soFar(ctx, db, plan); err != nil {
			return err
		}
	}
	plan.KeepWritten(before, now)
	return nil
}

// soFar is what can be known now: how many trials of a plan have ended, and of those that its sweep has had and does not want any more.
func soFar(ctx context.Context, db *registry.DB, plan *sweeps.Plan) (sweeps.Written, error) {
	now := sweeps.Written{At: db.Now().UTC().Truncate(time.Millisecond)}
	ids := plan.IDs()
	wanted, err := db.Trials(ctx, registry.Query{IDs: ids, Brief: true})
	if err != nil {
		return now, err
	}
	all, err := db.Trials(ctx, registry.Query{Sweep: plan.Handle, All: true, Brief: true})
	if err != nil {
		return now, err
	}
	count := func(t registry.Trial, ended *int) error {
		first, err := firstEnd(ctx, db, t)
		if err != nil || first.IsZero() {
			return err
		}
		*ended++
		if now.First.IsZero() || first.Before(now.First) {
			now.First = first
		}
		return nil
	}
	for _, t := range wanted {
		if err := count(t, &now.Ended); err != nil {
			return now, err
		}
	}
	for _, t := range all {
		if !slices.Contains(ids, t.ID) {
			if err := count(t, &now.Former); err != nil {
				return now, err
			}
		}
	}
	return now, nil
}

// firstEnd is when a trial first had numbers to be seen: when an attempt was done or stopped by a rule. Zero where none was.
func firstEnd(ctx context.Context, db *registry.DB, t registry.Trial) (time.Time, error) {
	if t.Attempt == 0 && t.RedoAfter == 0 {
		return time.Time{}, nil
	}
	attempts, err := db.Attempts(ctx, t.ID)
	if err != nil {
		return time.Time{}, err
	}
	var first time.Time
	for _, a := range attempts {
		ended := a.State == registry.Done || a.State == registry.Stopped
		if ended && !a.Ended.IsZero() && (first.IsZero() || a.Ended.Before(first)) {
			first = a.Ended
		}
	}
	return first, nil
}
