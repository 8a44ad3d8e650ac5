package cli

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/internal/view"
)

func newDiffCommand() *cobra.Command {
	var asJSON, patch bool
	cmd := &cobra.Command{
		Use:   "diff ID ID",
		Short: "Show in what two trials differ: settings, provenance, code and numbers",
		Long: `Show in what two trials differ: settings, provenance, the files of their program's code, and numbers.

With --patch the files are shown line by line, as far as what they held then is known: code up to 256 KiB that git did not have is kept in the home;
the rest is looked for where it lay and in git, and counts only where its digest is that of then. What is not known is said.`,
		Args: trialIDs(2),
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
			if patch {
				if err := d.ReadEdits(cmd.Context(), db.Home, a, b); err != nil {
					return err
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), d)
			}
			if err := printDifference(cmd.OutOrStdout(), d); err != nil || !patch {
				return err
			}
			return printEdits(cmd.OutOrStdout(), d.Edits)
		},
	}
	cmd.Flags().BoolVar(&patch, "patch", false, "show the lines in which the code differs")
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

// printEdits prints a patch: on a terminal so that nothing in it acts on that, else as it is.
func printEdits(w io.Writer, edits *view.CodeEdits) error {
	out := bufio.NewWriter(w)
	for _, line := range []string{edits.Unknown, edits.Partial} {
		if line != "" {
			fmt.Fprintln(out, escape.Line(line))
		}
	}
	for _, e := range edits.Files {
		if e.Unknown != "" {
			fmt.Fprintf(out, "%s: %s\n", escape.Line(e.String()), escape.Line(e.Unknown))
		}
	}
	terminal := isTerminal(w)
	for _, e := range edits.Files {
		if !terminal {
			out.WriteString(e.Patch)
			continue
		}
		for line := range strings.Lines(e.Patch) {
			fmt.Fprintln(out, escape.Text(strings.TrimSuffix(line, "\n")))
		}
	}
	return out.Flush()
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
