package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"harness/registry"
	"harness/runner"
)

// Standing is how the open tasks of a sweep stand.
type Standing struct {
	Sweep     string
	Scheduler string
	Jobs      []string
	Made      time.Time // when the first of its open batches was handed in
	Trials    int       // of all its open batches
	Waiting   int       // to be started
	Running   int       // in the eyes of the scheduler
	Reason    string    // why the first of those waits
	Silent    error     // the scheduler did not answer: the numbers above are not known
}

// Stand says how the open batches of a home stand, by sweep, those handed in first first.
func Stand(ctx context.Context, home string, s Scheduler) ([]Standing, error) {
	open, _, err := Open(home)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	seen, silent := s.Poll(ctx, open)
	var list []Standing
	for _, b := range open {
		i := slices.IndexFunc(list, func(t Standing) bool { return t.Sweep == b.Sweep })
		if i < 0 {
			i = len(list)
			list = append(list, Standing{Sweep: b.Sweep, Scheduler: b.Scheduler, Made: b.Made, Silent: silent})
		}
		t := &list[i]
		t.Trials += b.Size
		if b.Job != "" {
			t.Jobs = append(t.Jobs, b.Job)
		}
		for n := range b.Size {
			switch status := seen[Ref{b.Token, n}]; status.State {
			case Waiting:
				if t.Waiting++; t.Reason == "" {
					t.Reason = status.Reason
				}
			case Running:
				t.Running++
			}
		}
	}
	return list, nil
}

// Any reports whether choose picks one of the batch's trials, by the sweep that handed it in and their ID.
func (b *Batch) Any(choose func(sweep, id string) bool) bool {
	return slices.ContainsFunc(b.tasks, func(t runner.Task) bool { return choose(b.Sweep, t.ID) })
}

// Has reports whether an open batch of the home has the trial, as it is to be done now, and names the sweep that handed it in.
func Has(open []*Batch, t registry.Trial) (sweep string, has bool) {
	for _, b := range open {
		for _, task := range b.tasks {
			if task.ID == t.ID && task.After == t.RedoAfter {
				return b.Sweep, true
			}
		}
	}
	return "", false
}

// Busy says which trials a scheduler has, or may have, by their ID, and the sweep that handed each in: its task waits or runs, was handed in just
// now, or its heart beats.
func Busy(ctx context.Context, home string, s Scheduler) (busy map[string]string, err error) {
	open, _, err := Open(home)
	if err != nil || len(open) == 0 {
		return nil, err
	}
	seen, err := s.Poll(ctx, open)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Name(), err)
	}
	busy = map[string]string{}
	for _, b := range open {
		for i, t := range b.tasks {
			status, known := seen[Ref{b.Token, i}]
			if status.State.live() || !known && time.Since(b.Made) < lostAfter || beats(home, t.ID) {
				busy[t.ID] = b.Sweep
			}
		}
	}
	return busy, nil
}

// CatchUp takes what is new in the journals of all trials that open batches have: nobody else may be following them.
func CatchUp(ctx context.Context, db *registry.DB, open []*Batch) error {
	taken := map[string]bool{}
	for _, b := range open {
		for _, t := range b.tasks {
			if taken[t.ID] {
				continue
			}
			taken[t.ID] = true
			if _, err := os.Stat(db.TrialDir(t.ID)); err != nil {
				continue // it has not begun
			}
			if _, err := db.CatchUp(ctx, t.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// Canceling counts what Cancel has done.
type Canceling struct {
	TakenBack int // that had not begun
	Asked     int // to stop, which may save a checkpoint
}

// Cancel takes back the tasks of the trials that choose picks, by the sweep that handed them in and their ID: those that wait are
// canceled one by one, those that run are asked to stop.
func Cancel(ctx context.Context, home string, s Scheduler, choose func(sweep, id string) bool) (done Canceling, err error) {
	open, _, err := Open(home)
	if err != nil || len(open) == 0 {
		return done, err
	}
	seen, err := s.Poll(ctx, open)
	if err != nil {
		return done, fmt.Errorf("%s: %w", s.Name(), err)
	}
	for _, b := range open {
		var waiting []int
		for i, t := range b.tasks {
			if !choose(b.Sweep, t.ID) {
				continue
			}
			switch seen[Ref{b.Token, i}].State {
			case Waiting:
				waiting = append(waiting, i)
			case Running:
				if err := askToStop(filepath.Join(home, "trials", t.ID)); err != nil {
					return done, err
				}
				done.Asked++
			}
		}
		if len(waiting) == 0 {
			continue
		}
		if err := s.Cancel(ctx, b, waiting); err != nil {
			return done, fmt.Errorf("%s: %w", s.Name(), err)
		}
		done.TakenBack += len(waiting)
	}
	return done, nil
}

// askToStop leaves word in the folder of a trial, which its task may be about to make.
func askToStop(trial string) error {
	if err := os.MkdirAll(trial, 0o755); err != nil {
		return fmt.Errorf("cancel trial: %w", err)
	}
	return runner.Cancel(trial)
}
