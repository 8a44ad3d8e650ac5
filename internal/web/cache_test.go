package web

import (
	"context"
	"errors"
	"fmt"
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

// A value is computed once while nothing changes, again after a change, and not again at once where that takes long.
func TestCached(t *testing.T) {
	ctx := context.Background()
	s, writer := served(t)
	computed := 0
	ask := func(pause time.Duration) int {
		t.Helper()
		n, _, err := cached(ctx, s, "n", nil, func(*registry.DB) (int, error) {
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
	time.Sleep(time.Millisecond) // more than a value that takes no time is kept
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
		if _, _, err := cached(context.Background(), s, "k", nil, func(*registry.DB) (int, error) { return 1, want }); !errors.Is(err, want) {
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
		if _, _, err := cached(context.Background(), s, key, size, func(*registry.DB) (int, error) { computed = true; return 0, nil }); err != nil {
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
		value, _, err := cached(ctx, s, "n", nil, func(*registry.DB) (int, error) {
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
