package cli

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/registry"
	"harness/reports"
	"harness/reports/examples"
)

// examplesOptions are the flags of examples.
type examplesOptions struct {
	experimentOptions
	choose    string
	seed      int64
	n         int
	trialSeed int64
	boxes     string
	format    string
	asJSON    bool
	out       string
	latex     reports.LatexOptions
}

func newExamplesCommand() *cobra.Command {
	var o examplesOptions
	cmd := &cobra.Command{
		Use:   "examples NAME|FILE",
		Short: "Show test pairs with the answer of every row",
		Long: `Show single test pairs of an experiment: the question, the reference and the answer of every row, with findings that are right,
wrong and left out; as pictures, LaTeX and HTML with both images, the reference boxes and the boxes that a row predicted.

Pairs are chosen by a rule, which stands in the caption with its seed and the number of pairs that it chose from:

  random          by chance, with --seed
  disagreement    those on which the finding F1 of the rows differs most (greatest less smallest; ties by ID)
  finding=NAME    by chance among those whose reference names the finding
  right=A,wrong=B by chance among those that the row A answered right and the row B wrong, each once or several times

NAME and FILE are those of "harness report". Rows whose trial has no answers say so. png and pdf write a picture a pair,
NAME-examples-1.png and so on, into the folder --out; latex writes --out and beside it a picture a pair, for a document with
booktabs, graphicx and xcolor; other formats print, or write the file --out. The boxes are those of one row, --boxes.`,
		Args: oneExperiment,
		RunE: func(cmd *cobra.Command, args []string) error {
			choose, err := o.check(cmd)
			if err != nil {
				return err
			}
			db, err := openFrozen(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return showExamples(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), db, args[0], o, choose)
		},
	}
	o.experimentOptions.flags(cmd)
	flags := cmd.Flags()
	flags.StringVar(&o.choose, "choose", string(examples.Random), "how pairs are chosen: random, disagreement, finding=NAME or right=ROW,wrong=ROW")
	flags.Int64Var(&o.seed, "seed", 0, "of the chance by which pairs are chosen")
	flags.IntVar(&o.n, "n", 3, "how many pairs (default the experiment's report.cases, else 3)")
	flags.Int64Var(&o.trialSeed, "trial-seed", 0, "show the answers of the trials of this seed (default the experiment's first)")
	flags.StringVar(&o.boxes, "boxes", "", "draw the boxes that this row predicted (default the first row that predicts boxes)")
	flags.StringVar(&o.format, "format", string(examples.TextFormat), reports.Choices(examples.Formats))
	flags.BoolVar(&o.asJSON, "json", false, "the same as --format json")
	flags.StringVarP(&o.out, "out", "o", "", "write to this file instead of printing; of png and pdf the folder")
	documentFlags(cmd, &o.latex)
	return cmd
}

// check refuses unknown values and flags that exclude one another, and says what to build.
func (o *examplesOptions) check(cmd *cobra.Command) (examples.Options, error) {
	var build examples.Options
	flags := cmd.Flags()
	if o.asJSON {
		if flags.Changed("format") && o.format != string(examples.JSONFormat) {
			return build, usageError("--json: it is --format json, not %s", o.format)
		}
		o.format = string(examples.JSONFormat)
	}
	if !slices.Contains(examples.Formats, examples.Format(o.format)) {
		return build, usageError("--format %s: want %s", o.format, reports.Choices(examples.Formats))
	}
	for _, name := range []string{"style", "engine"} {
		if flags.Changed(name) && o.format != string(examples.LatexFormat) {
			return build, usageError("--%s: it is for --format latex, not %s", name, o.format)
		}
	}
	for _, name := range []string{"style", "engine", "boxes", "out"} {
		if flags.Changed(name) && flags.Lookup(name).Value.String() == "" {
			return build, usageError("--%s is empty: leave it out or give a value", name)
		}
	}
	if err := o.latex.Check(); err != nil {
		return build, usageError("%w", err)
	}
	if o.format == string(examples.LatexFormat) && o.out == "" {
		return build, usageError("--format latex: want --out FILE.tex: the pictures are written beside it")
	}
	var err error
	if build.Choice, err = examples.ParseChoice(o.choose); err != nil {
		return build, usageError("--choose %w", err)
	}
	if build.Choice.Rule == examples.Disagreement && flags.Changed("seed") {
		return build, usageError("--seed: --choose disagreement leaves nothing to chance")
	}
	if build.Choice.Rule != examples.Disagreement {
		build.Choice.Seed = &o.seed
	}
	if flags.Changed("n") {
		if o.n < 1 {
			return build, usageError("--n %d: want at least 1", o.n)
		}
		build.Choice.N = o.n
	}
	if flags.Changed("trial-seed") {
		build.TrialSeed = &o.trialSeed
	}
	build.BoxesOf = o.boxes
	return build, nil
}

// showExamples prints or writes the examples of one experiment.
func showExamples(ctx context.Context, w, log io.Writer, db *registry.DB, name string, o examplesOptions, build examples.Options) error {
	plan, err := stored(ctx, log, db, name, o.experimentOptions)
	if err != nil {
		return err
	}
	if build.Choice.N == 0 {
		build.Choice.N = o.n
		if plan.Report.Cases > 0 {
			build.Choice.N = plan.Report.Cases
		}
	}
	results, err := reports.Load(ctx, db, plan)
	if err != nil {
		return hintSweep(fmt.Errorf("examples %s: %w", plan.Name, err), name)
	}
	e, err := examples.Build(plan, results, build)
	if err != nil {
		return misusedOption(err)
	}
	if examples.Format(o.format).Illustrated() {
		err := illustrate(ctx, db, plan, results, e)
		if err != nil && (o.format != string(examples.JSONFormat) || ctx.Err() != nil) {
			return err
		}
		if err != nil { // the answers can be read without the images
			e.Notes = append(e.Notes, "No images: "+err.Error())
		}
	}
	return writeExamples(w, log, e, o)
}

// writeExamples writes the examples in their format.
func writeExamples(w, log io.Writer, e *examples.Examples, o examplesOptions) error {
	var text bytes.Buffer
	var err error
	switch format := examples.Format(o.format); format {
	case examples.PNGFormat, examples.PDFFormat:
		return writePictures(w, e, filepath.Join(o.out, examples.FileName(e)), format, func(out io.Writer, pair int) error {
			return e.Picture(out, pair, format)
		})
	case examples.LatexFormat:
		return writeLatexExamples(w, log, e, o)
	case examples.MarkdownFormat:
		err = e.Markdown(&text)
	case examples.HTMLFormat:
		err = e.HTML(&text)
	case examples.JSONFormat:
		err = e.JSON(&text)
	default:
		err = e.Text(&text)
	}
	if err != nil {
		return err
	}
	if o.out == "" {
		_, err := w.Write(text.Bytes())
		return err
	}
	return writeFile(w, "examples", o.out, text.Bytes())
}

// writeLatexExamples writes the source and, beside it, the pictures that it includes.
func writeLatexExamples(w, log io.Writer, e *examples.Examples, o examplesOptions) error {
	base := strings.TrimSuffix(o.out, filepath.Ext(o.out))
	var text bytes.Buffer
	untypeset, err := e.Latex(&text, o.latex, func(pair int) string { return fmt.Sprintf("%s-%d", filepath.Base(base), pair+1) })
	if err != nil {
		return err
	}
	warnUntypeset(log, untypeset, o.latex.Engine)
	width := examples.ImagesWidth(o.latex)
	err = writePictures(w, e, base, examples.PDFFormat, func(out io.Writer, pair int) error {
		return e.Images(out, pair, width, examples.PDFFormat)
	})
	if err != nil {
		return err
	}
	return writeFile(w, "examples", o.out, text.Bytes())
}

// writePictures writes a picture a pair, base-1.FORMAT and so on, and lists them.
func writePictures(w io.Writer, e *examples.Examples, base string, format examples.Format, draw func(out io.Writer, pair int) error) error {
	for i := range e.Pairs {
		var picture bytes.Buffer
		if err := draw(&picture, i); err != nil {
			return fmt.Errorf("draw pair %s: %w", e.Pairs[i].ID, err)
		}
		if err := writeFile(w, "examples", fmt.Sprintf("%s-%d.%s", base, i+1, format), picture.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
