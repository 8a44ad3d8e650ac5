package cli

import (
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

	"harness/registry"
	"harness/registry/journal"
	"harness/runner"
)

// rerunOptions are the flags of trial rerun.
type rerunOptions struct {
	home      string
	engine    string
	threads   int
	tolerance float64
	json      bool
	quiet     bool
}

func newTrialRerunCommand() *cobra.Command {
	var o rerunOptions
	cmd := &cobra.Command{
		Use:   "rerun ID",
		Short: "Run a finished trial again from the start and tell which numbers agree",
		Long: `Run a finished trial again from the start, sharing no stage with any other trial, and compare every final number.
The record of the trial stays as it is. The exit code is 0 when all agree and 4 when one does not.`,
		Args: trialIDs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.home = homeOf(cmd)
			return rerun(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], o)
		},
	}
	f := cmd.Flags()
	f.Float64Var(&o.tolerance, "tolerance", 0, "largest difference that agrees, relative for numbers above 1; 0 = the same bits")
	f.StringVar(&o.engine, "engine", "", "native (default), go, or xla:PATH; only where the trial's own engine has a path")
	f.IntVar(&o.threads, "threads", 0, "threads (default: all cores)")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.quiet, "quiet", false, "show no progress")
	return cmd
}

// comparison is what a rerun found.
type comparison struct {
	ID      string      `json:"id"`
	Attempt int         `json:"attempt"`
	Agree   bool        `json:"agree"`
	Metrics []agreement `json:"metrics"`
	Differs []fieldPair `json:"provenance"` // in what else the two runs differ
}

// agreement is one number of both runs; nil is not recorded.
type agreement struct {
	Metric   string  `json:"metric"`
	Original *number `json:"original"`
	Rerun    *number `json:"rerun"`
	Agree    bool    `json:"agree"`
}

func rerun(ctx context.Context, w, log io.Writer, prefix string, o rerunOptions) error {
	if o.tolerance < 0 || math.IsNaN(o.tolerance) {
		return usageError("--tolerance %v: want 0 or more", o.tolerance)
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
	if t.State != registry.Done {
		return fmt.Errorf("trial %s is %s: there is no result to compare with", id, t.State)
	}
	engine := o.engine
	if engine == "" {
		engine = t.Newest.Engine
	}
	t.Label = id[:8]
	attempt, err := runner.Rerun(ctx, db, t, runner.Options{
		Guardian: guardian,
		Child:    childOf(o.home, engine, "--fresh"), Parallel: 1, Threads: o.threads, Engine: engine, Grace: grace,
		Provenance: func() journal.Provenance { return registry.Here(context.Background()) },
		Kill:       secondSignal(), Out: log, Display: displayOf(log, o.quiet),
	})
	if errors.Is(err, context.Canceled) {
		return withCode(exitInterrupted, fmt.Errorf("rerun of trial %s: interrupted", id))
	}
	if err != nil {
		return err
	}
	c, err := compareRuns(ctx, db, t, attempt, o.tolerance)
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
	if err != nil {
		return nil, withHint(err, "choose the folder of your runs with --home DIR or $HARNESS_HOME")
	}
	sayRebuilt(log, db)
	if err := db.Close(); err != nil {
		return nil, err
	}
	return openRegistry(ctx, log, home)
}

// compareRuns compares the final numbers of a trial with those of its rerun.
func compareRuns(ctx context.Context, db *registry.DB, t registry.Trial, attempt int, tolerance float64) (*comparison, error) {
	summaries, err := db.Summary(ctx, []string{t.ID})
	if err != nil {
		return nil, err
	}
	again, err := db.AttemptMetrics(ctx, t.ID, attempt)
	if err != nil {
		return nil, err
	}
	c := &comparison{ID: t.ID, Attempt: attempt, Agree: true, Metrics: []agreement{}}
	names := sortedKeys(summaries[t.ID])
	for _, name := range sortedKeys(again) {
		if _, ok := summaries[t.ID][name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		a := agreement{Metric: name}
		first, ok := summaries[t.ID][name]
		if ok {
			value := number(first.Last)
			a.Original = &value
		}
		if second, ok := again[name]; ok {
			value := number(second)
			a.Rerun = &value
		}
		a.Agree = a.Original != nil && a.Rerun != nil && agree(float64(*a.Original), float64(*a.Rerun), tolerance)
		c.Agree = c.Agree && a.Agree
		c.Metrics = append(c.Metrics, a)
	}
	attempts, err := db.Attempts(ctx, t.ID)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		if a.Number == attempt {
			c.Differs = pairFields(newAttempt(t.Newest).provenance(), newAttempt(a).provenance())
		}
	}
	return c, nil
}

// agree compares bits, or within a tolerance that is relative for numbers above 1.
func agree(a, b, tolerance float64) bool {
	if math.Float64bits(a) == math.Float64bits(b) || math.IsNaN(a) && math.IsNaN(b) {
		return true
	}
	return tolerance > 0 && math.Abs(a-b) <= tolerance*max(1, math.Abs(a), math.Abs(b))
}

func (c *comparison) write(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, c)
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "METRIC\tORIGINAL\tRERUN\t")
	for _, a := range c.Metrics {
		word := "agrees"
		if !a.Agree {
			word = "DIFFERS"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", a.Metric, exactly(a.Original), exactly(a.Rerun), word)
	}
	for _, d := range c.Differs {
		fmt.Fprintf(t, "(%s)\t%s\t%s\t\n", d.Name, dash(d.A), dash(d.B))
	}
	return t.Flush()
}

// exactly prints a number so that other bits are other digits.
func exactly(n *number) string {
	if n == nil {
		return "-"
	}
	return fmt.Sprintf("%.17g", float64(*n))
}

// verdict is the error that tells the exit code: nil when all numbers agree.
func (c *comparison) verdict() error {
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
	for _, d := range c.Differs {
		if d.Name == "cpu" || d.Name == "engine" || d.Name == "gpu" {
			return withHint(err, "the two runs used different hardware: --tolerance 1e-3 compares loosely")
		}
	}
	return err
}

// makeScratch makes a home inside the attempt's folder that has the data and the cache of home, but none of its stages.
func makeScratch(home, dir string) (string, error) {
	scratch := filepath.Join(dir, "scratch")
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
