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
	"harness/internal/view"
	"harness/registry"
	"harness/reports"
	"harness/sweeps"
)

// reportOptions are the flags of report.
type reportOptions struct {
	experimentOptions
	format string
	out    string
	latex  reports.LatexOptions
	layout reports.Layout
	asJSON bool
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
cell with a footnote.

LaTeX needs \usepackage{booktabs}. With --style the table fits the columns of the paper: it is set in one column or over both, in
smaller type, with long labels wrapped, in blocks of columns or in floats of rows; what cannot fit is refused.

html is one page with all that the sweep came to, for a paper's supplement: the table, figures, settings, trials, examples with images,
provenance and how to run it again. It opens without a network, prints, and stays under 2 MB; names of hosts and folders are left out of
the provenance. html-table is the table alone, for a page of your own.

` + layoutHelp,
		Args: oneExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := o.check(cmd); err != nil {
				return err
			}
			db, err := openFrozen(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return report(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), db, args[0], o)
		},
	}
	o.experimentOptions.flags(cmd)
	cmd.Flags().StringVar(&o.format, "format", "text", reports.Choices(reportFormats))
	cmd.Flags().StringVarP(&o.out, "out", "o", "", "write to this file instead of printing")
	cmd.Flags().BoolVar(&o.asJSON, "json", false, "the same as --format json")
	layoutFlags(cmd, &o.layout)
	o.latexFlags(cmd)
	return cmd
}

// latexFlags declares what belongs to --format latex.
func (o *reportOptions) latexFlags(cmd *cobra.Command) {
	documentFlags(cmd, &o.latex)
	flags := cmd.Flags()
	flags.BoolVar(&o.latex.Wide, "wide", false, "latex: over both columns of the page (table*)")
	flags.StringVar((*string)(&o.latex.Align), "align", string(reports.PlainAlign), "latex: numbers "+reports.Choices(reports.Aligns))
	flags.StringVar((*string)(&o.latex.Env), "env", string(reports.Tabular), "latex: rows in "+reports.Choices(reports.Envs))
	flags.StringVar((*string)(&o.latex.Spread), "spread", string(reports.PMSpread), "latex: the form of ±: "+reports.Choices(reports.Spreads))
}

// documentFlags declares what LaTeX output must know of the document that takes it up.
func documentFlags(cmd *cobra.Command, o *reports.LatexOptions) {
	flags := cmd.Flags()
	flags.StringVar((*string)(&o.Style), "style", "", "latex: fit the page of "+reports.Choices(reports.Styles))
	flags.StringVar((*string)(&o.Engine), "engine", string(reports.PDFLatex), "latex: for "+reports.Choices(reports.Engines)+", which is xelatex and lualatex")
}

// check refuses unknown values, and options of LaTeX with another format.
func (o *reportOptions) check(cmd *cobra.Command) error {
	flags := cmd.Flags()
	if o.asJSON {
		if flags.Changed("format") && o.format != string(reports.JSONFormat) {
			return usageError("--json: it is --format json, not %s", o.format)
		}
		o.format = string(reports.JSONFormat)
	}
	if !slices.Contains(reportFormats, reports.Format(o.format)) {
		return usageError("--format %s: want %s", o.format, reports.Choices(reportFormats))
	}
	if flags.Changed("out") && o.out == "" {
		return usageError("--out is empty: leave it out or name a file")
	}
	for _, name := range []string{"style", "wide", "align", "env", "spread", "engine"} {
		if flags.Changed(name) && o.format != string(reports.LatexFormat) {
			return usageError("--%s: it is for --format latex, not %s", name, o.format)
		}
		if flags.Changed(name) && flags.Lookup(name).Value.String() == "" {
			return usageError("--%s is empty: leave it out or name a choice", name)
		}
	}
	if err := o.latex.Check(); err != nil {
		return usageError("%w", err)
	}
	return nil
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
	plan, err := stored(ctx, log, db, name, o.experimentOptions)
	if err != nil {
		return err
	}
	table, err := view.TableAs(ctx, db, plan, newStaleness(ctx, db), o.layout)
	if err != nil {
		return hintSweep(layoutMisuse(err), name)
	}
	if reports.Format(o.format) == documentFormat {
		return reportDocument(ctx, w, log, db, plan, table, o.out)
	}
	var text bytes.Buffer
	if err := table.Render(&text, reports.Format(o.format), o.latex); err != nil {
		if errors.Is(err, reports.ErrTooWide) {
			err = withHint(usageError("%w", err), "choose fewer columns under report, shorter labels, or leave --style out")
		}
		return err
	}
	if o.format == string(reports.LatexFormat) {
		warnUntypeset(log, table.Untypeset(), o.latex.Engine)
	}
	if o.out == "" {
		_, err := w.Write(text.Bytes())
		return err
	}
	return writeFile(w, "report", o.out, text.Bytes())
}

// writeFile writes a file, in a folder that is made for it, and prints its path.
func writeFile(w io.Writer, what, path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	if err := atomicfile.Write(path, data); err != nil {
		return fmt.Errorf("write %s: %w", what, err)
	}
	_, err := fmt.Fprintln(w, path)
	return err
}

// warnUntypeset says which characters need another font than a LaTeX document has.
func warnUntypeset(log io.Writer, characters []string, engine reports.Engine) {
	switch {
	case len(characters) == 0:
	case engine == reports.UnicodeEngine:
		fmt.Fprintf(log, "warning: %s need a font that has them: the first lines of the table say how\n", strings.Join(characters, " "))
	default:
		fmt.Fprintf(log, "warning: pdfLaTeX has no %s: there is ? in their place; compile with xelatex or lualatex: --engine unicode\n", strings.Join(characters, " "))
	}
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
		return view.Table(ctx, db, plan, newStaleness(ctx, db))
	}
	return reports.Build(ctx, db, plan, reports.Options{Stale: stale})
}

// howToReport says what a program without numbers lacks.
const howToReport = `a program reports with lines such as {"metric": "acc", "value": 0.5}, or names its keys under metrics; harness trial log ID says what it printed`

// hintSweep says what to run where an experiment has no results.
func hintSweep(err error, name string) error {
	switch {
	case errors.Is(err, reports.ErrFailed):
		return withHint(err, fmt.Sprintf("harness ls --state failed says why; mend it and run \"harness sweep %s --redo failed\"", name))
	case errors.Is(err, reports.ErrNothing):
		return withHint(err, fmt.Sprintf("run \"harness sweep %s\"", name))
	case errors.Is(err, reports.ErrNoMetrics):
		return withHint(err, howToReport)
	}
	return err
}
