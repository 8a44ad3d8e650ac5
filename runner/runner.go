// Package runner runs the trials of a sweep that have no result yet, each in a process of its own.
//
//	Run        the loop: pick a trial, claim it, start it, follow its journal, record how it ended, go on
//	slot.go    one attempt: its folder, its process, stopping it, what its end means
//	program.go the trials of another program: its configuration, its command line, the numbers that it prints
//	claim.go   a lock a trial, so that two sweeps share work, and what is left of a killed sweep is found and ended
//	display.go what people see meanwhile: bars on a terminal, else plain lines
//
// A trial writes to its own journal only, and Run turns the journals into rows as they grow. All calls of the registry
// are made by the goroutine of Run. A trial that fails is recorded and the others go on; an error of Run itself means
// that nothing can be recorded any more, such as on a full disk.
package runner

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

const (
	followEvery = 200 * time.Millisecond // how old what is shown may be
	askEvery    = time.Second            // for trials that another sweep is running
)

// Trial is a trial to run.
type Trial struct {
	ID    string
	Spec  spec.Trial
	Label string // for people
}

// Options say how trials are run; nothing in them changes a number.
type Options struct {
	// Child is the process, not yet started, that runs one attempt of a built-in trial in the folder dir. It finds the
	// journal there with a start in it, goes on writing it, and exits with 130 when it was asked to stop.
	Child       func(dir string, threads int) *exec.Cmd
	Parallel    int    // trials at a time; 0 = as many as there is room for
	Threads     int    // of each trial; 0 = the cores divided among the trials
	Engine      string // recorded
	GPUs        GPUs
	Retries     int                       // of a trial that was killed, ran out of memory or of time
	MaxFailures int                       // start no more trials after so many failures; 0 = never mind
	Timeout     time.Duration             // of one attempt; 0 = none
	Grace       time.Duration             // from asking a trial to stop to killing it
	RetryFailed bool                      // run again what failed for good
	Provenance  func() journal.Provenance // asked once, before the first trial is started
	Kill        <-chan struct{}           // closed when the user does not want to wait for checkpoints
	Out         io.Writer                 // where progress is shown
	Display     Display
}

// Display says how progress is shown.
type Display string

const (
	Silent Display = "silent"
	Plain  Display = "plain" // lines, for files and pipes
	Bars   Display = "bars"  // redrawn in place, for terminals
)

// Result counts the trials by how they stand at the end.
type Result struct {
	Done, Failed, Interrupted int
	Queued                    int // not started, after an interruption or too many failures
	Before                    int // of Done: those that had been done before
	Stopped                   error
}

// ErrTooManyFailures is Result.Stopped when Options.MaxFailures was reached.
var ErrTooManyFailures = errors.New("too many trials failed")

// Run runs those trials that are not done, in their order, and returns when all are settled. Canceling ctx asks the
// running ones to save a checkpoint and stop; Result.Stopped is then ctx's error, and the next call goes on.
func Run(ctx context.Context, db *registry.DB, trials []Trial, o Options) (Result, error) {
	r := &run{db: db, options: o, ended: make(chan *slot), ctx: context.WithoutCancel(ctx), gpus: newPool(o.GPUs)}
	if err := r.prepare(trials); err != nil {
		return Result{}, err
	}
	r.display = newDisplay(o.Display, o.Out)
	defer r.display.close()
	defer r.closeSpawner()
	if len(r.queue) > 0 {
		r.openSpawner()
	}
	err := r.loop(ctx)
	if err != nil {
		r.abandon()
	}
	return r.result(), err
}

// task is a trial on its way.
type task struct {
	Trial
	state    registry.State
	failures int // in this call
	note     string
}

// run is one call of Run.
type run struct {
	db         *registry.DB
	options    Options
	ctx        context.Context // of what must happen even after an interruption
	provenance journal.Provenance
	spawner    *spawner
	display    display

	all       []*task
	queue     []*task // to start, in order
	elsewhere []*task // that another sweep is running
	slots     []*slot // running
	gpus      *pool
	ended     chan *slot
	parallel  int
	threads   int
	before    int
	failed    int // since this call began
	stopped   error
	started   time.Time
	finished  []time.Duration // of the trials that this call has done
}

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
		claim, err := claimTrial(r.db.TrialDir(t.ID))
		if errors.Is(err, errClaimed) {
			r.elsewhere = append(r.elsewhere, k)
			continue
		}
		if err != nil {
			return err
		}
		again, err := r.review(k)
		claim.release()
		if err != nil {
			return err
		}
		if again {
			r.queue = append(r.queue, k)
		}
	}
	return nil
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
		var bad *journal.BadLineError // of a damaged journal, which a new attempt leaves behind
		if err := r.settleLost(t); err != nil && !errors.As(err, &bad) {
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

// loop starts trials and follows them until nothing is left to do.
func (r *run) loop(ctx context.Context) error {
	r.started = time.Now()
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	interrupted, kill := ctx.Done(), r.options.Kill
	asked := time.Now()
	for {
		if interrupted != nil && ctx.Err() != nil {
			interrupted = nil
			r.interrupt(ctx)
		}
		if err := r.fill(); err != nil {
			return err
		}
		if len(r.slots) == 0 && (r.stopped != nil || len(r.queue)+len(r.elsewhere) == 0) {
			return nil
		}
		select {
		case s := <-r.ended:
			if err := r.settle(s); err != nil {
				return err
			}
		case <-ticker.C:
			if err := r.follow(); err != nil {
				return err
			}
			if time.Since(asked) >= askEvery {
				if err := r.ask(); err != nil {
					return err
				}
				asked = time.Now()
			}
			r.display.tick(r.snapshot())
		case <-interrupted: // seen to at the top
		case <-kill:
			kill = nil
			for _, s := range r.slots {
				s.kill()
			}
		}
	}
}

// interrupt asks the running trials to stop; no more are started.
func (r *run) interrupt(ctx context.Context) {
	r.stopped = ctx.Err()
	if len(r.slots) > 0 {
		r.display.say("stopping: waiting for checkpoints (once more to kill)")
	}
	for _, s := range r.slots {
		s.stop()
	}
}

// fill starts trials while there is room.
func (r *run) fill() error {
	for r.stopped == nil && len(r.slots) < r.parallel {
		i := r.pick()
		if i < 0 {
			return nil
		}
		devices, ok := r.gpus.take()
		if !ok {
			return nil
		}
		k := r.queue[i]
		r.queue = slices.Delete(r.queue, i, i+1)
		started, err := r.start(k, devices)
		if !started {
			r.gpus.give(devices)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pick chooses the next trial: the first whose pretraining no running trial is busy with, since that trial's result
// will be shared. It returns -1 when there is none now.
func (r *run) pick() int {
	return slices.IndexFunc(r.queue, func(k *task) bool {
		return !slices.ContainsFunc(r.slots, func(s *slot) bool { return s.pretrains(k.Spec) })
	})
}

// start claims a trial and starts its next attempt, unless another sweep has it or has done it.
func (r *run) start(k *task, devices []int) (started bool, err error) {
	claim, err := claimTrial(r.db.TrialDir(k.ID))
	if errors.Is(err, errClaimed) {
		r.elsewhere = append(r.elsewhere, k)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if k.failures == 0 { // another sweep may have run it since we looked
		again, err := r.review(k)
		if err != nil || !again {
			claim.release()
			return false, err
		}
	}
	s, err := r.newSlot(k, claim, journal.PurposeRun)
	if err != nil {
		claim.release()
		return false, fmt.Errorf("start trial %s: %w", k.ID, err)
	}
	s.devices, s.environment = devices, r.gpus.environment(devices)
	if _, err := r.db.Ingest(r.ctx, k.ID, s.attempt); err != nil {
		s.abandon()
		return false, err
	}
	k.state = registry.Running
	r.slots = append(r.slots, s)
	r.display.started(k, s.attempt)
	go func() {
		s.run()
		r.ended <- s
	}()
	return true, nil
}

// follow brings the registry up to date with the running trials.
func (r *run) follow() error {
	for _, s := range r.slots {
		seen, err := r.db.Ingest(r.ctx, s.task.ID, s.attempt)
		var bad *journal.BadLineError
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		if seen.Progress != nil {
			s.progress(*seen.Progress)
		}
	}
	return nil
}

// ask looks whether trials that ran elsewhere have ended.
func (r *run) ask() error {
	waiting := r.elsewhere
	r.elsewhere = nil
	for _, k := range waiting {
		claim, err := claimTrial(r.db.TrialDir(k.ID))
		if errors.Is(err, errClaimed) {
			r.elsewhere = append(r.elsewhere, k)
			continue
		}
		if err != nil {
			return err
		}
		again, err := r.review(k)
		claim.release()
		if err != nil {
			return err
		}
		if again {
			r.queue = append(r.queue, k)
		}
	}
	if len(r.queue) > 0 {
		r.openSpawner()
	}
	return nil
}

// settle records how an attempt ended and decides what becomes of its trial.
func (r *run) settle(s *slot) error {
	defer s.claim.release()
	r.gpus.give(s.devices)
	r.slots = slices.DeleteFunc(r.slots, func(o *slot) bool { return o == s })
	if errors.Is(s.err, journal.ErrSuperseded) { // on a file system where locks do not hold
		r.elsewhere = append(r.elsewhere, s.task)
		return nil
	}
	var bad *journal.BadLineError
	if errors.As(s.err, &bad) { // somebody else wrote into it, or the disk is failing
		s.task.state, s.task.note = registry.Failed, "its journal is damaged: "+bad.Error()
		r.failed++
		r.display.ended(s.task, s)
		return nil
	}
	if s.err != nil {
		return fmt.Errorf("record trial %s: %w", s.task.ID, s.err)
	}
	if _, err := r.db.Ingest(r.ctx, s.task.ID, s.attempt); err != nil {
		return err
	}
	known, err := r.states([]string{s.task.ID})
	if err != nil {
		return err
	}
	k, newest := s.task, known[s.task.ID].Newest
	k.state, k.note = known[k.ID].State, newest.Error
	switch k.state {
	case registry.Done:
		r.finished = append(r.finished, time.Since(s.started))
	case registry.Failed:
		k.failures++
		if mayGoWell(newest.Class) && k.failures <= r.options.Retries && r.stopped == nil {
			k.note += fmt.Sprintf(" (try %d of %d follows)", k.failures+1, r.options.Retries+1)
			r.display.ended(k, s)
			k.state = registry.Queued
			r.queue = slices.Insert(r.queue, 0, k)
			return nil
		}
		r.failed++
		if r.options.MaxFailures > 0 && r.failed >= r.options.MaxFailures && r.stopped == nil {
			r.stopped = fmt.Errorf("%w (%d): no more are started", ErrTooManyFailures, r.failed)
		}
	}
	r.display.ended(k, s)
	return nil
}

// abandon kills what still runs after an error that cannot be recorded.
func (r *run) abandon() {
	for _, s := range r.slots {
		s.kill()
	}
	for range r.slots {
		(<-r.ended).claim.release()
	}
}

// openSpawner gets ready to start processes, unless that was done before: what never starts one need not wait for it.
func (r *run) openSpawner() {
	if r.spawner != nil {
		return
	}
	r.spawner = newSpawner()
	r.divide()
	if r.options.Provenance != nil {
		r.provenance = r.options.Provenance()
	}
}

func (r *run) closeSpawner() {
	if r.spawner != nil {
		r.spawner.close()
	}
}

// divide settles how many trials run at a time, and on how many threads each.
func (r *run) divide() {
	r.parallel, r.threads = r.options.Parallel, r.options.Threads
	cores := max(1, cores())
	switch {
	case r.parallel == 0 && r.gpus.room() > 0:
		r.parallel = r.gpus.room()
	case r.parallel == 0 && r.threads == 0:
		r.parallel = max(1, min(cores, autoParallel, len(r.queue)))
	case r.parallel == 0:
		r.parallel = max(1, cores/r.threads)
	}
	if r.threads == 0 {
		r.threads = max(1, cores/r.parallel)
	}
}

// autoParallel bounds how many trials run at a time unless the user says so: each needs memory of its own.
const autoParallel = 8

func (r *run) result() Result {
	result := Result{Before: r.before, Stopped: r.stopped}
	for _, k := range r.all {
		switch k.state {
		case registry.Done:
			result.Done++
		case registry.Failed:
			result.Failed++
		case registry.Interrupted:
			result.Interrupted++
		default:
			result.Queued++
		}
	}
	return result
}

// mayGoWell reports whether a trial that failed in this way is worth another try.
func mayGoWell(c journal.Class) bool {
	switch c {
	case journal.ClassKilled, journal.ClassMemory, journal.ClassDisk, journal.ClassTimeout:
		return true
	}
	return false
}

// logPath is the file that takes what an attempt prints.
func logPath(dir string) string { return dir + string(os.PathSeparator) + LogName }

// LogName is the name of the log in an attempt's folder.
const LogName = "log.txt"
