package forecast

import (
	"math"

	"harness/runner/eta"
)

// Sweep is how long trials take together.
type Sweep struct {
	Ends      []float64 // of each trial, in seconds from the start
	Seconds   float64
	CPU       float64
	Low, High float64 // four of five sweeps are meant to end between them
	Known     bool    // else Seconds is what it takes at least
}

// Play plays trials through, so many at a time, in order. What several share is done by the first of them; the others wait until it is.
func Play(trials []Task, estimates []Estimate, parallel int) Sweep {
	s := Sweep{Known: true}
	slots := make([]float64, max(1, parallel))
	ready := map[string]float64{} // when what is done once is done
	var all eta.Together
	for i, t := range trials {
		first := 0
		for k := range slots {
			if slots[k] < slots[first] {
				first = k
			}
		}
		at, own, off := slots[first], 0.0, 0.0 // errors of a trial's phases are common
		for k, p := range t.Phases {
			g := estimates[i].Phases[k]
			if p.Done {
				continue
			}
			if p.Once != "" {
				if when, done := ready[p.Once]; done {
					at = math.Max(at, when)
					continue
				}
			}
			s.Known = s.Known && !g.Unknown
			at, own, off = at+g.Seconds, own+g.Seconds, off+g.Seconds*g.Sigma
			s.CPU += g.CPU
			if p.Once != "" {
				ready[p.Once] = at
			}
		}
		slots[first] = at
		all.Add(own, off)
		s.Ends = append(s.Ends, at)
		s.Seconds = math.Max(s.Seconds, at)
	}
	s.Low, s.High = all.Range(s.Seconds)
	return s
}

// Alone is how long a trial takes that shares nothing with others of a sweep, but for what is in the home.
func (e Estimate) Alone(t Task) Sweep { return Play([]Task{t}, []Estimate{e}, 1) }
