package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"harness/registry"
	"harness/reports"
	"harness/reports/plots"
)

// plotOptions are the flags of plot.
type plotOptions struct {
	experimentOptions
	out     string
	formats []string
}

func newPlotCommand() *cobra.Command {
	var o plotOptions
	cmd := &cobra.Command{
		Use:   "plot NAME|FILE",
		Short: "Draw the curves and results of an experiment",
		Long: `Draw the curves and results of an experiment from what its trials have recorded so far:

  NAME-curve-METRIC  each curve of training: a line a row, a band over seeds
  NAME-bars          a panel a metric: a bar a row, with its controls
  NAME-axis-FIELD    results against each numeric axis: a line for each setting of the others`,
		Args: oneExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, format := range o.formats {
				if !slices.Contains(plots.Formats[:], format) {
					return usageError("--format %s: want some of png, svg, pdf", format)
				}
			}
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return drawPlots(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), db, args[0], o)
		},
	}
	o.experimentOptions.flags(cmd)
	cmd.Flags().StringVar(&o.out, "out", ".", "folder for the pictures")
	cmd.Flags().StringSliceVar(&o.formats, "format", []string{"png"}, "png, svg, pdf, or several with commas")
	return cmd
}

// drawPlots draws every figure of an experiment and lists the files on w.
func drawPlots(ctx context.Context, w, log io.Writer, db *registry.DB, name string, o plotOptions) error {
	plan, table, err := storedTable(ctx, log, db, name, o.experimentOptions)
	if err != nil {
		return err
	}
	curves, err := reports.LoadCurves(ctx, db, plan)
	if err != nil {
		return err
	}
	figures, err := plots.All(table, plan, curves)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil {
		return fmt.Errorf("write plots: %w", err)
	}
	for _, f := range figures {
		for _, format := range o.formats {
			path, err := f.Save(o.out, format)
			if err != nil {
				return err
			}
			fmt.Fprintln(w, path)
		}
	}
	return nil
}
