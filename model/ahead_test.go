package model

import (
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"harness/model/engine"
	"harness/model/method"
)

// counted is a stage of n steps whose batches count how many were begun, and ended.
func counted(n int, ahead bool, fail func(step int) error) (s training, begun, ended *atomic.Int64) {
	begun, ended = new(atomic.Int64), new(atomic.Int64)
	s.Steps, s.Ahead = n, ahead
	s.Batch = func(_ engine.Session, step int) (method.Batch, error) {
		begun.Add(1)
		defer ended.Add(1)
		return method.Batch{Images: step}, fail(step)
	}
	return s, begun, ended
}

// Batches come in order from any step on, and at most one is made and one more begun before it is asked for.
func TestBatchesAhead(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		s, begun, ended := counted(7, ahead, func(int) error { return nil })
		b := newBatches(s, nil, 3)
		for step := 3; step <= 6; step++ {
			got, err := b.next(step)
			if err != nil || got.Images != step {
				t.Fatalf("ahead %v: batch %d, %v, want %d", ahead, got.Images, err, step)
			}
			if n, most := begun.Load(), int64(step-3+2); n > most {
				t.Errorf("ahead %v: %d batches were begun by step %d", ahead, n, step)
			}
		}
		b.close()
		if begun.Load() != ended.Load() {
			t.Errorf("ahead %v: a batch is being made after close", ahead)
		}
	}
	s, _, _ := counted(2, true, func(int) error { return nil })
	newBatches(s, nil, 3).close() // nothing is left to do
}

// An error comes with the step that it belongs to; so does a panic, in the goroutine that asks.
func TestBatchesFail(t *testing.T) {
	want := errors.New("no such image")
	for _, ahead := range []bool{false, true} {
		s, _, _ := counted(9, ahead, func(step int) error {
			if step == 2 {
				return want
			}
			return nil
		})
		b := newBatches(s, nil, 1)
		if _, err := b.next(1); err != nil {
			t.Error(err)
		}
		if _, err := b.next(2); !errors.Is(err, want) {
			t.Errorf("ahead %v: %v", ahead, err)
		}
		b.close()

		s, _, _ = counted(9, ahead, func(int) error { panic(want) })
		b = newBatches(s, nil, 1)
		func() {
			defer func() {
				if got := recover(); got != want {
					t.Errorf("ahead %v: panic %v", ahead, got)
				}
			}()
			_, err := b.next(1)
			t.Errorf("ahead %v: no panic: %v", ahead, err)
		}()
		b.close()
	}
}

// preloading is a session that notes which inputs were copied to its device ahead, until one cannot be.
type preloading struct {
	engine.Session
	names []string
	fail  string
}

func (p *preloading) Preload(in engine.Inputs) error {
	for name := range in {
		if name == p.fail {
			return errors.New("out of memory")
		}
		p.names = append(p.names, name)
	}
	return nil
}

// The inputs of all parts of a batch that is made ahead are copied to the device, those of one that is not are not.
func TestBatchesPreload(t *testing.T) {
	part := func(name string) method.Part { return method.Part{Inputs: engine.Inputs{name: engine.Floats(nil, 0)}} }
	for _, ahead := range []bool{false, true} {
		s, _, _ := counted(3, ahead, func(int) error { return nil })
		s.Batch = func(_ engine.Session, step int) (method.Batch, error) {
			return method.Batch{Parts: []method.Part{part(fmt.Sprint(step)), part(fmt.Sprint(step, "b"))}}, nil
		}
		session := &preloading{fail: "3"}
		b := newBatches(s, session, 1)
		for step := 1; step <= 3; step++ {
			if _, err := b.next(step); (err != nil) != (ahead && step == 3) {
				t.Errorf("ahead %v: step %d: %v", ahead, step, err)
			}
		}
		b.close()
		want := []string(nil)
		if ahead {
			want = []string{"1", "1b", "2", "2b"}
		}
		if !slices.Equal(session.names, want) {
			t.Errorf("ahead %v: %v were copied", ahead, session.names)
		}
	}
}
