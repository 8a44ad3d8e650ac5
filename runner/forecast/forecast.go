// Package forecast tells how long trials of the built-in trainer take that have not begun, phase by phase, from what phases took before.
//
//	History    what phases took: in earlier trials of this machine (history.go), or measured now
//	Task       what a trial will do, as package model plans it
//	Task       -- History.Of(task, conditions) -->  Estimate: seconds, range, and where they come from
//	Play       so many trials at a time, in order, what they share once: when each ends (play.go)
//
// A phase takes its work times what a unit of work took where all of the trial but seed and length was the same, else where the sizes were, else where a
// little of it was measured. What has never been seen is not known: the trial takes at least the rest. Programs, of which only whole trials are known,
// are estimated by package eta.
package forecast

import (
	"cmp"
	"math"
	"slices"

	"harness/model/spec"
)

// Machine is what a trial runs on. Times of another one tell nothing.
type Machine struct {
	Host   string
	CPU    string
	Engine string // with its precision, as spec.Trial.EngineFor names it; "" is native
}

// Conditions are how a trial runs: what it shares the machine with changes how long it takes.
type Conditions struct {
	Machine
	Threads int
	Beside  float64 // trials that run at a time, itself included
}

// Record is what the phases of an attempt took.
type Record struct {
	Trial string // its ID; "" was measured
	Spec  spec.Trial
	Conditions
	Phases   []spec.PhaseTime
	Memory   int64 // of the largest process at its most; 0 = not known
	Measured bool  // a little of each phase, now

	names map[spec.Phase]names // as they are asked for
}

// names are what a phase of a record is compared by.
type names struct{ key, shape string }

func (r *Record) of(p spec.Phase) names {
	n, known := r.names[p]
	if !known {
		n = names{r.Spec.PhaseKey(p), r.Spec.PhaseShape(p)}
		if r.names == nil {
			r.names = map[spec.Phase]names{}
		}
		r.names[p] = n
	}
	return n
}

// History is what is known of a machine, the newest first.
type History []*Record

// Phase is a part of a trial that has not begun.
type Phase struct {
	Phase spec.Phase
	Work  float64
	Once  string // what is done once for all trials that share it, by name; "" is done by each
	Done  bool
	// Uncounted says that how much there is to do is not known.
	Uncounted bool
}

// Task is what a trial will do.
type Task struct {
	Spec   spec.Trial
	Phases []Phase
}

// Estimate is how long a trial takes.
type Estimate struct {
	Phases  []Guess      // as those of the trial
	Missing []spec.Phase // of which nothing is known: the trial takes longer than the rest of them
	From    From
}

// Guess is how long a phase takes, with its relative error. Unknown says that the rest means nothing.
type Guess struct {
	Unknown      bool
	Seconds, CPU float64
	Sigma        float64
}

// From says where an estimate comes from.
type From struct {
	Trials   int     // of this machine, with the same settings but for the seed and the lengths of stages
	Like     int     // of this machine, with phases that are the same or of the same sizes
	Measured bool    // some of it was measured now
	Rate     float64 // operations a second that training reaches, where it was measured
}

// Relative errors, of which each is common to the phases of a trial. Those of what was seen are at least seenSigma: a machine is never the same.
const (
	seenSigma     = .06
	likeSigma     = .12
	measuredSigma = .18
	threadsSigma  = .2 // for each doubling of threads
	besideSigma   = .1
	speedup       = .85 // of so many times as many threads: this power of it
	mostSeen      = 12  // of the newest records
)

// Of estimates a trial.
func (h History) Of(t Task, c Conditions) Estimate {
	e := Estimate{Phases: make([]Guess, len(t.Phases))}
	same, like, setting := map[string]bool{}, map[string]bool{}, t.Spec.PhaseKey(spec.PhaseTest)
	var work, seconds float64
	for i, p := range t.Phases {
		g, used := h.phase(t.Spec, p, c)
		if g.Unknown {
			if !p.Done {
				e.Missing = append(e.Missing, p.Phase)
			}
			e.Phases[i] = g
			continue
		}
		e.Phases[i] = g
		for _, s := range used {
			switch {
			case s.record.Measured:
				e.From.Measured = true
			case s.record.of(spec.PhaseTest).key == setting:
				same[s.record.Trial] = true
			default:
				like[s.record.Trial] = true
			}
			if spec.IsTraining(p.Phase) && s.record.Measured {
				work, seconds = work+s.took.Work, seconds+s.took.Seconds
			}
		}
	}
	e.From.Trials, e.From.Like = len(same), len(like)
	if seconds > 0 {
		e.From.Rate = work / seconds
	}
	return e
}

// seen is a phase of a record that tells of the same phase of a trial.
type seen struct {
	record *Record
	took   spec.PhaseTime
}

// phase estimates a phase, from the best that is known.
func (h History) phase(t spec.Trial, p Phase, c Conditions) (Guess, []seen) {
	if p.Uncounted {
		return Guess{Unknown: true}, nil
	}
	if p.Work == 0 {
		return Guess{}, nil
	}
	key, shape := t.PhaseKey(p.Phase), t.PhaseShape(p.Phase)
	var exact, like, measured []seen
	for _, r := range h {
		if r.Machine != c.Machine {
			continue
		}
		for _, took := range r.Phases {
			if took.Phase != p.Phase || took.Work <= 0 {
				continue
			}
			switch {
			case r.Measured && r.of(p.Phase).shape == shape:
				measured = append(measured, seen{r, took})
			case !r.Measured && r.of(p.Phase).key == key:
				exact = append(exact, seen{r, took})
			case !r.Measured && r.of(p.Phase).shape == shape:
				like = append(like, seen{r, took})
			}
		}
	}
	for _, choice := range []struct {
		list  []seen
		sigma float64
	}{{exact, seenSigma}, {like, likeSigma}, {measured, measuredSigma}} {
		if len(choice.list) > 0 {
			return fromSeen(choice.list, p.Work, c, choice.sigma)
		}
	}
	return Guess{Unknown: true}, nil
}

// fromSeen takes the middle of what a unit of work took, under conditions that are as like as can be.
func fromSeen(list []seen, work float64, c Conditions, least float64) (Guess, []seen) {
	distance := func(s seen) float64 {
		return math.Abs(math.Log(float64(max(s.record.Threads, 1))/float64(max(c.Threads, 1)))) +
			math.Abs(math.Log(math.Max(s.record.Beside, 1)/math.Max(c.Beside, 1)))
	}
	nearest := slices.MinFunc(list, func(a, b seen) int { return cmp.Compare(distance(a), distance(b)) })
	var near []seen
	for _, s := range list {
		if distance(s) < distance(nearest)+.2 && len(near) < mostSeen {
			near = append(near, s)
		}
	}
	rates, cpus := make([]float64, len(near)), make([]float64, len(near))
	sigma := 0.0
	for i, s := range near {
		factor, more := carried(s.record.Conditions, c)
		rates[i], cpus[i] = s.took.Seconds/s.took.Work*factor, s.took.CPU/s.took.Work
		sigma = math.Max(sigma, more)
	}
	middle := median(rates)
	return Guess{Seconds: middle * work, CPU: median(cpus) * work, Sigma: math.Hypot(math.Max(least, spread(rates, middle)), sigma)}, near
}

// carried is by what the time of a record is multiplied under other conditions, and how wrong that may be.
func carried(r, c Conditions) (factor, sigma float64) {
	factor = 1
	if was, is := max(r.Threads, 1), max(c.Threads, 1); was != is {
		ratio := float64(was) / float64(is)
		factor = math.Pow(ratio, speedup)
		sigma = threadsSigma * math.Abs(math.Log2(ratio))
	}
	if math.Abs(r.Beside-c.Beside) > .5 {
		sigma = math.Hypot(sigma, besideSigma)
	}
	return factor, sigma
}

func median(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return (sorted[n/2-1] + sorted[n/2]) / 2
}

// spread is how far values lie from their middle, as a part of it.
func spread(values []float64, middle float64) float64 {
	if len(values) < 2 || middle <= 0 {
		return 0
	}
	sum := 0.0
	for _, v := range values {
		sum += (v/middle - 1) * (v/middle - 1)
	}
	return math.Sqrt(sum / float64(len(values)-1))
}

// Memory is the most that a trial took: of the same setting, else of the same sizes, else in a measurement; 0 = not known.
func (h History) Memory(t spec.Trial, m Machine) (bytes int64, from Evidence) {
	setting, shape, images := t.PhaseKey(spec.PhaseTest), t.PhaseShape(spec.Phase(spec.StagePretrain)), t.PhaseShape(spec.PhaseEncode)
	var most [3]int64
	for _, r := range h {
		of := Like
		switch {
		case r.Machine != m:
			continue
		case r.Measured: // what several settings share was measured with one of them
			if r.of(spec.PhaseEncode).shape != images {
				continue
			}
			of = Measured
		case r.of(spec.Phase(spec.StagePretrain)).shape != shape:
			continue
		case r.of(spec.PhaseTest).key == setting:
			of = Same
		}
		most[of] = max(most[of], r.Memory)
	}
	for _, of := range []Evidence{Same, Like, Measured} {
		if most[of] > 0 {
			return most[of], of
		}
	}
	return 0, Measured
}

// Evidence says what is told from, the best first.
type Evidence uint8

const (
	Same     Evidence = iota // trials of the same setting
	Like                     // trials of the same sizes
	Measured                 // a measurement
)

// Levelled is measurements of a few seconds made together, in which others took processors now from one phase and now from another: the time by the clock
// of what computes is what it computed, times what that took by the clock over all of them.
func (h History) Levelled() History {
	computes := func(p spec.PhaseTime) bool {
		return p.CPU > 0 && (spec.IsTraining(p.Phase) || p.Phase == spec.PhaseEncode)
	}
	var seconds, cpu float64
	for _, r := range h {
		for _, p := range r.Phases {
			if computes(p) {
				seconds, cpu = seconds+p.Seconds, cpu+p.CPU
			}
		}
	}
	levelled := make(History, len(h))
	for i, r := range h {
		one := *r
		levelled[i] = &one
		levelled[i].Phases = slices.Clone(r.Phases)
		for k := range levelled[i].Phases {
			if p := &levelled[i].Phases[k]; computes(*p) {
				p.Seconds = p.CPU * seconds / cpu
			}
		}
	}
	return levelled
}
