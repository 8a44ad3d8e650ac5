package runner

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"harness/registry"
	"harness/registry/journal"
	"harness/runner/earlystop"
)

// Stopper asks a rule for early stopping about trials while they run, from what the registry has of them and of those they
// are compared with: who runs them, and where, is no matter. It is used by one goroutine.
type Stopper struct {
	db     *registry.DB
	rule   earlystop.Rule
	trials []string             // that are compared, and that may be stopped
	asked  map[attemptKey]int64 // the last rung at which an attempt was judged
}

type attemptKey struct {
	id     string
	number int
}

// NewStopper makes a Stopper for the trials of a sweep; others are never stopped, nor are controls. The error is that of a rule that cannot be.
func NewStopper(db *registry.DB, rule earlystop.Rule, trials []registry.Trial) (*Stopper, error) {
	if err := rule.Check(); err != nil {
		return nil, fmt.Errorf("early stopping: %w", err)
	}
	return &Stopper{db: db, rule: rule, trials: stoppable(trials), asked: map[attemptKey]int64{}}, nil
}

// stoppable lists the trials that are compared: controls are there to be seen beside others, and run to their end.
func stoppable(trials []registry.Trial) []string {
	var ids []string
	for _, t := range trials {
		if t.Control == "" {
			ids = append(ids, t.ID)
		}
	}
	return ids
}

// Ask judges the newest attempt of a trial, whose number it is told, at the rungs that it has come to since it was last asked, lowest first.
// Where the last of what it returns says Stop, the attempt is to be ended as class stopped; all of it is to be recorded in its
// journal. What an attempt before has recorded, from which this one goes on, is not asked again; what was not recorded, because the
// sweep was killed, is.
func (e *Stopper) Ask(ctx context.Context, id string, attempt int) (said []journal.Rung, err error) {
	key := attemptKey{id, attempt}
	if !slices.Contains(e.trials, id) {
		return nil, nil
	}
	for {
		rung, ok := e.rule.Next(e.asked[key])
		if !ok {
			return said, nil
		}
		own, err := e.db.Reached(ctx, []string{id}, e.rule.Metric, rung)
		if err != nil || len(own) == 0 {
			return said, err
		}
		rung = e.rule.Judged(rung, own[0].Step)
		e.asked[key] = rung
		known, err := e.recorded(ctx, id, rung)
		if err != nil {
			return said, err
		}
		if known {
			continue
		}
		one, err := e.judge(ctx, id, rung, own[0].Point)
		if err != nil {
			return said, err
		}
		if said = append(said, one); one.Stop {
			return said, nil
		}
	}
}

// recorded reports whether an attempt from which this one goes on was judged at a rung.
func (e *Stopper) recorded(ctx context.Context, id string, rung int64) (bool, error) {
	notes, err := e.db.Notes(ctx, id)
	key := journal.RungKey(rung)
	return slices.ContainsFunc(notes, func(n registry.Note) bool { return n.Key == key }), err
}

// judge asks the rule about a trial that has come to a rung with the point p.
func (e *Stopper) judge(ctx context.Context, id string, rung int64, p registry.Point) (journal.Rung, error) {
	all, err := e.db.Reached(ctx, e.trials, e.rule.Metric, rung)
	if err != nil {
		return journal.Rung{}, err
	}
	var others []float64
	for _, other := range all {
		if other.ID != id && (e.rule.Kind == earlystop.ASHA || other.State == registry.Done) {
			others = append(others, other.Value)
		}
	}
	own := earlystop.Arrival{Step: p.Step, Value: p.Value}
	if e.rule.Kind == earlystop.Median {
		if own.Best, err = e.best(ctx, id, p.Step); err != nil {
			return journal.Rung{}, err
		}
	}
	return e.rule.Judge(rung, own, others), nil
}

// best is the best finite value that a trial has had up to a step.
func (e *Stopper) best(ctx context.Context, id string, step int64) (float64, error) {
	buckets, err := e.db.Buckets(ctx, id, e.rule.Metric, []int64{math.MinInt64}, step)
	switch {
	case err != nil || len(buckets) == 0 || buckets[0].N == 0:
		return math.NaN(), err
	case e.rule.Goal == earlystop.Minimize:
		return buckets[0].Min, nil
	}
	return buckets[0].Max, nil
}

// stopEarly asks the rule about the running trials that have recorded something, and stops those that do not go on. All that runs
// was read before: which of them comes first in the list is no matter.
func (r *run) stopEarly() error {
	if r.stopper == nil {
		return nil
	}
	for _, s := range r.processes {
		if s.asked || !s.grown {
			continue
		}
		s.grown = false
		said, err := r.stopper.Ask(r.ctx, s.job.ID, s.attempt)
		if err != nil {
			return err
		}
		s.judged(said)
	}
	return nil
}

// judged takes what a rule for early stopping said of the attempt, and asks it to stop where the rule does.
func (s *process) judged(said []journal.Rung) {
	if len(said) == 0 {
		return
	}
	s.early.add(said)
	if said[len(said)-1].Stop {
		s.stop(journal.ClassStopped)
	}
}

// said is what the rule said of the attempt, to be recorded. That it stops is not said where that came too late.
func (s *process) said() []journal.Rung {
	said := s.early.list()
	if s.exit.Class != journal.ClassStopped {
		said = slices.DeleteFunc(said, func(r journal.Rung) bool { return r.Stop })
	}
	return said
}

// verdicts are what a rule said of an attempt, from the goroutine of Run to the one that records it.
type verdicts struct {
	mu   sync.Mutex
	said []journal.Rung
}

func (v *verdicts) add(said []journal.Rung) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.said = append(v.said, said...)
}

func (v *verdicts) list() []journal.Rung {
	v.mu.Lock()
	defer v.mu.Unlock()
	return slices.Clone(v.said)
}

// reason is why the attempt was stopped early.
func (v *verdicts) reason() string {
	for _, one := range slices.Backward(v.list()) {
		if one.Stop {
			return one.String()
		}
	}
	return "stopped early"
}
