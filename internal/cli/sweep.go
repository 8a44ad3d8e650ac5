package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/registry/provenance"
	"harness/reports"
	"harness/runner"
	"harness/runner/earlystop"
	"harness/runner/live"
	"harness/sweeps"
)

// grace is how long a trial that was asked to stop may take to save its checkpoint.
const grace = 2 * time.Minute

// sweepOptions are the flags of sweep.
type sweepOptions struct {
	experimentOptions
	gpuOptions
	detachOptions
	onOptions
	home        string
	engine      string
	parallel    int
	threads     int
	dryRun      bool
	measure     bool
	json        bool
	quiet       bool
	paint       live.Paint
	redo        string
	retryFailed bool
	yes         bool
}

func newSweepCommand() *cobra.Command {
	var o sweepOptions
	cmd := &cobra.Command{
		Use:   "sweep NAME|FILE",
		Short: "Run the trials of an experiment that have no result yet, and print its table",
		Long: `Run the trials of an experiment that have no result yet, and print its table.

NAME is a built-in experiment, FILE a file of your own, or a sweep file of W&B, SEML or Hydra (docs/sweepfiles.md). Ctrl-C lets the running trials save a checkpoint; the same
command goes on from there. A trial that was killed, ran out of memory or of disk is tried again as often as the file's
"retries" says, counted over all calls; what failed for good is run again with --redo failed, what a rule has stopped early with
--redo stopped. --redo stale runs again what was
made by other code than is there now, --redo all everything, and --redo CONDITION what a filter chooses (harness ls --help).

With --detach it goes on in the background, also after you have logged out. The same command, called while it does, shows it and starts
nothing; harness cancel NAME stops it. Of two calls in two terminals each runs trials of its own, and none is run twice.`,
		Args: oneExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.home, o.paint = homeOf(cmd), paintOf(cmd, cmd.ErrOrStderr())
			if err := o.detachOptions.check(cmd, o); err != nil {
				return err
			}
			if cmd.Flags().Changed("measure") && !o.dryRun {
				return usageError("--measure: it goes with --dry-run")
			}
			return sweep(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], o)
		},
	}
	f := cmd.Flags()
	o.experimentOptions.flags(cmd)
	o.gpuOptions.flags(cmd)
	o.detachOptions.flags(cmd)
	o.onOptions.flags(cmd)
	f.BoolVar(&o.dryRun, "dry-run", false, "print the trials, and what they take, and run nothing")
	f.BoolVar(&o.measure, "measure", true, "with --dry-run: do a few steps of what no earlier trial tells of")
	f.BoolVar(&o.json, "json", false, "print the trials as JSON")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "print the table, and nothing else but warnings and errors")
	f.StringVar(&o.command, "command", "", "what to run, for a file of Hydra, which names no program: 'python3 train.py'")
	f.StringVar(&o.redo, "redo", "", "run again what has ended: failed, stopped, stale, all, or those for which a condition holds")
	f.BoolVar(&o.retryFailed, "retry-failed", false, "the same as --redo failed")
	f.BoolVar(&o.yes, "yes", false, "do not ask before results are replaced")
	positiveVar(f, &o.parallel, "parallel", "trials at a time (default: what the file says, else by the cores)")
	positiveVar(f, &o.threads, "threads", "threads of each trial (default: the cores divided among the trials that run)")
	f.StringVar(&o.engine, "engine", "", engineUsage)
	return cmd
}

// sweep runs an experiment; the table goes to w, progress and warnings to log.
func sweep(ctx context.Context, w, log io.Writer, name string, o sweepOptions) error {
	if err := o.gpuOptions.check(); err != nil {
		return err
	}
	if err := o.checkOn(); err != nil {
		return err
	}
	if o.retryFailed {
		if o.redo != "" {
			return usageError("--retry-failed and --redo: want one of them")
		}
		o.redo = "failed"
	}
	if err := o.checkRedo(); err != nil {
		return err
	}
	engine, err := readEngine(o.engine)
	if err != nil {
		return err
	}
	named := o // the plan is named without the engine's setting, which --engine stands for
	named.set = slices.Concat(o.set, settings(engine))
	named.native = o.engine != "" && engine.Kind == ""
	plan, err := named.expand(ctx, log, name)
	if err != nil {
		return err
	}
	if o.elsewhere() {
		if err := o.checkAsked(plan); err != nil {
			return err
		}
	}
	if o.dryRun {
		return o.printPlanned(ctx, w, log, plan)
	}
	db, err := openRegistry(ctx, log, o.home)
	if err != nil {
		return err
	}
	defer db.Close()
	states, err := statesOf(ctx, db, plan)
	if err != nil {
		return err
	}
	if adopted, err := adopt(ctx, db, plan, states); err != nil {
		return err
	} else if adopted {
		if states, err = statesOf(ctx, db, plan); err != nil {
			return err
		}
	}
	left := unfinished(plan, states)
	mayRun := left
	if o.redo != "" {
		mayRun = unfinished(plan, nil)
	}
	if o.elsewhere() {
		err = o.checkElsewhere(ctx, plan, left)
	} else if o.engine, err = located(log, o.engine, mayRun); err == nil {
		err = o.preflight(ctx, plan, left)
	}
	if err != nil {
		return err
	}
	if err := register(ctx, log, db, plan); err != nil {
		return err
	}
	if !o.elsewhere() {
		if err := checkHere(ctx, db, plan); err != nil {
			return err
		}
		if over, err := o.handOver(ctx, w, log, db, plan, left, name); over || err != nil {
			return err
		}
	}
	stale, err := o.again(ctx, log, db, plan, name)
	if err != nil {
		return err
	}
	ctx, stop := untilHangup(ctx)
	defer stop()
	if o.elsewhere() {
		return o.sweepElsewhere(ctx, w, log, db, plan, stale, name)
	}
	began := time.Now()
	options, err := o.runnerOptions(plan, log)
	if err != nil {
		return err
	}
	if plan.Command {
		given, err := givenTo(plan)
		if err != nil {
			return err
		}
		program, err := provenance.Follow(ctx, o.home, options.Dir, plan.Trials[0].Spec.Command.List(), given...)
		if err != nil {
			return err
		}
		options.Code = program.Attempt
		defer endProgram(log, program)
	}
	result, err := runner.Run(ctx, db, toRun(plan), options)
	if err != nil {
		return err
	}
	if !o.quiet {
		fmt.Fprintln(log, resultLine(plan.Handle, result, time.Since(began)))
		if result.Early > 0 && plan.Run.Stop == nil {
			fmt.Fprintf(log, "%s stopped early under the rule of another sweep: --redo stopped runs to the end\n", counted(result.Early, "trial"))
		}
	}
	o.leaveUnit(log, plan.Handle, result)
	if result.Done > result.Before || result.Early > 0 {
		stale = nil // something ran meanwhile: look again
	}
	if err := printSweep(context.WithoutCancel(ctx), w, log, db, plan, stale, o); err != nil {
		return err
	}
	return sweepError(plan.Handle, result)
}

// toRun are the trials of a plan as the runner takes them.
func toRun(plan *sweeps.Plan) []registry.Trial {
	trials := make([]registry.Trial, len(plan.Trials))
	for i, t := range plan.Trials {
		trials[i] = registry.Trial{ID: t.ID, Spec: t.Spec, Label: t.Label}
		if row := plan.Row(t.Row); row != nil {
			trials[i].Control = row.Control
		}
	}
	return trials
}

// stopRule is the rule for early stopping of a plan as the runner takes it; nil is none.
func stopRule(s *sweeps.Stop) *earlystop.Rule {
	if s == nil {
		return nil
	}
	rule := &earlystop.Rule{Kind: earlystop.Kind(s.Rule), Metric: escape.Line(s.Metric), Goal: earlystop.Goal(s.Goal), First: int64(s.First),
		Factor: int64(s.Factor), Least: s.Least}
	for _, rung := range s.Rungs {
		rule.Rungs = append(rule.Rungs, int64(rung))
	}
	return rule
}

func specsOf(plan *sweeps.Plan) []spec.Trial {
	specs := make([]spec.Trial, len(plan.Trials))
	for i, t := range plan.Trials {
		specs[i] = t.Spec
	}
	return specs
}

// givenTo lists the texts among the parameters of all trials, each once.
func givenTo(plan *sweeps.Plan) ([]string, error) {
	seen := map[string]bool{}
	for _, t := range plan.Trials {
		given, err := t.Spec.Args.Strings()
		if err != nil {
			return nil, fmt.Errorf("trial %s: %w", t.ID, err)
		}
		for _, text := range given {
			seen[text] = true
		}
	}
	return sortedKeys(seen), nil
}

func (o sweepOptions) runnerOptions(plan *sweeps.Plan, log io.Writer) (runner.Options, error) {
	dir, err := workingDir()
	if err != nil {
		return runner.Options{}, err
	}
	parallel := o.parallel
	if parallel == 0 {
		parallel = plan.Run.Parallel
	}
	if plan.Run.Collect.Shared() && parallel != 1 {
		return runner.Options{}, usageError("--parallel %d: %s reads numbers from folders that all its trials write into (collect): want 1", parallel, plan.Name)
	}
	stopAfter := 0
	if plan.Run.MaxFailures > 0 {
		stopAfter = -1 // the file says itself how many failures are too many
	}
	var gpus runner.GPUs
	if !o.elsewhere() { // a scheduler hands out its own
		gpus = o.gpuOptions.of(plan.Resources, o.engine, specsOf(plan))
		if !o.quiet {
			sayUnshared(log, plan, gpus, parallel)
		}
	}
	return runner.Options{
		StopAfter:   stopAfter,
		Child:       childOf(o.home, o.engine),
		Guardian:    guardian,
		Handle:      plan.Handle,
		Log:         o.logOf(plan.Handle),
		Dir:         dir,
		Metrics:     declaredBy(plan),
		Collect:     collectOf(plan),
		Parallel:    parallel,
		Threads:     o.threads,
		CPUs:        plan.Resources.CPUs,
		Engine:      o.engine,
		GPUs:        gpus,
		Retries:     plan.Run.Retries,
		RetryOn:     retryOn(plan),
		MaxFailures: plan.Run.MaxFailures,
		Stop:        stopRule(plan.Run.Stop),
		Timeout:     plan.Resources.Timeout,
		Grace:       grace,
		Provenance:  func() journal.Provenance { return build(context.Background()) },
		Kill:        secondSignal(),
		Out:         log,
		Display:     displayOf(log, o.quiet),
		Paint:       o.paint,
		Shown:       shownOf(plan),
	}, nil
}

// shownOf are the metrics of which the curve is shown while trials run: the first that a trial has points of.
func shownOf(plan *sweeps.Plan) []string {
	keys := make([]string, len(plan.Metrics))
	for i, m := range plan.Metrics {
		keys[i] = m.Key
	}
	return keys
}

// retryOn are the classes of failures after which the plan's trials are tried again.
func retryOn(plan *sweeps.Plan) []journal.Class {
	classes := make([]journal.Class, len(plan.Run.RetryOn))
	for i, class := range plan.Run.RetryOn {
		classes[i] = journal.Class(class)
	}
	return classes
}

// printSweep prints what the sweep came to: its table, or its trials as JSON. A program may do without numbers; that it reported none is
// said on log.
func printSweep(ctx context.Context, w, log io.Writer, db *registry.DB, plan *sweeps.Plan, stale map[string]string, o sweepOptions) error {
	if o.json {
		return list(ctx, w, db, listOptions{sweep: plan.Handle, json: true})
	}
	table, err := buildTable(ctx, db, plan, stale)
	switch {
	case errors.Is(err, reports.ErrNoMetrics) && len(plan.Metrics) == 0:
		fmt.Fprintf(log, "no table: no number was reported; %s\n", howToReport)
		return nil
	case errors.Is(err, reports.ErrNothing):
		return nil
	case err != nil:
		return hintSweep(err, plan.Handle)
	}
	return table.Text(w)
}

func resultLine(name string, r runner.Result, took time.Duration) string {
	text := fmt.Sprintf("%s: %d done", name, r.Done)
	if r.Before > 0 {
		text += fmt.Sprintf(" (%d before)", r.Before)
	}
	for _, part := range []struct {
		n    int
		what string
	}{{r.Early, "stopped early"}, {r.Failed, "failed"}, {r.Interrupted, "interrupted"}, {r.Queued, "not started"}} {
		if part.n > 0 {
			text += fmt.Sprintf(", %d %s", part.n, part.what)
		}
	}
	return text + fmt.Sprintf(", in %s", took.Round(10*time.Millisecond))
}

// sweepError is the error that the command ends with, by how the trials stand.
func sweepError(name string, r runner.Result) error {
	switch {
	case errors.Is(r.Stopped, context.Canceled):
		return withHint(withCode(exitInterrupted, fmt.Errorf("sweep %s: interrupted", name)), "the same command goes on")
	case errors.Is(r.Stopped, runner.ErrAllFail):
		return withHint(withCode(exitSomeFailed, fmt.Errorf("sweep %s: %w", name, r.Stopped)), "mend the cause and call it again with --redo failed")
	case errors.Is(r.Stopped, runner.ErrTooManyFailures):
		return withCode(exitSomeFailed, fmt.Errorf("sweep %s: %w", name, r.Stopped))
	case r.Failed > 0:
		return withHint(withCode(exitSomeFailed, fmt.Errorf("sweep %s: %d of %d trials failed", name, r.Failed,
			r.Done+r.Early+r.Failed+r.Interrupted+r.Queued)), "see harness ls --state failed and harness trial log ID; --redo failed runs them again")
	case r.Interrupted+r.Queued > 0:
		return withHint(fmt.Errorf("sweep %s: not done: %s", name, counted(r.Interrupted+r.Queued, "trial")), "the same command goes on")
	}
	return nil
}
