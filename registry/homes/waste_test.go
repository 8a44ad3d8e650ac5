package homes

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/internal/filelock"
	"harness/registry/journal"
)

func TestWaste(t *testing.T) {
	db, work := newHome(t)
	id := program(0).ID()
	home := db.Home
	must(t, db.Redo(background, []string{id}))
	attempt(t, db, program(0), work, journal.PurposeRun, journal.Done)
	rerun := attempt(t, db, program(0), work, journal.PurposeRerun, journal.Done)
	write(t, filepath.Join(home, "trials", id, "1", "checkpoint", "w"), "1234")
	write(t, filepath.Join(home, "trials", id, "2", "kept", "w"), "counts")
	write(t, filepath.Join(home, "trials", id, strconv.Itoa(rerun), "files", "w"), "rerun")
	write(t, filepath.Join(home, "trials", id, "files-1", "w"), "aside")
	write(t, filepath.Join(home, "trials", id, "files", "w"), "its own")
	write(t, filepath.Join(home, "stages", "pretrain-0123456789abcdef", "weights.safetensors"), "stage")
	write(t, filepath.Join(home, "cache", "pixels"), "cache")
	write(t, filepath.Join(home, "data", "synthetic-1", "x"), "data")
	write(t, filepath.Join(home, "data", "mimic", "x"), "not ours")
	write(t, filepath.Join(home, "scratch", "rerun-1", "x"), "left")
	write(t, filepath.Join(home, ".part-9", "x"), "left")
	write(t, filepath.Join(home, "code", "files", strings.Repeat("0", 64)), "nobody's")
	old := time.Now().Add(-48 * time.Hour)
	must(t, os.Chtimes(filepath.Join(home, "code", "files", strings.Repeat("0", 64)), old, old))
	before := tree(t, home)
	c, err := FindWaste(background, db, WasteOptions{})
	must(t, err)
	var got []string
	for _, w := range c.Waste {
		got = append(got, fmt.Sprintf("%s %s %d", w.Kind, strings.ReplaceAll(w.Path, id, "ID"), w.Bytes))
	}
	want := []string{
		"stage stages/pretrain-0123456789abcdef 5",
		"checkpoint trials/ID/1/checkpoint 4",
		"checkpoint trials/ID/3/files 5",
		"put aside trials/ID/files-1 5",
		"leftover .part-9 4",
		"leftover scratch/rerun-1 4",
		"snapshot code/files/" + strings.Repeat("0", 64) + " 8",
		"cache cache/pixels 5",
		"data data/synthetic-1 4",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(before, tree(t, home)); d != "" {
		t.Error("looking has changed the home:\n" + d)
	}
	if c, err := FindWaste(background, db, WasteOptions{Older: 24 * time.Hour, KeepStages: true}); err != nil || len(c.Waste) != 1 {
		t.Errorf("of the old: %+v, %v", c, err)
	}
	then := numbers(t, db)
	removed, err := RemoveWaste(background, db, c.Waste)
	must(t, err)
	if removed.Count != len(want) || len(removed.Skipped) > 0 {
		t.Errorf("%+v", removed)
	}
	for rel := range tree(t, home) {
		delete(before, rel)
	}
	if len(before) != len(want) {
		t.Errorf("%d files are gone, want %d: %v", len(before), len(want), before)
	}
	if d := cmp.Diff(then, numbers(t, db)); d != "" {
		t.Error(d)
	}
	v, err := Verify(background, db, VerifyOptions{})
	must(t, err)
	if len(v.Wrong) > 0 {
		t.Errorf("%+v", v.Wrong)
	}
}

// TestWasteInUse: what something holds is not listed, and stays where it was taken since.
func TestWasteInUse(t *testing.T) {
	db, _ := newHome(t)
	id := program(0).ID()
	stage := filepath.Join(db.Home, "stages", "pretrain-0123456789abcdef")
	write(t, filepath.Join(stage, "weights.safetensors"), "stage")
	write(t, filepath.Join(db.Home, "cache", "pixels"), "cache")
	write(t, filepath.Join(db.Home, "trials", id, "files-1", "w"), "aside")
	c, err := FindWaste(background, db, WasteOptions{})
	must(t, err)
	if len(c.Waste) != 3 {
		t.Fatalf("%+v", c)
	}
	for _, path := range []string{filepath.Join(stage, "lock"), filepath.Join(db.TrialDir(id), "lock")} {
		lock, err := filelock.Try(path)
		must(t, err)
		defer lock.Release()
	}
	removed, err := RemoveWaste(background, db, c.Waste)
	must(t, err)
	if removed.Count != 0 || len(removed.Skipped) != 3 {
		t.Errorf("%+v", removed)
	}
	now, err := FindWaste(background, db, WasteOptions{})
	must(t, err)
	if len(now.Waste) != 0 || len(now.Kept) != 2 {
		t.Errorf("%+v", now)
	}
}
