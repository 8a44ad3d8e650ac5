package homes

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/bundle"
	"harness/registry/journal"
	"harness/registry/provenance"
)

var background = context.Background()

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// program is a trial of a program.
func program(seed int64) spec.Trial {
	return spec.Trial{Command: spec.MakeWords("sh", "train.sh", "${args}"), Project: "p", Args: `{"lr":0.1}`, Seed: seed}
}

func openHome(t testing.TB, home string) *registry.DB {
	t.Helper()
	db, err := registry.Open(background, home)
	must(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

// newHome is a home with a sweep "s" of two trials that are done, with answers, and the folder of their program.
func newHome(t testing.TB) (db *registry.DB, work string) {
	t.Helper()
	work = t.TempDir()
	write(t, filepath.Join(work, "train.sh"), "#!/bin/sh\necho hello\n")
	write(t, filepath.Join(work, "data.bin"), "data")
	db = openHome(t, filepath.Join(t.TempDir(), "runs"))
	sweep := registry.Sweep{Handle: "s", Name: "s"}
	for seed := range int64(2) {
		s := program(seed)
		sweep.Members = append(sweep.Members, registry.Member{ID: s.ID(), Spec: s, Label: fmt.Sprint("seed ", seed), Row: "r", Seed: seed})
	}
	must(t, db.Plan(background, sweep))
	for seed := range int64(2) {
		attempt(t, db, program(seed), work, journal.PurposeRun, journal.Done)
	}
	return db, work
}

func write(t testing.TB, path, text string) {
	t.Helper()
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte(text), 0o644))
}

// attempt makes an attempt that has ended.
func attempt(t testing.TB, db *registry.DB, s spec.Trial, work string, purpose journal.Purpose, outcome journal.Outcome) (number int) {
	t.Helper()
	id := s.ID()
	last, err := db.LastAttempt(background, id)
	must(t, err)
	number, dir, err := registry.NewAttempt(db.Home, id, s, last)
	must(t, err)
	write(t, filepath.Join(db.TrialDir(id), "lock"), "")
	code, err := provenance.Take(background, db.Home, work, s.Command.List())
	must(t, err)
	w, err := journal.Create(dir)
	must(t, err)
	must(t, w.Start(journal.Start{Trial: id, Attempt: number, Purpose: purpose, Spec: s.Canonical(), Dir: work,
		Provenance: journal.Provenance{Code: code.Digest}}))
	for step := range 3 {
		must(t, w.Point("acc", step, float64(s.Seed)+float64(step)/10))
	}
	write(t, filepath.Join(dir, "log.txt"), "hello\n")
	write(t, filepath.Join(dir, "predictions.jsonl"), "{}\n")
	must(t, os.MkdirAll(filepath.Join(dir, "x"), 0o755)) // lines with checksums, as a journal has them
	other, err := journal.Create(filepath.Join(dir, "x"))
	must(t, err)
	must(t, other.Note("a", "b"))
	must(t, other.Close())
	must(t, os.Rename(filepath.Join(dir, "x", journal.FileName), filepath.Join(dir, "resources.jsonl")))
	must(t, os.Remove(filepath.Join(dir, "x")))
	log, _, err := hashFile(filepath.Join(dir, "log.txt"))
	must(t, err)
	answers, _, err := hashFile(filepath.Join(dir, "predictions.jsonl"))
	must(t, err)
	must(t, w.Finish(&journal.End{Outcome: outcome}, journal.Exit{Files: map[string]string{"log.txt": log, "predictions.jsonl": answers}}, nil))
	_, err = db.CatchUp(background, id)
	must(t, err)
	return number
}

// packed writes a bundle and returns its path.
func packed(t testing.TB, db *registry.DB, c Choice) string {
	t.Helper()
	p, err := Pack(background, db, c)
	must(t, err)
	return written(t, p)
}

func written(t testing.TB, p *Packing) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.tar.zst")
	file, err := os.Create(path)
	must(t, err)
	_, err = bundle.Write(file, p.Sources)
	must(t, err)
	must(t, file.Close())
	return path
}

// numbers are the final numbers of all trials.
func numbers(t testing.TB, db *registry.DB) map[string]map[string]registry.Summary {
	t.Helper()
	trials, err := db.Trials(background, registry.Query{All: true})
	must(t, err)
	var ids []string
	for _, one := range trials {
		ids = append(ids, one.ID)
	}
	all, err := db.Summary(background, ids)
	must(t, err)
	return all
}
