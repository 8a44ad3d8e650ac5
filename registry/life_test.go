package registry

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/internal/filelock"
	"harness/registry/journal"
)

// sweepHome is a home with a sweep "bench" of three trials that are done.
func sweepHome(t *testing.T) (home string, sweep Sweep, ids []string) {
	t.Helper()
	home = t.TempDir()
	sweep = fillHome(t, home, 3, 2, 2)
	planBench(t, home, sweep)
	for _, m := range sweep.Members {
		ids = append(ids, m.ID)
	}
	return home, sweep, ids
}

// again closes db, deletes registry.db and opens the home again.
func again(t *testing.T, db *DB) *DB {
	t.Helper()
	must(t, db.Close())
	removeDB(t, db.Home)
	return open(t, db.Home)
}

func TestRemove(t *testing.T) {
	ctx := context.Background()
	home, sweep, ids := sweepHome(t)
	db := open(t, home)
	other := Sweep{Handle: "other", Name: "other", Members: sweep.Members[:1]}
	must(t, db.Plan(ctx, other))
	must(t, db.Remove(ctx, ids[:2]))
	for range 2 {
		trials, err := db.Trials(ctx, Query{})
		must(t, err)
		infos, err := db.Sweeps(ctx)
		must(t, err)
		kept, err := db.Sweep(ctx, "bench")
		must(t, err)
		if len(trials) != 1 || trials[0].ID != ids[2] || len(infos) != 2 || len(kept.Members) != 1 || string(kept.Plan) != `{"version":1}` {
			t.Errorf("%d trials, %+v, %+v", len(trials), infos, kept)
		}
		if all, err := db.Summary(ctx, ids); err != nil || len(all) != 1 {
			t.Errorf("%v, %v", all, err)
		}
		var points int
		must(t, db.readOne(ctx, `SELECT COUNT(*) FROM point`, nil, &points))
		if points != 4 {
			t.Errorf("%d points are left", points)
		}
		names, err := listDir(filepath.Join(home, "trials"))
		must(t, err)
		if !slices.Equal(names, ids[2:]) {
			t.Errorf("folders %v", names)
		}
		db = again(t, db)
	}
	must(t, db.Plan(ctx, sweep)) // the same plan as before brings them back
	trials, err := db.Trials(ctx, Query{Sweep: "bench"})
	must(t, err)
	if len(trials) != 3 || trials[0].State != Queued || trials[2].State != Done {
		t.Errorf("%+v", trials)
	}
}

// TestRemoveIsTakenUp: what a kill in the middle of Remove left is finished by the next writer.
func TestRemoveIsTakenUp(t *testing.T) {
	ctx := context.Background()
	home, _, ids := sweepHome(t)
	stray := filepath.Join(home, "trials", removedPrefix+"01a2145f-e799-70ee-aa0b-09d3e0f66054-"+ids[1])
	must(t, os.Rename(filepath.Join(home, "trials", ids[1]), stray))
	must(t, os.MkdirAll(filepath.Join(home, "trials", removedPrefix+"x"), 0o755))
	db := open(t, home)
	trials, err := db.Trials(ctx, Query{})
	must(t, err)
	names, err := listDir(filepath.Join(home, "trials"))
	must(t, err)
	if len(trials) != 2 || len(names) != 2 {
		t.Errorf("%d trials, folders %v", len(trials), names)
	}
	if sweep, err := again(t, db).Sweep(ctx, "bench"); err != nil || len(sweep.Members) != 2 {
		t.Error(sweep, err)
	}
}

func TestRedo(t *testing.T) {
	ctx := context.Background()
	home, sweep, ids := sweepHome(t)
	db := open(t, home)
	writeFile(t, home, "trials", ids[0], "files", "checkpoint")
	queued := program(9)
	sweep.Members = append(sweep.Members, Member{ID: queued.ID(), Spec: queued})
	must(t, db.Plan(ctx, sweep))
	must(t, db.Redo(ctx, []string{ids[0], queued.ID()}))
	for range 2 {
		trials, err := db.Trials(ctx, Query{IDs: ids[:1]})
		must(t, err)
		if got := trials[0]; got.State != Queued || got.RedoAfter != 1 || got.Attempt != 0 || got.Result != 0 {
			t.Errorf("%+v", got)
		}
		attempts, err := db.Attempts(ctx, ids[0])
		must(t, err)
		own, err := db.AttemptMetrics(ctx, ids[0], 1)
		must(t, err)
		all, err := db.Summary(ctx, ids)
		must(t, err)
		curve, err := db.Points(ctx, ids[0], "metric/0")
		must(t, err)
		history, err := db.AttemptPoints(ctx, ids[0], 1, "metric/0")
		must(t, err)
		if len(attempts) != 1 || attempts[0].State != Done || len(own) != 2 || len(all) != 2 || len(curve) != 0 || len(history) != 2 {
			t.Errorf("%+v, own %v, all %v, curve %v, history %v", attempts, own, all, curve, history)
		}
		if last, err := db.LastAttempt(ctx, ids[0]); last != 1 || err != nil {
			t.Error(last, err)
		}
		db = again(t, db)
	}
	if exists(db.FilesDir(ids[0])) || !exists(db.FilesDir(ids[0])+"-1") {
		t.Error("the trial would go on from what it kept")
	}
	writeRuns(t, home, program(0), run{points: map[string][]Point{"loss": points(Point{1, 5})}, end: endDone})
	_, err := db.CatchUp(ctx, ids[0])
	must(t, err)
	trials, err := db.Trials(ctx, Query{IDs: ids[:1]})
	must(t, err)
	all, err := db.Summary(ctx, ids[:1])
	must(t, err)
	writeRuns(t, home, program(1), run{}) // and its process is gone
	must(t, db.Redo(ctx, ids[1:2]))
	if attempts, err := db.Attempts(ctx, ids[1]); err != nil || attempts[1].State != Interrupted || attempts[1].Error != lostAttempt {
		t.Errorf("an attempt that is history: %+v, %v", attempts, err)
	}
	if trials[0].State != Done || trials[0].Result != 2 || len(all[ids[0]]) != 1 || all[ids[0]]["loss"].Last != 5 {
		t.Errorf("%+v, %v", trials[0], all)
	}
	if trials, err := db.Trials(ctx, Query{IDs: []string{queued.ID()}}); err != nil || trials[0].RedoAfter != 0 {
		t.Errorf("a trial that never ran: %+v, %v", trials, err)
	}
}

func TestTagsAndNotes(t *testing.T) {
	ctx := context.Background()
	home, _, ids := sweepHome(t)
	db := open(t, home)
	must(t, db.SetTags(ctx, ids[0], []string{"b", "a"}))
	must(t, db.SetNote(ctx, ids[0], "two\nlines"))
	must(t, db.SetTags(ctx, ids[1], []string{"x"}))
	must(t, db.SetTags(ctx, ids[1], nil))
	for range 2 {
		trials, err := db.Trials(ctx, Query{Sweep: "bench", Brief: true})
		must(t, err)
		if !slices.Equal(trials[0].Tags, []string{"b", "a"}) || trials[0].Note != "two\nlines" || trials[1].Tags != nil || trials[0].State != Done {
			t.Errorf("%+v", trials[:2])
		}
		db = again(t, db)
	}
	if err := db.SetNote(ctx, "0123", "none"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if left, _ := filepath.Glob(filepath.Join(home, "trials", "0123*")); len(left) > 0 {
		t.Error("a folder for nobody")
	}
}

// TestBusy: what is running is neither removed nor done again, nor is anything else of the same call.
func TestBusy(t *testing.T) {
	ctx := context.Background()
	home, _, ids := sweepHome(t)
	db := open(t, home)
	lock, err := filelock.Try(db.lockPath(ids[1]))
	must(t, err)
	defer lock.Release()
	for name, call := range map[string]func(context.Context, []string) error{"remove": db.Remove, "redo": db.Redo} {
		err := call(ctx, ids)
		var busy *BusyError
		if !errors.As(err, &busy) || busy.ID != ids[1] || !strings.Contains(err.Error(), ids[1]) {
			t.Errorf("%s: %v", name, err)
		}
		if err := call(ctx, []string{"0123"}); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s of nobody: %v", name, err)
		}
	}
	trials, err := db.Trials(ctx, Query{States: []State{Done}})
	must(t, err)
	if len(trials) != 3 {
		t.Errorf("%d trials are done", len(trials))
	}
}

// TestLostReruns: a rerun whose process was killed is closed by the next writer, and its scratch folder goes; one that
// runs is left alone.
func TestLostReruns(t *testing.T) {
	ctx := context.Background()
	home, _, ids := sweepHome(t)
	for i, id := range ids {
		w, _ := begin(t, home, program(int64(i)), journal.PurposeRerun)
		must(t, w.Point("loss", 1, 1))
		if i == 2 {
			must(t, w.End(*endDone)) // and the registry did not hear of it
		}
		must(t, w.Close())
		writeFile(t, home, "trials", id, "2", "scratch", "stages", "a")
	}
	removeDB(t, home)
	planBench(t, home, Sweep{Handle: "other", Name: "other"}) // closes them already: make them run again
	db := open(t, home)
	must(t, db.write(ctx, func(t tx) error { return t.do(`UPDATE attempt SET state = 'running', class = '' WHERE number = 2`) }))
	must(t, db.Close())
	for _, id := range ids {
		path := filepath.Join(home, "trials", id, "2", journal.FileName)
		data, err := os.ReadFile(path)
		must(t, err)
		if at := strings.Index(string(data), `"k":"exit"`); at >= 0 { // as it was before it was closed
			must(t, os.Truncate(path, int64(strings.LastIndex(string(data[:at]), "\n")+1)))
		}
		writeFile(t, home, "trials", id, "2", "scratch", "stages", "a")
	}
	lock, err := filelock.Try(filepath.Join(home, "trials", ids[0], "lock"))
	must(t, err)
	defer lock.Release()
	removeDB(t, home)
	for range 2 {
		db = open(t, home)
		for i, want := range []State{Running, Interrupted, Done} {
			attempts, err := db.Attempts(ctx, ids[i])
			must(t, err)
			if a := attempts[1]; a.State != want || a.Purpose != journal.PurposeRerun || (want == Interrupted) != (a.Error == lostRerun) {
				t.Errorf("rerun of %s: %+v", ids[i], a)
			}
		}
		if !exists(filepath.Join(home, "trials", ids[0], "2", "scratch")) || exists(filepath.Join(home, "trials", ids[1], "2", "scratch")) {
			t.Error("scratch folders: that of the living must stay, that of the dead must go")
		}
		trials, err := db.Trials(ctx, Query{States: []State{Done}})
		if err != nil || len(trials) != 3 {
			t.Error(len(trials), err)
		}
		must(t, db.Close())
		removeDB(t, home) // a rebuild tells the same
	}
}

// TestUnfinishedFiles: what writers of whole files left when they were killed goes, what they are writing stays.
func TestUnfinishedFiles(t *testing.T) {
	home, _, _ := sweepHome(t)
	old, fresh := writeFile(t, home, "plans", ".new-1"), writeFile(t, home, "plans", ".new-2")
	must(t, os.Chtimes(old, time.Now(), time.Now().Add(-time.Hour)))
	open(t, home)
	if exists(old) || !exists(fresh) {
		t.Error("the old one must go and the fresh one stay")
	}
}

func TestPlan(t *testing.T) {
	ctx := context.Background()
	home, sweep, ids := sweepHome(t)
	db := open(t, home)
	later := time.Now().Add(time.Hour).UTC().Truncate(time.Millisecond)
	db.Now = func() time.Time { return later }
	path := planPath(home, "bench")
	before, err := os.Stat(path)
	must(t, err)
	must(t, db.Plan(ctx, sweep)) // nothing to do
	if after, err := os.Stat(path); err != nil || !os.SameFile(before, after) {
		t.Error("an unchanged plan was written again", err)
	}
	got, err := db.Sweep(ctx, "bench")
	must(t, err)
	want := sweep
	want.Planned = got.Planned
	if d := cmp.Diff(want, got); d != "" || got.Planned.Equal(later) || got.Planned.IsZero() {
		t.Errorf("planned %v (-want +got):\n%s", got.Planned, d)
	}
	small := Sweep{Handle: "bench", Name: "bench", File: "b.yaml", Options: "--set a=1", Harness: "v2", Plan: json.RawMessage(`{"version": 2}`),
		Members: []Member{sweep.Members[2], sweep.Members[0]}}
	must(t, db.Plan(ctx, small))
	must(t, db.Plan(ctx, Sweep{Handle: "other@x=1/2", Name: "other", Members: sweep.Members[1:2]}))
	for range 2 {
		trials, err := db.Trials(ctx, Query{Sweep: "bench"})
		must(t, err)
		if len(trials) != 2 || trials[0].ID != ids[2] || trials[1].ID != ids[0] {
			t.Errorf("%+v", trials)
		}
		all, err := db.Trials(ctx, Query{Sweep: "bench", All: true})
		must(t, err)
		if len(all) != 3 || !all[2].Former || all[2].ID != ids[1] || all[2].Label != sweep.Members[1].Label || all[0].Former {
			t.Errorf("%+v", all)
		}
		each, err := db.Trials(ctx, Query{IDs: ids, States: []State{Done}})
		must(t, err)
		for _, trial := range each {
			if want := map[bool]string{true: "other@x=1/2", false: "bench"}[trial.ID == ids[1]]; trial.Sweep != want || trial.Former {
				t.Errorf("%s is of %q", trial.ID, trial.Sweep)
			}
		}
		if len(each) != 3 {
			t.Errorf("%d trials", len(each))
		}
		if handles, err := db.SweepsOf(ctx, ids[1]); err != nil || !slices.Equal(handles, []string{"other@x=1/2", "bench"}) {
			t.Error(handles, err)
		}
		infos, err := db.Sweeps(ctx)
		must(t, err)
		bench := infos[slices.IndexFunc(infos, func(i SweepInfo) bool { return i.Handle == "bench" })]
		if len(infos) != 2 || bench.Former != 1 || bench.Counts[Done] != 2 || bench.File != "b.yaml" || !bench.Planned.Equal(later) {
			t.Errorf("%+v", infos)
		}
		if got, err := db.Sweep(ctx, "bench"); err != nil || string(got.Plan) != `{"version":2}` || got.Harness != "v2" || got.Options != "--set a=1" {
			t.Errorf("%+v, %v", got, err)
		}
		db = again(t, db)
	}
	if _, err := db.Sweep(ctx, "none"); !errors.Is(err, ErrNoSweep) {
		t.Error(err)
	}
	db.Now = func() time.Time { return later }
	must(t, db.Plan(ctx, sweep)) // wanted again
	if all, err := db.Trials(ctx, Query{Sweep: "bench", All: true}); err != nil || len(all) != 3 || all[2].Former {
		t.Errorf("%+v, %v", all, err)
	}
	if err := db.Plan(ctx, Sweep{Handle: "bad", Plan: json.RawMessage(`{`)}); err == nil {
		t.Error("a plan that is no JSON was taken")
	}
}
