package registry

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/model/spec"
	"harness/registry/journal"
)

// open opens a registry in a fresh home.
func open(t *testing.T, home string) *DB {
	t.Helper()
	db, err := Open(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func program(seed int64) spec.Trial {
	return spec.Trial{Command: spec.MakeWords("true"), Args: `{"lr":0.1}`, Seed: seed}
}

// begin makes an attempt with an open journal.
func begin(t *testing.T, home string, trial spec.Trial, purpose journal.Purpose) (*journal.Writer, int) {
	t.Helper()
	number, dir, err := NewAttempt(home, trial.ID(), trial, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	err = w.Start(journal.Start{Trial: trial.ID(), Attempt: number, Purpose: purpose, Spec: trial.Canonical(),
		Provenance: journal.Provenance{Host: "here", Cores: 2}})
	if err != nil {
		t.Fatal(err)
	}
	return w, number
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// twoAttempts writes a trial that was stopped after step 20 of which 10 was saved, and went on from there.
func twoAttempts(t *testing.T, home string) spec.Trial {
	t.Helper()
	trial := program(1)
	w, _ := begin(t, home, trial, journal.PurposeRun)
	for _, step := range []int{0, 10, 20} {
		must(t, w.Point("loss", step, float64(100-step)))
	}
	w.Progress("train", 20, 40, math.NaN())
	must(t, w.Note("data/hash", "abc"))
	must(t, w.End(journal.End{Outcome: journal.Interrupted, Error: "stopped"}))
	must(t, w.Close())
	w, _ = begin(t, home, trial, journal.PurposeRun)
	must(t, w.Resume(-1))
	for _, step := range []int{20, 30, 40} {
		must(t, w.Point("loss", step, float64(99-step)))
	}
	must(t, w.Point("acc", 40, 0.25))
	must(t, w.Point("acc", 40, 0.5)) // the last value of a step counts
	must(t, w.Point("nan", 1, math.NaN()))
	must(t, w.Note("warning", "few samples"))
	must(t, w.End(journal.End{Outcome: journal.Done}))
	must(t, w.Exit(journal.Exit{Code: 0, PeakMemory: 1 << 20}))
	must(t, w.Close())
	w, _ = begin(t, home, trial, journal.PurposeRerun) // never counts
	must(t, w.Point("loss", 50, -1))
	must(t, w.End(journal.End{Outcome: journal.Done}))
	must(t, w.Close())
	return trial
}

func check(t *testing.T, db *DB, trial spec.Trial) {
	t.Helper()
	ctx := context.Background()
	id := trial.ID()
	trials, err := db.Trials(ctx, Query{IDs: []string{id}})
	must(t, err)
	if len(trials) != 1 || trials[0].State != Done || trials[0].Attempt != 2 || trials[0].Spec != trial {
		t.Fatalf("trials: %+v", trials)
	}
	if a := trials[0].Newest; a.PeakMemory != 1<<20 || a.Host != "here" || a.ExitCode != 0 || a.Ended.IsZero() {
		t.Errorf("newest attempt: %+v", a)
	}
	attempts, err := db.Attempts(ctx, id)
	must(t, err)
	if len(attempts) != 3 || attempts[0].State != Interrupted || attempts[0].DataHash != "abc" || attempts[0].Step != 20 ||
		attempts[2].Purpose != journal.PurposeRerun {
		t.Errorf("attempts: %+v", attempts)
	}
	if a := attempts; len(a) == 3 && (a[0].UUID == "" || a[0].UUID == a[1].UUID || a[1].UUID == a[2].UUID) {
		t.Errorf("UUIDs %q, %q, %q", a[0].UUID, a[1].UUID, a[2].UUID)
	}
	points, err := db.Points(ctx, id, "loss")
	must(t, err)
	if want := []Point{{0, 100}, {10, 90}, {20, 79}, {30, 69}, {40, 59}}; !cmp.Equal(points, want) {
		t.Errorf("points: %v", points)
	}
	all, err := db.Summary(ctx, []string{id})
	must(t, err)
	nan := math.NaN()
	want := map[string]Summary{
		"loss": {Last: 59, LastStep: 40, Min: 59, Max: 100, N: 5, Final: true},
		"acc":  {Last: 0.5, LastStep: 40, Min: 0.5, Max: 0.5, N: 1, Final: true},
		"nan":  {Last: nan, LastStep: 1, Min: nan, Max: nan, N: 1, NaN: 1, Final: true},
	}
	if d := cmp.Diff(want, all[id], cmpopts.EquateNaNs()); d != "" {
		t.Error("summary (-want +got):\n" + d)
	}
	notes, err := db.Notes(ctx, id)
	must(t, err)
	if want := []Note{{"data/hash", "abc"}, {"warning", "few samples"}}; !cmp.Equal(notes, want) {
		t.Errorf("notes: %v", notes)
	}
}

func TestIngestTwiceCountsOnce(t *testing.T) {
	home := t.TempDir()
	db := open(t, home)
	trial := twoAttempts(t, home)
	for range 2 {
		n, err := db.CatchUp(context.Background(), trial.ID())
		must(t, err)
		if n != 3 {
			t.Fatalf("%d attempts", n)
		}
		clear(db.ingested) // look into the files again
	}
	check(t, db, trial)
}

func TestIngestInPieces(t *testing.T) {
	home := t.TempDir()
	trial := twoAttempts(t, home)
	path := filepath.Join(home, "trials", trial.ID(), "2", journal.FileName)
	whole, err := os.ReadFile(path)
	must(t, err)
	db := open(t, home) // takes all; start over with a prefix of attempt 2
	_, err = db.sql.Exec(`DELETE FROM point; DELETE FROM result; DELETE FROM note; DELETE FROM attempt; DELETE FROM trial`)
	must(t, err)
	clear(db.ingested)
	for n := 1; n <= len(whole); n += 7 {
		must(t, os.WriteFile(path, whole[:n], 0o644))
		_, err := db.CatchUp(context.Background(), trial.ID())
		must(t, err)
	}
	must(t, os.WriteFile(path, whole, 0o644))
	_, err = db.CatchUp(context.Background(), trial.ID())
	must(t, err)
	check(t, db, trial)
}

func TestRebuild(t *testing.T) {
	ctx := context.Background()
	home := filepath.Join(t.TempDir(), "a b?c%20#d") // names that mean something in a URI
	trial := twoAttempts(t, home)
	db := open(t, home)
	if db.Rebuilt != 3 {
		t.Errorf("%d attempts read back, want 3", db.Rebuilt)
	}
	queued := program(2)
	plan := []Member{
		{ID: queued.ID(), Spec: queued, Label: "b", Row: "r", Seed: 2, Params: json.RawMessage(`{"lr": 0.1, "a": [1]}`)},
		{ID: trial.ID(), Spec: trial, Label: "a", Row: "r", Control: "c"},
	}
	must(t, db.Plan(ctx, Sweep{Handle: "demo", Name: "demo", Members: plan}))
	want, err := db.Trials(ctx, Query{Sweep: "demo"})
	must(t, err)
	if len(want) != 2 || want[0].State != Queued || string(want[0].Params) != `{"lr":0.1,"a":[1]}` || want[1].State != Done || want[1].Control != "c" {
		t.Fatalf("the sweep: %+v", want)
	}
	must(t, db.Close())
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(filepath.Join(home, "registry.db"+suffix))
	}
	db, err = OpenReadOnly(ctx, home)
	must(t, err)
	defer db.Close()
	if db.Rebuilt != 3 {
		t.Errorf("%d attempts read back, want 3", db.Rebuilt)
	}
	check(t, db, trial)
	got, err := db.Trials(ctx, Query{Sweep: "demo"})
	must(t, err)
	if d := cmp.Diff(want, got, cmpopts.EquateNaNs()); d != "" {
		t.Error("the sweep after a rebuild (-before +after):\n" + d)
	}
}

func TestFind(t *testing.T) {
	ctx := context.Background()
	db := open(t, t.TempDir())
	for _, id := range []string{"abcd0000", "abcd1111", "ffff0000"} {
		_, err := db.sql.Exec(`INSERT INTO trial (id, spec, created) VALUES (?, '{}', 0)`, id)
		must(t, err)
	}
	if id, err := db.Find(ctx, "FFFF"); id != "ffff0000" || err != nil {
		t.Error(id, err)
	}
	if id, err := db.Find(ctx, "abcd1"); id != "abcd1111" || err != nil {
		t.Error(id, err)
	}
	var ambiguous *AmbiguousError
	if _, err := db.Find(ctx, "abcd"); !errors.As(err, &ambiguous) || len(ambiguous.Candidates) != 2 {
		t.Error(err)
	}
	if _, err := db.Find(ctx, "1234"); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if _, err := db.Find(ctx, "abc"); err == nil {
		t.Error("three characters are enough")
	}
}

func TestReadersDoNotWait(t *testing.T) {
	ctx := context.Background()
	home := t.TempDir()
	db := open(t, home)
	trial := twoAttempts(t, home)
	_, err := db.CatchUp(ctx, trial.ID())
	must(t, err)
	tx, err := db.sql.BeginTx(ctx, nil) // a writer in the middle of its transaction
	must(t, err)
	defer tx.Rollback()
	_, err = tx.Exec(`UPDATE trial SET state = 'failed'`)
	must(t, err)
	reader, err := OpenReadOnly(ctx, home)
	must(t, err)
	defer reader.Close()
	check(t, reader, trial)
	if _, err := reader.sql.Exec(`DELETE FROM trial`); err == nil {
		t.Error("a reader could write")
	}
}

func TestNothingHere(t *testing.T) {
	if _, err := OpenReadOnly(context.Background(), t.TempDir()); !errors.Is(err, ErrNone) {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o644))
	if _, err := Open(context.Background(), filepath.Join(file, "home")); err == nil {
		t.Error("a home below a file was opened")
	}
	if _, err := OpenReadOnly(context.Background(), filepath.Join(file, "home")); err == nil || errors.Is(err, ErrNone) {
		t.Error(err)
	}
}

func TestDamagedJournal(t *testing.T) {
	home := t.TempDir()
	trial := twoAttempts(t, home)
	path := filepath.Join(home, "trials", trial.ID(), "1", journal.FileName)
	data, err := os.ReadFile(path)
	must(t, err)
	data[len(data)-10] ^= 1
	must(t, os.WriteFile(path, data, 0o644))
	db := open(t, home) // rebuilds, and takes what can be read
	if len(db.Damaged) != 1 || db.Damaged[0].Path != path || db.Rebuilt != 3 {
		t.Errorf("%d attempts, damage %v", db.Rebuilt, db.Damaged)
	}
	points, err := db.Points(context.Background(), trial.ID(), "loss")
	if err != nil || len(points) != 5 {
		t.Error(points, err)
	}
}

func TestHere(t *testing.T) {
	p := Here(context.Background())
	if p.Host == "" || p.CPU == "" || p.Cores < 1 || len(p.BinaryHash) != 32 || p.GoVersion == "" {
		t.Errorf("%+v", p)
	}
}

func TestRevision(t *testing.T) {
	if _, err := exec.LookPath("git"); err != nil {
		t.Skip("no git")
	}
	dir := t.TempDir()
	git := func(args ...string) {
		t.Helper()
		cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	must(t, os.WriteFile(filepath.Join(dir, "f"), []byte("1"), 0o644))
	git("init", "-q")
	git("add", "f")
	git("commit", "-q", "-m", "one")
	below := filepath.Join(dir, "below")
	must(t, os.Mkdir(below, 0o755))
	t.Chdir(below)
	commit, diff := Revision(context.Background())
	if len(commit) != 40 || diff != "" {
		t.Errorf("clean: %q %q", commit, diff)
	}
	must(t, os.WriteFile(filepath.Join(dir, "f"), []byte("2"), 0o644))
	if again, diff := Revision(context.Background()); again != commit || len(diff) != 16 {
		t.Errorf("changed: %q %q", again, diff)
	}
}
