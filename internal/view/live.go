package view

import (
	"context"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"harness/internal/jsonfloat"
	"harness/registry"
	"harness/runner/eta"
	"harness/runner/live"
)

// Live follows the sweeps that run, whoever runs them. It only reads, and keeps what it has read of each sweep.
type Live struct {
	db     *registry.DB
	named  Schedulers
	sweeps map[string]*followed
}

// followed is what is kept of a sweep.
type followed struct {
	planned time.Time // a sweep that was planned anew is read anew
	watch   *eta.Watch
	gauges  *live.Gauges
}

// LiveSweep is how a running sweep stands, with what can be told of its end.
type LiveSweep struct {
	SweepStatus
	ETA      *ETA          `json:"eta"` // null = not known
	Running  []LiveTrial   `json:"running"`
	Failures []FailedTrial `json:"failures"` // the last ones, newest first

	Estimate eta.Estimate `json:"-"`
	Shown    []live.Row   `json:"-"` // as a terminal shows them
}

// ETA is how long a sweep takes from now on, in seconds.
type ETA struct {
	Seconds float64 `json:"seconds"` // the middle of the range
	Low     float64 `json:"low"`     // four of five ends lie in this range, as far as one can tell
	High    float64 `json:"high"`
	Done    float64 `json:"done"` // share of the work that is done, by time
}

// LiveTrial is how a running trial stands. What is not known or was not measured is null.
type LiveTrial struct {
	TrialStatus
	Left    *float64          `json:"eta_seconds"`           // how long it takes from now on
	AtLeast bool              `json:"eta_at_least,omitzero"` // only the stage that it is in is known
	Done    *float64          `json:"done"`                  // share of the trial, by time
	Cores   *float64          `json:"cores"`                 // that it computes on
	Busy    *float64          `json:"gpu_percent"`           // how busy its GPUs are, the mean over them
	Memory  *float64          `json:"gpu_memory"`            // bytes
	Metric  string            `json:"metric,omitempty"`      // the main one that it has points of
	Value   *jsonfloat.Float  `json:"value"`                 // the last of it
	Curve   []jsonfloat.Float `json:"curve"`                 // some of its values, by rising step
}

// FailedTrial is a trial that has failed.
type FailedTrial struct {
	ID     string    `json:"id"`
	Label  string    `json:"label"`
	Ended  time.Time `json:"ended"`
	Reason string    `json:"reason"`
}

// mostFailures are shown of a sweep.
const mostFailures = 3

// NewLive follows the sweeps of a registry.
func NewLive(db *registry.DB, named Schedulers) *Live {
	return &Live{db: db, named: named, sweeps: map[string]*followed{}}
}

// Look reads how the sweeps stand that run now: all, or the one with a handle. What the first so many trials of each use and measure is
// read, too.
func (l *Live) Look(ctx context.Context, handle string, measured int, now time.Time) ([]LiveSweep, error) {
	running, err := Running(ctx, l.db, handle, l.named)
	if err != nil {
		return nil, err
	}
	ended := func(name string, _ *followed) bool {
		return !slices.ContainsFunc(running, func(s SweepStatus) bool { return s.Sweep == name })
	}
	maps.DeleteFunc(l.sweeps, ended)
	list := make([]LiveSweep, 0, len(running))
	for _, s := range running {
		one, err := l.look(ctx, s, measured, now)
		if err != nil {
			return nil, err
		}
		list = append(list, one)
	}
	return list, nil
}

// follow is what is kept of a sweep, read for the first time where nothing is.
func (l *Live) follow(ctx context.Context, s SweepStatus, now time.Time) (*followed, error) {
	planned, err := l.db.PlannedAt(ctx, s.Sweep)
	if err != nil && !errors.Is(err, registry.ErrNoSweep) {
		return nil, err
	}
	if f, has := l.sweeps[s.Sweep]; has && f.planned.Equal(planned) {
		return f, f.watch.Take(ctx, s.trials, now)
	}
	watch, err := eta.NewWatch(ctx, l.db, s.Sweep, s.atOnce, now)
	if err != nil {
		return nil, err
	}
	var metrics []string
	if plan, err := Plan(ctx, l.db, s.Sweep); err == nil { // else of another version: the loss is shown
		for _, m := range plan.Metrics {
			metrics = append(metrics, m.Key)
		}
	}
	l.sweeps[s.Sweep] = &followed{planned, watch, live.NewGauges(l.db, metrics)}
	return l.sweeps[s.Sweep], nil
}

func (l *Live) look(ctx context.Context, s SweepStatus, measured int, now time.Time) (LiveSweep, error) {
	f, err := l.follow(ctx, s, now)
	if err != nil {
		return LiveSweep{}, err
	}
	f.watch.Parallel(s.atOnce)
	one := LiveSweep{SweepStatus: s, Estimate: f.watch.Estimate(now), Running: []LiveTrial{}, Failures: failuresOf(s.trials)}
	if e := one.Estimate; e.Known {
		one.ETA = &ETA{e.Left.Seconds(), e.Low.Seconds(), e.High.Seconds(), e.Done}
	}
	for _, k := range s.Running {
		t := live.Row{ID: k.ID, Label: k.Label, Attempt: k.Attempt, Stage: k.Stage, Step: k.Step, Total: k.Total, Loss: math.NaN(),
			Elapsed: now.Sub(k.Started), Gauge: live.None}
		if k.Loss != nil {
			t.Loss = float64(*k.Loss)
		}
		if left, known := one.Estimate.Trials[k.ID]; known {
			t.Left = &left
		}
		one.Shown = append(one.Shown, t)
	}
	f.gauges.Fill(ctx, one.Shown[:min(measured, len(one.Shown))], now)
	for i, k := range s.Running {
		one.Running = append(one.Running, newLiveTrial(k, one.Shown[i]))
	}
	return one, nil
}

func newLiveTrial(k TrialStatus, t live.Row) LiveTrial {
	known := func(v float64) *float64 {
		if math.IsNaN(v) {
			return nil
		}
		return &v
	}
	one := LiveTrial{TrialStatus: k, Cores: known(t.Cores), Busy: known(t.Busy), Memory: known(t.Memory), Metric: t.Metric, Curve: []jsonfloat.Float{}}
	if t.Left != nil {
		one.Left, one.AtLeast = known(t.Left.Left.Seconds()), t.Left.AtLeast
		one.Done = known(t.Left.Done)
	}
	if t.Metric != "" {
		one.Value = jsonfloat.Known(t.Value, true)
	}
	for _, v := range t.Curve {
		one.Curve = append(one.Curve, jsonfloat.Float(v))
	}
	return one
}

// failuresOf are the trials that have failed last.
func failuresOf(trials []registry.Trial) []FailedTrial {
	list := []FailedTrial{}
	for _, t := range trials {
		if t.State == registry.Failed {
			list = append(list, FailedTrial{t.ID, t.Label, t.Newest.Ended, t.Newest.Error})
		}
	}
	slices.SortStableFunc(list, func(a, b FailedTrial) int { return b.Ended.Compare(a.Ended) })
	return list[:min(len(list), mostFailures)]
}

// Ends reads when a sweep will be done, so many trials at a time; 0 = as many as run now. Nothing is known where Known is false.
func Ends(ctx context.Context, db *registry.DB, handle string, parallel int, now time.Time) (eta.Estimate, error) {
	return eta.Of(ctx, db, handle, parallel, now)
}
