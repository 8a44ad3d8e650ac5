package cluster

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"harness/registry"
	"harness/runner"
)

// submitDue hands in the trials that are due, in batches of as many tasks as the scheduler takes.
func (f *follower) submitDue() error {
	for f.stopped == nil && !f.silent {
		due, err := f.dueNow()
		if err != nil || len(due) == 0 {
			return err
		}
		if f.largest == 0 {
			largest, err := f.Scheduler.Largest(f.ctx)
			if err != nil {
				return f.unreachable(err)
			}
			f.largest = largest
		}
		if err := f.submit(due[:min(len(due), f.largest)]); err != nil {
			return err
		}
	}
	return nil
}

// dueNow lists the trials to hand in now. One that a sweep of this machine is running waits, and may be done then.
func (f *follower) dueNow() (due []*trial, err error) {
	now := time.Now()
	for _, k := range f.all {
		if k.over || k.batch != nil || k.due.IsZero() || k.due.After(now) {
			continue
		}
		if runner.Claimed(f.db.TrialDir(k.ID)) {
			k.held = true
			continue
		}
		if k.held {
			k.held = false
			if err := f.catchUp(k); err != nil {
				return nil, err
			}
			if k.finished() {
				f.end(k)
				continue
			}
		}
		due = append(due, k)
	}
	return due, nil
}

// submit hands in one batch. Its folder is made first: if we are killed at any moment, the next call finds the token there and asks
// the scheduler for it.
func (f *follower) submit(due []*trial) error {
	b := &Batch{Version: batchVersion, Scheduler: f.Scheduler.Name(), Sweep: f.Sweep, Token: newToken(f.Sweep), Size: len(due),
		Made: time.Now().UTC(), Rules: f.Rules, Number: f.last + 1}
	b.Host, _ = os.Hostname()
	b.Dir = filepath.Join(f.home, Folder, strconv.Itoa(b.Number))
	b.Command = f.Command(b.Dir)
	for _, k := range due {
		last, err := f.db.LastAttempt(f.ctx, k.ID)
		if err != nil {
			return err
		}
		os.Remove(filepath.Join(f.db.TrialDir(k.ID), runner.CancelName)) // meant for a task that is gone
		b.tasks = append(b.tasks, runner.Task{ID: k.ID, Label: k.Label, Spec: k.Spec, After: k.RedoAfter, Last: max(last, lastFolder(f.home, k.ID))})
	}
	err := b.create(f.home)
	if errors.Is(err, errTaken) { // another call hands in just now, perhaps the same trials
		return f.reload()
	}
	if err != nil {
		return err
	}
	f.last = b.Number
	job, err := f.Scheduler.Submit(f.ctx, b)
	if errors.Is(err, ErrUnreachable) { // it may have come through: findJobs looks
		f.open = append(f.open, b)
		f.attach(due, b)
		return f.unreachable(err)
	}
	if err != nil {
		return f.refused(b, err)
	}
	if err := b.setJob(job); err != nil {
		return err
	}
	f.open = append(f.open, b)
	f.attach(due, b)
	f.submitted += len(due)
	f.wait = f.pause
	f.say("%s: %s as job %s", f.Scheduler.Name(), countedTrials(len(due)), job)
	return nil
}

func (f *follower) attach(due []*trial, b *Batch) {
	for i, k := range due {
		k.batch, k.index, k.due, k.status, k.unknown = b, i, time.Time{}, Status{State: Waiting}, time.Time{}
	}
}

// refused closes a batch that the scheduler does not take, and says what it has taken before.
func (f *follower) refused(b *Batch, err error) error {
	if err := b.close(); err != nil {
		return err
	}
	err = fmt.Errorf("%s refuses the sweep: %w", f.Scheduler.Name(), err)
	if f.submitted > 0 {
		err = fmt.Errorf("%w: %s before it were handed in, and go on", err, countedTrials(f.submitted))
	}
	return err
}

// reload looks again at the batches: those of trials that were due may be among them.
func (f *follower) reload() error {
	before := map[string]bool{}
	for _, b := range f.open {
		before[b.Token] = true
	}
	if err := f.loadBatches(); err != nil {
		return err
	}
	for _, k := range f.all {
		if k.batch != nil && !before[k.batch.Token] {
			k.due, k.status = time.Time{}, Status{State: Waiting}
		}
	}
	return nil
}

// lastFolder is the greatest number of an attempt's folder; 0 where there is none.
func lastFolder(home, id string) int {
	numbers, err := registry.AttemptNumbers(home, id)
	if err != nil || len(numbers) == 0 {
		return 0
	}
	return numbers[len(numbers)-1]
}

func countedTrials(n int) string {
	if n == 1 {
		return "1 trial"
	}
	return fmt.Sprintf("%d trials", n)
}
