package registry

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"harness/model/spec"
	"harness/registry/journal"
)

// foreign is a run of another tool with one number.
func foreign(name, digest string, value float64) Imported {
	t := spec.Trial{Command: spec.MakeWords("(imported)"), Imported: name}
	began := time.UnixMilli(1700000000000).UTC()
	return Imported{ID: t.ID(), Spec: t, Digest: digest, Started: began, Provenance: journal.Provenance{Commit: "abc"}, Write: func(w *journal.Writer) error {
		w.At(began.Add(time.Minute))
		return errors.Join(w.Point("acc", 3, value), w.End(journal.End{Outcome: journal.Done}))
	}}
}

// TestImport records a run once, and again when it has changed; it has the times that it is given, also after a rebuild.
func TestImport(t *testing.T) {
	ctx := context.Background()
	db := open(t, t.TempDir())
	one := foreign("one", "a", 0.5)
	for _, step := range []struct {
		run      Imported
		added    int
		attempts int
		value    float64
	}{{one, 1, 1, 0.5}, {one, 0, 1, 0.5}, {foreign("one", "b", 0.75), 1, 2, 0.75}, {one, 1, 3, 0.5}} {
		added, err := db.Import(ctx, []Imported{step.run})
		must(t, err)
		attempts, err := db.Attempts(ctx, one.ID)
		must(t, err)
		all, err := db.Summary(ctx, []string{one.ID})
		must(t, err)
		if added != step.added || len(attempts) != step.attempts || all[one.ID]["acc"].Last != step.value {
			t.Errorf("%s: %d added, %d attempts, %v", step.run.Digest, added, len(attempts), all)
		}
	}
	for range 2 {
		trials, err := db.Trials(ctx, Query{IDs: []string{one.ID}})
		must(t, err)
		got := trials[0]
		if got.State != Done || got.Newest.Started.UnixMilli() != 1700000000000 || got.Newest.Ended.UnixMilli() != 1700000060000 || got.Newest.Commit != "abc" || got.Spec.Imported != "one" {
			t.Errorf("%+v", got)
		}
		db = again(t, db)
	}
}

// TestImportFails leaves nothing where one of the runs cannot be recorded.
func TestImportFails(t *testing.T) {
	ctx := context.Background()
	db := open(t, t.TempDir())
	broken := foreign("two", "a", 1)
	broken.Write = func(*journal.Writer) error { return errors.New("no") }
	one := foreign("one", "a", 0.5)
	if added, err := db.Import(ctx, []Imported{one, broken}); err == nil || added != 0 {
		t.Fatalf("%d, %v", added, err)
	}
	for _, id := range []string{one.ID, broken.ID} {
		if _, err := os.Stat(db.AttemptDir(id, 1)); !os.IsNotExist(err) {
			t.Errorf("%s: %v", id, err)
		}
	}
	if trials, err := db.Trials(ctx, Query{}); err != nil || len(trials) != 0 {
		t.Errorf("%v %v", trials, err)
	}
	if added, err := db.Import(ctx, []Imported{one}); err != nil || added != 1 {
		t.Errorf("%d, %v", added, err)
	}
}
