package registry

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// oldHome is a copy of the home that commit 9abd933 wrote.
func oldHome(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	must(t, os.CopyFS(home, os.DirFS("../testdata/home-9abd933/runs")))
	return home
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// removeDB deletes registry.db.
func removeDB(t *testing.T, home string) {
	t.Helper()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(home, fileName+suffix)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
}

// checkOldHome compares what is read with the tables that the old version printed.
func checkOldHome(t *testing.T, db *DB) {
	t.Helper()
	ctx := context.Background()
	infos, err := db.Sweeps(ctx)
	must(t, err)
	counts := map[string]map[State]int{}
	for _, info := range infos {
		counts[info.Handle] = info.Counts
	}
	want := map[string]map[State]int{"own": {Done: 4}, "fails": {Failed: 1}, "grid": {Done: 4}}
	if d := cmp.Diff(want, counts); d != "" {
		t.Errorf("sweeps (-want +got):\n%s", d)
	}
	sweep, err := db.Sweep(ctx, "own")
	must(t, err)
	if len(sweep.Members) != 4 || sweep.Name != "own" || sweep.Plan != nil || sweep.Members[3].Label != "rate=0.2, seed=2" ||
		string(sweep.Members[3].Params) != `{"lr":0.2,"seed":2}` || sweep.Members[3].Spec.Seed != 2 {
		t.Errorf("own: %+v", sweep)
	}
	trials, err := db.Trials(ctx, Query{Sweep: "own"})
	must(t, err)
	var acc, loss []float64
	for _, trial := range trials {
		all, err := db.Summary(ctx, []string{trial.ID})
		must(t, err)
		acc, loss = append(acc, all[trial.ID]["acc"].Last), append(loss, all[trial.ID]["loss"].Last)
		if s := all[trial.ID]["loss"]; !s.Final || s.N != 3 || s.Min != 1.5 || s.Max != 3.5 {
			t.Errorf("loss of %s: %+v", trial.ID, s)
		}
	}
	if !slices.Equal(acc, []float64{0.11, 0.12, 0.21, 0.22}) || !slices.Equal(loss, []float64{3.5, 3.5, 3.5, 3.5}) {
		t.Errorf("acc %v, loss %v", acc, loss)
	}
	if last := trials[3]; last.Attempt != 2 || last.Result != 2 || last.Newest.Host != "vm" || last.Newest.Cores != 2 {
		t.Errorf("the trial of two attempts: %+v", last)
	}
	attempts, err := db.Attempts(ctx, trials[3].ID)
	must(t, err)
	if len(attempts) != 2 || attempts[0].Class != "killed" || attempts[0].UUID == "" || attempts[0].Commit != attempts[1].Commit {
		t.Errorf("attempts: %+v", attempts)
	}
}

// TestOldHome: a registry of version 2 is brought up to date by readers and writers, and a rebuild of that home tells the
// same. Every number of every trial is still there.
func TestOldHome(t *testing.T) {
	ctx := context.Background()
	numbers := func(db *DB) map[string]map[string]Summary {
		t.Helper()
		checkOldHome(t, db)
		trials, err := db.Trials(ctx, Query{})
		must(t, err)
		var ids []string
		for _, trial := range trials {
			ids = append(ids, trial.ID)
		}
		all, err := db.Summary(ctx, ids)
		must(t, err)
		return all
	}
	db, err := OpenReadOnly(ctx, oldHome(t))
	must(t, err)
	read := numbers(db)
	must(t, db.Close())
	home := oldHome(t)
	written := numbers(open(t, home))
	home = oldHome(t)
	removeDB(t, home)
	db, err = OpenReadOnly(ctx, home)
	must(t, err)
	if len(db.Skipped)+len(db.Damaged) > 0 || db.Rebuilt == 0 {
		t.Errorf("rebuilt %d, skipped %v, damaged %v", db.Rebuilt, db.Skipped, db.Damaged)
	}
	rebuilt := numbers(db)
	must(t, db.Close())
	for name, got := range map[string]map[string]map[string]Summary{"written": written, "rebuilt": rebuilt} {
		if d := cmp.Diff(read, got, cmpopts.EquateNaNs()); d != "" {
			t.Errorf("read and %s differ:\n%s", name, d)
		}
	}
	n := 0
	for _, metrics := range read {
		n += len(metrics)
		for metric, s := range metrics {
			if math.IsNaN(s.Last) != (s.NaN > 0 && s.N == s.NaN) {
				t.Errorf("%s: %+v", metric, s)
			}
		}
	}
	if n < 50 {
		t.Errorf("only %d numbers", n)
	}
}

// TestOldestHome: a registry of version 1, of before the UUIDs, is brought up to date, too.
func TestOldestHome(t *testing.T) {
	ctx, home := context.Background(), oldHome(t)
	db, err := connect(home, dsn(filepath.Join(home, fileName), "mode=rw"))
	must(t, err)
	_, err = db.sql.Exec(`ALTER TABLE attempt DROP COLUMN uuid; PRAGMA user_version = 1`)
	must(t, err)
	must(t, db.Close())
	db, err = OpenReadOnly(ctx, home)
	must(t, err)
	defer db.Close()
	trials, err := db.Trials(ctx, Query{Sweep: "own"})
	must(t, err)
	if len(trials) != 4 || trials[3].Newest.UUID != "" || trials[3].Result != 2 {
		t.Errorf("%+v", trials)
	}
}

// TestNewerRegistry: what a newer version wrote is refused in one line.
func TestNewerRegistry(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	db := open(t, home)
	_, err := db.sql.Exec(`PRAGMA user_version = 99`)
	must(t, err)
	must(t, db.Close())
	for _, open := range []func(context.Context, string) (*DB, error){Open, OpenReadOnly} {
		if _, err := open(ctx, home); err == nil || !strings.Contains(err.Error(), "use a newer harness") {
			t.Error(err)
		}
	}
}
