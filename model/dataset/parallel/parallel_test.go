package parallel

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
)

func TestEach(t *testing.T) {
	var sum atomic.Int64
	last := 0
	err := Each(t.Context(), 4, 1000, func(done, total int) {
		if done != last+1 || total != 1000 {
			t.Errorf("progress(%d, %d) after %d", done, total, last)
		}
		last = done
	}, func(i int) error { sum.Add(int64(i)); return nil })
	if err != nil || sum.Load() != 999*1000/2 || last != 1000 {
		t.Errorf("sum %d, progress %d, error %v", sum.Load(), last, err)
	}
	if err := Each(t.Context(), 4, 0, nil, nil); err != nil {
		t.Errorf("no work: %v", err)
	}
}

func TestEachStops(t *testing.T) {
	broken := errors.New("broken")
	var calls atomic.Int64
	err := Each(t.Context(), 2, 1_000_000, nil, func(i int) error {
		if calls.Add(1) == 10 {
			return broken
		}
		return nil
	})
	if err != broken || calls.Load() == 1_000_000 {
		t.Errorf("error %v after %d calls", err, calls.Load())
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := Each(ctx, 2, 10, nil, func(int) error { return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}
