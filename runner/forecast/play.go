package forecast

import "math"

// Sweep is how long trials take together.
type Sweep struct {
	Ends      []float64 // of each trial, in seconds from the start
	Trials    []float64 // seconds that each takes alone, without what another has done before it
	Seconds   float64
	CPU       float64
	Low, High float64 // four of five sweeps are meant to end between them
	Known     bool    // else Seconds is what it takes at least
}

// How errors add up, as in package eta.
const (
	together = .8
	inRange  = 1.28
)

// Play plays trials through, so many at a time, in order. What several share is done by the first of them; the others wait until it is.
func Play(trials []Task, estimates []Estimate, parallel int) Sweep {
	s := Sweep{Known: true}
	slots := make([]float64, max(1, parallel))
	ready := map[string]float64{} // when what is done once is done
	var straight, square, sum float64
	for i, t := range trials {
		first := 0
		for k := range slots {
			if slots[k] < slots[first] {
				first = k
			}
		}
		at, own := slots[first], 0.0
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
			at, own = at+g.Seconds, own+g.Seconds
			s.CPU += g.CPU
			sum, straight, square = sum+g.Seconds, straight+g.Seconds*g.Sigma, square+g.Seconds*g.Seconds*g.Sigma*g.Sigma
			if p.Once != "" {
				ready[p.Once] = at
			}
		}
		slots[first] = at
		s.Ends, s.Trials = append(s.Ends, at), append(s.Trials, own)
		s.Seconds = math.Max(s.Seconds, at)
	}
	s.Low, s.High = s.Seconds, s.Seconds
	if sum > 0 {
		s.Low, s.High = between(s.Seconds, math.Sqrt((together*straight*straight+(1-together)*square)/sum/sum))
	}
	return s
}

func between(seconds, sigma float64) (low, high float64) {
	return seconds * math.Exp(-sigma*inRange), seconds * math.Exp(sigma*inRange)
}

// Alone is how long a trial takes that shares nothing with others of a sweep, but for what is in the home.
func (e Estimate) Alone(t Task) Sweep { return Play([]Task{t}, []Estimate{e}, 1) }
