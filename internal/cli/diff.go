package cli

import (
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/internal/view"
)

func newDiffCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "diff ID ID",
		Short: "Show in what two trials differ: settings, provenance and numbers",
		Args:  trialIDs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openFrozen(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			a, err := readRecord(cmd.Context(), db, args[0])
			if err != nil {
				return err
			}
			b, err := readRecord(cmd.Context(), db, args[1])
			if err != nil {
				return err
			}
			d, err := view.Compare(db.Home, a, b)
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			return printDifference(cmd.OutOrStdout(), d)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func printDifference(w io.Writer, d *view.Difference) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\t%s\t%s\n", d.IDs[0][:8], d.IDs[1][:8])
	for _, part := range []struct {
		title string
		pairs []view.FieldPair
	}{{"SETTINGS", d.Params}, {"PROVENANCE", d.Provenance}} {
		if len(part.pairs) == 0 {
			fmt.Fprintf(t, "%s\tthe same\t\n", part.title)
			continue
		}
		fmt.Fprintf(t, "%s\t\t\n", part.title)
		for _, p := range part.pairs {
			fmt.Fprintf(t, "%s\t%s\t%s\n", escape.Line(p.Name), dash(escape.Line(p.A)), dash(escape.Line(p.B)))
		}
	}
	if len(d.Code) > 0 {
		fmt.Fprintln(t, "CODE\t\t")
		for _, line := range d.Code {
			fmt.Fprintf(t, "%s\t\t\n", escape.Line(line))
		}
	}
	fmt.Fprintln(t, "METRICS\t\t\tDIFFERENCE")
	for _, m := range d.Metrics {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", escape.Line(m.Name), showNumber(m.A, "%.6g"), showNumber(m.B, "%.6g"), showNumber(m.Delta, "%+.3g"))
	}
	return t.Flush()
}

func showNumber(n *jsonfloat.Float, format string) string {
	if n == nil {
		return ""
	}
	return fmt.Sprintf(format, float64(*n))
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}
