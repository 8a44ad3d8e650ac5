package registry

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/model/spec"
	"harness/registry/journal"
)

// stoppedTrial writes a trial that was stopped early at step 20.
func stoppedTrial(t *testing.T, home string, seed int64) spec.Trial {
	t.Helper()
	trial := program(seed)
	w, _ := begin(t, home, trial, journal.PurposeRun)
	must(t, w.Point("acc", 10, 0.1))
	must(t, w.Point("acc", 20, 0.2))
	must(t, w.Rung(journal.Rung{Rule: "asha", Metric: "acc", Goal: "maximize", Rung: 10, Step: 10, Value: 0.1, Compared: 1, Kept: 1}))
	must(t, w.Rung(journal.Rung{Rule: "asha", Metric: "acc", Goal: "maximize", Rung: 20, Step: 20, Value: 0.2, Compared: 4, Kept: 1, Stop: true}))
	must(t, w.Exit(journal.Exit{Code: 0, Class: journal.ClassStopped, Error: "stopped early at step 20: acc 0.2"}))
	must(t, w.Close())
	return trial
}

// TestStopped: a trial that was stopped early keeps its last numbers, which are not final; a rebuild tells the same; what was said
// at each rung is a note; and it can be done again.
func TestStopped(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	id := stoppedTrial(t, home, 1).ID()
	db := open(t, home)
	for _, made := range []string{"caught up with", "rebuilt"} {
		trials, err := db.Trials(ctx, Query{IDs: []string{id}})
		must(t, err)
		if k := trials[0]; k.State != Stopped || db.LiveState(k) != Stopped || k.Result != 0 || k.Newest.State != Stopped ||
			k.Newest.Class != journal.ClassStopped || k.Newest.Error != "stopped early at step 20: acc 0.2" {
			t.Errorf("%s: %+v", made, k)
		}
		all, err := db.Summary(ctx, []string{id})
		must(t, err)
		if s := all[id]["acc"]; s.Last != 0.2 || s.LastStep != 20 || s.Final {
			t.Errorf("%s: %+v", made, s)
		}
		notes, err := db.Notes(ctx, id)
		must(t, err)
		if len(notes) != 2 || notes[0].Key != "rung/10" || notes[1].Key != "rung/20" || notes[1].Text != "stopped early at step 20: acc 0.2" {
			t.Errorf("%s: %+v", made, notes)
		}
		if found, err := db.Trials(ctx, Query{States: []State{Stopped}}); err != nil || len(found) != 1 {
			t.Errorf("%s: %d are stopped, %v", made, len(found), err)
		}
		db = again(t, db)
	}
	must(t, db.Redo(ctx, []string{id}))
	trials, err := db.Trials(ctx, Query{IDs: []string{id}})
	must(t, err)
	if trials[0].State != Queued {
		t.Errorf("after redo it is %s", trials[0].State)
	}
}

// TestStoppedIsNoWordOfATrial: the trial's own word that it is done stands; that it failed when it was asked to stop does not.
func TestStoppedIsNoWordOfATrial(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	want := map[journal.Outcome]State{journal.Done: Done, journal.Failed: Stopped, journal.Interrupted: Stopped}
	ids := map[journal.Outcome]string{}
	for i, outcome := range []journal.Outcome{journal.Done, journal.Failed, journal.Interrupted} {
		trial := program(int64(i))
		w, _ := begin(t, home, trial, journal.PurposeRun)
		must(t, w.End(journal.End{Outcome: outcome}))
		must(t, w.Exit(journal.Exit{Code: 130, Class: journal.ClassStopped, Error: "stopped early"}))
		must(t, w.Close())
		ids[outcome] = trial.ID()
	}
	db := open(t, home)
	for outcome, state := range want {
		trials, err := db.Trials(ctx, Query{IDs: []string{ids[outcome]}})
		must(t, err)
		if trials[0].State != state {
			t.Errorf("%s and then stopped: %s, want %s", outcome, trials[0].State, state)
		}
	}
}

// TestReached: the first point from a step on, over the runs that a trial went on from, and NaN is one.
func TestReached(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	resumed, stopped, odd := twoAttempts(t, home), stoppedTrial(t, home, 2), program(3)
	w, _ := begin(t, home, odd, journal.PurposeRun)
	must(t, w.Point("acc", 15, math.NaN()))
	must(t, w.Point("acc", 16, math.Inf(-1)))
	must(t, w.Close())
	db := open(t, home)
	ids := []string{resumed.ID(), stopped.ID(), odd.ID(), program(4).ID()}
	for _, c := range []struct {
		metric string
		step   int64
		want   []Reach
	}{
		{"loss", 0, []Reach{{resumed.ID(), Done, Point{0, 100}}}},
		{"loss", 11, []Reach{{resumed.ID(), Done, Point{20, 79}}}},
		{"loss", 41, nil},
		{"acc", 11, []Reach{{stopped.ID(), Stopped, Point{20, 0.2}}, {odd.ID(), Running, Point{15, math.NaN()}}, {resumed.ID(), Done, Point{40, 0.5}}}},
		{"acc", 16, []Reach{{stopped.ID(), Stopped, Point{20, 0.2}}, {odd.ID(), Running, Point{16, math.Inf(-1)}}, {resumed.ID(), Done, Point{40, 0.5}}}},
		{"none", 0, nil},
	} {
		got, err := db.Reached(ctx, ids, c.metric, c.step)
		must(t, err)
		sorted := cmpopts.SortSlices(func(a, b Reach) bool { return a.ID < b.ID })
		if d := cmp.Diff(c.want, got, cmpopts.EquateNaNs(), cmpopts.EquateEmpty(), sorted); d != "" {
			t.Errorf("%s from %d (-want +got):\n%s", c.metric, c.step, d)
		}
	}
}

// TestStatesOfTheTables: what is no state is refused, in a registry that was brought up to date and in one that was made anew.
func TestStatesOfTheTables(t *testing.T) {
	for name, home := range map[string]string{"old": oldHome(t), "new": t.TempDir()} {
		if name == "new" {
			stoppedTrial(t, home, 1)
		}
		db := open(t, home)
		for _, state := range append(States[:], "paused") {
			err := db.write(context.Background(), func(x tx) error { return x.do(`UPDATE trial SET state = ?`, state) })
			if (err == nil) != (state != "paused") {
				t.Errorf("%s: trial %s: %v", name, state, err)
			}
			if state == Queued {
				continue
			}
			err = db.write(context.Background(), func(x tx) error { return x.do(`UPDATE attempt SET state = ?`, state) })
			if (err == nil) != (state != "paused") {
				t.Errorf("%s: attempt %s: %v", name, state, err)
			}
		}
		var indexes int
		must(t, db.readOne(context.Background(), `SELECT COUNT(*) FROM sqlite_schema WHERE type = 'index' AND name = 'attempt_running'`, nil, &indexes))
		if indexes != 1 {
			t.Errorf("%s: no index of what runs", name)
		}
	}
}

// BenchmarkReached asks for the first value from a step on of 2,000 trials with 100 steps each, as a rule does for each trial at each rung.
func BenchmarkReached(b *testing.B) {
	ctx, home := context.Background(), b.TempDir()
	sweep := fillHome(b, home, 2000, 100, 1)
	db, err := Open(ctx, home)
	must(b, err)
	defer db.Close()
	var ids []string
	for _, m := range sweep.Members {
		ids = append(ids, m.ID)
	}
	loop(b, func() {
		if all, err := db.Reached(ctx, ids, "metric/0", 50); err != nil || len(all) != len(ids) {
			b.Fatal(len(all), err)
		}
	})
}
