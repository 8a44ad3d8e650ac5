package registry

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"harness/registry/journal"
)

// TestBehindWithoutFirstAttempt: a trial whose first attempt was killed before it wrote anything has no folder of it where a copy holds files
// alone. Its result is found all the same.
func TestBehindWithoutFirstAttempt(t *testing.T) {
	home := t.TempDir()
	db, err := Open(context.Background(), home)
	must(t, err)
	must(t, db.Close())
	trial := program(3)
	w, _ := begin(t, home, trial, journal.PurposeRun)
	must(t, w.Close())
	w, second := begin(t, home, trial, journal.PurposeRun)
	must(t, w.Point("acc", 1, 0.5))
	must(t, w.End(journal.End{Outcome: journal.Done}))
	must(t, w.Close())
	must(t, os.RemoveAll(filepath.Join(home, "trials", trial.ID(), "1")))

	db = open(t, home)
	trials, err := db.Trials(context.Background(), Query{IDs: []string{trial.ID()}})
	must(t, err)
	if len(trials) != 1 || trials[0].State != Done || trials[0].Result != second {
		t.Errorf("trials: %+v", trials)
	}
}
