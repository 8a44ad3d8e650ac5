package view

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/registry"
	"harness/runner"
	"harness/runner/cluster"
)

// SweepStatus is how a running sweep stands.
type SweepStatus struct {
	Sweep    string                 `json:"sweep"`
	PID      int                    `json:"pid,omitzero"`
	Host     string                 `json:"host,omitzero"`
	Started  time.Time              `json:"started"`
	Parallel int                    `json:"parallel,omitzero"` // trials at a time; 0 = a scheduler decides
	Counts   map[registry.State]int `json:"counts"`
	Running  []TrialStatus          `json:"running"`
	Log      string                 `json:"log,omitempty"`   // of a sweep in the background
	Aside    []runner.Aside         `json:"aside,omitempty"` // GPUs that it no longer uses

	// Of a sweep that a scheduler has; it has no process of ours.
	Scheduler   string   `json:"scheduler,omitempty"`
	Jobs        []string `json:"jobs,omitempty"`
	AtScheduler int      `json:"running_at_scheduler,omitempty"`
	Waiting     int      `json:"waiting,omitempty"`
	Reason      string   `json:"reason,omitempty"` // why the first of them waits
	Silent      string   `json:"silent,omitempty"` // the scheduler does not answer

	trials []registry.Trial // in the order of the sweep, with their live states
	atOnce int              // trials at a time, by all calls that share the sweep; 0 = a scheduler decides
}

// TrialStatus is how a running trial stands.
type TrialStatus struct {
	ID      string           `json:"id"`
	Label   string           `json:"label"`
	Attempt int              `json:"attempt"`
	Stage   string           `json:"stage,omitempty"`
	Step    int              `json:"step"`
	Total   int              `json:"total"` // 0: not known
	Loss    *jsonfloat.Float `json:"loss"`
	Started time.Time        `json:"started"`
}

// Schedulers finds a scheduler by its name.
type Schedulers func(name string) (cluster.Scheduler, error)

// Running reads how the sweeps stand that run now: all, or the one with a handle.
func Running(ctx context.Context, db *registry.DB, handle string, named Schedulers) ([]SweepStatus, error) {
	running, err := runner.ListRunning(db.Home)
	if err != nil {
		return nil, err
	}
	list := []SweepStatus{}
	for _, r := range running {
		if handle != "" && r.Handle != handle {
			continue
		}
		s, err := statusOf(ctx, db, r.Handle)
		if err != nil {
			return nil, err
		}
		s.PID, s.Host, s.Started, s.Parallel = r.PID, r.Host, r.Started, r.Parallel
		s.Log, s.Aside, s.atOnce = r.Log, r.Aside, runner.AtOnce(running, r.Handle)
		list = append(list, s)
	}
	elsewhere, err := Elsewhere(ctx, db, handle, named)
	if err != nil {
		return nil, err
	}
	list = append(list, elsewhere...)
	slices.SortFunc(list, func(a, b SweepStatus) int { return a.Started.Compare(b.Started) })
	return list, nil
}

// statusOf reads how the trials of a sweep stand.
func statusOf(ctx context.Context, db *registry.DB, handle string) (SweepStatus, error) {
	s := SweepStatus{Sweep: handle, Counts: map[registry.State]int{}, Running: []TrialStatus{}}
	trials, err := db.Trials(ctx, registry.Query{Sweep: handle, Brief: true})
	for i, t := range trials {
		state := db.LiveState(t)
		trials[i].State = state
		s.Counts[state]++
		if state == registry.Running {
			a := t.Newest
			s.Running = append(s.Running, TrialStatus{ID: t.ID, Label: t.Label, Attempt: a.Number, Stage: a.Stage, Step: a.Step, Total: a.Total,
				Loss: jsonfloat.Known(a.Loss, !math.IsNaN(a.Loss)), Started: a.Started})
		}
	}
	s.trials = trials
	return s, err
}

// Elsewhere reads how the sweeps stand that schedulers have: all, or the one with a handle.
func Elsewhere(ctx context.Context, db *registry.DB, handle string, named Schedulers) ([]SweepStatus, error) {
	all, err := standing(ctx, db.Home, named)
	if err != nil {
		return nil, err
	}
	var list []SweepStatus
	for _, t := range all {
		over := t.Running+t.Waiting == 0 && t.Silent == nil && len(t.Jobs) > 0 // nobody has followed it to its end
		if handle != "" && t.Sweep != handle || over {
			continue
		}
		s, err := statusOf(ctx, db, t.Sweep)
		if err != nil {
			return nil, err
		}
		s.Scheduler, s.Jobs, s.AtScheduler, s.Waiting, s.Reason, s.Started = t.Scheduler, t.Jobs, t.Running, t.Waiting, t.Reason, t.Made
		if t.Silent != nil {
			s.Silent = t.Silent.Error()
		}
		list = append(list, s)
	}
	return list, nil
}

// standing is how the sweeps stand that schedulers have, by scheduler.
func standing(ctx context.Context, home string, named Schedulers) ([]cluster.Standing, error) {
	open, _, err := cluster.Open(home)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, b := range open {
		if !slices.Contains(names, b.Scheduler) {
			names = append(names, b.Scheduler)
		}
	}
	var all []cluster.Standing
	for _, name := range names {
		s, err := named(name)
		if err != nil {
			return nil, err
		}
		list, err := cluster.Stand(ctx, home, s)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// Progress is the last that was heard of a trial: stage, step and loss.
func (k TrialStatus) Progress() string {
	parts := []string{}
	if k.Stage != "" {
		parts = append(parts, escape.Line(k.Stage))
	}
	if k.Total > 0 {
		parts = append(parts, fmt.Sprintf("%d/%d", k.Step, k.Total))
	}
	if k.Loss != nil {
		parts = append(parts, "loss "+ShortNumber(float64(*k.Loss)))
	}
	if k.Attempt > 1 {
		parts = append(parts, fmt.Sprintf("attempt %d", k.Attempt))
	}
	return strings.Join(parts, " ")
}

// Where says where a sweep runs: in which process, or at which scheduler, and how it stands there.
func (s SweepStatus) Where() string {
	if s.Scheduler == "" {
		return fmt.Sprintf("(pid %d on %s)", s.PID, s.Host)
	}
	text := "at " + s.Scheduler
	if len(s.Jobs) > 0 {
		text += " (job " + strings.Join(s.Jobs, ", ") + ")"
	}
	if s.Silent != "" {
		return text + ", which does not answer: " + escape.Line(s.Silent)
	}
	text += fmt.Sprintf(": %d running, %d waiting", s.AtScheduler, s.Waiting)
	if s.Waiting > 0 && s.Reason != "" && s.Reason != "None" {
		text += " (" + escape.Line(s.Reason) + ")"
	}
	return text
}

// CountsText is "3 done, 1 failed" in the order of the states.
func CountsText(counts map[registry.State]int) string {
	var parts []string
	for _, state := range registry.States {
		if n := counts[state]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	if len(parts) == 0 {
		return "none"
	}
	return strings.Join(parts, ", ")
}
