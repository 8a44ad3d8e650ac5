package cli

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

func newShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show all that is known of a trial",
		Args:  trialIDs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openFrozen(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			record, err := readRecord(cmd.Context(), db, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), record)
			}
			return printRecord(cmd.OutOrStdout(), record)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// trialIDs wants n trials, each named by at least spec.MinPrefix characters of its id.
func trialIDs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError("want %d trial id(s) as harness ls prints them, or at least %d characters of each", n, spec.MinPrefix)
		}
		return nil
	}
}

// findTrial is registry.Find with errors that say what to do.
func findTrial(ctx context.Context, db *registry.DB, prefix string) (string, error) {
	id, err := db.Find(ctx, prefix)
	if err != nil {
		return "", withHint(usageError("%w", err), "harness ls lists the trials")
	}
	return id, nil
}

func printRecord(w io.Writer, r *view.Record) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "trial\t%s\n", r.ID)
	for _, f := range [][2]string{
		{"state", string(r.State)}, {view.ReasonName(r.State), r.Error}, {"sweeps", strings.Join(r.Sweeps, ", ")}, {"label", r.Label},
		{"tags", strings.Join(r.Tags, ", ")}, {"note", r.Note}, {"result", r.Stale}, {"folder", r.Dir}, {"predictions", r.Predictions},
	} {
		if f[1] != "" {
			fmt.Fprintf(t, "%s\t%s\n", f[0], escape.Line(f[1]))
		}
	}
	fields, err := view.Settings(r.Spec)
	if err != nil {
		return err
	}
	fmt.Fprintln(t, "\nSPEC\t")
	for _, f := range fields {
		fmt.Fprintf(t, "%s\t%s\n", escape.Line(f.Name), escape.Line(f.Value))
	}
	for _, a := range r.History {
		fmt.Fprintf(t, "\nATTEMPT %d\t%s, %s\n", a.Number, a.Purpose, a.State)
		for _, f := range a.Lines() {
			fmt.Fprintf(t, "%s\t%s\n", f.Name, escape.Line(f.Value))
		}
		if !a.Counts && a.Purpose == string(journal.PurposeRun) {
			for _, metric := range sortedKeys(a.Metrics) {
				fmt.Fprintf(t, "(%s)\t%s, not the trial's\n", escape.Line(metric), view.ShortNumber(float64(a.Metrics[metric])))
			}
		}
		if !a.Imported {
			fmt.Fprintf(t, "log\t%s\n", filepath.Join(r.Dir, fmt.Sprint(a.Number), "log.txt"))
		}
	}
	if len(r.Summaries) > 0 {
		fmt.Fprintln(t, "\nMETRIC\tLAST\tSTEP\tMIN\tMAX\tPOINTS")
	}
	for _, metric := range sortedKeys(r.Summaries) {
		s := r.Summaries[metric]
		fmt.Fprintf(t, "%s\t%.6g\t%d\t%s\t%s\t%d\n", escape.Line(metric), float64(s.Last), s.Step, showNumber(s.Min, "%.6g"),
			showNumber(s.Max, "%.6g"), s.Points)
	}
	writePrograms(t, r.Programs)
	writePhases(t, r.Phases)
	if len(r.Notes) > 0 {
		fmt.Fprintln(t, "\nNOTE\t")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(t, "%s\t%s\n", escape.Line(n.Key), escape.Line(n.Text))
	}
	return t.Flush()
}

// readRecord is view.ReadRecord for the trial that prefix names.
func readRecord(ctx context.Context, db *registry.DB, prefix string) (*view.Record, error) {
	id, err := findTrial(ctx, db, prefix)
	if err != nil {
		return nil, err
	}
	return view.ReadRecord(ctx, db, id, newStaleness(ctx, db))
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
