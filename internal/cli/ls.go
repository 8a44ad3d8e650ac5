package cli

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/registry"
)

// listOptions are the flags of ls.
type listOptions struct {
	sweep   string // "" = all
	states  []string
	filter  string
	sort    string
	columns []string
	sweeps  bool
	json    bool
	csv     bool
}

func newListCommand() *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "ls [SWEEP]",
		Short: "List trials, their state and their numbers",
		Long:  "List trials, their state and their numbers; --sweeps lists the sweeps instead.\n\n" + view.FilterHelp,
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("want at most one sweep")
			}
			if len(args) == 1 {
				o.sweep = args[0]
			}
			if o.json && o.csv {
				return usageError("--json and --csv: want one of them")
			}
			if o.sweeps {
				for _, of := range []string{"state", "filter", "sort", "columns", "csv"} {
					if cmd.Flags().Changed(of) {
						return usageError("--sweeps and --%s: want one of them", of)
					}
				}
				if o.sweep != "" {
					return usageError("--sweeps lists all sweeps: want no %s", o.sweep)
				}
			}
			db, err := openFrozen(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			if o.sweeps {
				return listSweeps(cmd.Context(), cmd.OutOrStdout(), db, o)
			}
			return list(cmd.Context(), cmd.OutOrStdout(), db, o)
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&o.states, "state", nil, "only trials that are queued, running, done, failed, interrupted or stopped (early)")
	f.StringVar(&o.filter, "filter", "", `only trials for which a condition holds, such as 'metrics.acc > 0.9'`)
	f.StringVar(&o.sort, "sort", "", "order by a name of the filter language; -NAME for falling order")
	f.StringSliceVar(&o.columns, "columns", nil, "what to show: names of the filter language, with commas")
	f.BoolVar(&o.sweeps, "sweeps", false, "list the sweeps, newest first")
	f.BoolVar(&o.json, "json", false, "print JSON")
	f.BoolVar(&o.csv, "csv", false, "print CSV, numbers with all their digits")
	return cmd
}

// openForReading opens the registry for a command that changes nothing.
func openForReading(cmd *cobra.Command) (*registry.DB, error) {
	spareGarbage()
	home := homeOf(cmd)
	if err := catchUpTasks(cmd.Context(), cmd.ErrOrStderr(), home); err != nil {
		return nil, err
	}
	db, err := registry.OpenReadOnly(cmd.Context(), home)
	if errors.Is(err, registry.ErrNone) {
		return nil, withHint(err, `run a sweep first, such as "harness sweep smoke", or choose its folder with --home`)
	}
	if err != nil {
		return nil, err
	}
	sayRebuilt(cmd.ErrOrStderr(), db)
	return db, nil
}

// openFrozen is openForReading for a command that reads for a moment only: all that it reads is of one moment, whatever runs meanwhile.
func openFrozen(cmd *cobra.Command) (*registry.DB, error) {
	db, err := openForReading(cmd)
	if err != nil {
		return nil, err
	}
	if err := db.Freeze(); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// list prints the trials that o chooses.
func list(ctx context.Context, w io.Writer, db *registry.DB, o listOptions) error {
	trials, err := chooseTrials(ctx, db, o)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(w) // package tabwriter writes every cell by itself
	return errors.Join(writeList(out, trials, o), out.Flush())
}

func writeList(w io.Writer, trials []view.Listed, o listOptions) error {
	switch {
	case o.json:
		return printJSON(w, trials)
	case o.csv:
		return writeTrials(w, trials, o.columns)
	case len(trials) == 0:
		fmt.Fprintln(w, "no trials")
		return nil
	case len(o.columns) > 0:
		return printColumns(w, trials, o.columns)
	}
	return printTrials(w, trials)
}

// chooseTrials reads the trials of one sweep or of all, with their metrics: filtered and sorted.
func chooseTrials(ctx context.Context, db *registry.DB, o listOptions) ([]view.Listed, error) {
	q := view.Query{States: o.states, Filter: o.filter, Sort: o.sort, Columns: o.columns}
	if o.sweep != "" {
		var err error
		if q.Sweep, err = sweepNamed(ctx, db, o.sweep); err != nil {
			return nil, err
		}
	}
	return view.Choose(ctx, db, q)
}

// printTrials prints a line a trial, and why some failed or were stopped early.
func printTrials(w io.Writer, trials []view.Listed) error {
	shown := view.ChooseMetrics(trials, 6)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	heads := make([]string, len(shown))
	for i, metric := range shown {
		heads[i] = escape.Line(metric)
	}
	fmt.Fprintf(t, "ID\tSTATE\tSWEEP\tTRIAL\t%s\n", strings.Join(heads, "\t"))
	for _, trial := range trials {
		cells := make([]string, len(shown))
		for i, metric := range shown {
			if v := trial.Metrics[metric]; v != nil {
				cells[i] = view.ShortNumber(float64(*v))
			}
		}
		sweep := trial.Sweep
		if trial.Former {
			sweep += " (former)"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", trial.ID[:8], trial.State, escape.Line(sweep), escape.Line(trial.Label),
			strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, trial := range trials {
		if trial.State == registry.Failed && trial.Error != "" {
			fmt.Fprintf(w, "%s failed: %s\n", trial.ID[:8], escape.Line(trial.Error))
		}
		if trial.State == registry.Stopped {
			fmt.Fprintf(w, "%s %s\n", trial.ID[:8], escape.Line(trial.Error))
		}
	}
	return nil
}

// printColumns prints the named columns.
func printColumns(w io.Writer, trials []view.Listed, columns []string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, strings.Join(columns, "\t"))
	for _, trial := range trials {
		cells := make([]string, len(columns))
		for i, name := range columns {
			cells[i] = escape.Line(trial.Text(name, view.ShortNumber))
		}
		fmt.Fprintln(t, strings.Join(cells, "\t"))
	}
	return t.Flush()
}

// writeTrials writes CSV: the named columns, or all that there are.
func writeTrials(w io.Writer, trials []view.Listed, columns []string) error {
	if len(columns) == 0 {
		columns = []string{"id", "state", "sweep", "label", "row", "control", "seed", "attempts", "started", "ended", "took", "tags",
			"note", "error"}
		for _, kind := range []string{"params", "metrics"} {
			for _, name := range view.Names(trials, kind) {
				columns = append(columns, kind+"."+name)
			}
		}
	}
	out := csv.NewWriter(w)
	line := make([]string, len(columns))
	for i, name := range columns {
		line[i] = escape.Cell(name)
	}
	if err := out.Write(line); err != nil {
		return err
	}
	for _, trial := range trials {
		for i, name := range columns {
			line[i] = trial.Cell(name)
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}
