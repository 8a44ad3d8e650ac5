package runner

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"harness/registry/journal"
	"harness/runner/collect"
)

// TestFilesAreReadLive waits, as the program does, until a number from its file is in the journal.
func TestFilesAreReadLive(t *testing.T) {
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`cd "$HARNESS_TRIAL_DIR"; printf 'step,acc\n3,0.5\n' > metrics.csv
		while [ ! -e go ]; do sleep 0.02; done; printf 'step,acc\n3,0.5\n4,0.75\n' > metrics.csv`, 1))
	go whenSeen(db.AttemptDir(k[0].ID, 1), `"m":"acc"`, func() { os.WriteFile(filepath.Join(db.FilesDir(k[0].ID), "go"), nil, 0o644) })
	r := mustRun(t, db, k, Options{Timeout: 20 * time.Second})
	points, err := db.Points(context.Background(), k[0].ID, "acc")
	if r.Done != 1 || err != nil || len(points) != 2 || points[0].Step != 3 || points[1].Value != 0.75 {
		t.Errorf("%+v %v %v", r, points, err)
	}
	if n := notes(t, db, k[0].ID); n["collected"] != "files/metrics.csv (csv): 2" || n["missing"] != "" {
		t.Errorf("%q", n)
	}
}

// TestPrintedCounts takes a metric from what the program prints where its files have it, too, and says so.
func TestPrintedCounts(t *testing.T) {
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`echo '{"resumed": 1}'; echo '{"metric": "acc", "value": 1, "step": 5}'
		printf 'step,acc,loss\n1,0.5,2\n9,0.25,1\n' > "$HARNESS_ATTEMPT_DIR/metrics.csv"`, 1))
	mustRun(t, db, k, Options{})
	if v := last(t, db, k[0].ID); v["acc"] != 1 || v["loss"] != 1 {
		t.Errorf("%v", v)
	}
	want := "acc is printed, and stands in the program's files: what is printed counts"
	if n := notes(t, db, k[0].ID); n["files"] != want {
		t.Errorf("%q", n)
	}
	if log := readLog(t, db, k[0].ID, 1); strings.Count(log, "harness: "+want+"\n") != 1 {
		t.Errorf("%q", log)
	}
}

// TestCollectElsewhere reads folders that the options name, whatever characters stand in their paths, and those of a rerun.
func TestCollectElsewhere(t *testing.T) {
	work := filepath.Join(t.TempDir(), "[a]*b")
	if err := os.Mkdir(work, 0o755); err != nil {
		t.Fatal(err)
	}
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`mkdir -p out/$HARNESS_TRIAL/x; printf 'step,acc\n1,0.5\n' > out/$HARNESS_TRIAL/x/metrics.csv
		printf 'step,other\n1,0.5\n' > out/metrics.csv`, 1))
	o := Options{Dir: work, Collect: Collect{Folders: []string{"out/${trial}"}, Formats: []collect.Format{collect.Lightning}}}
	mustRun(t, db, k, o)
	if v := last(t, db, k[0].ID); len(v) != 1 || v["acc"] != 0.5 {
		t.Errorf("%v", v)
	}
	attempt, err := Rerun(context.Background(), db, newest(t, db, k[0].ID), o)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := db.AttemptMetrics(context.Background(), k[0].ID, attempt); err != nil || v["acc"] != 0.5 {
		t.Errorf("%v %v", v, err)
	}
}

// TestSharedFolderIsClaimed lets one sweep at a time read folders of several trials.
func TestSharedFolderIsClaimed(t *testing.T) {
	work := t.TempDir()
	held, err := claimShared(work)
	if err != nil {
		t.Fatal(err)
	}
	db := open(t, t.TempDir())
	o := Options{Dir: work, Parallel: 1, Collect: Collect{Folders: []string{"logs"}, Shared: true}}
	trials := plan(t, db, shell(`mkdir -p logs; printf 'step,acc\n1,0.5\n' > logs/metrics.csv`, 1))
	if _, err := Run(context.Background(), db, trials, o); err == nil || !strings.Contains(err.Error(), "another sweep reads numbers from folders below "+work) {
		t.Errorf("%v", err)
	}
	held.Close()
	for range 2 { // it is given back
		if r := mustRun(t, db, trials, o); r.Done != 1 {
			t.Errorf("%+v", r)
		}
		if err := db.Redo(context.Background(), []string{trials[0].ID}); err != nil {
			t.Fatal(err)
		}
	}
}

// TestKilledTrialKeepsItsFiles reads what a program wrote before it was stopped.
func TestKilledTrialKeepsItsFiles(t *testing.T) {
	db := open(t, t.TempDir())
	k := plan(t, db, shell(`printf 'step,acc\n1,0.5\n' > "$HARNESS_TRIAL_DIR/metrics.csv"; echo '{"note": "x", "text": "y"}'; sleep 30`, 1))
	mustRun(t, db, k, Options{Timeout: 300 * time.Millisecond})
	got := newest(t, db, k[0].ID)
	if v := last(t, db, k[0].ID); got.Newest.Class != journal.ClassTimeout || v["acc"] != 0.5 {
		t.Errorf("%s %v", got.Newest.Class, v)
	}
}
