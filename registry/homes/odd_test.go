package homes

import (
	"os"
	"path/filepath"
	"testing"

	"harness/registry"
)

// TestAnEmptyFileIsBackedUpAgain: one whose copy is lost is copied again, though nothing is in it.
func TestAnEmptyFileIsBackedUpAgain(t *testing.T) {
	db, _ := newHome(t)
	rel := filepath.Join("trials", program(0).ID(), "1", "program.jsonl")
	write(t, filepath.Join(db.Home, rel), "")
	dir := filepath.Join(t.TempDir(), "backup")
	for range 2 {
		_, err := BackupTo(background, db, dir, false)
		must(t, err)
		if _, err := os.Stat(filepath.Join(dir, rel)); err != nil {
			t.Error(err)
		}
		must(t, os.Remove(filepath.Join(dir, rel)))
	}
}

// TestAStrayFileStopsNoCollection: a file among the trials that is none of ours is passed over.
func TestAStrayFileStopsNoCollection(t *testing.T) {
	db, _ := newHome(t)
	write(t, filepath.Join(db.Home, "trials", ".DS_Store"), "x")
	if _, err := FindWaste(background, db, WasteOptions{}); err != nil {
		t.Error(err)
	}
	id := program(0).ID()
	dir := filepath.Join(db.Home, "trials", id, "1")
	write(t, filepath.Join(dir, registry.ScratchName, "x"), "x")
	heart, err := registry.StartHeartbeat(dir, registry.Beater{Host: "elsewhere", PID: 1})
	must(t, err)
	defer heart.Stop()
	c, err := FindWaste(background, db, WasteOptions{})
	must(t, err)
	for _, w := range c.Waste {
		if w.Kind == LeftoverWaste {
			t.Errorf("%s can go: %s, but the trial runs elsewhere", w.Path, w.Why)
		}
	}
}

// TestAStageThatCannotBeReadIsWrong: what was not looked at is not right.
func TestAStageThatCannotBeReadIsWrong(t *testing.T) {
	db, _ := newHome(t)
	write(t, filepath.Join(db.Home, "stages", "pretrain-x"), "no folder")
	write(t, filepath.Join(db.Home, "stages", ".DS_Store"), "none of ours")
	v, err := Verify(background, db, VerifyOptions{})
	must(t, err)
	if len(v.Wrong) != 1 || v.Wrong[0].Path != "stages/pretrain-x" {
		t.Errorf("%+v", v.Wrong)
	}
}
