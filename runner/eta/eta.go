// Package eta tells when a sweep will be done, and how sure that is.
//
//	Sweep     what is known: how trials of it, and earlier ones of the same home, went
//	Estimate  how long it takes from now on, with a range; nothing where nothing is known
//	Course    the stages of one attempt over time (course.go)
//	Watch     a Sweep that is kept up to date from a registry, and Of, for who asks once (watch.go)
//
// The rest of a running trial is told from trials that have ended, by how far it is and how fast compared with them: those of the same
// setting count most, then those that differ in little, then what ended last. Where there are none, from the steps that it has
// announced itself. Trials that wait take what those like them took, more or less by what their settings have been seen to change (slope.go).
// Then the rest is played through: so many at a time, in order.
package eta

import (
	"math"
	"time"

	"harness/registry"
)

// Sweep is what an estimate is made from.
type Sweep struct {
	Trials   []Timing // of the sweep, in the order in which they run
	Earlier  []Timing // of the same home, which have ended and are of other sweeps
	Parallel int      // trials at a time; 0 = as many as run now
}

// Timing is a trial as far as time is concerned.
type Timing struct {
	ID      string
	Setting string            // equal where trials differ in the seed only
	Params  map[string]string // what the sweep varies, but for the seed
	State   registry.State
	Resumes bool // an interrupted one goes on where it was
	Resumed bool // the attempt that runs went on where one before it was

	Started   time.Time     // the attempt that runs
	Course    Course        // of the newest attempt, or of that whose numbers count
	Took      time.Duration // of one that is done or was stopped early: all its attempts that went on from one another
	Ended     time.Time
	Announced Course // what its settings say of its stages, one second a step; nil = nothing
}

// Estimate is how long a sweep takes from now on.
type Estimate struct {
	Known     bool // else the three below mean nothing
	Left      time.Duration
	Low, High time.Duration // the range in which four of five ends lie, as far as one can tell
	Done      float64       // share of the work, by time, in 0 … 1; NaN = not known
	Trials    map[string]Left
}

// Left is how long a running trial takes from now on.
type Left struct {
	Left    time.Duration
	AtLeast bool    // only the stage that it is in is known
	Done    float64 // share of the trial; NaN = not known
}

// guess is a duration in seconds with its relative error.
type guess struct{ seconds, sigma float64 }

// Estimate computes how long the sweep takes from now on.
func (s Sweep) Estimate(now time.Time) Estimate {
	c := newComparer(s)
	e := Estimate{Known: true, Done: math.NaN(), Trials: map[string]Left{}}
	var running, waiting []guess
	spent := 0.0
	for _, t := range s.Trials {
		switch t.State {
		case registry.Done, registry.Stopped:
			spent += t.Took.Seconds()
		case registry.Running:
			elapsed := now.Sub(t.Started)
			g, known := c.rest(t, elapsed)
			if known {
				done := elapsed.Seconds() / (elapsed.Seconds() + g.seconds)
				e.Trials[t.ID] = Left{Left: seconds(g.seconds), Done: done}
				c.projects(t, elapsed, g)
			} else if left, some := t.Course.stageLeft(elapsed); some {
				e.Trials[t.ID] = Left{Left: left, AtLeast: true, Done: math.NaN()}
			}
			e.Known = e.Known && known
			running = append(running, g)
			spent += elapsed.Seconds()
		}
	}
	for _, t := range s.Trials {
		if t.State != registry.Queued && t.State != registry.Interrupted {
			continue
		}
		a := c.whole(t)
		e.Known = e.Known && a.known()
		waiting = append(waiting, a.guess)
	}
	if s.Parallel == 0 && len(running) == 0 && len(waiting) > 1 {
		e.Known = false // nobody says how many at a time
	}
	if !e.Known {
		return e
	}
	e.set(running, waiting, s.Parallel, spent)
	return e
}

// Whole is how long a trial takes that has not begun.
type Whole struct {
	Known      bool // else nothing like it has ended
	Took       time.Duration
	Sigma      float64 // relative error
	Same, Like int     // trials that it is told from: of its setting, and of others
}

// Wholes tells how long trials take that have not begun.
func (s Sweep) Wholes() func(Timing) Whole {
	c := newComparer(s)
	return func(t Timing) Whole {
		a := c.whole(t)
		return Whole{a.known(), seconds(a.seconds), a.sigma, a.same, a.like}
	}
}

// set plays the rest through.
func (e *Estimate) set(running, waiting []guess, parallel int, spent float64) {
	left := play(running, waiting, parallel)
	e.Left = seconds(left)
	var all Together
	for _, list := range [][]guess{running, waiting} {
		for _, g := range list {
			all.Add(g.seconds, g.seconds*g.sigma)
		}
	}
	if all.sum <= 0 {
		e.Done = 1
		return
	}
	e.Done = spent / (spent + all.sum)
	low, high := all.Range(left)
	e.Low, e.High = seconds(low), seconds(high)
}

const (
	common  = 0.8  // how much of the errors is common to all trials, such as a machine that others use, too
	inRange = 1.28 // four of five lie so many standard deviations around the middle
)

// Together is durations of trials, whose errors add up.
type Together struct{ sum, straight, square float64 }

// Add adds a trial with its error, both in seconds.
func (t *Together) Add(seconds, off float64) {
	t.sum, t.straight, t.square = t.sum+seconds, t.straight+off, t.square+off*off
}

// Range is where four of five lie of what these trials are meant to take.
func (t Together) Range(seconds float64) (low, high float64) {
	if t.sum <= 0 {
		return seconds, seconds
	}
	sigma := math.Sqrt((common*t.straight*t.straight+(1-common)*t.square)/t.sum/t.sum) * inRange
	return seconds * math.Exp(-sigma), seconds * math.Exp(sigma)
}

// play is how long it takes until all have ended, so many at a time: who waits starts when the first of those that run ends.
func play(running, waiting []guess, parallel int) float64 {
	slots := make([]float64, max(parallel, len(running), 1))
	for i, g := range running {
		slots[i] = g.seconds
	}
	end := 0.0
	for _, g := range waiting {
		first := 0
		for i := range slots {
			if slots[i] < slots[first] {
				first = i
			}
		}
		slots[first] += g.seconds
	}
	for _, s := range slots {
		end = math.Max(end, s)
	}
	return end
}

func seconds(s float64) time.Duration {
	const most = 100 * 365 * 24 * time.Hour
	if s >= most.Seconds() {
		return most
	}
	return time.Duration(s * float64(time.Second))
}
