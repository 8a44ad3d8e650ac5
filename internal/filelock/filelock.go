// Package filelock takes advisory locks (flock) on files. The system drops a lock when every process that shares its
// descriptor has ended, however they end.
package filelock

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// ErrLocked means that somebody else holds the lock.
var ErrLocked = errors.New("locked by another process")

// Lock is a lock that is held.
type Lock struct {
	File *os.File // to be inherited by a process that shall hold the lock, too
}

// Try takes the lock on path, which is made where it is missing, or returns ErrLocked.
func Try(path string) (*Lock, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	err = flock(file, unix.LOCK_EX|unix.LOCK_NB)
	for tries := 0; tries < looks && errors.Is(err, unix.EWOULDBLOCK); tries++ { // somebody may only be looking: Held
		time.Sleep(time.Millisecond)
		err = flock(file, unix.LOCK_EX|unix.LOCK_NB)
	}
	if err != nil {
		file.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, ErrLocked
		}
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return &Lock{file}, nil
}

// looks is how often Try looks again: Held takes a lock for some microseconds, too.
const looks = 5

// Wait takes the lock on path as soon as nobody else holds it, or returns ctx's cause.
func Wait(ctx context.Context, path string) (*Lock, error) {
	for {
		lock, err := Try(path)
		if !errors.Is(err, ErrLocked) {
			return lock, err
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Held reports whether somebody holds the lock on path. It changes nothing.
func Held(path string) bool {
	file, err := os.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	return errors.Is(flock(file, unix.LOCK_SH|unix.LOCK_NB), unix.EWOULDBLOCK)
}

// Release gives the lock up, also for processes that inherited it. A second call does nothing.
func (l *Lock) Release() {
	if l.File == nil {
		return
	}
	_ = flock(l.File, unix.LOCK_UN)
	l.File.Close()
	l.File = nil
}

func flock(file *os.File, how int) error {
	for {
		if err := unix.Flock(int(file.Fd()), how); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}
