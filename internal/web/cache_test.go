package web

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"harness/registry"
)

// served is a server of an empty home that has a registry, and a writer of it.
func served(t *testing.T) (*Server, *registry.DB) {
	t.Helper()
	home := t.TempDir()
	writer, err := registry.Open(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { writer.Close() })
	s := New(Options{Home: home, Harness: "test"})
	t.Cleanup(func() { s.Close() })
	return s, writer
}

// aged makes a value that is kept one of a minute ago, and the time that it took another: nothing waits for it any more.
func aged(s *Server, key string, took time.Duration) {
	e := s.cache.entry(key)
	e.lock.Lock()
	defer e.lock.Unlock()
	e.at, e.took = e.at.Add(-time.Minute), took
}

// A value is computed once while nothing changes, again after a change, and not again at once where that takes long.
func TestCached(t *testing.T) {
	ctx := context.Background()
	s, writer := served(t)
	computed := 0
	ask := func(pause time.Duration) int {
		t.Helper()
		n, _, err := cached(ctx, s, "n", nil, func(context.Context, *registry.DB) (int, error) {
			computed++
			time.Sleep(pause)
			return computed, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	change := func(i int) {
		t.Helper()
		if err := writer.Plan(ctx, registry.Sweep{Handle: fmt.Sprint("s", i), Name: "s", Plan: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := ask(0), ask(0); a != 1 || b != 1 {
		t.Errorf("nothing has changed, and the value is %d, then %d", a, b)
	}
	change(1)
	aged(s, "n", 0)
	if n := ask(200 * time.Millisecond); n != 2 {
		t.Errorf("after a change: %d", n)
	}
	change(2)
	if n := ask(0); n != 2 {
		t.Errorf("a value that takes long was computed again at once: %d", n)
	}
}

// A fault while something is read ends one answer: the connection goes back to the others.
func TestFaultFreesTheSnapshot(t *testing.T) {
	s, _ := served(t)
	for range 20 { // more than there are connections
		func() {
			defer func() { _ = recover() }()
			_ = s.read(context.Background(), func(*registry.DB) error { panic("fault") })
		}()
	}
	read := make(chan error, 1)
	go func() { read <- s.read(context.Background(), func(*registry.DB) error { return nil }) }()
	select {
	case err := <-read:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("no connection is left")
	}
}

// An error is not kept.
func TestCachedError(t *testing.T) {
	s, _ := served(t)
	fault := errors.New("fault")
	for _, want := range []error{fault, nil} {
		if _, _, err := cached(context.Background(), s, "k", nil, func(context.Context, *registry.DB) (int, error) { return 1, want }); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
}

// The cache keeps within its bytes, and forgets first what was asked for longest ago.
func TestCacheBytes(t *testing.T) {
	s, _ := served(t)
	size := func(int) int64 { return cacheBytes / 3 }
	get := func(key string) (computed bool) {
		t.Helper()
		if _, _, err := cached(context.Background(), s, key, size, func(context.Context, *registry.DB) (int, error) { computed = true; return 0, nil }); err != nil {
			t.Fatal(err)
		}
		return computed
	}
	get("a")
	get("b")
	get("a")
	get("c") // b goes
	if get("a") {
		t.Error("a was forgotten, which was asked for last")
	}
	if !get("b") {
		t.Error("b was kept: all three are too large together")
	}
	if s.cache.bytes > cacheBytes {
		t.Errorf("%d bytes", s.cache.bytes)
	}
}

// A value that takes long is renewed behind an answer that shows the old one, and open pages are told when it is there.
func TestCachedLate(t *testing.T) {
	ctx := context.Background()
	s, writer := served(t)
	computed := make(chan int, 10)
	n := 0
	ask := func() int {
		t.Helper()
		value, _, err := cached(ctx, s, "n", nil, func(context.Context, *registry.DB) (int, error) {
			n++
			computed <- n
			return n, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	if first := ask(); first != 1 {
		t.Fatal(first)
	}
	e := s.cache.entry("n")
	e.took, e.at = 2*patience, time.Now().Add(-share*2*patience) // as if it had taken long, long ago
	if err := writer.Plan(ctx, registry.Sweep{Handle: "s", Name: "s", Plan: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	before, err := s.live.look(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if old := ask(); old != 1 {
		t.Errorf("%d: who asks waits", old)
	}
	<-computed
	if again := <-computed; again != 2 {
		t.Fatal(again)
	}
	for range 500 {
		if after, err := s.live.look(ctx); err != nil {
			t.Fatal(err)
		} else if after != before {
			if now := ask(); now != 2 {
				t.Errorf("the new value is %d", now)
			}
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("open pages are not told")
}

// Nothing goes on behind answers once the server is closed.
func TestCloseEndsRenewals(t *testing.T) {
	ctx := context.Background()
	s, writer := served(t)
	var running atomic.Bool
	begun := make(chan struct{}, 1)
	ask := func(pause time.Duration) {
		t.Helper()
		_, _, err := cached(ctx, s, "n", nil, func(context.Context, *registry.DB) (int, error) {
			running.Store(true)
			defer running.Store(false)
			begun <- struct{}{}
			time.Sleep(pause)
			return 0, nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	ask(0)
	<-begun
	if err := writer.Plan(ctx, registry.Sweep{Handle: "s", Name: "s", Plan: []byte("{}")}); err != nil {
		t.Fatal(err)
	}
	aged(s, "n", patience+time.Millisecond)
	ask(300 * time.Millisecond)
	<-begun
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if running.Load() {
		t.Error("a value is computed after the end of the server")
	}
}

// A fault behind an answer ends the renewal and not the server, and the next change is renewed again.
func TestFaultBehindAnAnswer(t *testing.T) {
	ctx := context.Background()
	s, writer := served(t)
	var computed atomic.Int32
	ask := func() int {
		t.Helper()
		n, _, err := cached(ctx, s, "n", nil, func(context.Context, *registry.DB) (int, error) {
			n := int(computed.Add(1))
			time.Sleep(patience + 10*time.Millisecond)
			if n == 2 {
				panic("fault")
			}
			return n, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	ask()
	for i := 0; ask() != 3; i++ {
		if i > 400 {
			t.Fatalf("the value is not renewed after a fault: computed %d times", computed.Load())
		}
		if err := writer.Plan(ctx, registry.Sweep{Handle: fmt.Sprint("s", i), Name: "s", Plan: []byte("{}")}); err != nil {
			t.Fatal(err)
		}
		aged(s, "n", patience+time.Millisecond)
		time.Sleep(20 * time.Millisecond)
	}
}

// A registry that was made again is another one, whatever number its version has.
func TestVersionOfAnotherRegistry(t *testing.T) {
	ctx := context.Background()
	s, writer := served(t)
	first, err := s.version(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"registry.db", "registry.db-wal", "registry.db-shm"} {
		if err := os.Remove(filepath.Join(s.o.Home, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	again, err := registry.Open(ctx, s.o.Home)
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if second, err := s.version(ctx); err != nil || second == first {
		t.Errorf("version %d of both (%v)", first, err)
	}
}

// An entry that was forgotten while it was computed does not count.
func TestForgottenEntry(t *testing.T) {
	var c cache
	e := c.entry("a")
	for i := range mostKeys + 1 {
		c.resize(c.entry(fmt.Sprint(i)), 0)
	}
	before := c.bytes
	c.resize(e, 1<<20)
	if _, kept := c.entries["a"]; kept || c.bytes != before {
		t.Errorf("kept %v, %d bytes, before %d", kept, c.bytes, before)
	}
}
