package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"harness/registry"
	"harness/registry/journal"
	"harness/runner/live"
)

// loop starts trials and follows them until nothing is left to do.
func (r *run) loop(ctx context.Context) error {
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
		r.handOn()
		if len(r.processes)+len(r.recording) == 0 && (r.stopped != nil || len(r.queue)+len(r.elsewhere) == 0) {
			return nil
		}
		select {
		case s := <-r.freed:
			r.free(s)
			r.recording = append(r.recording, s)
		case s := <-r.ended:
			if err := r.finish(s); err != nil {
				return err
			}
		case <-r.rested():
		case <-ticker.C:
			if err := r.follow(); err != nil {
				return err
			}
			if time.Since(asked) >= askEvery {
				r.askGPUs()
				if err := r.pollElsewhere(); err != nil {
					return err
				}
				asked = time.Now()
			}
			r.display.poll(r, time.Now())
		case <-interrupted: // seen to at the top
		case <-kill:
			kill = nil
			for _, s := range r.processes {
				s.kill()
			}
		}
	}
}

// interrupt asks the running trials to stop; no more are started.
func (r *run) interrupt(ctx context.Context) {
	r.stopped = ctx.Err()
	if len(r.processes) > 0 {
		r.display.log("stopping: waiting for checkpoints (once more to kill)")
	}
	for _, s := range r.processes {
		s.stop(journal.ClassInterrupted)
	}
}

// fill starts trials while there is room.
func (r *run) fill() error {
	for r.stopped == nil && len(r.processes) < r.parallel {
		i, gpus := r.pick()
		if i < 0 {
			return nil
		}
		k := r.queue[i]
		r.queue = slices.Delete(r.queue, i, i+1)
		r.gpus.take(gpus)
		started, err := r.start(k, gpus)
		if !started {
			r.gpus.give(gpus)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// pick chooses the next trial: the first that does not rest, whose pretraining no running trial is busy with, since that trial's
// result will be shared, and for which there are GPUs. Those behind one that waits for a GPU of its own leave the GPUs to it. It returns
// -1 when there is none now.
func (r *run) pick() (index int, gpus share) {
	now := time.Now()
	held := false
	for i, k := range r.queue {
		need := r.gpus.need(k.Spec)
		if k.resting.After(now) || held && need > 0 || slices.ContainsFunc(r.processes, func(s *process) bool { return s.pretrains(k.Spec) }) {
			continue
		}
		if gpus, ok := r.gpus.find(need, k.alone, k.ID); ok {
			return i, gpus
		}
		held = held || k.alone
	}
	return -1, share{}
}

// rested fires when the first of the retries may start.
func (r *run) rested() <-chan time.Time {
	var first time.Time
	for _, k := range r.queue {
		if k.resting.IsZero() {
			return nil // it waits for room, not for time
		}
		if first.IsZero() || k.resting.Before(first) {
			first = k.resting
		}
	}
	if first.IsZero() || r.stopped != nil || len(r.processes) >= r.parallel {
		return nil
	}
	return time.After(max(time.Millisecond, time.Until(first)))
}

// start claims a trial and starts its next attempt, unless another sweep has it or has done it.
func (r *run) start(k *job, gpus share) (started bool, err error) {
	claim, err := claimTrial(r.db.TrialDir(k.ID))
	if errors.Is(err, errClaimed) {
		r.elsewhere = append(r.elsewhere, k)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !claim.fresh {
		if again, err := r.stillWanted(k); err != nil || !again {
			claim.Release()
			return false, err
		}
	}
	s, err := r.newProcess(k, claim, journal.PurposeRun)
	if err != nil {
		claim.Release()
		return false, fmt.Errorf("start trial %s: %w", k.ID, err)
	}
	r.give(s, gpus)
	s.over = func() { r.freed <- s }
	k.state, k.tried, k.Newest = registry.Running, true, registry.Attempt{Number: s.attempt, Started: s.started}
	r.processes = append(r.processes, s)
	r.display.started(k, s.attempt)
	go func() {
		s.run()
		r.ended <- s
	}()
	_, err = r.db.Ingest(r.ctx, k.ID, s.attempt) // while the process starts
	return true, err
}

// give lets an attempt have GPUs.
func (r *run) give(s *process, gpus share) {
	s.share, s.gpus = gpus, r.gpus.measured(gpus)
	s.environment = append(s.environment, r.gpus.environment(gpus)...)
}

// stillWanted looks whether another sweep has run a trial since we looked, or somebody has canceled it: also before a retry, since
// nobody holds the trial in the pause.
func (r *run) stillWanted(k *job) (bool, error) {
	if asked, _ := r.takeCancel(k); asked {
		return false, nil
	}
	return r.recheck(k)
}

// follow brings the registry up to date with the running trials, and stops those that were canceled.
func (r *run) follow() error {
	for _, s := range r.processes {
		if asked, said := r.takeCancel(s.job); asked && len(said) > 0 {
			s.judged(said)
		} else if asked {
			s.stop(journal.ClassCanceled)
		}
		seen, err := r.db.Ingest(r.ctx, s.job.ID, s.attempt)
		var bad *journal.BadLineError
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		if seen.Progress != nil {
			s.progress(*seen.Progress)
		}
		s.grown = s.grown || seen.Events > 0
	}
	return r.stopEarly()
}

// free makes room for another trial in place of one that has ended.
func (r *run) free(s *process) {
	count := len(r.processes)
	r.processes = slices.DeleteFunc(r.processes, func(o *process) bool { return o == s })
	if len(r.processes) < count {
		r.gpus.give(s.share)
	}
}

// finish records how an attempt ended and decides what becomes of its trial.
func (r *run) finish(s *process) error {
	defer s.claim.Release()
	r.free(s)
	r.sayOfGPUs(r.gpus.judge(s.share, s.job.ID, s.exit, r.needsMost()))
	r.recording = slices.DeleteFunc(r.recording, func(o *process) bool { return o == s })
	k := s.job
	k.Newest.Ended = time.Now()
	if errors.Is(s.err, journal.ErrSuperseded) { // on a file system where locks do not hold
		r.elsewhere = append(r.elsewhere, k)
		return nil
	}
	var bad *journal.BadLineError
	if errors.As(s.err, &bad) { // somebody else wrote into it, or the disk is failing
		k.state, k.note = registry.Failed, "its journal is damaged: "+bad.Error()
		r.failForGood(s)
		return nil
	}
	if s.err != nil {
		return fmt.Errorf("record trial %s: %w", k.ID, s.err)
	}
	if _, err := r.db.Ingest(r.ctx, k.ID, s.attempt); err != nil {
		return err
	}
	if s.exit.Class == "" && k.Spec.Command != "" { // there is no need to ask
		r.succeed(s)
		return nil
	}
	t, err := r.look(k)
	if err != nil {
		return err
	}
	switch k.state {
	case registry.Done:
		r.succeed(s)
	case registry.Failed:
		return r.fail(s, t)
	case registry.Stopped:
		r.early++
		r.display.ended(k, s)
	default:
		r.display.ended(k, s)
	}
	return nil
}

func (r *run) succeed(s *process) {
	s.job.state = registry.Done
	r.done++
	r.display.ended(s.job, s)
}

// fail puts a trial that has failed back into the queue, or gives it up.
func (r *run) fail(s *process, t registry.Trial) error {
	k := s.job
	pause, again, err := r.decide(k, t)
	if err != nil {
		return err
	}
	if !again || r.stopped != nil {
		r.failForGood(s)
		return nil
	}
	alone := ""
	if k.alone = t.Newest.Class == journal.ClassMemory && r.gpus.PerGPU > 1 && len(s.share.devices) > 0; k.alone {
		alone = " with a GPU of its own"
	}
	k.note += fmt.Sprintf(" (tried again in %s%s)", live.Duration(pause), alone)
	r.display.ended(k, s)
	k.state, k.resting = registry.Queued, time.Now().Add(pause)
	r.queue = slices.Insert(r.queue, 0, k)
	return nil
}

// failForGood gives a trial up, and the sweep where too many fail.
func (r *run) failForGood(s *process) {
	r.failures = append(r.failures, s.job.note)
	r.display.ended(s.job, s)
	failed, first := len(r.failures), r.options.StopAfter
	if first == 0 {
		first = 3
	}
	switch {
	case r.stopped != nil:
	case r.options.MaxFailures > 0 && failed >= r.options.MaxFailures:
		r.stopped = fmt.Errorf("%w (%d): no more are started", ErrTooManyFailures, failed)
	case first > 0 && failed >= first && r.before+r.done+r.early == 0 && len(r.recording) == 0:
		r.stopped = fmt.Errorf("%w: the first %d have failed, no more are started: %s", ErrAllFail, failed, commonest(r.failures))
	}
}

// commonest is the reason that most of the trials failed for, the earliest of those.
func commonest(reasons []string) string {
	counts := map[string]int{}
	best := reasons[0]
	for _, reason := range reasons {
		counts[reason]++
	}
	for _, reason := range reasons {
		if counts[reason] > counts[best] {
			best = reason
		}
	}
	return best
}

// abandon kills what still runs after an error that cannot be recorded.
func (r *run) abandon() {
	for _, s := range r.processes {
		s.kill()
	}
	for left := len(r.processes) + len(r.recording); left > 0; {
		select {
		case <-r.freed:
		case s := <-r.ended:
			s.claim.Release()
			left--
		}
	}
}
