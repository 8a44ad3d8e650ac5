package homes

import (
	"testing"

	"harness/registry"
)

// TestWhatRunsElsewhereIsBusy: a trial whose heart beats on another machine holds no lock here, and runs all the same.
func TestWhatRunsElsewhereIsBusy(t *testing.T) {
	db, _ := newHome(t)
	id := program(0).ID()
	number, dir, err := registry.NewAttempt(db.Home, id, program(0), 1)
	must(t, err)
	heart, err := registry.StartHeartbeat(dir, registry.Beater{Host: "elsewhere", PID: 1})
	must(t, err)
	if running, err := anyRunning(db); err != nil || !running {
		t.Errorf("attempt %d runs elsewhere: %v %v", number, running, err)
	}
	if _, err := Pack(background, db, Choice{Trials: []string{id}}); err == nil {
		t.Error("a trial is packed that runs elsewhere")
	}
	heart.Stop()
	if running, err := anyRunning(db); err != nil || running {
		t.Errorf("its heart has stopped: %v %v", running, err)
	}
}
