package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// imagined is a scheduler whose tasks do what the test says. Each task that waits is started by the next Poll.
type imagined struct {
	t       *testing.T
	home    string
	do      func(s *imagined, b *Batch, index int) State // what a task that is started comes to; live states stay until the next Poll
	seen    map[Ref]State
	jobs    map[string]string // token -> job
	silent  error             // instead of any answer
	deaf    bool              // Submit takes the batch, but its answer is lost
	refuse  error
	polls   int
	submits int
	largest int
}

func (s *imagined) Name() string { return "imagined" }

func (s *imagined) Largest(context.Context) (int, error) { return max(s.largest, 2), s.silent }

func (s *imagined) Submit(_ context.Context, b *Batch) (string, error) {
	if s.silent != nil || s.refuse != nil {
		return "", errors.Join(s.silent, s.refuse)
	}
	s.submits++
	s.jobs[b.Token] = fmt.Sprint(40 + s.submits)
	for i := range b.Size {
		s.seen[Ref{b.Token, i}] = Waiting
	}
	if s.deaf {
		return "", fmt.Errorf("submit: %w", ErrUnreachable)
	}
	return s.jobs[b.Token], nil
}

func (s *imagined) Find(_ context.Context, b *Batch) (string, error) {
	return s.jobs[b.Token], s.silent
}

func (s *imagined) Poll(_ context.Context, batches []*Batch) (map[Ref]Status, error) {
	s.polls++
	if s.silent != nil {
		return nil, s.silent
	}
	told := map[Ref]Status{}
	for _, b := range batches {
		for i := range b.Size {
			ref := Ref{b.Token, i}
			state, known := s.seen[ref]
			if !known {
				continue
			}
			if state.live() {
				state = s.do(s, b, i)
				if s.seen[ref] = state; state == "" {
					delete(s.seen, ref)
					continue
				}
			}
			told[ref] = Status{State: state}
		}
	}
	return told, nil
}

func (s *imagined) Cancel(_ context.Context, b *Batch, indexes []int) error {
	for _, i := range indexes {
		s.seen[Ref{b.Token, i}] = Canceled
	}
	return s.silent
}

// attempt writes the journal of an attempt of a task's trial; exit is nil for one that is left open.
func (s *imagined) attempt(b *Batch, index int, exit *journal.Exit) (dir string) {
	s.t.Helper()
	k := b.tasks[index]
	number, dir, err := registry.NewAttempt(s.home, k.ID, k.Spec, k.Last)
	if err != nil {
		s.t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err == nil {
		err = w.Start(journal.Start{Trial: k.ID, Attempt: number, Purpose: journal.PurposeRun, Spec: k.Spec.Canonical()})
	}
	if err == nil {
		err = w.Point("acc", 1, 0.5)
	}
	switch {
	case err != nil:
	case exit == nil:
		err = w.Close()
	case exit.Class == "":
		err = w.Finish(&journal.End{Outcome: journal.Done}, *exit, nil)
	default:
		err = w.Finish(nil, *exit, nil)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return dir
}

func succeed(s *imagined, b *Batch, index int) State {
	s.attempt(b, index, &journal.Exit{})
	return Exited
}

// sweep is a home with planned trials, and a scheduler that runs them.
type sweep struct {
	t      *testing.T
	db     *registry.DB
	trials []registry.Trial
	s      *imagined
	out    bytes.Buffer
}

func newSweep(t *testing.T, count int, do func(s *imagined, b *Batch, index int) State) *sweep {
	t.Helper()
	home := t.TempDir()
	db, err := registry.Open(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w := &sweep{t: t, db: db, s: &imagined{t: t, home: home, do: do, seen: map[Ref]State{}, jobs: map[string]string{}}}
	plan := registry.Sweep{Handle: "test", Name: "test"}
	for seed := range int64(count) {
		one := spec.Trial{Command: spec.MakeWords("true"), Project: "tests", Args: `{}`, Seed: seed}
		w.trials = append(w.trials, registry.Trial{ID: one.ID(), Spec: one, Label: fmt.Sprint("seed ", seed)})
		plan.Members = append(plan.Members, registry.Member{ID: one.ID(), Spec: one})
	}
	if err := db.Plan(context.Background(), plan); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *sweep) options() Options {
	return Options{Scheduler: w.s, Sweep: "test", Command: func(string) []string { return nil }, Out: &w.out, StopAfter: -1,
		Rules: Rules{Retries: 2}, pause: 5 * time.Millisecond, lost: 50 * time.Millisecond}
}

func (w *sweep) run(o Options) Result {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	r, err := Run(ctx, w.db, w.trials, o)
	if err != nil {
		w.t.Fatalf("%v\n%s", err, &w.out)
	}
	return r
}

func (w *sweep) openBatches() int {
	open, _, err := Open(w.db.Home)
	if err != nil {
		w.t.Fatal(err)
	}
	return len(open)
}
