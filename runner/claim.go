package runner

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// errClaimed means that another sweep, alive, is running the trial.
var errClaimed = errors.New("another sweep is running this trial")

// claim is the right to run a trial: an advisory lock on a file in the trial's folder. The trial's process inherits it,
// so that the lock outlives a killed sweep for as long as something of the trial still runs.
type claim struct{ file *os.File }

// claimTrial takes the claim, or returns errClaimed. Processes that hold it without the sweep that started them are what
// a killed sweep left behind; they are ended first.
func claimTrial(dir string) (*claim, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("claim trial: %w", err)
	}
	path := filepath.Join(dir, "lock")
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("claim trial: %w", err)
	}
	err = flock(file)
	if errors.Is(err, syscall.EWOULDBLOCK) && endOrphans(path) {
		for range 100 { // the kernel takes the lock from the killed within milliseconds
			if err = flock(file); err == nil {
				break
			}
			time.Sleep(5 * time.Millisecond)
		}
	}
	if err != nil {
		file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, errClaimed
		}
		return nil, fmt.Errorf("claim trial: lock %s: %w", path, err)
	}
	return &claim{file}, nil
}

func flock(file *os.File) error {
	return syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
}

// release gives the claim up, also for processes that inherited it.
func (c *claim) release() {
	if c.file == nil {
		return
	}
	_ = syscall.Flock(int(c.file.Fd()), syscall.LOCK_UN)
	c.file.Close()
	c.file = nil
}

// endOrphans kills the processes that hold the lock of a process that is gone, and reports whether there were any. All
// it needs stands in /proc: who has the file open, with a lock, and who took that lock. A process that we may not look
// at is never killed.
func endOrphans(path string) bool {
	want, err := os.Stat(path)
	if err != nil {
		return false
	}
	var holders []int
	ownerLives := false
	processes, _ := os.ReadDir("/proc")
	for _, p := range processes {
		pid, err := strconv.Atoi(p.Name())
		if err != nil {
			continue
		}
		if owner := lockOwner(pid, want); owner > 0 {
			holders = append(holders, pid)
			ownerLives = ownerLives || owner == pid
		}
	}
	if ownerLives {
		return false
	}
	for _, pid := range holders {
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
	return len(holders) > 0
}

// lockOwner returns the process that took the lock on file which pid shares, or 0 where pid shares none.
func lockOwner(pid int, file os.FileInfo) int {
	dir := fmt.Sprintf("/proc/%d", pid)
	fds, _ := os.ReadDir(filepath.Join(dir, "fd"))
	for _, fd := range fds {
		have, err := os.Stat(filepath.Join(dir, "fd", fd.Name()))
		if err != nil || !os.SameFile(file, have) {
			continue
		}
		info, err := os.ReadFile(filepath.Join(dir, "fdinfo", fd.Name()))
		if err != nil {
			continue
		}
		for line := range strings.Lines(string(info)) { // lock: 1: FLOCK  ADVISORY  WRITE 4711 fe:00:123 0 EOF
			words := strings.Fields(line)
			if len(words) > 5 && words[0] == "lock:" && words[2] == "FLOCK" {
				owner, _ := strconv.Atoi(words[5])
				return owner
			}
		}
	}
	return 0
}

// Claimed reports whether something is running the trial whose folder is dir.
func Claimed(dir string) bool {
	file, err := os.Open(filepath.Join(dir, "lock"))
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(flock(file), syscall.EWOULDBLOCK)
}
