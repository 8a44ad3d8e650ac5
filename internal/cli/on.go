package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/view"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/runner"
	"harness/runner/cluster"
	"harness/runner/slurm"
	"harness/sweeps"
)

// The schedulers that --on names. A further one is a package like runner/slurm, and a case in schedulerNamed and workerOf.
const (
	onThisMachine = "local"
	onSlurm       = "slurm"
)

// onOptions are the flags that say where a sweep runs.
type onOptions struct {
	on    string
	slurm []string
}

func (o *onOptions) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&o.on, "on", onThisMachine, "where the trials run: local, or slurm (docs/slurm.md)")
	f.StringArrayVar(&o.slurm, "slurm", nil, "what to ask Slurm for, in place of what the file says: KEY=VALUE, such as partition=gpu; may be repeated")
}

// elsewhere reports whether the trials run on other machines.
func (o *onOptions) elsewhere() bool { return o.on != onThisMachine && o.on != "" }

// checkOn refuses flags that do not go together.
func (o *sweepOptions) checkOn() error {
	switch o.on {
	case "", onThisMachine:
		if len(o.slurm) > 0 {
			return usageError("--slurm: want --on slurm, too")
		}
		return nil
	case onSlurm:
		if o.unit {
			return usageError("--unit is for this machine: a scheduler takes its jobs up again itself")
		}
	default:
		return usageError("--on %s: want %s or %s", o.on, onThisMachine, onSlurm)
	}
	for _, f := range []struct {
		given bool
		name  string
		key   string
	}{{o.parallel > 0, "--parallel", "throttle"}, {o.gpus != "", "--gpus", "gpus"}, {o.perGPU > 0, "--per-gpu", "gpus"}, {o.threads > 0, "--threads", "cpus"}} {
		if f.given {
			return usageError("%s is for this machine: with --on slurm want --slurm %s=N", f.name, f.key)
		}
	}
	return nil
}

// sweepElsewhere hands the trials of a plan in, and follows them.
func (o *sweepOptions) sweepElsewhere(ctx context.Context, w, log io.Writer, db *registry.DB, plan *sweeps.Plan, stale map[string]string, name string) error {
	began := time.Now()
	options, err := o.clusterOptions(plan, log)
	if err != nil {
		return err
	}
	result, err := cluster.Run(ctx, db, toRun(plan), options)
	if err != nil {
		return withHint(err, hintOf(err))
	}
	if errors.Is(result.Stopped, cluster.ErrLeft) || o.detach && result.Open > 0 {
		return o.left(log, plan, result, name)
	}
	if !o.quiet {
		fmt.Fprintln(log, resultLine(plan.Handle, result.Result, time.Since(began)))
	}
	if result.Done > result.Before || result.Early > 0 {
		stale = nil
	}
	if err := printSweep(context.WithoutCancel(ctx), w, log, db, plan, stale, *o); err != nil {
		return err
	}
	return sweepError(plan.Handle, result.Result)
}

// left says what goes on without us.
func (o *sweepOptions) left(log io.Writer, plan *sweeps.Plan, r cluster.Result, name string) error {
	jobs := strings.Join(r.Jobs, ", ")
	if jobs == "" {
		jobs = "not known yet"
	}
	if !o.quiet {
		fmt.Fprintf(log, "%s: %s at %s (job %s): \"harness sweep %s --on %s\" follows them, \"harness cancel %s\" takes them back\n", plan.Handle,
			counted(r.Open, "trial"), o.on, jobs, runner.ShellQuote(name), o.on, runner.ShellQuote(plan.Handle))
		if plan.Run.Stop != nil {
			fmt.Fprintf(log, "%s: trials are stopped early only while somebody follows them\n", plan.Handle)
		}
	}
	if o.detach {
		return nil
	}
	return withCode(exitInterrupted, fmt.Errorf("sweep %s: no longer followed: its jobs go on", plan.Handle))
}

// clusterOptions are the options of the sweep for a scheduler.
func (o *sweepOptions) clusterOptions(plan *sweeps.Plan, log io.Writer) (cluster.Options, error) {
	local, err := o.runnerOptions(plan, log)
	if err != nil {
		return cluster.Options{}, err
	}
	settings, err := o.slurmSettings(plan)
	if err != nil {
		return cluster.Options{}, err
	}
	home, err := realPath(o.home)
	if err != nil {
		return cluster.Options{}, err
	}
	if err := checkShared(home); err != nil {
		return cluster.Options{}, err
	}
	program, err := keepProgram(home)
	if err != nil {
		return cluster.Options{}, err
	}
	out := log
	if o.quiet {
		out = nil
	}
	return cluster.Options{
		Stop:      stopRule(plan.Run.Stop),
		Scheduler: &slurm.Slurm{Settings: settings}, Sweep: plan.Handle, Submit: o.detach, Out: out,
		Command: func(batch string) []string {
			return []string{program, "trial", "task", "--home", home, "--batch", batch}
		},
		Rules: cluster.Rules{Dir: local.Dir, Metrics: local.Metrics, Collect: local.Collect, CPUs: settings.CPUs, Engine: o.engine, Retries: local.Retries,
			RetryOn: local.RetryOn, Timeout: local.Timeout, Grace: min(grace, settings.Lead()*4/5), Limit: settings.Time},
		MaxFailures: local.MaxFailures, StopAfter: local.StopAfter,
	}, nil
}

// slurmSettings are what the file asks for, as the flags change it. What it says of resources holds where it says nothing of Slurm.
func (o *sweepOptions) slurmSettings(plan *sweeps.Plan) (slurm.Settings, error) {
	asked := plan.Slurm
	if err := asked.Override(o.slurm); err != nil {
		return slurm.Settings{}, usageError("--slurm: %w", err)
	}
	if asked.CPUs == 0 {
		asked.CPUs = plan.Resources.CPUs
	}
	if asked.GPUs == "" && asked.Gres == "" && plan.Resources.GPUs > 0 {
		asked.GPUs = fmt.Sprint(plan.Resources.GPUs)
	}
	if asked.Throttle == 0 {
		asked.Throttle = plan.Run.Parallel
	}
	return slurm.Settings(asked), nil
}

// checkAsked refuses what a file or the flags ask for that other machines cannot give.
func (o *sweepOptions) checkAsked(plan *sweeps.Plan) error {
	if plan.Run.Collect.Shared() {
		return usageError("--on %s: %s reads numbers from folders that all its trials write into (collect): want ${trial} or ${trial_dir} in them", o.on, plan.Name)
	}
	_, err := o.slurmSettings(plan)
	return err
}

// checkElsewhere refuses what cannot go well on other machines before anything is planned: commands, data and room.
func (o *sweepOptions) checkElsewhere(ctx context.Context, plan *sweeps.Plan, left []spec.Trial) error {
	if err := slurm.Check(); err != nil {
		return fmt.Errorf("--on %s: %w", o.on, err)
	}
	if o.redo != "" { // what Slurm would refuse puts no results aside
		settings, err := o.slurmSettings(plan)
		if err != nil {
			return err
		}
		if err := (&slurm.Slurm{Settings: settings}).Try(ctx); err != nil {
			return fmt.Errorf("%s refuses the sweep: %w", o.on, err)
		}
	}
	if len(left) == 0 {
		return nil
	}
	var here []spec.Trial // whose engine this machine can tell about
	for _, t := range left {
		if t.Engine != spec.XLAEngine {
			here = append(here, t)
		}
	}
	if err := o.preflightTrials(ctx, here); err != nil {
		return err
	}
	return checkRoom(o.home, !plan.Command)
}

// checkHere refuses to run trials on this machine that a scheduler has, or may have where it does not answer.
func checkHere(ctx context.Context, db *registry.DB, plan *sweeps.Plan) error {
	open, _, err := cluster.Open(db.Home)
	if err != nil || len(open) == 0 {
		return err
	}
	if err := cluster.CatchUp(ctx, db, open); err != nil {
		return err
	}
	trials, err := view.TrialsOf(ctx, db, plan)
	if err != nil {
		return err
	}
	var left []registry.Trial // that a task may be about to run
	for _, t := range trials {
		if _, has := cluster.Has(open, t); has && !t.State.Ended() {
			left = append(left, t)
		}
	}
	if len(left) == 0 {
		return nil
	}
	s, err := schedulerNamed(open[0].Scheduler)
	if err != nil {
		return err
	}
	busy, err := cluster.Busy(ctx, db.Home, s)
	if err != nil {
		return fmt.Errorf("sweep %s: %s were handed in to %s, and may run there: %w", plan.Handle, counted(len(left), "trial"), s.Name(), err)
	}
	count, sweep := 0, ""
	for _, t := range left {
		if handle, is := busy[t.ID]; is {
			count, sweep = count+1, handle
		}
	}
	if count == 0 {
		return nil
	}
	return withHint(fmt.Errorf("sweep %s: %s has %s of it", plan.Handle, s.Name(), counted(count, "trial")),
		fmt.Sprintf("the command with --on %s that handed them in follows them, harness cancel %s takes them back", s.Name(), runner.ShellQuote(sweep)))
}

// schedulerNamed is the scheduler of a batch, for who only looks or cancels.
func schedulerNamed(name string) (cluster.Scheduler, error) {
	switch name {
	case onSlurm:
		return &slurm.Slurm{}, nil
	}
	return nil, fmt.Errorf("scheduler %s is not known here: use a newer harness", name)
}

// workerOf is the scheduler that has started this process as a task.
func workerOf(name string) (cluster.Worker, error) {
	switch name {
	case onSlurm:
		return slurm.Here()
	}
	return nil, fmt.Errorf("scheduler %s is not known here: use a newer harness", name)
}

// rulesOf are the options of a task.
func rulesOf(r cluster.Rules) runner.Options {
	return runner.Options{Dir: r.Dir, Metrics: r.Metrics, Collect: r.Collect, CPUs: r.CPUs, Threads: r.Threads, Engine: r.Engine, Retries: r.Retries, RetryOn: r.RetryOn,
		Timeout: r.Timeout, Grace: r.Grace, Guardian: guardian, Provenance: func() journal.Provenance { return build(context.Background()) }}
}
