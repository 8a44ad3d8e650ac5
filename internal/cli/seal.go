package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"harness/model"
	"harness/model/checkpoint/hub"
	"harness/model/dataset"
	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

// sealing completes trials by the contents of their data and weights (model.Seal), and knows what to do where these are gone.
type sealing struct {
	home   string
	hub    *hub.Hub
	handle string // of the sweep
	dryRun bool
	log    io.Writer

	read    bool
	planned []sweeps.Trial // what was planned before
	said    map[string]bool
}

// seal completes one trial. Where its data or weights are not there any more, they are taken to be those that the sweep was
// planned with: what is done stays done, and what is not is refused later. A dry run shows trials that were never planned, too.
func (s *sealing) seal(ctx context.Context, t *spec.Trial) error {
	err := model.Seal(ctx, s.home, s.hub, t)
	if err == nil || !gone(err) {
		return err
	}
	before, errRead := s.before(ctx, *t)
	switch {
	case errRead != nil:
		return errRead
	case before != nil:
		then := before.Inputs()
		for i, in := range t.Inputs() {
			*in.Digest = *then[i].Digest
		}
		s.say("%v: taken as they were when the sweep was planned", err)
		return nil
	case s.dryRun:
		s.say("the ids are provisional: %v", err)
		return nil
	}
	return hintMissing(err)
}

// gone tells whether err says that data or weights are not there, in contrast to their being damaged.
func gone(err error) bool {
	_, missing := errors.AsType[*dataset.MissingError](err)
	return missing || errors.Is(err, fs.ErrNotExist)
}

// before is a trial of the stored plan with the same data and weights, or nil.
func (s *sealing) before(ctx context.Context, t spec.Trial) (*spec.Trial, error) {
	if err := s.readPlan(ctx); err != nil {
		return nil, err
	}
	for i := range s.planned {
		p := &s.planned[i].Spec
		same := func(a, b spec.Input) bool { return samePath(*a.Path, *b.Path) }
		if slices.EqualFunc(p.Inputs(), t.Inputs(), same) && p.Data.Splits == t.Data.Splits && p.Data.KeepPrior == t.Data.KeepPrior {
			return p, nil
		}
	}
	return nil, nil
}

// sayChanged says how many trials of a plan are others than when it was planned before because their data or weights are.
func (s *sealing) sayChanged(ctx context.Context, plan *sweeps.Plan) error {
	if !slices.ContainsFunc(plan.Trials, func(t sweeps.Trial) bool { return t.Spec.Sealed() }) {
		return nil
	}
	if err := s.readPlan(ctx); err != nil {
		return err
	}
	before := map[string]*spec.Trial{} // by all that the file says
	for i := range s.planned {
		before[unsealed(s.planned[i].Spec)] = &s.planned[i].Spec
	}
	n := 0
	changed := map[string]bool{}
	for _, t := range plan.Trials {
		then := before[unsealed(t.Spec)]
		if then == nil {
			continue
		}
		other := false
		for _, in := range inputs(*then, t.Spec) {
			if in.changed() {
				changed[in.key+" "+in.path], other = true, true
			}
		}
		if other {
			n++
		}
	}
	if n > 0 {
		fmt.Fprintf(s.log, "%s changed since %s was planned: %d of %d trials are others now, and results of then do not count for them\n",
			strings.Join(slices.Sorted(maps.Keys(changed)), ", "), s.handle, n, len(plan.Trials))
	}
	return nil
}

// input is data or weights that a trial reads, with the digests that name it.
type input struct{ key, path, then, now string }

// inputs lists what a trial reads, each with its digest in an older and in a newer reading of the same settings.
func inputs(then, now spec.Trial) []input {
	var list []input
	newer := now.Inputs()
	for i, in := range then.Inputs() {
		list = append(list, input{in.Key, *in.Path, *in.Digest, *newer[i].Digest})
	}
	return list
}

// changed says whether the digest differs from the one that was known.
func (in input) changed() bool { return in.then != "" && in.then != in.now }

// unsealed is what the file says of a trial, without the digests.
func unsealed(t spec.Trial) string { return fmt.Sprintf("%+v", t.Unsealed()) }

func samePath(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	x, errX := realPath(a)
	y, errY := realPath(b)
	return errX == nil && errY == nil && x == y
}

// readPlan reads what was planned before under the sweep's handle, once.
func (s *sealing) readPlan(ctx context.Context) error {
	if s.read {
		return nil
	}
	s.read = true
	db, err := registry.OpenReadOnly(ctx, s.home)
	if errors.Is(err, registry.ErrNone) {
		return nil
	}
	if err != nil {
		return err
	}
	defer db.Close()
	stored, err := db.SweepPlan(ctx, s.handle)
	if errors.Is(err, registry.ErrNoSweep) || err == nil && len(stored.Plan) == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	plan, err := sweeps.Decode(stored.Plan)
	if err != nil {
		return err
	}
	s.planned = plan.Trials
	return nil
}

// say tells the user once.
func (s *sealing) say(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if s.said == nil {
		s.said = map[string]bool{}
	}
	if !s.said[text] {
		s.said[text] = true
		fmt.Fprintln(s.log, text)
	}
}
