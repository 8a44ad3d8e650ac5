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

A number that is missing is a blank cell with a footnote. An experiment that was run with --preset, --set or --engine is
printed with the same options, where --engine go is --set engine=go. LaTeX needs \usepackage{booktabs}.`,
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
			return report(cmd.Context(), cmd.OutOrStdout(), db, args[0], o)
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
func report(ctx context.Context, w io.Writer, db *registry.DB, name string, o reportOptions) error {
	_, plan, err := loadExperiment(name, o.experimentOptions)
	if err != nil {
		return hintOptions(ctx, db, name, err)
	}
	table, err := buildTable(ctx, db, plan)
	if err != nil {
		return hintOptions(ctx, db, name, err)
	}
	if o.out == "" {
		return table.Render(w, reports.Format(o.format))
	}
	var text bytes.Buffer
	if err := table.Render(&text, reports.Format(o.format)); err != nil {
		return err
	}
	if err := writeWhole(o.out, text.Bytes()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	fmt.Fprintln(w, o.out)
	return nil
}

// buildTable computes the table of an experiment.
func buildTable(ctx context.Context, db *registry.DB, plan *sweeps.Plan) (*reports.Table, error) {
	commit, _ := registry.Revision(ctx)
	return reports.Build(ctx, db, plan, reports.Options{Commit: commit})
}

// hintOptions says what to run where an experiment has no results, or that it was run with other options.
func hintOptions(ctx context.Context, db *registry.DB, name string, err error) error {
	if errors.Is(err, reports.ErrNoMetrics) {
		return err // it says what to do itself
	}
	full, unknown := experiments.Find(name)
	if unknown != nil {
		full = strings.TrimSuffix(filepath.Base(name), ".yaml")
	}
	if known, errKnown := sweepNames(ctx, db); errKnown == nil && slices.Contains(known, full) {
		return withHint(err, "the sweep was run with other options: repeat them, such as --preset nano")
	}
	if errors.Is(err, reports.ErrNothing) {
		return withHint(err, fmt.Sprintf("run \"harness sweep %s\"", name))
	}
	return err
}

// writeWhole replaces a file as a whole: written beside its place and renamed. Missing folders are made.
func writeWhole(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	err = errors.Join(err, file.Chmod(0o644), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		os.Remove(file.Name())
	}
	return err
}
