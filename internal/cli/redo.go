package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"harness/internal/view"
	"harness/model"
	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

// again marks what --redo chooses to be run again. Results that come from other code than is there now and are not redone are
// said in one line, with the command that makes them anew, and returned.
func (o sweepOptions) again(ctx context.Context, log io.Writer, db *registry.DB, plan *sweeps.Plan, name string) (map[string]string, error) {
	trials, err := view.TrialsOf(ctx, db, plan)
	if err != nil {
		return nil, err
	}
	stale, err := newStaleness(ctx, db).Of(ctx, trials)
	if err != nil {
		return nil, err
	}
	chosen, err := o.chosen(ctx, db, plan, trials, stale)
	if err != nil {
		return nil, err
	}
	var lost []view.Listed
	for _, t := range chosen {
		if t.State == registry.Done {
			lost = append(lost, t)
		}
	}
	var specs []spec.Trial
	for _, t := range trials {
		if slices.ContainsFunc(chosen, func(c view.Listed) bool { return c.ID == t.ID }) {
			specs = append(specs, t.Spec)
		}
	}
	if err := o.preflightTrials(ctx, specs); err != nil { // what could not be made anew is not thrown away
		return nil, err
	}
	if len(lost) > 0 {
		if err := confirm(log, o.yes, fmt.Sprintf("run %s again, which replaces the numbers of %s", counted(len(lost), "finished trial"), some(lost, 10))); err != nil {
			return nil, err
		}
	}
	ids := make([]string, len(chosen))
	for i, t := range chosen {
		ids[i] = t.ID
		delete(stale, t.ID)
	}
	if err := redo(ctx, db, ids); err != nil {
		return nil, err
	}
	if n := len(stale); n > 0 && !o.quiet {
		first := firstReason(plan, stale)
		fmt.Fprintf(log, "%d of %d results were %s: \"harness sweep %s --redo stale\" makes them anew\n", n, len(plan.Trials), first,
			strings.TrimSpace(name+" "+o.flagged()))
	}
	return stale, nil
}

const redoHint = "--redo takes failed, stopped, stale, all, or a condition as harness ls --help tells"

// checkRedo refuses a --redo that can choose nothing, before anything is planned. Whether a trial has the parameters and metrics
// of a condition is seen later.
func (o sweepOptions) checkRedo() error {
	if slices.Contains([]string{"", "all", "failed", "stopped", "stale"}, o.redo) {
		return nil
	}
	chosen, err := view.ParseFilter("--redo", o.redo)
	if err == nil {
		own := slices.DeleteFunc(slices.Clone(chosen.Names()), func(name string) bool {
			return strings.HasPrefix(name, "params.") || strings.HasPrefix(name, "metrics.")
		})
		err = view.CheckNames("--redo", own, nil)
	}
	if err != nil {
		return withHint(err, redoHint)
	}
	return nil
}

// firstReason is why the first stale trial of the plan is.
func firstReason(plan *sweeps.Plan, stale map[string]string) string {
	for _, t := range plan.Trials {
		if reason, ok := stale[t.ID]; ok {
			return reason
		}
	}
	return ""
}

// chosen lists the trials that --redo names; those that never ran need no redoing.
func (o sweepOptions) chosen(ctx context.Context, db *registry.DB, plan *sweeps.Plan, trials []registry.Trial, stale map[string]string) ([]view.Listed, error) {
	if o.redo == "" {
		return nil, nil
	}
	var all []view.Listed
	for _, t := range trials {
		t.State = db.LiveState(t)
		all = append(all, view.NewListed(t))
	}
	ended := func(t view.Listed) bool {
		return t.State.Ended()
	}
	keep := func(choose func(view.Listed) bool) []view.Listed {
		return slices.DeleteFunc(all, func(t view.Listed) bool { return !ended(t) || !choose(t) })
	}
	switch o.redo {
	case "all":
		return keep(func(view.Listed) bool { return true }), nil
	case "failed":
		return keep(func(t view.Listed) bool { return t.State == registry.Failed }), nil
	case "stopped":
		return keep(func(t view.Listed) bool { return t.State == registry.Stopped }), nil
	case "stale":
		return keep(func(t view.Listed) bool { _, is := stale[t.ID]; return is }), nil
	}
	if err := view.AddMetrics(ctx, db, all); err != nil {
		return nil, err
	}
	chosen, err := view.ParseFilter("--redo", o.redo)
	if err == nil {
		all, err = chosen.Apply(keep(func(view.Listed) bool { return true }))
	}
	if err != nil {
		return nil, withHint(err, redoHint)
	}
	return all, nil
}

// redo marks trials to be run again, and drops the stages of training that a built-in trial would otherwise share: a redone
// trial starts from nothing.
func redo(ctx context.Context, db *registry.DB, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	trials, err := db.Trials(ctx, registry.Query{IDs: ids, All: true})
	if err != nil {
		return err
	}
	if err := db.Redo(ctx, ids); err != nil {
		return err
	}
	for _, t := range trials {
		if t.Spec.Command != "" {
			continue
		}
		if err := model.DropStages(db.Home, t.Spec); err != nil {
			return err
		}
	}
	return nil
}
