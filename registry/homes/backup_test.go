package homes

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/registry"
	"harness/registry/journal"
)

func TestBackups(t *testing.T) {
	db, work := newHome(t)
	dir := filepath.Join(t.TempDir(), "copy")
	first, err := BackupTo(background, db, dir, false)
	must(t, err)
	if first.Copied != first.Files || first.Files < 10 {
		t.Errorf("%+v", first)
	}
	if again, err := BackupTo(background, db, dir, false); err != nil || again.Copied != 0 || again.Files != first.Files {
		t.Errorf("%+v, %v", again, err)
	}
	// An attempt that is running: its journal goes up to the last whole line.
	number, running, err := registry.NewAttempt(db.Home, program(0).ID(), program(0), 1)
	must(t, err)
	w, err := journal.Create(running)
	must(t, err)
	must(t, w.Start(journal.Start{Trial: program(0).ID(), Attempt: number, Purpose: journal.PurposeRun, Spec: program(0).Canonical(), Dir: work}))
	must(t, w.Sync())
	path := filepath.Join(running, journal.FileName)
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	must(t, err)
	_, err = file.WriteString("01234567 {half")
	must(t, err)
	must(t, file.Close())
	second, err := BackupTo(background, db, dir, false)
	must(t, err)
	if second.Copied != 2 {
		t.Errorf("%+v", second)
	}
	copied, err := os.ReadFile(filepath.Join(dir, "trials", program(0).ID(), strconv.Itoa(number), journal.FileName))
	if err != nil || len(copied) == 0 || strings.Contains(string(copied), "half") {
		t.Errorf("%q %v", copied, err)
	}
	v, err := CheckBackup(background, dir, nil)
	must(t, err)
	if len(v.Wrong) > 0 {
		t.Errorf("%+v", v.Wrong)
	}
	back := openHome(t, dir)
	if d := cmp.Diff(numbers(t, db), numbers(t, back)); d != "" {
		t.Error(d)
	}
	write(t, filepath.Join(dir, "trials", program(1).ID(), "1", "log.txt"), "changed")
	must(t, os.Remove(filepath.Join(dir, "plans", "s.json")))
	if v, err = CheckBackup(background, dir, nil); err != nil || len(v.Wrong) != 2 {
		t.Errorf("%+v, %v", v, err)
	}
	for path, want := range map[string]string{
		filepath.Join(db.Home, "inside"): "it lies in the home",
		filepath.Dir(db.Home):            "or the home in it",
		work:                             "the folder holds something else",
	} {
		if _, err := BackupTo(background, db, path, false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
	unfinished := filepath.Join(t.TempDir(), "killed")
	must(t, os.MkdirAll(unfinished, 0o755))
	must(t, (&backupList{Version: 1}).write(unfinished))
	if v, err = CheckBackup(background, unfinished, nil); err != nil || len(v.Wrong) != 1 {
		t.Errorf("a backup that was killed: %+v, %v", v, err)
	}
}

func TestBackupsInOneFile(t *testing.T) {
	db, _ := newHome(t)
	p, err := PackHome(background, db, true)
	must(t, err)
	back := openHome(t, filepath.Join(t.TempDir(), "back"))
	got, err := Unpack(background, back, written(t, p), UnpackOptions{})
	must(t, err)
	if d := cmp.Diff(numbers(t, db), numbers(t, back)); d != "" || got.Fresh != 2 {
		t.Error(got, d)
	}
	if came, err := Came(back.Home); err != nil || len(came) != 0 {
		t.Errorf("a home that was restored is the same home: %v, %v", came, err)
	}
}
