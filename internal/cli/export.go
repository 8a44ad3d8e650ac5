package cli

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/atomicfile"
	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/internal/nearest"
	"harness/internal/view"
	"harness/registry"
)

// exportOptions are the flags of export.
type exportOptions struct {
	listOptions
	metrics []string
	out     string
	to      string
}

func newExportCommand() *cobra.Command {
	var o exportOptions
	cmd := &cobra.Command{
		Use:   "export [SWEEP | ID...]",
		Short: "Write every recorded point of the trials' curves: CSV, Parquet, MLflow, TensorBoard",
		Long: `Write every recorded point of the trials' curves as CSV: trial, sweep, label, seed, state, metric, step, value. The points of a
finished trial are those of the attempt that finished; "state" tells the others apart. NaN, +Inf and -Inf are written so.

With --to, a folder for other tools: an MLflow database (mlflow ui --backend-store-uri sqlite:///DIR/mlflow.db) or
the file store of MLflow up to 3.12 (mlflow-files), event files of TensorBoard with
hyperparameters (tensorboard --logdir DIR), or points and final values with parameters, seed and state as CSV or Parquet.

` + view.FilterHelp,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openFrozen(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return export(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), db, args, o)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.metrics, "metrics", nil, "only these metrics, with commas")
	f.StringVar(&o.filter, "filter", "", "only trials for which a condition holds")
	f.StringVarP(&o.out, "out", "o", "", "write to this file instead of printing; with --to, the new folder to write")
	f.StringVar(&o.to, "to", "", "write the runs for another tool: mlflow, mlflow-files, tensorboard, csv or parquet")
	f.BoolVar(&o.json, "json", false, "print what was written as JSON, with --out or --to")
	return cmd
}

// export writes the points of the chosen trials.
func export(ctx context.Context, w, log io.Writer, db *registry.DB, names []string, o exportOptions) error {
	trials, err := exported(ctx, db, names, o.listOptions)
	if err != nil {
		return err
	}
	if known := view.Names(trials, "metrics"); len(trials) > 0 {
		for _, metric := range o.metrics {
			if !slices.Contains(known, metric) {
				return usageError("--metrics: no trial has %s%s", metric, nearest.Choices(metric, known))
			}
		}
	}
	if o.to != "" {
		return exportTo(ctx, w, log, db, trials, o)
	}
	if o.out == "" {
		if o.json {
			return usageError("--json: the points are printed as CSV; with --out they are written to a file, and --json tells which")
		}
		return writePoints(ctx, w, db, trials, o.metrics)
	}
	var text bytes.Buffer
	if err := writePoints(ctx, &text, db, trials, o.metrics); err != nil {
		return err
	}
	if err := atomicfile.Write(o.out, text.Bytes()); err != nil {
		return fmt.Errorf("write points: %w", err)
	}
	return written{[]string{o.out}}.print(w, o.json)
}

// exported is what the arguments name: a sweep, or trials by their ids.
func exported(ctx context.Context, db *registry.DB, names []string, o listOptions) ([]view.Listed, error) {
	if len(names) == 1 {
		if handle, err := sweepNamed(ctx, db, names[0]); err == nil {
			o.sweep, names = handle, nil
		}
	}
	trials, err := namedTrials(ctx, db, names, o)
	if err != nil || len(names) == 0 {
		return trials, err
	}
	if err := view.AddMetrics(ctx, db, trials); err != nil {
		return nil, err
	}
	chosen, err := view.ParseFilter("--filter", o.filter)
	if err != nil {
		return nil, err
	}
	return chosen.Apply(trials)
}

func writePoints(ctx context.Context, w io.Writer, db *registry.DB, trials []view.Listed, metrics []string) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"trial", "sweep", "label", "seed", "state", "metric", "step", "value"}); err != nil {
		return err
	}
	for _, t := range trials {
		for _, metric := range sortedKeys(t.Metrics) {
			if len(metrics) > 0 && !slices.Contains(metrics, metric) {
				continue
			}
			points, err := db.Points(ctx, t.ID, metric)
			if err != nil {
				return err
			}
			for _, p := range points {
				value := strings.Trim(string(jsonfloat.Append(nil, p.Value)), `"`)
				if err := out.Write([]string{t.ID, escape.Cell(t.Sweep), escape.Cell(t.Label), strconv.FormatInt(t.Seed, 10), string(t.State),
					escape.Cell(metric), strconv.FormatInt(p.Step, 10), value}); err != nil {
					return err
				}
			}
		}
	}
	out.Flush()
	return out.Error()
}
