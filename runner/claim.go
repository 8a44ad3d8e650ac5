package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"harness/internal/filelock"
)

// errClaimed means that another sweep, alive, is running the trial.
var errClaimed = errors.New("another sweep is running this trial")

// claim is the right to run a trial: a lock on a file in the trial's folder. The trial's process inherits it, so that the
// lock outlives a killed sweep for as long as something of the trial still runs.
type claim struct {
	*filelock.Lock
	fresh bool // the trial had no folder: nobody has ever claimed it
}

// claimTrial takes the claim, or returns errClaimed. Processes that hold it without the sweep that started them are what
// a killed sweep left behind; they are ended first.
func claimTrial(dir string) (*claim, error) {
	err := os.Mkdir(dir, 0o755)
	fresh := err == nil
	if errors.Is(err, fs.ErrNotExist) {
		err = os.MkdirAll(dir, 0o755)
		fresh = err == nil
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("claim trial: %w", err)
	}
	path := filepath.Join(dir, lockName)
	lock, err := filelock.Try(path)
	if errors.Is(err, filelock.ErrLocked) && endOrphans(path) {
		for range 100 { // the kernel takes the lock from the killed within milliseconds
			if lock, err = filelock.Try(path); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	if errors.Is(err, filelock.ErrLocked) {
		return nil, errClaimed
	}
	if err != nil {
		return nil, fmt.Errorf("claim trial: %w", err)
	}
	return &claim{lock, fresh}, nil
}

const lockName = "lock"

// Claimed reports whether something is running the trial whose folder is dir.
func Claimed(dir string) bool { return filelock.Held(filepath.Join(dir, lockName)) }
