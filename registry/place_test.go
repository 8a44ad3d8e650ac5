package registry

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/registry/journal"
)

// The database may lie on a disk of the machine, where the home does not. It follows what was recorded while it was not open.
func TestTheDatabaseMayLieElsewhere(t *testing.T) {
	ctx := context.Background()
	home, disk := t.TempDir(), t.TempDir()
	at := filepath.Join(home, PlaceName)
	if err := os.WriteFile(at, []byte(disk+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	trial := program(1)
	id := trial.ID()
	number, dir, err := NewAttempt(home, id, trial, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err == nil {
		err = w.Start(journal.Start{Trial: id, Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Canonical()})
	}
	if err != nil {
		t.Fatal(err)
	}
	state := func() State {
		t.Helper()
		db, err := OpenReadOnly(ctx, home)
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		trials, err := db.Trials(ctx, Query{IDs: []string{id}})
		if err != nil || len(trials) != 1 {
			t.Fatal(trials, err)
		}
		return trials[0].State
	}
	if got := state(); got != Running {
		t.Errorf("%s", got)
	}
	if err := w.Finish(&journal.End{Outcome: journal.Done}, journal.Exit{}, nil); err != nil {
		t.Fatal(err)
	}
	if got := state(); got != Done {
		t.Errorf("after another machine has recorded its end: %s", got)
	}
	if _, err := os.Stat(filepath.Join(home, fileName)); err == nil {
		t.Error("there is a database in the home")
	}
	found, _ := filepath.Glob(filepath.Join(disk, "harness-*", fileName))
	if len(found) != 1 || found[0] != filepath.Join(DatabaseDir(home), fileName) {
		t.Errorf("the database: %v", found)
	}
	for _, text := range []string{"", "here", "/a\n/b"} {
		if err := os.WriteFile(at, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(ctx, home); err == nil || !strings.HasSuffix(err.Error(), "want one line, the absolute path of a folder on a disk of this machine") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
