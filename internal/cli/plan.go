package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"harness/internal/view"
	"harness/model/checkpoint/hub"
	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

// expand makes the plan of an experiment: named, sealed, and with the project that its program belongs to.
func (o sweepOptions) expand(ctx context.Context, log io.Writer, name string) (*sweeps.Plan, error) {
	s, err := loadExperiment(name, o.experimentOptions)
	if err != nil {
		return nil, err
	}
	if s.Command != "" && s.Project == "" {
		// The folder as seen from the home: a project that is moved together with its runs stays the same, and two folders
		// never share a result.
		if s.Project, err = fromHome(o.home, "."); err != nil {
			return nil, err
		}
	}
	access := hub.Download
	if o.dryRun {
		access = hub.Ask
	}
	sealing := &sealing{home: o.home, hub: openHub(access, log), handle: o.handle(s.Name), dryRun: o.dryRun, log: log}
	plan, err := s.Expand(func(t *spec.Trial) error { return sealing.seal(ctx, t) })
	if ctx.Err() != nil { // a download that was stopped is no mistake in the file
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, usageError("%w", err)
	}
	for _, note := range s.Notes {
		fmt.Fprintf(log, "note: %s\n", note)
	}
	for _, warning := range s.Warnings {
		fmt.Fprintf(log, "warning: %s\n", warning)
	}
	if err := sealing.sayChanged(ctx, plan); err != nil {
		return nil, err
	}
	plan.Handle = sealing.handle
	plan.Harness = thisBuild(ctx)
	if plan.File, err = experimentPath(o.home, name); err != nil {
		return nil, err
	}
	return plan, nil
}

// adopt gives the trials of a plan the ids that the predecessor gave them, where the home has results under those and the
// settings mean the same: nothing is trained twice because names are made in another way now.
func adopt(ctx context.Context, db *registry.DB, plan *sweeps.Plan, known map[string]registry.State) (adopted bool, err error) {
	old := map[string]string{} // by the ids that the home does not know
	for _, t := range plan.Trials {
		if _, own := known[t.ID]; !own {
			old[t.ID] = t.Spec.LegacyID()
		}
	}
	if len(old) == 0 {
		return false, nil
	}
	before, err := db.Trials(ctx, registry.Query{IDs: slices.Collect(maps.Values(old))})
	if err != nil {
		return false, err
	}
	at := map[string]registry.Trial{}
	for _, t := range before {
		at[t.ID] = t
	}
	renamed, taken := map[string]string{}, map[string]bool{}
	for _, t := range plan.Trials {
		legacy := old[t.ID] // "" where the home knows the trial
		have, there := at[legacy]
		if !there || taken[legacy] || legacy == t.ID {
			continue
		}
		may, err := mayAdopt(ctx, db, t.Spec, have, plan.Name)
		if err != nil {
			return false, err
		}
		if may {
			renamed[t.ID], taken[legacy] = legacy, true
		}
	}
	plan.Adopt(renamed)
	return len(renamed) > 0, nil
}

// statesOf reads how the trials of a plan stand; those that nobody has heard of are absent.
func statesOf(ctx context.Context, db *registry.DB, plan *sweeps.Plan) (map[string]registry.State, error) {
	known, err := db.Trials(ctx, registry.Query{IDs: plan.IDs(), Brief: true})
	if err != nil {
		return nil, err
	}
	states := make(map[string]registry.State, len(known))
	for _, t := range known {
		states[t.ID] = t.State
	}
	return states, nil
}

// mayAdopt tells whether a trial that the predecessor recorded is the one that is wanted now. Of weights it kept the path
// only: what was trained from them is trained again.
func mayAdopt(ctx context.Context, db *registry.DB, want spec.Trial, have registry.Trial, sweep string) (bool, error) {
	switch {
	case slices.ContainsFunc(want.Inputs(), func(in spec.Input) bool { return *in.Digest != "" && in.Key != "data.root" }):
		return false, nil
	case want.Command != "":
		return have.Sweep == sweep && have.Spec.Project == "", nil
	case want.Engine == "xla" && strings.HasSuffix(have.Newest.Engine, ",bf16"):
		return false, nil
	case want.Data.Digest != "":
		if have.Result == 0 {
			return false, nil
		}
		a, err := view.Counted(ctx, db, have)
		return a.DataHash == want.Data.Digest, err
	}
	return true, nil
}

// register stores the plan in the registry, under a handle that no other file has.
func register(ctx context.Context, log io.Writer, db *registry.DB, plan *sweeps.Plan) error {
	var err error
	if plan.Handle, err = claimHandle(ctx, log, db, plan.Handle, plan.File); err != nil {
		return err
	}
	if err := sayMoved(ctx, log, db, plan); err != nil {
		return err
	}
	if err := dateHypotheses(ctx, db, plan); err != nil {
		return err
	}
	return storePlan(ctx, db, plan)
}

// storePlan puts a plan with its trials into the registry.
func storePlan(ctx context.Context, db *registry.DB, plan *sweeps.Plan) error {
	encoded, err := plan.Encode()
	if err != nil {
		return err
	}
	members, err := members(plan)
	if err != nil {
		return err
	}
	return db.Plan(ctx, registry.Sweep{Handle: plan.Handle, Name: plan.Name, File: plan.File, Options: strings.Join(plan.Options, " "),
		Harness: plan.Harness, Plan: encoded, Members: members})
}

// sayMoved says when a sweep of a program was swept from another folder before: its results are those of another project.
func sayMoved(ctx context.Context, log io.Writer, db *registry.DB, plan *sweeps.Plan) error {
	if !plan.Command {
		return nil
	}
	first, err := db.Trials(ctx, registry.Query{Sweep: plan.Handle, IDs: plan.IDs()[:1], Brief: true})
	if err != nil || len(first) > 0 { // planned before, in this folder
		return err
	}
	before, err := db.Trials(ctx, registry.Query{Sweep: plan.Handle})
	if err != nil {
		return err
	}
	project, others := plan.Trials[0].Spec.Project, 0
	other := ""
	for _, t := range before {
		if t.Result > 0 && t.Spec.Project != "" && t.Spec.Project != project {
			other = t.Spec.Project
			others++
		}
	}
	if others > 0 {
		fmt.Fprintf(log, "%s was swept in another folder before (as seen from the home: %s, now %s): its %s are another project's and stay as former ones; "+
			"\"project: NAME\" in the file makes one project of several folders\n", plan.Handle, other, project, counted(others, "result"))
	}
	return nil
}

// members are the trials of a plan as the registry lists them.
func members(plan *sweeps.Plan) ([]registry.Member, error) {
	controls := make(map[string]string, len(plan.Rows))
	for _, r := range plan.Rows {
		controls[r.Name] = r.Control
	}
	list := make([]registry.Member, len(plan.Trials))
	for i, params := range plan.Params() {
		t := plan.Trials[i]
		encoded, err := sweeps.Object(params)
		if err != nil {
			return nil, fmt.Errorf("plan %s: %s: %w", plan.Name, t.Label, err)
		}
		list[i] = registry.Member{ID: t.ID, Spec: t.Spec, Label: t.Label, Row: t.Row, Control: controls[t.Row], Seed: t.Seed, Params: encoded}
	}
	return list, nil
}

// workingDir is the folder in which programs run: where the command was called.
func workingDir() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("working folder: %w", err)
	}
	return filepath.Clean(dir), nil
}
