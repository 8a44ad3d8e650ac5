package runner

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"harness/internal/escape"
	"harness/registry"
	"harness/registry/journal"
)

// Rerun runs a trial once more, to compare; its record stays as it is. t.Result must still be the attempt whose numbers count. A program runs in Options.Dir, or, where that is empty, in the
// folder in which its result was made. It returns the number of the attempt, whose numbers the registry then has. Canceling ctx stops it; it cannot be
// taken up again.
func Rerun(ctx context.Context, db *registry.DB, t registry.Trial, o Options) (attempt int, err error) {
	c, err := claimTrial(db.TrialDir(t.ID))
	if err != nil {
		return 0, fmt.Errorf("trial %s: %w", t.ID, err)
	}
	defer c.Release()
	if _, err := db.CatchUp(ctx, t.ID); err != nil { // one may have been killed before anybody was told of it
		return 0, err
	}
	if err := db.EndReruns(ctx, t.ID); err != nil { // since we hold the claim
		return 0, err
	}
	if err := stillCounts(ctx, db, t); err != nil { // nobody can change it from now on
		return 0, err
	}
	if o.Dir == "" {
		if o.Dir, err = workedIn(db, t); err != nil {
			return 0, err
		}
	}
	r, err := newRun(ctx, db, o)
	if err != nil {
		return 0, err
	}
	t.Label = escape.Line(t.Label)
	k := &job{Trial: t, state: registry.Running}
	r.all = []*job{k}
	r.display = newDisplay(o)
	defer r.display.close()
	r.queue = r.all // for divide
	defer r.closeSpawner()
	if err := r.openSpawner(); err != nil {
		return 0, err
	}
	r.queue = nil
	s, err := r.newProcess(k, c, journal.PurposeRerun)
	if err != nil {
		return 0, fmt.Errorf("start trial %s: %w", t.ID, err)
	}
	gpus, _ := r.gpus.find(r.gpus.need(t.Spec), false, t.ID) // there are enough: newRun has looked
	r.give(s, gpus)
	if _, err := db.Ingest(r.ctx, t.ID, s.attempt); err != nil { // known before it starts: if we are killed, it is found and closed
		return s.attempt, errors.Join(err, s.journal.Close())
	}
	r.processes = []*process{s}
	go func() {
		s.run()
		r.ended <- s
	}()
	if err := r.await(ctx, s); err != nil {
		return s.attempt, err
	}
	return s.attempt, r.judged(ctx, s)
}

// stillCounts refuses a rerun of a trial that was to be run anew, or was removed, since its result was looked at.
func stillCounts(ctx context.Context, db *registry.DB, t registry.Trial) error {
	now, err := db.Trials(ctx, registry.Query{IDs: []string{t.ID}, Brief: true})
	if err != nil {
		return err
	}
	if len(now) == 0 || now[0].Result != t.Result {
		return fmt.Errorf("trial %s was run anew or removed meanwhile: there is no result to compare with", t.ID)
	}
	return nil
}

// EndLostReruns ends what killed reruns, and guardians killed with them, have left running, and closes them. It is called
// of a registry that was just opened for writing.
func EndLostReruns(ctx context.Context, db *registry.DB) error {
	for _, id := range db.Reruns {
		if err := endLostRerun(ctx, db, id); err != nil {
			return fmt.Errorf("end reruns of trial %s: %w", id, err)
		}
	}
	return nil
}

func endLostRerun(ctx context.Context, db *registry.DB, id string) error {
	c, err := claimTrial(db.TrialDir(id))
	if errors.Is(err, errClaimed) { // it runs
		return nil
	}
	if err != nil {
		return err
	}
	defer c.Release()
	home, err := realPath(db.Home)
	if err != nil {
		return err
	}
	endLeftovers(filepath.Join(home, "trials", id))
	return db.EndReruns(ctx, id)
}

// workedIn is the folder in which a program's result was made; "" where that is not recorded, and for built-in trials.
func workedIn(db *registry.DB, t registry.Trial) (string, error) {
	if t.Spec.Command == "" {
		return "", nil
	}
	number := t.Result
	if number == 0 {
		number = t.Attempt
	}
	dir := ""
	found := errors.New("found") // only the first event is wanted
	path := filepath.Join(db.AttemptDir(t.ID, number), journal.FileName)
	_, err := journal.Read(path, journal.Position{}, func(e *journal.Event) error {
		if e.Start != nil {
			dir = e.Start.Dir
		}
		return found
	})
	if err != nil && !errors.Is(err, found) && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("rerun trial %s: %w", t.ID, err)
	}
	if dir == "" {
		return "", nil
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("rerun trial %s: the folder it ran in is gone: %s", t.ID, escape.Line(dir))
	}
	return dir, nil
}

// await follows an attempt to its end.
func (r *run) await(ctx context.Context, s *process) error {
	ticker := time.NewTicker(followEvery)
	defer ticker.Stop()
	interrupted, kill := ctx.Done(), r.options.Kill
	for {
		select {
		case <-r.ended:
			_, err := r.db.Ingest(r.ctx, s.job.ID, s.attempt)
			return errors.Join(s.err, err)
		case <-ticker.C:
			if err := r.follow(); err != nil {
				s.kill()
				<-r.ended
				return err
			}
			r.display.poll(r, time.Now())
		case <-interrupted:
			interrupted = nil
			s.stop(journal.ClassInterrupted)
		case <-kill:
			kill = nil
			s.kill()
		}
	}
}

// judged is the error of an attempt that did not come to its end.
func (r *run) judged(ctx context.Context, s *process) error {
	attempts, err := r.db.Attempts(r.ctx, s.job.ID)
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
