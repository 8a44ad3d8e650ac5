package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/reports"
	"harness/runner"
	"harness/sweeps"
)

// grace is how long a trial that was asked to stop may take to save its checkpoint.
const grace = 2 * time.Minute

// sweepOptions are the flags of sweep.
type sweepOptions struct {
	experimentOptions
	home        string
	engine      string
	parallel    int
	threads     int
	dryRun      bool
	json        bool
	quiet       bool
	retryFailed bool
}

func newSweepCommand() *cobra.Command {
	var o sweepOptions
	cmd := &cobra.Command{
		Use:   "sweep NAME|FILE",
		Short: "Run the trials of an experiment that have no result yet, and print its table",
		Long: `Run the trials of an experiment that have no result yet, and print its table.

NAME is a built-in experiment, FILE a file of your own. Ctrl-C lets the running trials save a checkpoint; the same
command goes on from there. Trials that failed for good are run again with --retry-failed only.`,
		Args: oneExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.home = homeOf(cmd)
			return sweep(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], o)
		},
	}
	f := cmd.Flags()
	o.experimentOptions.flags(cmd)
	f.BoolVar(&o.dryRun, "dry-run", false, "print the trials and run nothing")
	f.BoolVar(&o.json, "json", false, "print the trials as JSON")
	f.BoolVar(&o.quiet, "quiet", false, "show neither progress nor table")
	f.BoolVar(&o.retryFailed, "retry-failed", false, "run again what failed for good")
	f.IntVar(&o.parallel, "parallel", 0, "trials at a time (default: what the file says, else by the cores)")
	f.IntVar(&o.threads, "threads", 0, "threads of each trial (default: the cores divided among the trials)")
	f.StringVar(&o.engine, "engine", "", "native (default), go, or xla:PATH with the path of a PJRT plugin")
	return cmd
}

// sweep runs an experiment; the table goes to w, progress and warnings to log.
func sweep(ctx context.Context, w, log io.Writer, name string, o sweepOptions) error {
	if o.parallel < 0 || o.threads < 0 {
		return usageError("--parallel and --threads: want at least 1")
	}
	kind, err := engineKind(o.engine)
	if err != nil {
		return err
	}
	if kind != "" {
		o.set = append(o.set, "engine="+kind)
	}
	s, trials, err := loadExperiment(name, o.experimentOptions)
	if err != nil {
		return err
	}
	for _, t := range trials {
		if _, err := engineFor(t.Spec, o.engine); err != nil {
			return err
		}
	}
	if o.dryRun {
		return printPlan(w, s, trials, o.json)
	}
	db, err := openRegistry(ctx, log, o.home)
	if err != nil {
		return err
	}
	defer db.Close()
	planned, err := plan(trials)
	if err != nil {
		return err
	}
	if err := db.Plan(ctx, registry.Sweep{Handle: s.Name, Name: s.Name, Members: planned}); err != nil {
		return err
	}
	if err := requireData(ctx, db, s.Name); err != nil {
		return err
	}
	run := make([]registry.Trial, len(trials))
	for i, t := range trials {
		run[i].ID, run[i].Spec, run[i].Label = t.ID, t.Spec, t.Label
	}
	if o.retryFailed {
		if err := redoFailed(ctx, db, s.Name); err != nil {
			return err
		}
	}
	ctx, stop := untilHangup(ctx)
	defer stop()
	began := time.Now()
	result, err := runner.Run(ctx, db, run, o.runnerOptions(s, log))
	if err != nil {
		return err
	}
	if !o.quiet {
		fmt.Fprintln(log, resultLine(s.Name, result, time.Since(began)))
	}
	if err := printSweep(context.WithoutCancel(ctx), w, db, s, o); err != nil {
		return err
	}
	return sweepError(s.Name, result)
}

// redoFailed queues the failed trials of a sweep again.
func redoFailed(ctx context.Context, db *registry.DB, handle string) error {
	failed, err := db.Trials(ctx, registry.Query{Sweep: handle, States: []registry.State{registry.Failed}})
	if err != nil {
		return err
	}
	ids := make([]string, len(failed))
	for i, t := range failed {
		ids[i] = t.ID
	}
	return db.Redo(ctx, ids)
}

// engineKind is the engine that a trial's spec names for the value of --engine.
func engineKind(engine string) (string, error) {
	switch {
	case engine == "", engine == "native":
		return "", nil
	case engine == "go":
		return "go", nil
	case strings.HasPrefix(engine, "xla:") && engine != "xla:":
		return "xla", nil
	}
	return "", usageError("unknown engine %q: want native, go, or xla:PATH with the path of a PJRT plugin", engine)
}

// engineFor is the engine to run a trial on: the kind that its spec names, and for xla the path that the user gives.
func engineFor(t spec.Trial, given string) (string, error) {
	switch {
	case t.Command != "", t.Engine == "":
		return "", nil
	case t.Engine == "xla" && strings.HasPrefix(given, "xla:"):
		return given, nil
	case t.Engine == "xla":
		return "", usageError("engine xla: give the path of its PJRT plugin with --engine xla:PATH")
	}
	return t.Engine, nil
}

// openRegistry opens the registry for writing and says so when it had to be rebuilt.
func openRegistry(ctx context.Context, log io.Writer, home string) (*registry.DB, error) {
	db, err := registry.Open(ctx, home)
	if err != nil {
		return nil, withHint(err, "choose a folder that can be written with --home DIR or $HARNESS_HOME")
	}
	sayRebuilt(log, db)
	return db, nil
}

func sayRebuilt(log io.Writer, db *registry.DB) {
	if db.Rebuilt > 0 {
		fmt.Fprintf(log, "registry.db was missing: rebuilt from %d journals\n", db.Rebuilt)
	}
	for _, damage := range db.Damaged {
		fmt.Fprintf(log, "damaged journal, read up to there: %v\n", damage)
	}
	for _, odd := range db.Skipped {
		fmt.Fprintf(log, "left out: %s\n", odd)
	}
}

func (o sweepOptions) runnerOptions(s *sweeps.Sweep, log io.Writer) runner.Options {
	parallel := o.parallel
	if parallel == 0 {
		parallel = s.Run.Parallel
	}
	var metrics []string
	for _, m := range s.Metrics {
		metrics = append(metrics, m.Key)
	}
	return runner.Options{
		Handle:      s.Name,
		Child:       childOf(o.home, o.engine),
		Guardian:    guardian,
		Metrics:     metrics,
		CPUs:        s.Resources.CPUs,
		Parallel:    parallel,
		Threads:     o.threads,
		Engine:      o.engine,
		GPUs:        runner.GPUs{Devices: visibleGPUs(), PerTrial: s.Resources.GPUs, PerGPU: s.Resources.PerGPU},
		Retries:     s.Run.Retries,
		MaxFailures: s.Run.MaxFailures,
		Timeout:     s.Resources.Timeout,
		Grace:       grace,
		Provenance:  func() journal.Provenance { return registry.Here(context.Background()) },
		Kill:        secondSignal(),
		Out:         log,
		Display:     displayOf(log, o.quiet),
	}
}

// visibleGPUs lists the GPUs that the user leaves to us: $CUDA_VISIBLE_DEVICES, else all that there are.
func visibleGPUs() []string {
	if visible, ok := os.LookupEnv("CUDA_VISIBLE_DEVICES"); ok {
		return strings.FieldsFunc(visible, func(r rune) bool { return r == ',' })
	}
	files, _ := filepath.Glob("/dev/nvidia[0-9]*") // the pattern is right
	devices := make([]string, len(files))
	for i := range files {
		devices[i] = strconv.Itoa(i)
	}
	return devices
}

// childOf makes the process that runs an attempt: this very program, even if its file was replaced meanwhile.
func childOf(home, engine string, more ...string) func(dir string, threads int) *exec.Cmd {
	return func(dir string, threads int) *exec.Cmd {
		args := append([]string{"trial", "run", "--home", home, "--dir", dir, "--threads", strconv.Itoa(threads),
			"--engine", engine}, more...)
		cmd := exec.Command("/proc/self/exe", args...)
		cmd.Args[0] = os.Args[0]
		return cmd
	}
}

// guardian makes the process that ends a sweep's trials should the sweep be killed.
func guardian() *exec.Cmd {
	cmd := exec.Command("/proc/self/exe", "trial", "guard")
	cmd.Args[0] = os.Args[0]
	return cmd
}

// untilHangup ends ctx also when the terminal is closed, unless the user has seen to that (nohup).
func untilHangup(ctx context.Context) (context.Context, context.CancelFunc) {
	if signal.Ignored(syscall.SIGHUP) {
		return context.WithCancel(ctx)
	}
	return signal.NotifyContext(ctx, syscall.SIGHUP)
}

// secondSignal returns a channel that is closed when the user asks to stop for the second time; the first time cancels
// the context of the command.
func secondSignal() <-chan struct{} {
	second := make(chan struct{})
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		<-signals
		<-signals
		close(second)
	}()
	return second
}

func displayOf(log io.Writer, quiet bool) runner.Display {
	if quiet {
		return runner.Silent
	}
	if file, ok := log.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		return runner.Bars
	}
	return runner.Plain
}

// printSweep prints what the sweep came to: its table, or its trials as JSON.
func printSweep(ctx context.Context, w io.Writer, db *registry.DB, s *sweeps.Sweep, o sweepOptions) error {
	if o.json {
		return list(ctx, w, db, listOptions{sweep: s.Name, json: true})
	}
	if o.quiet {
		return nil
	}
	commit, _ := registry.Revision(ctx)
	table, err := reports.Build(ctx, db, s, reports.Options{Commit: commit})
	if errors.Is(err, reports.ErrNothing) {
		return nil
	}
	if err != nil {
		return err
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
	}{{r.Failed, "failed"}, {r.Interrupted, "interrupted"}, {r.Queued, "not started"}} {
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
	case errors.Is(r.Stopped, runner.ErrTooManyFailures), errors.Is(r.Stopped, runner.ErrAllFail):
		return withCode(exitSomeFailed, fmt.Errorf("sweep %s: %w", name, r.Stopped))
	case r.Failed > 0:
		return withHint(withCode(exitSomeFailed, fmt.Errorf("sweep %s: %d of %d trials failed", name, r.Failed,
			r.Done+r.Failed+r.Interrupted+r.Queued)), "see harness ls --state failed and harness trial log ID; --retry-failed runs them again")
	case r.Interrupted+r.Queued > 0:
		return withHint(fmt.Errorf("sweep %s: %d trials are not done", name, r.Interrupted+r.Queued), "the same command goes on")
	}
	return nil
}
