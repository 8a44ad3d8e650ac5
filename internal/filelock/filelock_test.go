package filelock

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"
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

// TestLookingDoesNotLock has readers that look all the time while a lock is taken again and again.
func TestLookingDoesNotLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	done := make(chan struct{})
	for range 2 {
		go func() {
			for {
				select {
				case <-done:
					return
				default:
					Held(path)
					time.Sleep(500 * time.Microsecond)
				}
			}
		}()
	}
	defer close(done)
	for i := range 1000 {
		lock, err := Try(path)
		if err != nil {
			t.Fatalf("try %d: %v", i, err)
		}
		lock.Release()
	}
}
