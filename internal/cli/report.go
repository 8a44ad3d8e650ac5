package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/experiments"
	"harness/internal/atomicfile"
	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

// reportOptions are the flags of report.
type reportOptions struct {
	experimentOptions
	format string
	out    string
}

func newReportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report NAME|FILE",
		Short: "Print the table of an experiment",
		Long: `Print the table of an experiment from what its trials have recorded so far.

NAME is a sweep as "harness ls --sweeps" prints it, or a built-in experiment; its plan was stored when it was swept, and the
table needs neither the file nor its defaults of now. FILE lays the stored results out as the file says now. An experiment that
was run with --preset or --set is a sweep of its own: give the same options, or its name. A number that is missing is a blank
cell with a footnote. LaTeX needs \usepackage{booktabs}.`,
		Args: oneExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(reports.Formats[:], reports.Format(o.format)) {
				return usageError("--format %s: want text, markdown, latex, csv or json", o.format)
			}
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return report(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), db, args[0], o)
		},
	}
	o.experimentOptions.flags(cmd)
	cmd.Flags().StringVar(&o.format, "format", "text", "text, markdown, latex, csv or json")
	cmd.Flags().StringVar(&o.out, "out", "", "write to this file instead of printing")
	return cmd
}

// oneExperiment refuses anything but one argument.
func oneExperiment(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usageError("want one experiment: one of %s, or a file", strings.Join(experiments.Names(), ", "))
	}
	return nil
}

// report prints the table of one experiment.
func report(ctx context.Context, w, log io.Writer, db *registry.DB, name string, o reportOptions) error {
	_, table, err := storedTable(ctx, log, db, name, o.experimentOptions)
	if err != nil {
		return err
	}
	if missing := table.Untypeset(); o.format == "latex" && len(missing) > 0 {
		fmt.Fprintf(log, "warning: pdfLaTeX has no %s: there is ? in their place\n", strings.Join(missing, " "))
	}
	if o.out == "" {
		return table.Render(w, reports.Format(o.format))
	}
	var text bytes.Buffer
	if err := table.Render(&text, reports.Format(o.format)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := atomicfile.Write(o.out, text.Bytes()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fmt.Fprintln(w, o.out)
	return nil
}

// storedTable finds the plan that the user names and computes its table.
func storedTable(ctx context.Context, log io.Writer, db *registry.DB, name string, o experimentOptions) (*sweeps.Plan, *reports.Table, error) {
	plan, err := stored(ctx, log, db, name, o)
	if err != nil {
		return nil, nil, err
	}
	table, err := buildTable(ctx, db, plan, nil)
	return plan, table, hintSweep(err, name)
}

// buildTable computes the table of a plan, with footnotes where results come from other code or data than is there now: stale,
// or what is found out where that is nil.
func buildTable(ctx context.Context, db *registry.DB, plan *sweeps.Plan, stale map[string]string) (*reports.Table, error) {
	if stale == nil {
		trials, err := trialsOf(ctx, db, plan)
		if err != nil {
			return nil, err
		}
		if stale, err = newStaleness(ctx, db).of(ctx, trials); err != nil {
			return nil, err
		}
	}
	return reports.Build(ctx, db, plan, reports.Options{Stale: stale})
}

// trialsOf reads the trials of a stored plan, with the plan's specs.
func trialsOf(ctx context.Context, db *registry.DB, plan *sweeps.Plan) ([]registry.Trial, error) {
	trials, err := db.Trials(ctx, registry.Query{Sweep: plan.Handle, NoSpec: true})
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(plan.Trials))
	for i, t := range plan.Trials {
		at[t.ID] = i
	}
	for i := range trials {
		if k, ok := at[trials[i].ID]; ok {
			trials[i].Spec = plan.Trials[k].Spec
		}
	}
	return trials, nil
}

// hintSweep says what to run where an experiment has no results.
func hintSweep(err error, name string) error {
	switch {
	case errors.Is(err, reports.ErrNothing):
		return withHint(err, fmt.Sprintf("run \"harness sweep %s\"", name))
	case errors.Is(err, reports.ErrNoMetrics):
		return withHint(err, `a program reports with lines such as {"metric": "acc", "value": 0.5}, or names its keys under metrics; harness trial log ID says what it printed`)
	}
	return err
}
