package filelock

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	if Held(path) {
		t.Error("a lock that was never made is held")
	}
	first, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Try(path); !errors.Is(err, ErrLocked) {
		t.Errorf("the second lock: %v", err)
	}
	if !Held(path) {
		t.Error("not held")
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	if _, err := Wait(ctx, path); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting: %v", err)
	}
	first.Release()
	first.Release()
	if Held(path) {
		t.Error("still held")
	}
	second, err := Wait(context.Background(), path)
	if err != nil {
		t.Fatal(err)
	}
	second.Release()
}

// TestLookingDoesNotLock takes a lock while somebody looks, which takes a shared one for a moment.
func TestLookingDoesNotLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	first, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	first.Release()
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := flock(reader, unix.LOCK_SH); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(500*time.Microsecond, func() { reader.Close() })
	lock, err := Try(path)
	if err != nil {
		t.Fatal(err)
	}
	lock.Release()
}
