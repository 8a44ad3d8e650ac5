package cli

import (
	"harness/model/spec"
	"harness/runner/forecast"
)

// trialCost is what a trial of a plan takes.
type trialCost struct {
	Done    bool          `json:"done"`              // it has a result
	Encoder int64         `json:"encoder,omitempty"` // parameters of the vision encoder
	Stages  []stageCost   `json:"stages"`            // of training
	FLOPs   countKind     `json:"flops,omitempty"`   // how the operations of stages are counted
	About   string        `json:"about,omitempty"`   // why they are not exact
	Memory  *memoryCost   `json:"memory,omitempty"`
	Alone   *timeCost     `json:"alone,omitempty"`   // of the trial, as if it shared nothing with others of the sweep; missing where nothing is known
	Ends    *timeCost     `json:"ends,omitempty"`    // when it ends, from the start of the sweep
	Phases  []phaseCost   `json:"phases"`            // its parts, as they are estimated
	From    *forecastFrom `json:"from,omitempty"`    // where the times come from
	Problem string        `json:"problem,omitempty"` // why it could not be counted
}

// countKind says how exact a count of operations is.
type countKind string

const (
	countExact countKind = "exact"
	countAbout countKind = "about"
	countBound countKind = "at most"
)

// stageCost is what a stage of training takes.
type stageCost struct {
	Stage      spec.Phase `json:"stage"`
	Parameters int64      `json:"parameters"`     // of the whole model
	Trained    int64      `json:"trained"`        // those that are not frozen
	Steps      *int       `json:"steps"`          // null: the data are not there
	Operations *float64   `json:"flops"`          // of all steps
	Step       float64    `json:"flops_per_step"` // on average
	Shared     string     `json:"shared"`         // equal where trials share the stage
	Done       bool       `json:"done,omitempty"` // it is in the home
}

// memoryCost is the most memory of a trial.
type memoryCost struct {
	Bytes int64      `json:"bytes"`
	From  memoryKind `json:"from"` // earlier trials, a measurement, or arithmetic
}

// timeCost is a duration with its range.
type timeCost struct {
	Seconds float64  `json:"seconds"`
	Low     *float64 `json:"low,omitempty"` // four of five are meant to lie between; missing where only a lower bound is known
	High    *float64 `json:"high,omitempty"`
	CPU     float64  `json:"cpu_seconds,omitempty"` // that all threads compute
	AtLeast bool     `json:"at_least,omitempty"`    // some of it is not known
}

// phaseCost is how long a phase takes.
type phaseCost struct {
	Phase   spec.Phase `json:"phase"`                 // a stage of training, or another part of the trial
	Seconds *float64   `json:"seconds"`               // null: not known
	CPU     float64    `json:"cpu_seconds,omitempty"` // that all threads compute
	Done    bool       `json:"done,omitempty"`        // its result is in the home
}

// forecastFrom says where the times come from.
type forecastFrom struct {
	Trials   int     `json:"trials"`                     // of this machine, of the same setting
	Like     int     `json:"like"`                       // of this machine, of the same sizes, or of the same program
	Measured bool    `json:"measured"`                   // some of it was measured now
	Rate     float64 `json:"flops_per_second,omitempty"` // of training, where it was measured
	Parallel int     `json:"parallel"`                   // trials at a time
	Threads  int     `json:"threads"`                    // of each
}

func newTimeCost(s forecast.Sweep) *timeCost {
	switch {
	case !s.Known && s.Seconds <= 0:
		return nil
	case !s.Known:
		return &timeCost{Seconds: s.Seconds, CPU: s.CPU, AtLeast: true}
	}
	return &timeCost{Seconds: s.Seconds, Low: &s.Low, High: &s.High, CPU: s.CPU}
}

// json is what trial i of the plan takes.
func (c *costs) json(i int) *trialCost {
	g := c.of[i]
	one := &trialCost{Done: true, Stages: []stageCost{}, Phases: []phaseCost{}, Problem: g.problem}
	for at, k := range c.left {
		if k == i {
			one.Done = false
			until := c.together
			until.Seconds = until.Ends[at]
			if share := until.Seconds / max(c.together.Seconds, 1e-9); until.Known {
				until.Low, until.High = until.Low*share, until.High*share
			}
			until.CPU = 0
			one.Ends = newTimeCost(until)
		}
	}
	one.Alone = newTimeCost(c.alone(i))
	if c.on == "" {
		one.From = &forecastFrom{g.from.Trials, g.from.Like, g.from.Measured, g.from.Rate, c.parallel, c.threads}
	}
	for k, p := range c.trials[i].Phases {
		guess := c.guesses[i].Phases[k]
		phase := phaseCost{Phase: p.Phase, CPU: guess.CPU, Done: p.Done}
		if !guess.Unknown {
			phase.Seconds = &guess.Seconds
		}
		one.Phases = append(one.Phases, phase)
	}
	if g.planned == nil {
		return one
	}
	one.Encoder, one.About = g.planned.Encoder, g.planned.About
	one.Memory = &memoryCost{g.memory, g.kind}
	switch {
	case g.planned.Bound:
		one.FLOPs = countBound
	case g.planned.Exact:
		one.FLOPs = countExact
	default:
		one.FLOPs = countAbout
	}
	for k, p := range g.planned.Phases {
		if p.Steps > 0 {
			own := c.trials[i].Phases[k]
			stage := stageCost{Stage: p.Phase, Parameters: p.Parameters, Trained: p.Trained, Step: p.Step, Shared: own.Once, Done: own.Done}
			if !p.Uncounted {
				stage.Steps, stage.Operations = &p.Steps, &p.Work
			}
			one.Stages = append(one.Stages, stage)
		}
	}
	return one
}
