package eta

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// home is a registry with journals whose times are given.
type home struct {
	t  *testing.T
	db *registry.DB
}

func newHome(t *testing.T) home {
	db, err := registry.Open(context.Background(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return home{t, db}
}

func (h home) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

func command(lr string, seed int64) spec.Trial {
	return spec.Trial{Command: spec.MakeWords("train"), Args: spec.Args(`{"lr":` + lr + `}`), Seed: seed}
}

func (h home) plan(handle string, trials ...spec.Trial) {
	h.t.Helper()
	sweep := registry.Sweep{Handle: handle, Name: handle}
	for _, s := range trials {
		params := json.RawMessage(s.Args)
		if len(params) == 0 {
			params = json.RawMessage("{}")
		}
		sweep.Members = append(sweep.Members, registry.Member{ID: s.ID(), Spec: s, Row: string(s.Args), Seed: s.Seed, Params: params})
	}
	h.must(h.db.Plan(context.Background(), sweep))
}

// run writes an attempt that began at a time and took a second a step; without an outcome it runs still.
func (h home) run(s spec.Trial, began time.Time, first, last, total int, outcome journal.Outcome) {
	h.t.Helper()
	after, err := h.db.LastAttempt(context.Background(), s.ID())
	h.must(err)
	number, dir, err := registry.NewAttempt(h.db.Home, s.ID(), s, after)
	h.must(err)
	w, err := journal.Create(dir)
	h.must(err)
	w.At(began)
	h.must(w.Start(journal.Start{Trial: s.ID(), Attempt: number, Purpose: journal.PurposeRun, Spec: s.Canonical()}))
	if first > 1 && s.Command != "" { // the trainer does not say that it goes on
		h.must(w.Resume(int64(first - 1)))
	}
	for i := first; i <= last; i++ {
		w.At(began.Add(time.Duration(i-first+1) * time.Second))
		w.Progress("run", i, total, math.NaN())
		h.must(w.Note("n", fmt.Sprint(i))) // writes the progress before it
	}
	if outcome != "" {
		h.must(w.End(journal.End{Outcome: outcome}))
	}
	h.must(w.Close())
	_, err = h.db.Ingest(context.Background(), s.ID(), number)
	h.must(err)
}

// TestOfARegistry: a sweep of which nothing was run, first without and then with trials of its settings in the home.
func TestOfARegistry(t *testing.T) {
	h := newHome(t)
	ctx := context.Background()
	h.plan("new", command("1", 1), command("1", 2), command("2", 1))
	e, err := Of(ctx, h.db, "new", 1, epoch)
	h.must(err)
	if e.Known {
		t.Errorf("%+v", e)
	}
	for seed := int64(7); seed < 9; seed++ {
		h.plan("old", command("1", seed), command("2", seed))
		h.run(command("1", seed), epoch.Add(-time.Hour), 1, 60, 60, journal.Done)
		h.run(command("2", seed), epoch.Add(-time.Hour), 1, 120, 120, journal.Done)
	}
	e, err = Of(ctx, h.db, "new", 1, epoch)
	h.must(err)
	near(t, e.Left, 240*time.Second, 0.01)
	h.plan("other", spec.Trial{Command: spec.MakeWords("else")})
	if e, err = Of(ctx, h.db, "other", 1, epoch); err != nil || e.Known {
		t.Errorf("of another program: %+v %v", e, err)
	}
}

// TestWatchFollows: trials run, go on and end.
func TestWatchFollows(t *testing.T) {
	h := newHome(t)
	ctx := context.Background()
	a, b, c := command("1", 1), command("1", 2), command("1", 3)
	h.plan("s", a, b, c)
	w, err := NewWatch(ctx, h.db, "s", 1, epoch)
	h.must(err)
	at := func(s spec.Trial, state registry.State, newest registry.Attempt) registry.Trial {
		return registry.Trial{ID: s.ID(), State: state, Newest: newest}
	}
	for second := 1; second <= 30; second++ {
		h.must(w.Take(ctx, []registry.Trial{at(a, registry.Running, registry.Attempt{Number: 1, Started: epoch, Stage: "run", Step: second, Total: 60})},
			epoch.Add(time.Duration(second)*time.Second)))
	}
	e := w.Estimate(epoch.Add(30 * time.Second))
	near(t, e.Trials[a.ID()].Left, 30*time.Second, 0.05)
	near(t, e.Left, 150*time.Second, 0.05)
	h.must(w.Take(ctx, []registry.Trial{at(a, registry.Done, registry.Attempt{Number: 1, Started: epoch, Ended: epoch.Add(time.Minute)})}, epoch))
	near(t, w.Estimate(epoch.Add(time.Minute)).Left, 120*time.Second, 0.01)
	h.must(w.Take(ctx, []registry.Trial{at(b, registry.Failed, registry.Attempt{Number: 1, Started: epoch}), {ID: "not of the sweep"}}, epoch))
	near(t, w.Estimate(epoch.Add(time.Minute)).Left, 60*time.Second, 0.01)
}

// TestWatchResumed: the attempts of a trial that went on from one another count together.
func TestWatchResumed(t *testing.T) {
	h := newHome(t)
	ctx := context.Background()
	a, b := command("1", 1), command("1", 2)
	h.plan("s", a, b)
	h.run(a, epoch, 1, 40, 60, journal.Interrupted)
	h.run(a, epoch.Add(time.Hour), 41, 60, 60, journal.Done)
	e, err := Of(ctx, h.db, "s", 1, epoch)
	h.must(err)
	near(t, e.Left, time.Minute, 0.01)
}

// TestWatchEarlierResumed: a trial of the trainer in another sweep that was interrupted and went on took what both attempts took.
func TestWatchEarlierResumed(t *testing.T) {
	h := newHome(t)
	ctx := context.Background()
	trained, err := spec.Default("smoke")
	h.must(err)
	trained.Seed = 1
	h.plan("old", trained)
	h.run(trained, epoch.Add(-2*time.Hour), 1, 40, 60, journal.Interrupted)
	h.run(trained, epoch.Add(-time.Hour), 41, 60, 60, journal.Done)
	trained.Seed = 2
	h.plan("new", trained)
	e, err := Of(ctx, h.db, "new", 1, epoch)
	h.must(err)
	near(t, e.Left, time.Minute, 0.01)
}

// TestWatchRunAnew: a trial that is run anew takes what it took before.
func TestWatchRunAnew(t *testing.T) {
	h := newHome(t)
	ctx := context.Background()
	a := command("1", 1)
	h.plan("s", a)
	h.run(a, epoch, 1, 60, 60, journal.Done)
	h.must(h.db.Redo(ctx, []string{a.ID()}))
	e, err := Of(ctx, h.db, "s", 1, epoch)
	h.must(err)
	near(t, e.Left, time.Minute, 0.01)
}
