package registry

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"harness/registry/journal"
)

// An attempt on another machine runs as long as its heart beats: no lock of ours tells.
func TestTheHeartTellsWhatRunsElsewhere(t *testing.T) {
	ctx := context.Background()
	home := t.TempDir()
	db, err := Open(ctx, home)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	trial := program(1)
	id := trial.ID()
	number, dir, err := NewAttempt(home, id, trial, 0)
	if err != nil {
		t.Fatal(err)
	}
	w, err := journal.Create(dir)
	if err == nil {
		err = w.Start(journal.Start{Trial: id, Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Canonical()})
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.CatchUp(ctx, id); err != nil {
		t.Fatal(err)
	}
	live := func() State {
		trials, err := db.Trials(ctx, Query{IDs: []string{id}})
		if err != nil || len(trials) != 1 {
			t.Fatal(trials, err)
		}
		return db.LiveState(trials[0])
	}
	if got := live(); got != Interrupted {
		t.Errorf("without a heart: %s", got)
	}
	heart, err := StartHeartbeat(dir, Beater{Host: "n7", PID: 4, Job: "4711_3"})
	if err != nil {
		t.Fatal(err)
	}
	if got := live(); got != Running {
		t.Errorf("with a heart: %s", got)
	}
	if busy := (*BusyError)(nil); !errors.As(db.Remove(ctx, []string{id}), &busy) {
		t.Error("a trial that runs elsewhere is removed")
	}
	if at, who, err := LastBeat(dir); err != nil || who.Job != "4711_3" || time.Since(at) > time.Minute {
		t.Errorf("%v %+v %v", at, who, err)
	}
	old := time.Now().Add(-2 * Silence)
	if err := os.Chtimes(filepath.Join(dir, HeartbeatName), old, old); err != nil {
		t.Fatal(err)
	}
	if got := live(); got != Interrupted {
		t.Errorf("with a heart that has stopped: %s", got)
	}
	if err := heart.Beat(); err != nil || live() != Running {
		t.Error("with a heart that beats again", err)
	}
	heart.Stop()
	if at, _, err := LastBeat(dir); err != nil || !at.IsZero() {
		t.Error("a heart that was stopped has beat", at, err)
	}
}

// A heart that was stopped is not stopped again: by then another task may have made the folder anew.
func TestAHeartStopsOnce(t *testing.T) {
	dir := t.TempDir()
	first, err := StartHeartbeat(dir, Beater{Host: "n1", PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	first.Stop()
	second, err := StartHeartbeat(dir, Beater{Host: "n2", PID: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Stop()
	first.Stop()
	if at, who, err := LastBeat(dir); err != nil || at.IsZero() || who.Host != "n2" {
		t.Errorf("the heart of the second: %v %+v %v", at, who, err)
	}
}
