package cluster

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"harness/internal/escape"
	"harness/registry"
	"harness/registry/journal"
	"harness/runner"
	"harness/runner/earlystop"
)

// Options say how the trials of a sweep are handed in and followed.
type Options struct {
	Scheduler Scheduler
	Sweep     string // its handle
	Rules     Rules
	Command   func(batch string) []string // of a task, without its index, by the folder of its batch
	Submit    bool                        // only hand in, and return at once
	Out       io.Writer                   // where progress is shown; nil = nowhere

	Stop *earlystop.Rule // by which trials are stopped early while somebody follows them; nil = none

	MaxFailures int // hand in no more and take back what waits after so many failures; 0 = never mind
	StopAfter   int // the same when the first so many all fail; 0 = 3, negative = never mind

	pause, lost time.Duration // firstPoll and lostAfter; tests have less time
}

// Result is how the trials stand when Run returns.
type Result struct {
	runner.Result
	Jobs      []string // that are open
	Open      int      // trials that the scheduler has
	Submitted int      // trials that this call has handed in
}

// ErrLeft is Result.Stopped when the caller did not want to follow any longer. The tasks go on.
var ErrLeft = errors.New("no longer followed")

const (
	firstPoll   = 2 * time.Second
	longestPoll = 30 * time.Second
	ingestEvery = 2 * time.Second // journals of the trials that run
	lostAfter   = 60 * time.Second
	mostAgain   = 10 // times that one call hands in a trial that always comes back without having ended
)

// Run hands in those trials that are not done and that no open batch has, and follows them until all have ended. Canceling ctx ends
// the following only: Result.Stopped is then ErrLeft.
func Run(ctx context.Context, db *registry.DB, trials []registry.Trial, o Options) (Result, error) {
	o.pause, o.lost = cmp.Or(o.pause, firstPoll), cmp.Or(o.lost, lostAfter)
	f := &follower{db: db, Options: o, ctx: context.WithoutCancel(ctx), wait: o.pause}
	if o.Stop != nil {
		var err error
		if f.stopper, err = runner.NewStopper(db, *o.Stop, trials); err != nil {
			return Result{}, err
		}
	}
	if err := f.prepare(trials); err != nil {
		return Result{}, err
	}
	err := f.loop(ctx)
	return f.result(), err
}

// follower is one call of Run.
type follower struct {
	Options
	db   *registry.DB
	ctx  context.Context // of what must happen even after an interruption
	home string
	all  []*trial
	byID map[string]*trial
	open []*Batch // of all sweeps of the home
	last int      // number of the newest batch that was looked at
	seen map[Ref]Status
	wait time.Duration // until the next poll

	before    int
	submitted int
	failures  int
	stopped   error
	silent    bool // the scheduler did not answer
	largest   int
	stopper   *runner.Stopper // nil where no rule stops trials early
	counts    string          // that were shown last
	first     bool            // the first look of this call is not over
}

// trial is one trial on its way.
type trial struct {
	registry.Trial
	batch   *Batch // that has it; nil = none
	index   int
	status  Status
	unknown time.Time      // since when neither the scheduler nor a heart tells of it; zero = they do
	due     time.Time      // not zero: to be handed in from then on
	held    bool           // a sweep of this machine was running it
	over    bool           // nothing more of it in this call
	again   int            // times that it was handed in again
	shown   int            // number of the attempt that was shown
	before  int            // number of its newest attempt when this call began
	judged  int            // number of the attempt that said is about
	said    []journal.Rung // by the rule for early stopping
}

// finished reports whether the trial is not run again, whatever its task does.
func (k *trial) finished() bool { return k.State == registry.Done || k.State == registry.Stopped }

func (f *follower) prepare(trials []registry.Trial) (err error) {
	if f.home, err = filepath.Abs(f.db.Home); err != nil {
		return fmt.Errorf("find home: %w", err)
	}
	f.byID, f.first = map[string]*trial{}, true
	for _, t := range trials {
		k := &trial{Trial: t}
		k.Label = escape.Line(t.Label)
		f.all = append(f.all, k)
		f.byID[k.ID] = k
	}
	if err := f.look(f.all); err != nil {
		return err
	}
	for _, k := range f.all {
		k.before, k.shown = k.Attempt, k.Attempt
		if k.finished() {
			k.over = true
			if k.State == registry.Done {
				f.before++
			}
			continue
		}
		if err := f.catchUp(k); err != nil {
			return err
		}
		k.before, k.shown = k.Attempt, k.Attempt
		k.over = k.State == registry.Stopped
	}
	return f.loadBatches()
}

// look reads how trials stand.
func (f *follower) look(list []*trial) error {
	ids := make([]string, len(list))
	for i, k := range list {
		ids[i] = k.ID
	}
	if len(ids) == 0 {
		return nil
	}
	known, err := f.db.Trials(f.ctx, registry.Query{IDs: ids, Brief: true})
	if err != nil {
		return err
	}
	for _, t := range known {
		k := f.byID[t.ID]
		k.State, k.Attempt, k.Newest, k.RedoAfter = t.State, t.Attempt, t.Newest, t.RedoAfter
	}
	for _, k := range list {
		if k.State == "" {
			k.State = registry.Queued
		}
	}
	return nil
}

// catchUp takes what is new in the journals of a trial.
func (f *follower) catchUp(k *trial) error {
	if _, err := os.Stat(f.db.TrialDir(k.ID)); err != nil {
		return nil // it has never run
	}
	if _, err := f.db.CatchUp(f.ctx, k.ID); err != nil {
		return err
	}
	return f.look([]*trial{k})
}

// loadBatches finds out which open batch has which trial: the newest that was made for what the trial is now.
func (f *follower) loadBatches() (err error) {
	if f.open, f.last, err = Open(f.home); err != nil {
		return err
	}
	for _, k := range f.all {
		k.batch = nil
	}
	for _, b := range f.open {
		for i, t := range b.tasks {
			if k := f.byID[t.ID]; k != nil && t.After == k.RedoAfter {
				k.batch, k.index = b, i
			}
		}
	}
	return nil
}

// loop polls, takes what is new and hands in what is due, until nothing is left to do.
func (f *follower) loop(ctx context.Context) error {
	polled, ingested, rest := time.Time{}, time.Now(), time.Duration(0)
	for {
		if time.Since(polled) >= f.wait {
			if err := f.poll(); err != nil {
				return err
			}
			polled = time.Now()
		}
		if time.Since(ingested) >= max(min(ingestEvery, f.pause), rest) {
			began := time.Now()
			if err := f.ingest(); err != nil {
				return err
			}
			ingested, rest = time.Now(), 10*time.Since(began) // on a login node, a tenth of a core for thousands of trials
		}
		if err := f.submitDue(); err != nil {
			return err
		}
		f.showCounts()
		if f.finished() || f.Submit && !f.silent {
			return nil
		}
		select {
		case <-ctx.Done():
			f.stopped = ErrLeft
			return nil
		case <-time.After(min(500*time.Millisecond, f.pause)):
		}
	}
}

// finished reports whether nothing is left to do.
func (f *follower) finished() bool {
	for _, k := range f.all {
		if !k.over {
			return false
		}
	}
	return true
}

// poll asks the scheduler and settles what it tells. That it does not answer changes nothing.
func (f *follower) poll() error {
	if len(f.open) > 0 {
		if err := f.findJobs(); err != nil {
			return f.unreachable(err)
		}
		seen, err := f.Scheduler.Poll(f.ctx, f.open)
		if err != nil {
			return f.unreachable(err)
		}
		if f.silent {
			f.say("%s answers again", f.Scheduler.Name())
		}
		f.silent = false
		f.backOff(seen)
		f.seen = seen
	} else if f.silent { // there is nothing of ours to ask about: whether it answers at all
		largest, err := f.Scheduler.Largest(f.ctx)
		if err != nil {
			return f.unreachable(err)
		}
		f.say("%s answers again", f.Scheduler.Name())
		f.largest, f.silent, f.wait = largest, false, f.pause
	}
	for _, k := range f.all {
		if k.over {
			continue
		}
		if err := f.settle(k); err != nil {
			return err
		}
	}
	f.first = false
	f.judgeFailures()
	return f.closeBatches()
}

// backOff makes the next poll later where nothing has changed.
func (f *follower) backOff(seen map[Ref]Status) {
	changed := len(seen) != len(f.seen)
	for ref, status := range seen {
		changed = changed || f.seen[ref].State != status.State
	}
	if f.wait = min(longestPoll, f.wait*3/2); changed {
		f.wait = f.pause
	}
}

// unreachable says, once, that the scheduler does not answer; another error it returns.
func (f *follower) unreachable(err error) error {
	if !errors.Is(err, ErrUnreachable) {
		return err
	}
	if !f.silent {
		f.say("%s: %v: waiting; what runs goes on", f.Scheduler.Name(), err)
	}
	f.silent = true
	f.wait = min(longestPoll, f.wait*3/2)
	return nil
}

// findJobs looks for batches of which it is not known whether they were handed in: who made them was killed meanwhile, or heard
// no answer. One that the scheduler does not know after a minute was not.
func (f *follower) findJobs() error {
	for _, b := range f.open {
		if b.Job != "" {
			continue
		}
		job, err := f.Scheduler.Find(f.ctx, b)
		if err != nil {
			return err
		}
		if job != "" {
			f.say("found %s, as job %s", b.Token, job)
			if err := b.setJob(job); err != nil {
				return err
			}
		}
	}
	return nil
}

// ingest takes what is new in the journals of trials that may be running.
func (f *follower) ingest() error {
	for _, k := range f.all {
		if k.over || k.batch == nil || k.status.State == Waiting && !f.silent && k.State != registry.Running {
			continue
		}
		if err := f.catchUp(k); err != nil {
			return err
		}
		f.showStart(k)
		if k.finished() {
			f.end(k)
		}
	}
	return f.stopEarly()
}

// stopEarly asks the rule about the trials that run, and has those stopped that do not go on. All that is new was read before.
func (f *follower) stopEarly() error {
	for _, k := range f.all {
		if f.stopper == nil || k.over || k.State != registry.Running {
			continue
		}
		said, err := f.stopper.Ask(f.ctx, k.ID, k.Attempt)
		if err != nil {
			return err
		}
		if k.judged != k.Attempt {
			k.judged, k.said = k.Attempt, nil
		}
		if k.said = append(k.said, said...); len(said) == 0 || !said[len(said)-1].Stop {
			continue
		}
		if err := runner.CancelEarly(f.db.TrialDir(k.ID), k.said); err != nil {
			return err
		}
	}
	return nil
}

// closeBatches closes those of this sweep that no trial waits for and whose tasks have all ended.
func (f *follower) closeBatches() error {
	wanted := map[*Batch]bool{}
	for _, k := range f.all {
		if !k.over && k.batch != nil {
			wanted[k.batch] = true
		}
	}
	var open []*Batch
	for _, b := range f.open {
		if b.Sweep != f.Sweep || wanted[b] || f.lives(b) {
			open = append(open, b)
			continue
		}
		if err := b.close(); err != nil {
			return err
		}
	}
	f.open = open
	return nil
}

// lives reports whether the scheduler still has a task of the batch, or may be about to tell of one.
func (f *follower) lives(b *Batch) bool {
	if b.Job == "" && time.Since(b.Made) < f.lost {
		return true
	}
	for i := range b.Size {
		if status, ok := f.seen[Ref{b.Token, i}]; ok && status.State.live() {
			if k := f.byID[b.tasks[i].ID]; k == nil || !k.over || !k.finished() {
				return true
			}
		}
	}
	return false
}

func (f *follower) result() Result {
	r := Result{Submitted: f.submitted}
	r.Before, r.Stopped = f.before, f.stopped
	jobs := map[string]bool{}
	for _, k := range f.all {
		switch {
		case k.State == registry.Done:
			r.Done++
		case k.State == registry.Stopped:
			r.Early++
		case !k.over:
			r.Queued++
			if k.batch != nil {
				r.Open++
				if job := k.batch.Job; job != "" && !jobs[job] {
					jobs[job] = true
					r.Jobs = append(r.Jobs, job)
				}
			}
		case k.State == registry.Failed:
			r.Failed++
		case k.State == registry.Interrupted:
			r.Interrupted++
		default:
			r.Queued++
		}
	}
	return r
}
