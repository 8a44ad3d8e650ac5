package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/internal/nearest"
	"harness/internal/view"
	"harness/metrics"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/runner"
	"harness/runner/live"
	"harness/sweeps"
)

// rerunOptions are the flags of trial rerun.
type rerunOptions struct {
	gpuOptions
	home      string
	engine    string
	threads   int
	tolerance float64
	json      bool
	quiet     bool
	paint     live.Paint
	restoring
}

func newTrialRerunCommand() *cobra.Command {
	var o rerunOptions
	cmd := &cobra.Command{
		Use:   "rerun ID",
		Short: "Run a finished trial again from the start and tell which numbers agree",
		Long: `Run a finished trial again from the start, sharing no stage with any other trial, and compare every final number.
The record of the trial stays as it is. The exit code is 0 when all agree and 4 when one does not.

A program runs in the folder in which its result was made. Where that is gone, or the trial came in a bundle, it runs in a copy that is made
of the snapshot of its code; files that the snapshot does not hold, such as data, are taken from --data DIR. A trial of the built-in
trainer finds its data at --data DIR, and other inputs at --input KEY=PATH, such as encoder.weights. Whatever is given must have the
contents that the trial was run with.`,
		Args: trialIDs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.home, o.paint = homeOf(cmd), paintOf(cmd, cmd.ErrOrStderr())
			return rerun(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.Float64Var(&o.tolerance, "tolerance", 0, "largest difference that agrees, relative for numbers above 1; 0 = the same bits")
	f.StringVar(&o.engine, "engine", "", "xla, or xla:PATH with the path of a PJRT plugin, of a trial of engine xla (default: the plugin that it ran on)")
	o.gpuOptions.flags(cmd)
	positiveVar(f, &o.threads, "threads", "threads (default: of a program the cpus of its sweep file, else all cores)")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVarP(&o.quiet, "quiet", "q", false, "show no progress")
	o.restoring.flags(cmd)
	return cmd
}

// comparison is what a rerun found.
type comparison struct {
	ID      string             `json:"id"`
	Attempt int                `json:"attempt"`
	Agree   bool               `json:"agree"`
	Metrics []runner.Agreement `json:"metrics"`
	Differs []view.FieldPair   `json:"provenance"` // in what else the two runs differ
	Code    []string           `json:"code"`       // files of the program that differ
}

func rerun(ctx context.Context, w, log io.Writer, prefix string, o rerunOptions) error {
	if o.tolerance < 0 || math.IsNaN(o.tolerance) {
		return usageError("--tolerance %v: want 0 or more", o.tolerance)
	}
	if err := o.gpuOptions.check(); err != nil {
		return err
	}
	db, err := openExisting(ctx, log, o.home)
	if err != nil {
		return err
	}
	defer db.Close()
	id, err := findTrial(ctx, db, prefix)
	if err != nil {
		return err
	}
	trials, err := db.Trials(ctx, registry.Query{IDs: []string{id}})
	if err != nil {
		return err
	}
	t := trials[0]
	if t.Spec.Imported != "" {
		return usageError("trial %s was imported (%s): it was not run here, and cannot be run again", id, escape.Line(t.Spec.Imported))
	}
	if t.State == registry.Stopped {
		return withHint(fmt.Errorf("trial %s was %s: it has no final numbers to compare with", id, t.Newest.Error),
			"harness sweep FILE --redo stopped runs such trials again; without early stopping in the file, to their end")
	}
	if t.State != registry.Done {
		return fmt.Errorf("trial %s is %s: there is no result to compare with", id, t.State)
	}
	original, err := view.Counted(ctx, db, t)
	if err != nil {
		return err
	}
	if t.Spec, err = o.givenInputs(ctx, o.home, t); err != nil {
		return err
	}
	engine, err := located(log, cmp.Or(o.engine, original.Engine), []spec.Trial{t.Spec})
	if err != nil {
		return err
	}
	if _, err := engineFor(t.Spec, engine); err != nil {
		return err
	}
	plans, err := plansOf(ctx, db, id)
	if err != nil {
		return err
	}
	var resources sweeps.Resources // the most that any of them asks for: it has them to itself
	for _, plan := range plans {
		resources.GPUs = max(resources.GPUs, plan.Resources.GPUs)
		resources.CPUs = max(resources.CPUs, plan.Resources.CPUs)
	}
	threads := o.threads
	if threads == 0 && t.Spec.Command != "" { // another number of threads adds in another order
		threads = resources.CPUs
	}
	dir, code, end, err := o.program(ctx, log, db, t, original)
	if err != nil {
		return err
	}
	defer end()
	numbers, err := db.Summary(ctx, []string{id}) // as they are now: later the trial may be run anew
	if err != nil {
		return err
	}
	options := runner.Options{
		Child: childOf(o.home, engine, "--fresh"), Parallel: 1, Threads: threads, Engine: engine, Grace: grace,
		GPUs:       o.gpuOptions.of(resources, engine, []spec.Trial{t.Spec}),
		Provenance: func() journal.Provenance { return build(context.Background()) }, Code: code, Dir: dir, Guardian: guardian,
		Kill: secondSignal(), Out: log, Display: displayOf(log, o.quiet), Paint: o.paint,
	}
	if len(plans) > 0 && t.Spec.Command != "" { // it records what the trial recorded
		options.Metrics, options.Collect = declaredBy(plans[0]), collectOf(plans[0])
	}
	attempt, err := runner.Rerun(ctx, db, t, options)
	if errors.Is(err, context.Canceled) {
		return withCode(exitInterrupted, fmt.Errorf("rerun of trial %s: interrupted", id))
	}
	if err != nil {
		return err
	}
	var later func(string) bool
	if t.Spec.Command == "" {
		later = metrics.IsEffort
	}
	c, err := compareRuns(ctx, db, original, numbers[id], id, attempt, o.tolerance, later)
	if err != nil {
		return err
	}
	if err := c.write(w, o.json); err != nil {
		return err
	}
	return c.verdict()
}

// openExisting opens the registry for writing where something was recorded before.
func openExisting(ctx context.Context, log io.Writer, home string) (*registry.DB, error) {
	db, err := registry.OpenReadOnly(ctx, home)
	if err != nil && !errors.Is(err, registry.ErrNone) {
		return nil, err
	}
	if err != nil {
		return nil, withHint(err, "choose the folder of your runs with --home DIR or $HARNESS_HOME")
	}
	sayRebuilt(log, db)
	if err := db.Close(); err != nil {
		return nil, err
	}
	return openRegistry(ctx, log, home)
}

// compareRuns compares the final numbers of a trial with those of its rerun, and what made them.
func compareRuns(ctx context.Context, db *registry.DB, original registry.Attempt, numbers map[string]registry.Summary, id string, attempt int,
	tolerance float64, later func(string) bool) (*comparison, error) {
	compared, err := runner.Compare(ctx, db, numbers, id, attempt, tolerance, later)
	if err != nil {
		return nil, err
	}
	c := &comparison{ID: id, Attempt: attempt, Metrics: compared, Code: []string{}}
	c.Agree = !slices.ContainsFunc(compared, func(a runner.Agreement) bool { return !a.Agree })
	attempts, err := db.Attempts(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		if a.Number != attempt {
			continue
		}
		c.Differs = view.PairFields(view.NewAttempt(original).Provenance(), view.NewAttempt(a).Provenance())
		if c.Code, err = view.CodeDifferences(db.Home, original.Code, a.Code); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *comparison) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, c)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "METRIC\tORIGINAL\tRERUN\t")
	for _, a := range c.Metrics {
		word := "agrees"
		switch {
		case a.Later:
			word = "was not recorded then"
		case !a.Agree:
			word = "DIFFERS"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", escape.Line(a.Metric), exactly(a.Original), exactly(a.Rerun), word)
	}
	for _, d := range c.Differs {
		fmt.Fprintf(t, "(%s)\t%s\t%s\t\n", d.Name, dash(d.A), dash(d.B))
	}
	for _, line := range c.Code {
		fmt.Fprintf(t, "(code: %s)\t\t\t\n", escape.Line(line))
	}
	return t.Flush()
}

// exactly prints a number so that other bits are other digits.
func exactly(n *jsonfloat.Float) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprintf("%.17g", float64(*n))
}

// verdict is the error that tells the exit code: nil when all numbers agree.
func (c *comparison) verdict() error {
	if len(c.Metrics) == 0 {
		return fmt.Errorf("trial %s: neither run recorded a number: there is nothing to compare", c.ID)
	}
	differ := 0
	for _, a := range c.Metrics {
		if !a.Agree {
			differ++
		}
	}
	if differ == 0 {
		return nil
	}
	err := withCode(exitDisagreed, fmt.Errorf("trial %s: %d of %d numbers do not agree", c.ID, differ, len(c.Metrics)))
	if len(c.Code) > 0 {
		return withHint(err, "the code differs: "+nearest.Some(c.Code, 3))
	}
	for _, d := range c.Differs {
		if d.Name == "cpu" || d.Name == "engine" || d.Name == "gpu" {
			return withHint(err, "the two runs used different hardware: --tolerance 1e-3 compares loosely")
		}
	}
	return err
}

// makeScratch makes a home inside the attempt's folder that has the data and the cache of home, but none of its stages.
func makeScratch(home, dir string) (string, error) {
	scratch := filepath.Join(dir, registry.ScratchName)
	if err := os.Mkdir(scratch, 0o755); err != nil {
		return "", fmt.Errorf("make scratch folder: %w", err)
	}
	for _, name := range []string{"data", "cache"} {
		shared, err := filepath.Abs(filepath.Join(home, name))
		if err != nil {
			return "", fmt.Errorf("make scratch folder: %w", err)
		}
		if err := os.MkdirAll(shared, 0o755); err != nil {
			return "", fmt.Errorf("make scratch folder: %w", err)
		}
		if err := os.Symlink(shared, filepath.Join(scratch, name)); err != nil {
			return "", fmt.Errorf("make scratch folder: %w", err)
		}
	}
	return scratch, nil
}
