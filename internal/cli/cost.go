package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"time"

	"harness/model"
	"harness/model/spec"
	"harness/registry"
	"harness/runner"
	"harness/runner/eta"
	"harness/runner/forecast"
	"harness/sweeps"
)

// costs is what a sweep will take, told before it runs.
type costs struct {
	groups   []*costGroup
	of       []*costGroup    // of each trial of the plan
	trials   []forecast.Task // of each trial of the plan; of programs one phase
	guesses  []forecast.Estimate
	left     []int // trials of the plan that will run, in order
	done     int
	on       string         // the scheduler that will run them, of whose machines nothing is known; "" is this machine
	parallel int            // trials at a time on this machine
	threads  int            // of each
	together forecast.Sweep // of those that are left
}

// costGroup is the trials of a setting, which differ in their seeds alone.
type costGroup struct {
	row        string
	spec       spec.Trial // of the first
	count      int
	done       int
	planned    *model.Planned // nil: a program, or what could not be planned
	problem    string         // why not
	unmeasured string         // why it was not measured
	from       forecast.From
	memory     int64
	kind       memoryKind
}

// memoryKind says where a figure of memory comes from.
type memoryKind string

const (
	memoryLearnt   memoryKind = "learnt"   // the most that an earlier trial took
	memoryLike     memoryKind = "like it"  // the most that an earlier trial of the same sizes took
	memoryMeasured memoryKind = "measured" // in a few steps, with what the trial keeps beside
	memoryComputed memoryKind = "computed" // parameters, gradients, moments, kept features and pixels: without activations
)

// costOf tells what the trials of a plan will take.
func (o sweepOptions) costOf(ctx context.Context, log io.Writer, plan *sweeps.Plan) (*costs, error) {
	c := &costs{}
	db, err := registry.OpenReadOnly(ctx, o.home)
	switch {
	case errors.Is(err, registry.ErrNone):
		db = nil
	case err != nil:
		return nil, err
	default:
		defer db.Close()
		sayRebuilt(log, db)
	}
	states := map[string]registry.State{}
	if db != nil {
		if states, err = statesOf(ctx, db, plan); err != nil {
			return nil, err
		}
	}
	c.group(plan, states, o.redo != "")
	if o.elsewhere() {
		c.on, o.measure, db = o.on, false, nil
	} else if err := c.divide(o, plan); err != nil {
		return nil, err
	}
	if plan.Command {
		err = c.ofPrograms(ctx, db, plan)
	} else {
		err = c.ofTrainer(ctx, log, o, db, plan)
	}
	if err != nil {
		return nil, err
	}
	var trials []forecast.Task
	var guesses []forecast.Estimate
	for _, i := range c.left {
		trials, guesses = append(trials, c.trials[i]), append(guesses, c.guesses[i])
	}
	c.together = forecast.Play(trials, guesses, c.parallel)
	return c, nil
}

// group folds seeds. again says that what is done may run again, and is counted as if it did.
func (c *costs) group(plan *sweeps.Plan, states map[string]registry.State, again bool) {
	known := map[string]*costGroup{}
	for i, t := range plan.Trials {
		key := t.Spec.Setting()
		g := known[key]
		if g == nil {
			g = &costGroup{row: t.Row, spec: t.Spec}
			known[key] = g
			c.groups = append(c.groups, g)
		}
		g.count++
		c.of = append(c.of, g)
		if state := states[t.ID]; !again && (state == registry.Done || state == registry.Stopped) {
			g.done++
			c.done++
			continue
		}
		c.left = append(c.left, i)
	}
	c.trials, c.guesses = make([]forecast.Task, len(plan.Trials)), make([]forecast.Estimate, len(plan.Trials))
}

// divide is how many of the trials that are left run at a time on this machine, and on how many threads each.
func (c *costs) divide(o sweepOptions, plan *sweeps.Plan) error {
	options, err := o.runnerOptions(plan, io.Discard)
	if err != nil {
		return err
	}
	var left []spec.Trial
	for _, i := range c.left {
		left = append(left, plan.Trials[i].Spec)
	}
	c.parallel, c.threads = runner.Divide(options, left)
	c.parallel = max(1, min(c.parallel, len(left)))
	return nil
}

// conditions are how the trials of a setting will run.
func (c *costs) conditions(t spec.Trial, engine string) forecast.Conditions {
	here := build(context.Background())
	return forecast.Conditions{Machine: forecast.Machine{Host: here.Host, CPU: here.CPU, Engine: engineOf(t, engine)}, Threads: c.threads, Beside: float64(c.parallel)}
}

// engineOf is the engine that a trial is counted and timed on, as spec.Trial.EngineFor names it; without a path where no plugin is known.
func engineOf(t spec.Trial, given string) string {
	engine, err := t.EngineFor(given)
	if err != nil {
		return t.Engine
	}
	return engine
}

// ofTrainer estimates trials of the built-in trainer, phase by phase.
func (c *costs) ofTrainer(ctx context.Context, log io.Writer, o sweepOptions, db *registry.DB, plan *sweeps.Plan) error {
	var history forecast.History
	if db != nil {
		var err error
		if history, err = forecast.Read(ctx, db); err != nil {
			return err
		}
	}
	planner := model.NewPlanner(o.home)
	defer planner.Close()
	for _, g := range c.groups {
		var err error
		if g.planned, err = planner.Plan(ctx, g.spec, engineOf(g.spec, o.engine)); err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			g.problem = err.Error()
		}
	}
	if o.measure {
		measured, err := c.measured(ctx, log, o, history, planner)
		if err != nil {
			return err
		}
		history = append(history, measured...)
	}
	for i, t := range plan.Trials {
		g := c.of[i]
		if g.planned == nil {
			c.trials[i], c.guesses[i] = unknownTrial(t.Spec)
			continue
		}
		c.trials[i] = phasesOf(g.planned.Seeded(t.Spec, o.home), t.Spec)
		c.guesses[i] = history.Of(c.trials[i], c.conditions(t.Spec, o.engine))
	}
	for i, g := range c.of {
		g.from = c.guesses[i].From
	}
	for _, g := range c.groups {
		if g.planned == nil {
			continue
		}
		g.remember(history.Memory(g.spec, c.conditions(g.spec, o.engine).Machine))
	}
	return nil
}

// remember takes how much memory is known to be needed, and from what.
func (g *costGroup) remember(bytes int64, from forecast.Evidence) {
	kept := g.planned.Features + g.planned.Pixels
	switch {
	case bytes == 0 || bytes < g.planned.Bytes(): // it was seen where a stage was in the home
		g.memory, g.kind = kept+g.planned.Bytes(), memoryComputed
	case from == forecast.Measured:
		g.memory, g.kind = bytes+kept, memoryMeasured
	case from == forecast.Like:
		g.memory, g.kind = bytes, memoryLike
	default:
		g.memory, g.kind = bytes, memoryLearnt
	}
}

// phasesOf are the phases of a trial as they are estimated.
func phasesOf(planned []model.PlannedPhase, t spec.Trial) forecast.Task {
	trial := forecast.Task{Spec: t}
	for _, p := range planned {
		trial.Phases = append(trial.Phases, forecast.Phase{Phase: p.Phase, Work: p.Work, Once: p.Stage, Done: p.Done, Uncounted: p.Uncounted})
	}
	trial.Phases = append(trial.Phases, forecast.Phase{Phase: spec.PhaseRest, Work: 1})
	return trial
}

// unknownTrial is one of which nothing is known.
func unknownTrial(t spec.Trial) (forecast.Task, forecast.Estimate) {
	return forecast.Task{Spec: t, Phases: []forecast.Phase{{Phase: wholeTrial, Work: 1}}},
		forecast.Estimate{Phases: []forecast.Guess{{Unknown: true}}, Missing: []spec.Phase{wholeTrial}}
}

// wholeTrial is the only phase of a program.
const wholeTrial spec.Phase = "all"

// ofPrograms estimates trials of programs from trials of the same program in the home.
func (c *costs) ofPrograms(ctx context.Context, db *registry.DB, plan *sweeps.Plan) error {
	for i, t := range plan.Trials {
		c.trials[i], c.guesses[i] = unknownTrial(t.Spec)
	}
	if db == nil {
		return nil
	}
	sweep, err := timings(ctx, db, plan)
	if err != nil {
		return err
	}
	whole := sweep.Wholes()
	for i, waiting := range sweep.Trials {
		waiting.State = registry.Queued
		if w := whole(waiting); w.Known {
			c.guesses[i] = forecast.Estimate{Phases: []forecast.Guess{{Seconds: w.Took.Seconds(), Sigma: w.Sigma}}, From: forecast.From{Trials: w.Same, Like: w.Like}}
			c.of[i].from = c.guesses[i].From
		}
	}
	return nil
}

// timings are the trials of a plan of a program, and those of the same program that have ended in other sweeps, as package eta takes them.
func timings(ctx context.Context, db *registry.DB, plan *sweeps.Plan) (eta.Sweep, error) {
	var s eta.Sweep
	known, err := db.Trials(ctx, registry.Query{IDs: plan.IDs()})
	if err != nil {
		return s, err
	}
	at := map[string]registry.Trial{}
	for _, t := range known {
		at[t.ID] = t
	}
	for i, params := range plan.Params() {
		t := plan.Trials[i]
		one := eta.Timing{ID: t.ID, Setting: t.Spec.Setting(), State: registry.Queued, Params: map[string]string{}}
		for _, p := range params {
			if text, err := json.Marshal(p.Value); err == nil && p.Path != "seed" {
				one.Params[p.Path] = string(text)
			}
		}
		if have := at[t.ID]; have.State == registry.Done && have.Newest.Number == have.Result {
			one.State, one.Took, one.Ended = registry.Done, have.Newest.Ended.Sub(have.Newest.Started), have.Newest.Ended
			at[t.ID] = registry.Trial{}
		}
		s.Trials = append(s.Trials, one)
	}
	own := map[string]bool{}
	for _, t := range plan.Trials {
		own[t.ID] = true
	}
	last, err := db.LastDone(ctx, "", 256)
	for _, t := range last {
		if first := plan.Trials[0].Spec; own[t.ID] || t.Spec.Imported != "" || !slices.Equal(t.Spec.Command.List(), first.Command.List()) ||
			t.Spec.Project != first.Project || t.Newest.Number != t.Result {
			continue
		}
		s.Earlier = append(s.Earlier, eta.Timing{ID: t.ID, Setting: t.Spec.Setting(), State: registry.Done,
			Took: t.Newest.Ended.Sub(t.Newest.Started), Ended: t.Newest.Ended})
	}
	return s, err
}

// alone is how long a trial of the plan takes that shares nothing with others, but for what is in the home.
func (c *costs) alone(i int) forecast.Sweep { return c.guesses[i].Alone(c.trials[i]) }

// typical is how long the one in the middle takes of a group's trials that are left: what was interrupted, or shares a stage that is in the home, takes less
// than the others.
func (c *costs) typical(g *costGroup) forecast.Sweep {
	var list []forecast.Sweep
	for _, i := range c.left {
		if c.of[i] == g {
			list = append(list, c.alone(i))
		}
	}
	slices.SortStableFunc(list, func(a, b forecast.Sweep) int { return cmp.Compare(a.Seconds, b.Seconds) })
	return list[len(list)/2]
}

// stageNames are the stages of training of all groups, in the order in which a trial runs them.
func (c *costs) stageNames() []spec.Phase {
	var names []spec.Phase
	for _, stage := range spec.Stages {
		name := spec.Phase(stage)
		if spec.IsTraining(name) && slices.ContainsFunc(c.groups, func(g *costGroup) bool { return g.stage(name) != nil }) {
			names = append(names, name)
		}
	}
	return names
}

// stage is a stage of training of the group; nil where it has none of that name.
func (g *costGroup) stage(name spec.Phase) *model.PlannedPhase {
	if g.planned == nil {
		return nil
	}
	for i := range g.planned.Phases {
		if g.planned.Phases[i].Phase == name {
			return &g.planned.Phases[i]
		}
	}
	return nil
}

// ends is when a sweep would end that begins now.
func (c *costs) ends(now time.Time) time.Time {
	return now.Add(time.Duration(c.together.Seconds * float64(time.Second)))
}
