package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"harness/internal/atomicfile"
	"harness/registry/journal"
)

// CancelName is the name of a file in a trial's folder that asks the sweep that runs it to stop it, and not to start it
// again. It is empty, or holds what a rule for early stopping said, as JSON. The runner removes it.
const CancelName = "cancel"

// Cancel asks the sweep that runs the trial of the folder dir to stop that trial and to go on with the others.
func Cancel(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, CancelName), nil, 0o644); err != nil {
		return fmt.Errorf("cancel trial: %w", err)
	}
	return nil
}

// CancelEarly asks the same because of what a rule for early stopping said: the trial is recorded as stopped, and not taken up
// again. It is for those who ask a [Stopper] about trials that others run.
func CancelEarly(dir string, said []journal.Rung) error {
	if len(said) == 0 || !said[len(said)-1].Stop {
		return errors.New("stop trial early: the rule does not stop it")
	}
	encoded, err := json.Marshal(said)
	if err == nil {
		err = atomicfile.Write(filepath.Join(dir, CancelName), encoded)
	}
	if err != nil {
		return fmt.Errorf("stop trial early: %w", err)
	}
	return nil
}

// cancelPath is the file that asks the runner to stop a trial.
func (r *run) cancelPath(id string) string { return filepath.Join(r.home, "trials", id, CancelName) }

// takeCancel reports whether somebody has asked to stop a trial, with what a rule for early stopping said if that is why, and takes
// the request away.
func (r *run) takeCancel(k *job) (asked bool, said []journal.Rung) {
	return takeCancel(r.cancelPath(k.ID))
}

// takeCancel does it for the file at path.
func takeCancel(path string) (asked bool, said []journal.Rung) {
	encoded, err := os.ReadFile(path)
	if err != nil || os.Remove(path) != nil {
		return false, nil
	}
	if json.Unmarshal(encoded, &said) != nil || len(said) == 0 || !said[len(said)-1].Stop {
		return true, nil
	}
	return true, said
}
