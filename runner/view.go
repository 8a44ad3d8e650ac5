package runner

import (
	"context"
	"time"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/registry"
	"harness/registry/journal"
)

// viewEvery is how often View looks at the registry.
const viewEvery = 500 * time.Millisecond

// View shows trials that another process runs, as Run shows its own, until that process is no longer alive or ctx is canceled. It
// starts and stops nothing. Of the options it reads Handle, Parallel, Shown, Out and Display.
func View(ctx context.Context, db *registry.DB, trials []registry.Trial, alive func() bool, o Options) (Result, error) {
	w := &view{run: run{place: place{options: o}, db: db, ctx: context.WithoutCancel(ctx), started: time.Now(), parallel: o.Parallel},
		seen: map[string]registry.Attempt{}}
	ids := make([]string, len(trials))
	for i, t := range trials {
		ids[i] = t.ID
		w.all = append(w.all, newJob(t, registry.Trial{}))
	}
	if err := w.look(ids); err != nil {
		return Result{}, err
	}
	w.before = w.result().Done
	w.display = newDisplay(o)
	defer w.display.close()
	ticker := time.NewTicker(viewEvery)
	defer ticker.Stop()
	for {
		going := alive() // asked before: what it did last is seen
		if err := w.look(ids); err != nil {
			return Result{}, err
		}
		w.show()
		if !going {
			return w.result(), nil
		}
		select {
		case <-ctx.Done():
			return w.result(), nil
		case <-ticker.C:
		}
	}
}

// view is what is known of trials that run elsewhere.
type view struct {
	run
	seen map[string]registry.Attempt // the newest attempt of each trial, as it was shown last
}

// look reads how the trials stand.
func (w *view) look(ids []string) error {
	known, err := w.states(registry.Query{IDs: ids, Brief: true})
	if err != nil {
		return err
	}
	w.processes = nil
	for _, k := range w.all {
		t := known[k.ID]
		k.state, k.note, k.Newest = w.db.LiveState(t), t.Newest.Error, t.Newest
		if k.state == "" {
			k.state = registry.Queued
		}
		if k.state == registry.Running {
			a := t.Newest
			s := &process{job: k, attempt: a.Number, started: a.Started}
			s.heard = journal.Progress{Stage: escape.Line(a.Stage), Step: a.Step, Total: a.Total, Loss: jsonfloat.Float(a.Loss)}
			w.processes = append(w.processes, s)
		}
	}
	return nil
}

// show tells what has changed since it was called last, and how the running trials stand.
func (w *view) show() {
	for _, k := range w.all {
		a := k.Newest
		before, was := w.seen[k.ID]
		w.seen[k.ID] = a
		if k.state == registry.Running && !was || was && a.Number != before.Number {
			w.display.started(k, a.Number)
		}
		if was && (a.Number != before.Number || a.State != before.State) && a.State != registry.Running {
			took := a.Ended.Sub(a.Started)
			w.display.ended(k, &process{job: k, attempt: a.Number, started: time.Now().Add(-took)})
		}
	}
	w.display.poll(&w.run, time.Now())
}
