package homes

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"harness/bundle"
	"harness/internal/filelock"
	"harness/model/spec"
	"harness/registry"
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

func TestBundlesComeIn(t *testing.T) {
	db, work := newHome(t)
	must(t, db.SetTags(background, program(0).ID(), []string{"best"}))
	file := packed(t, db, Choice{Sweeps: []string{"s"}, Data: true, Stale: map[string]string{program(1).ID(): "made by other code"}})
	must(t, os.RemoveAll(work))
	other := openHome(t, filepath.Join(t.TempDir(), "review"))
	got, err := Unpack(background, other, file, UnpackOptions{})
	must(t, err)
	if got.Fresh != 2 || len(got.Record.Trials) != 2 || !slices.Equal(got.Record.Sweeps, []string{"s"}) {
		t.Errorf("%+v", got)
	}
	if d := cmp.Diff(numbers(t, db), numbers(t, other)); d != "" {
		t.Error(d)
	}
	trials, err := other.Trials(background, registry.Query{Sweep: "s"})
	must(t, err)
	if len(trials) != 2 || trials[0].State != registry.Done || !slices.Equal(trials[0].Tags, []string{"best"}) {
		t.Errorf("%+v", trials)
	}
	came, err := Came(other.Home)
	must(t, err)
	if came[program(1).ID()].Stale != "made by other code" || came[program(0).ID()].UUID == "" {
		t.Errorf("%+v", came)
	}
	code, err := provenance.Load(other.Home, trials[0].Newest.Code)
	must(t, err)
	dir := t.TempDir()
	missing, err := code.Restore(dir, "")
	must(t, err)
	info, err := os.Stat(filepath.Join(dir, "train.sh"))
	if err != nil || len(missing) > 0 || info.Mode().Perm()&0o100 == 0 {
		t.Errorf("restored: %v %v %v", missing, info, err)
	}
	again := packed(t, other, Choice{Sweeps: []string{"s"}, Data: true, Stale: map[string]string{program(1).ID(): "made by other code"}})
	a, _ := os.ReadFile(file)
	b, _ := os.ReadFile(again)
	if string(a) != string(b) {
		t.Error("the bundle of the home that it was unpacked in is another")
	}
	if got, err = Unpack(background, other, file, UnpackOptions{Expect: strings.ToUpper(got.Name[:16])}); err != nil || got.Fresh != 0 {
		t.Errorf("once more: %+v, %v", got, err)
	}
	v, err := Verify(background, other, VerifyOptions{})
	must(t, err)
	if len(v.Wrong) > 0 || v.Right < 8 {
		t.Errorf("%+v", v)
	}
	checkClean(t, other.Home)
}

// checkClean looks for what is on its way.
func checkClean(t testing.TB, home string) {
	t.Helper()
	entries, err := os.ReadDir(home)
	must(t, err)
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), ".") {
			t.Errorf("left behind: %s", e.Name())
		}
	}
}

func TestConflicts(t *testing.T) {
	for name, c := range map[string]struct {
		change func(t *testing.T, db *registry.DB, work string)
		want   string // "" = none
	}{
		"nothing": {func(*testing.T, *registry.DB, string) {}, ""},
		"a tag": {func(t *testing.T, db *registry.DB, _ string) {
			must(t, db.SetTags(background, program(0).ID(), []string{"x"}))
		}, ""},
		"a rerun": {func(t *testing.T, db *registry.DB, work string) {
			attempt(t, db, program(0), work, journal.PurposeRerun, journal.Done)
		}, ""},
		"another attempt": {func(t *testing.T, db *registry.DB, work string) {
			attempt(t, db, program(0), work, journal.PurposeRun, journal.Done)
		}, "trial " + program(0).ID() + ": attempt 2 was made here"},
		"redone": {func(t *testing.T, db *registry.DB, _ string) { must(t, db.Redo(background, []string{program(1).ID()})) },
			"trial " + program(1).ID() + ": it was to be run again after attempt 0 there, after 1 here"},
		"other answers": {func(t *testing.T, db *registry.DB, _ string) {
			write(t, filepath.Join(db.AttemptDir(program(1).ID(), 1), "predictions.jsonl"), "{ }\n")
		}, "trial " + program(1).ID() + ": predictions.jsonl of attempt 1 is another one here"},
		"another plan": {func(t *testing.T, db *registry.DB, _ string) {
			s, err := db.Sweep(background, "s")
			must(t, err)
			s.Members[0].Label = "another label"
			must(t, db.Plan(background, s))
		}, "sweep s: another plan has this name here"},
		"removed": {func(t *testing.T, db *registry.DB, _ string) {
			must(t, os.RemoveAll(db.TrialDir(program(0).ID()))) // by hand: its plan is there
			write(t, filepath.Join(db.TrialDir(program(0).ID()), "lock"), "")
		}, ""},
	} {
		db, work := newHome(t)
		file := packed(t, db, Choice{Sweeps: []string{"s"}})
		other := openHome(t, filepath.Join(t.TempDir(), "review"))
		_, err := Unpack(background, other, file, UnpackOptions{})
		must(t, err)
		c.change(t, other, work)
		before := tree(t, other.Home)
		_, err = Unpack(background, other, file, UnpackOptions{})
		var conflict *registry.ConflictError
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.want != "" && (!errors.As(err, &conflict) || err.Error() != c.want):
			t.Errorf("%s: %v, want %s", name, err, c.want)
		case c.want != "":
			if d := cmp.Diff(before, tree(t, other.Home)); d != "" {
				t.Errorf("%s: a refused bundle has changed the home:\n%s", name, d)
			}
		}
		checkClean(t, other.Home)
	}
}

// tree is all files of a home but its database, with their contents.
func tree(t testing.TB, home string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, eachFile(home, func(rel, path string, _ fs.FileInfo) error {
		if !strings.HasPrefix(rel, "registry.") {
			data, err := os.ReadFile(path)
			all[rel] = string(data)
			return err
		}
		return nil
	}, nil))
	return all
}

// TestKilledUnpacking: what never was whole goes, what was checked comes in when the home is opened next.
func TestKilledUnpacking(t *testing.T) {
	db, _ := newHome(t)
	home := filepath.Join(t.TempDir(), "review")
	other := openHome(t, home)
	_, err := Unpack(background, other, packed(t, db, Choice{Sweeps: []string{"s"}}), UnpackOptions{})
	must(t, err)
	other.Close()
	for _, moved := range []int{0, 1, 2} {
		killed := filepath.Join(t.TempDir(), "killed")
		coming := filepath.Join(killed, ".coming-1")
		must(t, os.CopyFS(coming, os.DirFS(home)))
		for _, name := range []string{"registry.db", "registry.lock", "takein.lock"} {
			os.Remove(filepath.Join(coming, name))
		}
		must(t, os.MkdirAll(filepath.Join(killed, "trials"), 0o755))
		write(t, filepath.Join(killed, ".part-2", "trials", "x"), "half")
		for n := range moved {
			id := program(int64(n)).ID()
			must(t, os.Rename(filepath.Join(coming, "trials", id), filepath.Join(killed, "trials", id)))
		}
		back := openHome(t, killed)
		if d := cmp.Diff(numbers(t, db), numbers(t, back)); d != "" {
			t.Errorf("after %d trials: %s", moved, d)
		}
		if s, err := back.Sweep(background, "s"); err != nil || len(s.Members) != 2 {
			t.Errorf("after %d trials: %+v, %v", moved, s, err)
		}
		checkClean(t, killed)
		if len(back.Skipped) > 0 {
			t.Errorf("skipped: %v", back.Skipped)
		}
	}
}

func TestForeignBundles(t *testing.T) {
	db, _ := newHome(t)
	good, err := Pack(background, db, Choice{Sweeps: []string{"s"}})
	must(t, err)
	id := program(0).ID()
	change := func(path string, to func(text string) string) *Packing {
		p := &Packing{}
		for _, s := range good.Sources {
			if s.Path == path {
				in, err := s.Open()
				must(t, err)
				data := make([]byte, 1<<20)
				n, _ := in.Read(data)
				s = bundle.Bytes(path, []byte(to(string(data[:n]))))
			}
			p.Sources = append(p.Sources, s)
		}
		return p
	}
	add := func(path, text string) *Packing {
		return &Packing{Sources: append(slices.Clone(good.Sources), bundle.Bytes(path, []byte(text)))}
	}
	for name, c := range map[string]struct {
		packing *Packing
		want    string
	}{
		"a file that homes do not have": {add("home/registry.db", "x"), "entry home/registry.db: a bundle holds no such file"},
		"a hidden file":                 {add("home/plans/.x.json", "x"), "entry home/plans/.x.json: a bundle holds no such file"},
		"a lock":                        {add("home/stages/a-b/lock", "x"), "entry home/stages/a-b/lock: a bundle holds no such file"},
		"a trial without an id":         {add("home/trials/x/1/spec.json", "x"), "a bundle holds no such file"},
		"a program beside the home":     {add("evil.sh", "x"), "entry evil.sh: a bundle holds no such file"},
		"a number in a journal": {change("home/trials/"+id+"/1/events.jsonl", func(text string) string {
			return strings.Replace(text, `"v":0.1`, `"v":0.9`, 1)
		}), "entry home/trials/" + id + "/1/events.jsonl: byte "},
		"another trial's settings": {change("home/trials/"+id+"/1/spec.json", func(text string) string {
			return strings.Replace(text, "0.1", "0.2", 1)
		}), "entry home/trials/" + id + "/1/spec.json: its settings are not those of the journal"},
		"answers": {change("home/trials/"+id+"/1/predictions.jsonl", func(string) string { return "{\"hyp\":\"better\"}\n" }),
			"entry home/trials/" + id + "/1/predictions.jsonl: its contents are not those of its checksum"},
		"a plan":    {change("home/plans/s.json", func(text string) string { return strings.Replace(text, "seed 1", "seed 9", 1) }), "entry home/plans/s.json: its contents"},
		"a record":  {change("bundle.json", func(string) string { return "[" }), "entry bundle.json: it cannot be read"},
		"no record": {&Packing{Sources: []bundle.Source{bundle.Bytes("README.md", nil)}}, "entry bundle.json: it is missing"},
	} {
		home := filepath.Join(t.TempDir(), "review")
		other := openHome(t, home)
		_, err := Unpack(background, other, written(t, c.packing), UnpackOptions{})
		var damage *bundle.Damage
		if !errors.As(err, &damage) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
		if n := len(numbers(t, other)); n > 0 {
			t.Errorf("%s: %d trials have come in", name, n)
		}
		checkClean(t, home)
	}
}

func TestRunningTrialsAreNotBundled(t *testing.T) {
	db, _ := newHome(t)
	lock, err := filelock.Try(filepath.Join(db.TrialDir(program(1).ID()), "lock"))
	must(t, err)
	defer lock.Release()
	if _, err := Pack(background, db, Choice{Sweeps: []string{"s"}}); err == nil || !strings.Contains(err.Error(), "it is running") {
		t.Error(err)
	}
	if _, err := Pack(background, db, Choice{Trials: []string{program(0).ID()}}); err != nil {
		t.Error(err)
	}
}

func TestVerifyFindsWhatIsWrong(t *testing.T) {
	id := program(0).ID()
	for name, c := range map[string]struct {
		change func(t *testing.T, home string)
		want   string
	}{
		"a log": {func(t *testing.T, home string) { write(t, filepath.Join(home, "trials", id, "1", "log.txt"), "x") }, "trials/" + id + "/1/log.txt: its contents"},
		"no answer": {func(t *testing.T, home string) {
			must(t, os.Remove(filepath.Join(home, "trials", id, "1", "predictions.jsonl")))
		}, "trials/" + id + "/1/predictions.jsonl: it is gone"},
		"the spec": {func(t *testing.T, home string) { write(t, filepath.Join(home, "trials", id, "1", "spec.json"), "{}") }, "trials/" + id + "/1/spec.json: its settings"},
		"a shorter journal": {func(t *testing.T, home string) {
			path := filepath.Join(home, "trials", id, "1", "events.jsonl")
			data, err := os.ReadFile(path)
			must(t, err)
			lines := strings.SplitAfter(string(data), "\n")
			write(t, path, strings.Join(lines[:len(lines)-2], ""))
		}, "bytes shorter than when it was read into registry.db"},
		"a journal that is gone": {func(t *testing.T, home string) {
			must(t, os.Remove(filepath.Join(home, "trials", id, "1", "events.jsonl")))
		}, "events.jsonl: it is gone"},
		"an attempt that is gone": {func(t *testing.T, home string) { must(t, os.RemoveAll(filepath.Join(home, "trials", id, "1"))) }, "trials/" + id + "/1: the folder of the attempt is gone"},
		"something behind the journal": {func(t *testing.T, home string) {
			path := filepath.Join(home, "trials", id, "1", "events.jsonl")
			data, err := os.ReadFile(path)
			must(t, err)
			write(t, path, string(data)+"half a line")
		}, "11 bytes that are no line follow its end"},
		"a snapshot": {func(t *testing.T, home string) {
			paths, _ := filepath.Glob(filepath.Join(home, "code", "*.json"))
			write(t, paths[0], "{}")
		}, "its contents are not those of its checksum"},
		"contents of code": {func(t *testing.T, home string) {
			paths, _ := filepath.Glob(filepath.Join(home, "code", "files", "*"))
			write(t, paths[0], "x")
		}, "code/files/"},
		"contents of code that are gone": {func(t *testing.T, home string) {
			paths, _ := filepath.Glob(filepath.Join(home, "code", "files", "*"))
			must(t, os.Remove(paths[0]))
		}, ": it is gone: train.sh of a program"},
		"a plan": {func(t *testing.T, home string) {
			path := filepath.Join(home, "plans", "s.json")
			data, err := os.ReadFile(path)
			must(t, err)
			write(t, path, strings.Replace(string(data), "seed 1", "seed 7", 1))
		}, "plans/s.json: its contents are not those of its checksum"},
	} {
		db, _ := newHome(t)
		before, err := Verify(background, db, VerifyOptions{})
		must(t, err)
		if len(before.Wrong) > 0 {
			t.Fatalf("%+v", before.Wrong)
		}
		c.change(t, db.Home)
		for _, o := range []VerifyOptions{{}, {Sweeps: []string{"s"}}} {
			v, err := Verify(background, db, o)
			must(t, err)
			said := ""
			for _, w := range v.Wrong {
				said += w.Path + ": " + w.Reason + "\n"
			}
			if !strings.Contains(said, c.want) && (len(o.Sweeps) == 0 || !strings.HasPrefix(c.want, "code/files/")) {
				t.Errorf("%s: %q, want %q", name, said, c.want)
			}
		}
	}
}

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
