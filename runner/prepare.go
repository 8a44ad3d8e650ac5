package runner

import (
	"errors"
	"io/fs"

	"harness/registry"
	"harness/registry/journal"
)

// prepare finds out what is left to do. What a killed sweep left behind is settled on the way.
func (r *run) prepare(trials []Trial) error {
	ids := make([]string, len(trials))
	for i, t := range trials {
		ids[i] = t.ID
	}
	known, err := r.states(ids)
	if err != nil {
		return err
	}
	for _, t := range trials {
		k := &task{Trial: t, state: known[t.ID].State}
		r.all = append(r.all, k)
		if k.state == registry.Done {
			r.before++
			continue
		}
		if err := r.place(k); err != nil {
			return err
		}
	}
	return nil
}

// place puts a trial that is not known to be done where it belongs: among those that another sweep is running, among those to
// run, or in neither.
func (r *run) place(k *task) error {
	claim, err := claimTrial(r.db.TrialDir(k.ID))
	if errors.Is(err, errClaimed) {
		r.elsewhere = append(r.elsewhere, k)
		return nil
	}
	if err != nil {
		return err
	}
	again, err := r.review(k)
	claim.release()
	if again && err == nil {
		r.queue = append(r.queue, k)
	}
	return err
}

// review brings the registry up to date with a trial that nobody is running, and says whether it is to be run.
func (r *run) review(k *task) (again bool, err error) {
	if _, err := r.db.CatchUp(r.ctx, k.ID); err != nil {
		return false, err
	}
	known, err := r.states([]string{k.ID})
	if err != nil {
		return false, err
	}
	t := known[k.ID]
	if t.Newest.State == registry.Running { // its process is gone, since we hold the claim
		if err := r.settleLost(t); err != nil && !beyondRepair(err) {
			return false, err
		}
		t.State = registry.Interrupted
	}
	k.state = t.State
	switch k.state {
	case registry.Done:
		r.before++
		return false, nil
	case registry.Failed:
		return r.options.RetryFailed || mayGoWell(t.Newest.Class), nil
	}
	return true, nil
}

// settleLost writes the end that a killed attempt could not write itself.
func (r *run) settleLost(t registry.Trial) error {
	w, err := journal.Continue(r.db.AttemptDir(t.ID, t.Attempt))
	if err != nil {
		return err
	}
	err = w.Exit(journal.Exit{Code: -1, Class: journal.ClassInterrupted, Error: "its sweep was killed"})
	if err = errors.Join(err, w.Close()); err != nil {
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

func (r *run) states(ids []string) (map[string]registry.Trial, error) {
	trials, err := r.db.Trials(r.ctx, registry.Query{IDs: ids})
	if err != nil {
		return nil, err
	}
	known := make(map[string]registry.Trial, len(trials))
	for _, t := range trials {
		known[t.ID] = t
	}
	return known, nil
}

// ask looks whether trials that ran elsewhere have ended.
func (r *run) ask() error {
	waiting := r.elsewhere
	r.elsewhere = nil
	for _, k := range waiting {
		if err := r.place(k); err != nil {
			return err
		}
	}
	if len(r.queue) > 0 {
		r.openSpawner()
	}
	return nil
}

// mayGoWell reports whether a trial that failed in this way is worth another try.
func mayGoWell(c journal.Class) bool {
	switch c {
	case journal.ClassKilled, journal.ClassMemory, journal.ClassDisk, journal.ClassTimeout:
		return true
	}
	return false
}
