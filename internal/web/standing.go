package web

import (
	"context"
	"fmt"
	"slices"
	"time"

	"harness/internal/view"
	"harness/registry"
	"harness/runner"
	"harness/runner/eta"
)

// standing is how a sweep stands, for the list and for its own page.
type standing struct {
	registry.SweepInfo
	Total   int
	Ended   int // done, failed or stopped early
	Where   string
	Log     string
	ETA     string // when it will be done; "" = not known
	Running bool   // somebody runs it now
}

// runs are the sweeps that run now, by handle.
type runs struct {
	here      map[string]runner.Running // the newest call of each; Parallel is that of all that share a sweep
	elsewhere map[string]view.SweepStatus
}

// running reads which sweeps run now. What schedulers say is asked for seldom: it can take seconds.
func (s *Server) running(ctx context.Context) (runs, error) {
	r := runs{here: map[string]runner.Running{}, elsewhere: map[string]view.SweepStatus{}}
	list, err := runner.ListRunning(s.o.Home)
	if err != nil {
		return r, err
	}
	for _, one := range list {
		if other, has := r.here[one.Handle]; !has || one.Started.After(other.Started) {
			one.Parallel = runner.AtOnce(list, one.Handle)
			r.here[one.Handle] = one
		}
	}
	if s.o.Schedulers == nil {
		return r, nil
	}
	elsewhere, _, err := cached(ctx, s, "elsewhere", nil, func(ctx context.Context, db *registry.DB) ([]view.SweepStatus, error) {
		return view.Elsewhere(ctx, db, "", s.o.Schedulers)
	})
	if err != nil {
		s.say("ask schedulers: %v", err) // the rest of the page stands without them
		return r, nil
	}
	for _, one := range elsewhere {
		r.elsewhere[one.Sweep] = one
	}
	return r, nil
}

// stand says how a sweep stands. Only of one that runs the trials are read, to tell when it will be done.
func (s *Server) stand(ctx context.Context, info registry.SweepInfo, r runs) (standing, error) {
	st := standing{SweepInfo: info, Total: total(info)}
	st.Ended = st.Total - unfinished(info)
	parallel := 0
	if one, ok := r.here[info.Handle]; ok {
		status := view.SweepStatus{PID: one.PID, Host: one.Host}
		st.Where, st.Log, st.Running, parallel = status.Where(), one.Log, true, max(one.Parallel, info.Counts[registry.Running])
	} else if one, ok := r.elsewhere[info.Handle]; ok {
		st.Where, st.Running, parallel = one.Where(), true, info.Counts[registry.Running]
	}
	if !st.Running {
		return st, nil
	}
	key := fmt.Sprintf("eta/%s/%d", info.Handle, parallel)
	ends, at, err := cached(ctx, s, key, nil, func(ctx context.Context, db *registry.DB) (eta.Estimate, error) {
		return view.Ends(ctx, db, info.Handle, parallel, time.Now())
	})
	if err != nil {
		return st, err
	}
	since := time.Since(at) // it is told in time from now on
	ends.Left, ends.Low, ends.High = max(0, ends.Left-since), max(0, ends.Low-since), max(0, ends.High-since)
	st.ETA = ends.String()
	return st, nil
}

// memberBytes is about what a trial in a list takes.
const memberBytes = 700

// members are the trials of a sweep, without their numbers.
func (s *Server) members(ctx context.Context, handle string) ([]view.Listed, error) {
	size := func(list []view.Listed) int64 { return int64(len(list)) * memberBytes }
	list, _, err := cached(ctx, s, "members "+handle, size, func(ctx context.Context, db *registry.DB) ([]view.Listed, error) {
		trials, err := db.Trials(ctx, registry.Query{Sweep: handle, Brief: true})
		if err != nil {
			return nil, err
		}
		list := make([]view.Listed, len(trials))
		for i, t := range trials {
			list[i] = view.NewListed(t)
		}
		return list, nil
	})
	return s.asTheyStand(list), err
}

// asTheyStand finds out which trials do not run any more, though nobody has said so: that changes without the registry, and is not kept.
func (s *Server) asTheyStand(kept []view.Listed) []view.Listed {
	list := kept
	for i := range kept {
		if kept[i].State != registry.Running || registry.Runs(s.o.Home, kept[i].ID) {
			continue
		}
		if &list[0] == &kept[0] {
			list = slices.Clone(kept)
		}
		list[i].State = registry.Interrupted
	}
	return list
}
