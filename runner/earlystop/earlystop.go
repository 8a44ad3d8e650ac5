// Package earlystop holds the rules by which trials are stopped before their end: the median rule and ASHA. It computes;
// package runner asks it, and stops.
//
//	Rule     which rule, over which metric, at which steps
//	Next     the rungs: the steps at which the rule is asked
//	Judge    what it says of a trial at a rung, beside the other trials
//
// A trial's value at a rung is that of the first step from the rung on. One that is NaN or infinite is the worst there is,
// and stops the trial, whatever the others have.
//
// Both rules are those of Optuna 4, which takes them from the papers; testdata/optuna.json holds what Optuna's own pruners say.
//
// Median: a trial stops when the best value that it has had so far is worse than the median of what the trials that are done had
// at this rung; at least Least of these must have a value. It is MedianPruner with n_startup_trials=0, n_warmup_steps and
// interval_steps of First and n_min_trials of Least. (Golovin et al. 2017, section 3.2.1, take the means of the other trials up to the
// step instead of their values at it.) The rungs are First, 2·First, 3·First …; of several that a trial passes with one point, the last one
// is asked about.
//
// ASHA (Li et al. 2020, section 3.2): the rungs are First, First·Factor, First·Factor² …; a trial goes on when it is among the best
// n/Factor, rounded down, of the n trials that have come to this rung by now, itself among them. It is SuccessiveHalvingPruner
// with min_resource of First and reduction_factor of Factor. As there, and other than in the paper, where trials wait and may go on later, a trial is
// judged once, when it gets there; among fewer than Factor trials one goes on that is the best; equal values go on
// together. So the first trial at a rung always goes on, and which others do depends on the order in which they come.
package earlystop

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"harness/internal/jsonfloat"
	"harness/registry/journal"
)

// Kind names a rule.
type Kind string

// The rules.
const (
	Median Kind = "median"
	ASHA   Kind = "asha"
)

// Goal says which values are better.
type Goal string

// The goals.
const (
	Maximize Goal = "maximize"
	Minimize Goal = "minimize"
)

// Rule is a rule for early stopping.
type Rule struct {
	Kind   Kind
	Metric string
	Goal   Goal
	First  int64   // the first rung, a step of the metric; 0 where Rungs are given
	Factor int64   // of ASHA: at least 2
	Rungs  []int64 // all rungs, rising; nil: they follow from First
	Least  int     // of Median: other trials that must have a value at the rung; 0 = DefaultLeast
}

// DefaultLeast is how many other trials the median is of at least, unless the rule says otherwise: as many as Optuna waits for.
const DefaultLeast = 5

// Check returns what is wrong with a rule, or nil.
func (r Rule) Check() error {
	switch {
	case r.Kind != Median && r.Kind != ASHA:
		return fmt.Errorf("rule %q: want median or asha", r.Kind)
	case r.Metric == "":
		return errors.New("no metric is named")
	case r.Goal != Maximize && r.Goal != Minimize:
		return fmt.Errorf("goal %q: want maximize or minimize", r.Goal)
	case len(r.Rungs) == 0 && r.First < 1:
		return fmt.Errorf("first rung %d: want a step of at least 1", r.First)
	case len(r.Rungs) > 0 && r.First != 0 && r.First != r.Rungs[0]:
		return errors.New("want a first rung or all rungs, not both")
	case r.Kind == ASHA && r.Factor < 2:
		return fmt.Errorf("factor %d: want at least 2", r.Factor)
	case r.Least < 0:
		return fmt.Errorf("least %d: want at least 0", r.Least)
	}
	for i, rung := range r.Rungs {
		if rung < 1 || i > 0 && rung <= r.Rungs[i-1] {
			return fmt.Errorf("rungs %v: want rising steps of at least 1", r.Rungs)
		}
	}
	return nil
}

// Next is the first rung behind a step, false where there is none.
func (r Rule) Next(step int64) (rung int64, ok bool) {
	switch {
	case len(r.Rungs) > 0:
		i, found := slices.BinarySearch(r.Rungs, step)
		if found {
			i++
		}
		if i == len(r.Rungs) {
			return 0, false
		}
		return r.Rungs[i], true
	case step < r.First:
		return r.First, true
	case r.Kind == Median:
		before := step / r.First * r.First
		return before + r.First, before <= math.MaxInt64-r.First
	}
	for rung = r.First; rung <= step; rung *= r.Factor {
		if rung > math.MaxInt64/r.Factor {
			return 0, false
		}
	}
	return rung, true
}

// Judged is the rung at which a point at step is judged that is the first one from rung on. A point may pass several: ASHA judges it at each
// of them, one after the other, the median rule at the last one only.
func (r Rule) Judged(rung, step int64) int64 {
	if r.Kind == ASHA {
		return rung
	}
	if len(r.Rungs) == 0 {
		return max(rung, step/r.First*r.First)
	}
	i, found := slices.BinarySearch(r.Rungs, step)
	if !found {
		i--
	}
	return max(rung, r.Rungs[i])
}

// Arrival is what a trial has when it comes to a rung.
type Arrival struct {
	Step  int64   // of its first point from the rung on
	Value float64 // of this point
	Best  float64 // the best finite value up to Step; Median alone asks for it
}

// Judge says whether a trial goes on at a rung. others are the values there of the other trials, in any order: for Median of those
// that are done, for ASHA of all that have come so far.
func (r Rule) Judge(rung int64, t Arrival, others []float64) journal.Rung {
	said := journal.Rung{Rule: string(r.Kind), Metric: r.Metric, Goal: string(r.Goal), Rung: rung, Step: t.Step,
		Value: jsonfloat.Float(t.Value), Compared: len(others)}
	if r.Kind == ASHA {
		said.Compared++
	}
	switch {
	case math.IsNaN(t.Value) || math.IsInf(t.Value, 0):
		said.Stop = true
	case r.Kind == Median:
		said.Value = jsonfloat.Float(t.Best)
		if len(others) >= cmp.Or(r.Least, DefaultLeast) {
			median := r.median(others)
			said.Threshold, said.Stop = jsonfloat.Known(median, true), r.worse(t.Best, median)
		}
	default:
		values := r.ranked(append(slices.Clone(others), t.Value))
		said.Kept = max(1, len(values)/int(min(r.Factor, math.MaxInt32)))
		last := values[said.Kept-1]
		said.Threshold, said.Stop = jsonfloat.Known(last, true), r.worse(t.Value, last)
	}
	return said
}

// worse reports whether a is worse than b. Neither is NaN.
func (r Rule) worse(a, b float64) bool {
	if r.Goal == Minimize {
		return a > b
	}
	return a < b
}

// ranked sorts values, the best first, and makes the worst there is of those that are no finite number.
func (r Rule) ranked(values []float64) []float64 {
	worst := math.Inf(-1)
	if r.Goal == Minimize {
		worst = math.Inf(1)
	}
	ranked := make([]float64, len(values))
	for i, v := range values {
		if ranked[i] = v; math.IsNaN(v) || math.IsInf(v, 0) {
			ranked[i] = worst
		}
	}
	slices.Sort(ranked)
	if r.Goal == Maximize {
		slices.Reverse(ranked)
	}
	return ranked
}

// median is the middle of some values, of which there is at least one, or the mean of the two in the middle.
func (r Rule) median(values []float64) float64 {
	ranked := r.ranked(values)
	n := len(ranked)
	if n%2 == 1 || ranked[n/2-1] == ranked[n/2] {
		return ranked[n/2]
	}
	return ranked[n/2-1]/2 + ranked[n/2]/2
}
