package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"harness/registry"
	"harness/registry/journal"
)

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
