package registry

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"harness/internal/filelock"
	"harness/registry/journal"
)

// writeFile makes a file below home with a line in it, and its folders.
func writeFile(t *testing.T, home string, names ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{home}, names...)...)
	must(t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(t, os.WriteFile(path, []byte("{\"id\":\n"), 0o644))
	return path
}

// TestOddEntries: one odd entry in a home is skipped and named; everything else is there.
func TestOddEntries(t *testing.T) {
	start := func(j *fakeJournal, id, purpose string) {
		j.add(`"k":"start","start":{"trial":%q,"attempt":1,"purpose":%q,"spec":{"seed":1,"command":["true"]},"provenance":{}}`, id, purpose)
	}
	cases := map[string]struct {
		make func(t *testing.T, home, id string) // id is a trial that is there
		want string                              // in Skipped; "" = nothing to say
		lost bool                                // the trial id has no numbers then
	}{
		"a file of macOS": {func(t *testing.T, home, id string) { writeFile(t, home, "trials", ".DS_Store") }, "trials/.DS_Store: not a trial", false},
		"a stray file":    {func(t *testing.T, home, id string) { writeFile(t, home, "trials", "README") }, "trials/README: not a directory", false},
		"a stray folder":  {func(t *testing.T, home, id string) { writeFile(t, home, "trials", "mine", "a") }, "trials/mine: not a trial", false},
		"a stray plan":    {func(t *testing.T, home, id string) { writeFile(t, home, "plans", "._bench.json") }, "plans/._bench.json: not a plan", false},
		"a torn plan":     {func(t *testing.T, home, id string) { writeFile(t, home, "plans", "torn.json") }, "plans/torn.json: not a whole plan", false},
		"a plan of old": {func(t *testing.T, home, id string) {
			must(t, os.WriteFile(writeFile(t, home, "plans", "torn.json"), []byte(`[{"ID":`), 0o644))
		}, "plans/torn.json: not a whole plan", false},
		"another JSON": {func(t *testing.T, home, id string) {
			must(t, os.WriteFile(writeFile(t, home, "plans", "x.json"), []byte(`{}`), 0o644))
		}, "plans/x.json: not a plan", false},
		"a newer plan": {func(t *testing.T, home, id string) {
			must(t, os.WriteFile(writeFile(t, home, "plans", "x.json"), []byte(`{"version":3,"handle":"x"}`), 0o644))
		}, "plans/x.json: its version is 3", false},
		"a folder of plans": {func(t *testing.T, home, id string) { writeFile(t, home, "plans", "x.json", "a") }, "plans/x.json: is a directory", false},
		"a copy of a plan": {func(t *testing.T, home, id string) {
			data, err := os.ReadFile(planPath(home, "bench"))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(home, "plans", "bench copy.json"), data, 0o644))
		}, "plans/bench copy.json: a copy of the plan of bench", false},
		"a copy of a trial": {func(t *testing.T, home, id string) {
			must(t, os.CopyFS(filepath.Join(home, "trials", id+".bak"), os.DirFS(filepath.Join(home, "trials", id))))
		}, ".bak/1/events.jsonl: the journal of trial ", false},
		"a copy of an attempt": {func(t *testing.T, home, id string) {
			must(t, os.CopyFS(filepath.Join(home, "trials", id, "2"), os.DirFS(filepath.Join(home, "trials", id, "1"))))
		}, "/2/events.jsonl: the journal of trial ", false},
		"an emptied journal": {func(t *testing.T, home, id string) {
			must(t, os.Truncate(journalPath(home, id), 0))
			writeFile(t, filepath.Dir(journalPath(home, id)), "log.txt")
		}, "events.jsonl: empty, although the attempt ran", true},
		"an empty journal": {func(t *testing.T, home, id string) { must(t, os.Truncate(journalPath(home, id), 0)) }, "", true},
		"a journal is a folder": {func(t *testing.T, home, id string) {
			must(t, os.Remove(journalPath(home, id)))
			must(t, os.Mkdir(journalPath(home, id), 0o755))
		}, "events.jsonl: not a file", true},
		"a journal without end": {func(t *testing.T, home, id string) {
			must(t, os.Remove(journalPath(home, id)))
			must(t, os.Symlink("/dev/zero", journalPath(home, id)))
		}, "events.jsonl: not a file", true},
		"a journal without head": {func(t *testing.T, home, id string) {
			var j fakeJournal
			j.add(`"k":"point","m":"a","s":1,"v":1`)
			j.write(t, home, id, 1)
		}, "events.jsonl: the journal begins with a point", true},
		"a newer purpose": {func(t *testing.T, home, id string) {
			var j fakeJournal
			start(&j, id, "sample")
			j.write(t, home, id, 1)
		}, `unknown purpose "sample"`, true},
		"a newer spec": {func(t *testing.T, home, id string) {
			var j fakeJournal
			j.add(`"k":"start","start":{"trial":%q,"attempt":1,"purpose":"run","spec":{"resolution":"high"},"provenance":{}}`, id)
			j.write(t, home, id, 1)
		}, "the spec of its start cannot be read", true},
		"a newer outcome": {func(t *testing.T, home, id string) {
			var j fakeJournal
			start(&j, id, "run")
			j.add(`"k":"point","m":"metric/0","s":1,"v":1`)
			j.add(`"k":"end","end":{"outcome":"pruned"}`)
			j.write(t, home, id, 1)
		}, `unknown outcome "pruned"`, true},
		"a newer class": {func(t *testing.T, home, id string) {
			var j fakeJournal
			start(&j, id, "run")
			j.add(`"k":"exit","exit":{"code":1,"class":"evicted"}`)
			j.write(t, home, id, 1)
		}, `unknown class "evicted"`, true},
		"a newer kind of event": {func(t *testing.T, home, id string) {
			var j fakeJournal
			start(&j, id, "run")
			j.add(`"k":"artifact","artifact":{"x":1}`)
			j.add(`"k":"point","m":"metric/0","s":1,"v":1`)
			j.add(`"k":"end","end":{"outcome":"done"}`)
			j.write(t, home, id, 1)
		}, "", false},
		"torn notes": {func(t *testing.T, home, id string) { writeFile(t, home, "trials", id, metaName) }, metaName + ": not whole", false},
		"files that are ours": {func(t *testing.T, home, id string) {
			writeFile(t, home, "trials", removedPrefix+"1", "a")
			writeFile(t, home, "plans", ".new-1")
			writeFile(t, home, "trials", "claimed", "lock")
		}, "", false},
		"no specification":       {func(t *testing.T, home, id string) { writeFile(t, home, "trials", id, "1", "spec.json") }, "", false},
		"an attempt not started": {func(t *testing.T, home, id string) { must(t, os.Mkdir(filepath.Join(home, "trials", id, "2"), 0o755)) }, "", false},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, home := context.Background(), t.TempDir()
			sweep := fillHome(t, home, 3, 1, 1)
			planBench(t, home, sweep)
			removeDB(t, home)
			id := sweep.Members[1].ID
			c.make(t, home, id)
			for _, first := range []bool{true, false} {
				db, err := OpenReadOnly(ctx, home)
				must(t, err)
				named := len(db.Skipped) > 0 && strings.Contains(strings.Join(db.Skipped, "\n"), c.want)
				if len(db.Skipped) > 0 && (c.want == "" || !named) || first && named != (c.want != "") {
					t.Errorf("skipped %q, want %q", db.Skipped, c.want)
				}
				trials, err := db.Trials(ctx, Query{Sweep: "bench"})
				must(t, err)
				all, err := db.Summary(ctx, []string{sweep.Members[0].ID, id, sweep.Members[2].ID})
				must(t, err)
				if len(trials) != 3 || (len(all[id]) == 0) != c.lost || len(all) < 2 {
					t.Errorf("%d trials, numbers of %d", len(trials), len(all))
				}
				if everything, err := db.Trials(ctx, Query{}); err != nil || len(everything) != 3 {
					t.Errorf("%d trials in all, %v", len(everything), err)
				}
				must(t, db.Close())
			}
		})
	}
}

func journalPath(home, id string) string {
	return filepath.Join(home, "trials", id, "1", journal.FileName)
}

// TestOddLines: of a journal that holds what cannot stand there, what stands before it counts, rebuilt or ingested.
func TestOddLines(t *testing.T) {
	cases := map[string]func(j *fakeJournal){
		"garbage":         func(j *fakeJournal) { j.WriteString("garbage\n") },
		"a second start":  func(j *fakeJournal) { j.add(`"k":"start","start":{"trial":"x","attempt":1,"purpose":"run","spec":{}}`) },
		"a step of 1e300": func(j *fakeJournal) { j.add(`"k":"point","m":"a","s":1e300,"v":1`) },
		"a huge value":    func(j *fakeJournal) { j.add(`"k":"point","m":"a","s":3,"v":1e999`) },
		"a long line":     func(j *fakeJournal) { j.Write(bytes.Repeat([]byte{'x'}, 17<<20)); j.WriteByte('\n') },
	}
	for name, spoil := range cases {
		t.Run(name, func(t *testing.T) {
			ctx, home := context.Background(), t.TempDir()
			trial := program(1)
			db := open(t, home) // one that ingests
			var j fakeJournal
			j.add(`"k":"start","start":{"trial":%q,"attempt":1,"purpose":"run","spec":%s}`, trial.ID(), trial.Canonical())
			j.add(`"k":"point","m":"a","s":1,"v":1`)
			j.add(`"k":"end","end":{"outcome":"done"}`)
			offset := j.Len()
			spoil(&j)
			j.add(`"k":"point","m":"a","s":2,"v":2`)
			path := j.write(t, home, trial.ID(), 1)
			_, err := db.Ingest(ctx, trial.ID(), 1)
			var bad *journal.BadLineError
			if !errors.As(err, &bad) || bad.Offset != int64(offset) {
				t.Fatalf("ingest: %v", err)
			}
			_, err = db.CatchUp(ctx, trial.ID())
			must(t, err)
			must(t, db.Close())
			for _, rebuild := range []bool{false, true} {
				if rebuild {
					removeDB(t, home)
				}
				db := open(t, home)
				all, err := db.Summary(ctx, []string{trial.ID()})
				must(t, err)
				if s := all[trial.ID()]["a"]; s.N != 1 || !s.Final {
					t.Errorf("rebuilt %v: %+v", rebuild, all)
				}
				if rebuild && (len(db.Damaged) != 1 || db.Damaged[0].Path != path || db.Damaged[0].Offset != int64(offset)) {
					t.Errorf("damaged: %v", db.Damaged)
				}
				must(t, db.Close())
			}
		})
	}
}

// TestNewerOutcomeWhileRunning: an attempt that turns out to be a newer version's is dropped whole.
func TestNewerOutcomeWhileRunning(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	sweep := fillHome(t, home, 1, 0, 0)
	db := open(t, home)
	must(t, db.Plan(ctx, sweep))
	id := sweep.Members[0].ID
	var j fakeJournal
	j.add(`"k":"start","start":{"trial":%q,"attempt":1,"purpose":"run","spec":%s}`, id, sweep.Members[0].Spec.Canonical())
	j.add(`"k":"point","m":"a","s":1,"v":1`)
	j.write(t, home, id, 1)
	_, err := db.Ingest(ctx, id, 1)
	must(t, err)
	if all, err := db.Summary(ctx, []string{id}); err != nil || all[id]["a"].N != 1 || all[id]["a"].Final {
		t.Fatal(all, err)
	}
	j.add(`"k":"end","end":{"outcome":"pruned"}`)
	j.write(t, home, id, 1)
	for range 2 {
		_, err = db.Ingest(ctx, id, 1)
		must(t, err)
	}
	if len(db.Skipped) != 1 || !strings.Contains(db.Skipped[0], "pruned") {
		t.Errorf("skipped %q", db.Skipped)
	}
	trials, err := db.Trials(ctx, Query{})
	must(t, err)
	all, err := db.Summary(ctx, []string{id})
	must(t, err)
	attempts, err := db.Attempts(ctx, id)
	must(t, err)
	if trials[0].State != Queued || len(all) != 0 || len(attempts) != 0 {
		t.Errorf("%+v, %v, %v", trials[0], all, attempts)
	}
}

// TestPlanNames: two handles never share a file, and none leaves the folder.
func TestPlanNames(t *testing.T) {
	long := strings.Repeat("a", 160)
	handles := []string{"table6", "a/b", "a%2Fb", "a b", "a=1@b", "../up", "..", ".", ".new-x", "%2Enew-x", "é", long, long + "b",
		long[:100] + "~", "~", "%7E", "a\nb", `a\b`}
	var seen []string
	home := t.TempDir()
	db := open(t, home)
	for _, handle := range handles {
		name := planName(handle)
		if slices.Contains(seen, name) || len(name) > 150 || strings.ContainsAny(name, "/\n") || strings.HasPrefix(name, ".") {
			t.Errorf("%.40q: %q", handle, name)
		}
		seen = append(seen, name)
		must(t, db.Plan(context.Background(), Sweep{Handle: handle, Name: handle}))
	}
	must(t, db.Close())
	removeDB(t, home)
	db = open(t, home)
	infos, err := db.Sweeps(context.Background())
	must(t, err)
	var got []string
	for _, info := range infos {
		got = append(got, info.Handle)
	}
	slices.Sort(got)
	slices.Sort(handles)
	if !slices.Equal(got, handles) || len(db.Skipped) > 0 {
		t.Errorf("%q, skipped %q", got, db.Skipped)
	}
	if err := db.Plan(context.Background(), Sweep{Name: "none"}); err == nil {
		t.Error("a sweep without a handle was planned")
	}
}

// TestLostLog: a registry.db that is sound, but knows less than the journals, catches up; also when it is only read.
func TestLostLog(t *testing.T) {
	for _, write := range []bool{false, true} {
		ctx, home := context.Background(), t.TempDir()
		db := open(t, home)
		must(t, db.Close()) // empty, without a log
		empty, err := os.ReadFile(filepath.Join(home, fileName))
		must(t, err)
		sweep := fillHome(t, home, 5, 1, 1)
		planBench(t, home, sweep)
		removeDB(t, home)
		must(t, os.WriteFile(filepath.Join(home, fileName), empty, 0o644))
		running, err := filelock.Try(filepath.Join(home, "trials", sweep.Members[4].ID, "lock"))
		must(t, err)
		if write {
			db = open(t, home)
		} else {
			db, err = OpenReadOnly(ctx, home)
			must(t, err)
			defer db.Close()
		}
		trials, err := db.Trials(ctx, Query{States: []State{Done}})
		must(t, err)
		if infos, err := db.Sweeps(ctx); err != nil || len(infos) != 1 || trials[0].Sweep != "bench" || trials[0].Label == "" {
			t.Errorf("write %v: sweeps %+v, %v", write, infos, err)
		}
		if len(trials) != 4 || len(db.Skipped) > 0 {
			t.Errorf("write %v: %d trials, skipped %q", write, len(trials), db.Skipped)
		}
		running.Release()
	}
}
