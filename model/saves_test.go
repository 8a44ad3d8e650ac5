package model

import (
	"testing"
	"testing/synctest"
	"time"
)

// A small checkpoint is written every 20 s; one that takes long is written so seldom that it takes a twentieth of the time.
func TestSaves(t *testing.T) {
	for _, c := range []struct{ took, next time.Duration }{
		{10 * time.Millisecond, 20 * time.Second},
		{time.Second, 20 * time.Second},
		{40 * time.Second, 800 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := saves{last: time.Now()}
			time.Sleep(20 * time.Second)
			if s.due(time.Now()) {
				t.Error("the first is due after 20 s, not at 20 s")
			}
			if err := s.write(func() error { time.Sleep(c.took); return nil }); err != nil {
				t.Fatal(err)
			}
			time.Sleep(c.next)
			if s.due(time.Now()) {
				t.Errorf("one that took %s is followed by the next within %s", c.took, c.next)
			}
			time.Sleep(time.Second)
			if !s.due(time.Now()) {
				t.Errorf("one that took %s is not followed by the next after %s", c.took, c.next)
			}
		})
	}
}
