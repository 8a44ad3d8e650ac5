package runner

import (
	"context"
	"errors"
	"fmt"
	"time"

	"harness/registry"
	"harness/registry/journal"
)

// Rerun runs a trial once more, to compare; its record stays as it is. It returns the number of the attempt, whose
// numbers the registry then has. Canceling ctx stops it; it cannot be taken up again.
func Rerun(ctx context.Context, db *registry.DB, t Trial, o Options) (attempt int, err error) {
	c, err := claimTrial(db.TrialDir(t.ID))
	if err != nil {
		return 0, fmt.Errorf("trial %s: %w", t.ID, err)
	}
	defer c.release()
	k := &task{Trial: t, state: registry.Running}
	r := &run{db: db, options: o, ended: make(chan *slot, 1), ctx: context.WithoutCancel(ctx), all: []*task{k}, started: time.Now(),
		gpus: newPool(o.GPUs)}
	r.display = newDisplay(o.Display, o.Out)
	defer r.display.close()
	r.queue = r.all // for divide
	r.openSpawner()
	defer r.closeSpawner()
	r.queue = nil
	s, err := r.newSlot(k, c, journal.PurposeRerun)
	if err != nil {
		return 0, fmt.Errorf("start trial %s: %w", t.ID, err)
	}
	s.devices, _ = r.gpus.take()
	s.environment = r.gpus.environment(s.devices)
	r.slots = []*slot{s}
	go func() {
		s.run()
		r.ended <- s
	}()
	if err := r.await(ctx, s); err != nil {
		return s.attempt, err
	}
	return s.attempt, r.judged(ctx, s)
}

// await follows an attempt to its end.
func (r *run) await(ctx context.Context, s *slot) error {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	interrupted, kill := ctx.Done(), r.options.Kill
	for {
		select {
		case <-r.ended:
			_, err := r.db.Ingest(r.ctx, s.task.ID, s.attempt)
			return errors.Join(s.err, err)
		case <-ticker.C:
			if err := r.follow(); err != nil {
				s.kill()
				<-r.ended
				return err
			}
			r.display.tick(r.snapshot())
		case <-interrupted:
			interrupted = nil
			s.stop()
		case <-kill:
			kill = nil
			s.kill()
		}
	}
}

// judged is the error of an attempt that did not come to its end.
func (r *run) judged(ctx context.Context, s *slot) error {
	attempts, err := r.db.Attempts(r.ctx, s.task.ID)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		if a.Number != s.attempt || a.State == registry.Done {
			continue
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return fmt.Errorf("the rerun failed: %s", a.Error)
	}
	return nil
}
