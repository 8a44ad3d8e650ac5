package forecast

import (
	"context"
	"math"
	"time"

	"harness/model/spec"
	"harness/registry"
)

// mostRead is the number of trials of a home that are looked at, the newest first.
const mostRead = 256

// Read reads what the phases of the home's trials took, whatever machine they ran on. Trials of programs, those that were imported, and those of versions
// that did not record phases, tell nothing here.
func Read(ctx context.Context, db *registry.DB) (History, error) {
	trials, err := db.LastDone(ctx, "", mostRead)
	if err != nil {
		return nil, err
	}
	var ids []string
	var list []ran
	for _, t := range trials {
		if t.Spec.Command != "" || t.Spec.Imported != "" {
			continue
		}
		one, err := attemptOf(ctx, db, t)
		if err != nil {
			return nil, err
		}
		ids, list = append(ids, t.ID), append(list, one)
	}
	notes, err := db.AllNotes(ctx, ids)
	if err != nil {
		return nil, err
	}
	var h History
	for _, one := range list {
		for _, note := range notes[one.trial.ID] {
			if note.Key != spec.PhasesKey {
				continue
			}
			phases, err := spec.DecodePhases(note.Text)
			if err != nil {
				continue // it teaches nothing
			}
			h = append(h, one.record(phases, list))
		}
	}
	return h, nil
}

// ran is an attempt that has ended well.
type ran struct {
	trial   registry.Trial
	attempt registry.Attempt
}

// attemptOf is the attempt whose numbers count.
func attemptOf(ctx context.Context, db *registry.DB, t registry.Trial) (ran, error) {
	if t.Newest.Number == t.Result {
		return ran{t, t.Newest}, nil
	}
	attempts, err := db.Attempts(ctx, t.ID)
	for _, a := range attempts {
		if a.Number == t.Result {
			return ran{t, a}, err
		}
	}
	return ran{t, t.Newest}, err
}

// record is what an attempt teaches; all are the attempts among which it ran.
func (r ran) record(phases []spec.PhaseTime, all []ran) *Record {
	a := r.attempt
	took := a.Ended.Sub(a.Started)
	rest := took.Seconds()
	cpu := a.CPUSeconds
	for _, p := range phases {
		rest, cpu = rest-p.Seconds, cpu-p.CPU
	}
	if rest > 0 {
		phases = append(phases, spec.PhaseTime{Phase: spec.PhaseRest, Seconds: rest, CPU: math.Max(0, cpu), Work: 1})
	}
	beside := 1.0
	for _, other := range all {
		if other.trial.ID == r.trial.ID || other.attempt.Host != a.Host || took <= 0 {
			continue
		}
		beside += overlap(a, other.attempt).Seconds() / took.Seconds()
	}
	engine := a.Engine
	if engine == "native" {
		engine = ""
	}
	return &Record{Trial: r.trial.ID, Spec: r.trial.Spec, Phases: phases, Memory: a.PeakMemory,
		Conditions: Conditions{Machine: Machine{Host: a.Host, CPU: a.CPU, Engine: engine}, Threads: a.Threads, Beside: beside}}
}

// overlap is how long two attempts ran at a time.
func overlap(a, b registry.Attempt) time.Duration {
	from, to := a.Started, a.Ended
	if b.Started.After(from) {
		from = b.Started
	}
	if b.Ended.Before(to) {
		to = b.Ended
	}
	return max(0, to.Sub(from))
}
