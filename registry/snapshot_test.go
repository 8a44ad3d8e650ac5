package registry

import (
	"context"
	"errors"
	"os"
	"testing"
)

// A snapshot stays as it was, the DB that it is of goes on, and Version tells that something has changed.
func TestSnapshot(t *testing.T) {
	ctx, home := context.Background(), oldHome(t)
	writer := open(t, home)
	reader, err := OpenReadOnly(ctx, home)
	must(t, err)
	defer reader.Close()
	first, err := reader.Version(ctx)
	must(t, err)
	snapshot, err := reader.Snapshot()
	must(t, err)
	trials, err := snapshot.Trials(ctx, Query{Sweep: "own"})
	must(t, err)
	id := trials[0].ID
	if again, err := reader.Version(ctx); err != nil || again != first {
		t.Errorf("version %d, then %d (%v), and nothing has changed", first, again, err)
	}
	must(t, writer.SetNote(ctx, id, "changed"))
	if again, err := reader.Version(ctx); err != nil || again == first {
		t.Errorf("version %d (%v) after a change", again, err)
	}
	note := func(db *DB) string {
		t.Helper()
		trials, err := db.Trials(ctx, Query{IDs: []string{id}})
		must(t, err)
		return trials[0].Note
	}
	if note(snapshot) != "" || note(reader) != "changed" {
		t.Errorf("note %q in the snapshot, %q now", note(snapshot), note(reader))
	}
	must(t, snapshot.Close())
	for range 20 { // connections are given back
		next, err := reader.Snapshot()
		must(t, err)
		if note(next) != "changed" {
			t.Error("the next snapshot is old")
		}
		must(t, next.Close())
	}
	must(t, os.Rename(reader.path(), reader.path()+".old"))
	if _, err := reader.Snapshot(); !errors.Is(err, ErrReplaced) {
		t.Errorf("a registry that is gone: %v", err)
	}
}
