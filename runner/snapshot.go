package runner

import (
	"fmt"
	"time"

	"harness/registry"
	"harness/runner/eta"
	"harness/runner/live"
)

// snapshot is how a sweep stands at a moment.
type snapshot struct {
	total, done, failed, early, running, elsewhere int
	trials                                         []live.Row // that run
	estimate                                       eta.Estimate
}

// outlook is what tells when the sweep will be done. Without a handle there is no sweep.
type outlook struct {
	watch  *eta.Watch
	tried  bool
	last   eta.Estimate
	next   time.Time // estimate
	gauges *live.Gauges
}

// An estimate may be so old, and takes no more than so small a part of the time.
const (
	estimateEvery = time.Second
	estimateShare = 50
)

// estimate is when the sweep will be done, as one can tell now. What cannot be read is not known: it is for people to look at.
func (r *run) estimate(now time.Time) eta.Estimate {
	o := &r.outlook
	if !o.tried && r.options.Handle != "" {
		o.tried = true
		if watch, err := eta.NewWatch(r.ctx, r.db, r.options.Handle, r.parallel, now); err == nil {
			o.watch = watch
		}
	}
	if o.watch == nil || now.Before(o.next) {
		return o.last
	}
	began := time.Now()
	for _, s := range r.processes {
		n := &s.job.Newest
		n.Stage, n.Step, n.Total = s.heard.Stage, s.heard.Step, s.heard.Total
	}
	trials := make([]registry.Trial, len(r.all))
	for i, k := range r.all {
		trials[i] = k.Trial
		trials[i].State = k.state
	}
	if o.watch.Take(r.ctx, trials, now) != nil {
		o.watch, o.last = nil, eta.Estimate{}
		return o.last
	}
	if running, err := ListRunning(r.db.Home); err == nil { // other calls may share the sweep
		o.watch.Parallel(max(r.parallel, AtOnce(running, r.options.Handle)))
	}
	if o.last = o.watch.Estimate(now); r.stopped != nil {
		o.last.Known = false // nobody runs the rest
	}
	o.next = now.Add(max(estimateEvery, estimateShare*time.Since(began)))
	return o.last
}

// snapshot looks at the trials; what the first so many of those that run use and measure is read, too.
func (r *run) snapshot(now time.Time, measured int) snapshot {
	s := snapshot{total: len(r.all), running: len(r.processes), elsewhere: len(r.elsewhere), estimate: r.estimate(now)}
	for _, k := range r.all {
		switch k.state {
		case registry.Done:
			s.done++
		case registry.Failed:
			s.failed++
		case registry.Stopped:
			s.early++
		}
	}
	for _, p := range r.processes {
		t := p.status(now)
		if left, known := s.estimate.Trials[t.ID]; known {
			t.Left = &left
		}
		s.trials = append(s.trials, t)
	}
	if measured > 0 && len(s.trials) > 0 {
		if r.outlook.gauges == nil {
			r.outlook.gauges = live.NewGauges(r.db, r.options.Shown)
		}
		r.outlook.gauges.Fill(r.ctx, s.trials[:min(measured, len(s.trials))], now)
	}
	return s
}

func (s *process) status(now time.Time) live.Row {
	p := s.heard
	return live.Row{ID: s.job.ID, Label: s.job.Label, Attempt: s.attempt, Stage: p.Stage, Step: p.Step, Total: p.Total, Loss: float64(p.Loss),
		Elapsed: now.Sub(s.started), Gauge: live.None}
}

// counts is the state of the whole sweep on one line.
func (s snapshot) counts() string {
	text := fmt.Sprintf("%d/%d done", s.done, s.total)
	for _, part := range []struct {
		n    int
		what string
	}{{s.failed, "failed"}, {s.early, "stopped early"}, {s.running, "running"}, {s.elsewhere, "in another sweep"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	if e := s.estimate.String(); e != "" && s.done+s.failed+s.early < s.total {
		text += ", " + e
	}
	return text
}
