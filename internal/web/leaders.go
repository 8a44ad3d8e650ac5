package web

import (
	"context"
	"errors"
	"sync"
	"time"

	"harness/registry"
	"harness/reports"
)

const (
	leaderWait  = 100 * time.Millisecond // for leaders that are being looked for; the page shows the others the next time
	mostLeaders = 5000
)

// leaders knows the leading row of each sweep. It reads the numbers of a sweep again when a run of it has begun or ended since.
type leaders struct {
	mu    sync.Mutex
	known map[string]leader // by handle
	busy  chan struct{}     // closed when the search that is under way ends; nil = none
}

// leader is what leads a sweep.
type leader struct {
	reports.Leader
	Found bool // there is one
	of    registry.SweepInfo
}

func (l leader) stillOf(info registry.SweepInfo) bool {
	return l.of.Runs == info.Runs && l.of.Planned.Equal(info.Planned) && l.of.Counts[registry.Done] == info.Counts[registry.Done]
}

// leadersOf gives what is known of some sweeps, and whether more will be known soon. It waits a moment for what is not known yet.
func (s *Server) leadersOf(ctx context.Context, list []registry.SweepInfo) (known map[string]leader, pending bool) {
	l := &s.leaders
	l.mu.Lock()
	if l.known == nil || len(l.known) > mostLeaders {
		l.known = map[string]leader{}
	}
	var missing []registry.SweepInfo
	for _, info := range list {
		if old, ok := l.known[info.Handle]; info.Counts[registry.Done] > 0 && !(ok && old.stillOf(info)) {
			missing = append(missing, info)
		}
	}
	busy := l.busy
	if len(missing) > 0 && busy == nil {
		busy = make(chan struct{})
		l.busy = busy
		s.behind.start(func() { s.findLeaders(s.background, missing, busy) })
	}
	l.mu.Unlock()
	if len(missing) > 0 {
		select {
		case <-busy:
		case <-time.After(leaderWait):
		case <-ctx.Done():
		}
	}
	known = make(map[string]leader, len(list))
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, info := range list {
		if k, ok := l.known[info.Handle]; ok {
			known[info.Handle] = k // an older one, while a newer one is looked for
			pending = pending || !k.stillOf(info)
		} else {
			pending = pending || info.Counts[registry.Done] > 0
		}
	}
	return known, pending
}

// findLeaders looks for the leaders of some sweeps, one after the other.
func (s *Server) findLeaders(ctx context.Context, list []registry.SweepInfo, done chan struct{}) {
	l := &s.leaders
	defer s.caught("look for leaders")
	defer func() {
		l.mu.Lock()
		l.busy = nil
		l.mu.Unlock()
		close(done)
	}()
	for _, info := range list {
		found := leader{of: info}
		err := s.read(ctx, func(db *registry.DB) error {
			plan, err := s.plan(ctx, db, info.Handle)
			if err != nil {
				return err
			}
			results, err := reports.Load(ctx, db, plan)
			if err == nil {
				found.Leader, found.Found = reports.LeaderOf(plan, results)
			}
			return err
		})
		if err != nil && !errors.Is(err, reports.ErrNothing) && !errors.Is(err, reports.ErrNoMetrics) {
			s.say("read sweep %s: %v", info.Handle, err)
			continue // the next page asks again
		}
		l.mu.Lock()
		l.known[info.Handle] = found
		l.mu.Unlock()
	}
}
