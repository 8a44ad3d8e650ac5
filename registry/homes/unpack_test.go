package homes

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/internal/filelock"
	"harness/registry"
	"harness/registry/bundle"
	"harness/registry/journal"
	"harness/registry/provenance"
)

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
