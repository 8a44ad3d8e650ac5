package runner

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"harness/internal/escape"
	"harness/registry"
	"harness/registry/journal"
)

// prepare finds out what is left to do. What a killed sweep left behind is finished on the way.
func (r *run) prepare(trials []registry.Trial) error {
	ids := make([]string, len(trials))
	for i, t := range trials {
		ids[i] = t.ID
	}
	known, err := r.states(registry.Query{IDs: ids, Brief: true})
	if err != nil {
		return err
	}
	for _, t := range trials {
		k := newJob(t, known[t.ID])
		r.all = append(r.all, k)
		switch {
		case k.state == registry.Done:
			r.before++
		case k.state == registry.Stopped:
			r.early++
		case k.state == registry.Queued && !r.hasFolder(k.ID): // start looks again
			r.queue = append(r.queue, k)
		default:
			if err := r.enqueue(k); err != nil {
				return err
			}
		}
	}
	return nil
}

// newJob is a trial to run, with what the registry knows of it.
func newJob(wanted, known registry.Trial) *job {
	known.ID, known.Spec, known.Label, known.Control = wanted.ID, wanted.Spec, escape.Line(wanted.Label), wanted.Control
	if known.State == "" {
		known.State = registry.Queued
	}
	return &job{Trial: known, state: known.State, before: known.Attempt}
}

func (r *run) hasFolder(id string) bool {
	_, err := os.Lstat(r.db.TrialDir(id))
	return err == nil
}

// enqueue puts a trial that is not known to be done where it belongs: among those that another sweep is running, among
// those to run, or in neither.
func (r *run) enqueue(k *job) error {
	claim, err := claimTrial(r.db.TrialDir(k.ID))
	if errors.Is(err, errClaimed) {
		r.elsewhere = append(r.elsewhere, k)
		return nil
	}
	if err != nil {
		return err
	}
	if !k.tried {
		os.Remove(r.cancelPath(k.ID)) // meant for a sweep that is gone
	}
	again, err := r.recheck(k)
	claim.Release()
	if again && err == nil {
		r.queue = append(r.queue, k)
	}
	return err
}

// recheck brings the registry up to date with a trial that nobody is running, and says whether it is to be run.
func (r *run) recheck(k *job) (again bool, err error) {
	if _, err := r.db.CatchUp(r.ctx, k.ID); err != nil {
		return false, err
	}
	t, err := r.look(k)
	if err != nil {
		return false, err
	}
	if t.Newest.State == registry.Running { // its process is gone, since we hold the claim
		if err := r.finishLost(t); err != nil && !beyondRepair(err) {
			return false, err
		}
		k.state = registry.Interrupted
	}
	switch k.state {
	case registry.Done:
		r.before++
		return false, nil
	case registry.Stopped:
		r.early++
		return false, nil
	case registry.Failed:
		_, again, err := r.decide(k, t)
		return again, err
	}
	return true, nil
}

// look reads how a trial stands.
func (r *run) look(k *job) (registry.Trial, error) {
	known, err := r.states(registry.Query{IDs: []string{k.ID}})
	if err != nil {
		return registry.Trial{}, err
	}
	t := known[k.ID]
	k.Attempt, k.RedoAfter, k.state, k.note = t.Attempt, t.RedoAfter, t.State, t.Newest.Error
	if !k.tried {
		k.before = t.Attempt
	}
	if k.state == "" {
		k.state = registry.Queued
	}
	return t, nil
}

// decide applies the rule for retries to a trial that has failed.
func (r *run) decide(k *job, t registry.Trial) (pause time.Duration, again bool, err error) {
	attempts, err := r.db.Attempts(r.ctx, k.ID)
	if err != nil {
		return 0, false, err
	}
	pause, again = r.options.Retry(t.Newest.Class, attempts, t.RedoAfter, k.before)
	return pause, again, nil
}

// finishLost writes the end that a killed attempt could not write itself.
func (r *run) finishLost(t registry.Trial) error {
	w, err := journal.Continue(r.db.AttemptDir(t.ID, t.Attempt))
	if err != nil {
		return err
	}
	if err := w.Finish(nil, journal.Exit{Code: -1, Class: journal.ClassInterrupted, Error: "its sweep was killed"}, nil); err != nil {
		return err
	}
	_, err = r.db.Ingest(r.ctx, t.ID, t.Attempt)
	return err
}

// beyondRepair reports whether a journal cannot be closed any more: it is damaged, was deleted, or has a successor. A new
// attempt leaves it behind.
func beyondRepair(err error) bool {
	var bad *journal.BadLineError
	return errors.As(err, &bad) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, journal.ErrSuperseded)
}

func (r *run) states(q registry.Query) (map[string]registry.Trial, error) {
	trials, err := r.db.Trials(r.ctx, q)
	if err != nil {
		return nil, err
	}
	known := make(map[string]registry.Trial, len(trials))
	for _, t := range trials {
		known[t.ID] = t
	}
	return known, nil
}

// pollElsewhere looks whether trials that ran elsewhere have ended.
func (r *run) pollElsewhere() error {
	waiting := r.elsewhere
	r.elsewhere = nil
	for _, k := range waiting {
		if err := r.enqueue(k); err != nil {
			return err
		}
	}
	if len(r.queue) > 0 {
		return r.openSpawner()
	}
	return nil
}
