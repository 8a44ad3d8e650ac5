package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/atomicfile"
	"harness/model/census"
	"harness/model/dataset"
)

type dataCheckOptions struct {
	dataset.Options
	json    bool
	fixList string // file, or "-" for standard output; "" for none
}

func newDataCheckCommand() *cobra.Command {
	var o dataCheckOptions
	var splits string
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Read a data set whole and count what can and cannot be used, by cause",
		Long: `Read MIMIC-CXR-JPG, the MIMIC-CXR reports, Chest ImaGenome and Medical-Diff-VQA below DIR, in their own layouts
and under any of their usual folder names, decode every frontal image, and count what can be used and what
cannot. Below each count of faults stand its causes, with the first file or row of each and what lies there
instead. Faults of the data are counted and never stop it; a set that is not there does, and a set of which
nothing can be used ends it with exit code 1 behind the report. Where none of the four is there, IU X-Ray
(R2Gen's annotation.json, or OpenI's archives) and NIH ChestX-ray14 are read in the same way.

Images may be JPEG or PNG. Those of MIMIC-CXR-JPG may lie in files/p10/p10000032/s50414267/, without files/, or all in one folder, and
be smaller than the originals: boxes are scaled by Columns and Rows of the metadata. An image with another
aspect ratio than those (padded, cropped, squeezed) is left out.

Then comes what the four sets hold, of the real releases beside what is published of them ("as published", or "differs: N, published M"), and,
of what is usable: counts by split and by type of question, lengths in tokens of GPT-2, and the scores of two baselines on the test split,
the mean box of each region and the most frequent answer to each question; docs/reproduce.md says what to expect of them.

With --json, "images", "reports", "regions", "pairs", "subjects" and "other" hold the counts; "causes" is a
list of {"group", "kind", "cause", "count", "first", "detail"}, where group and kind are the keys of a count;
"contents" and "census" are those; "unusable" lists the sets of which nothing can be used; "notes" says what is unusual. --list adds "ids", which
has the same keys as the counts and the ids behind each. Without --json, --list prints the ids behind the faults.

--fix-list FILE writes a line for each bad file or row: its path, or PATH:LINE of a CSV file, the cause, the
count it belongs to as GROUP.KIND, and the id, separated by tabs. With - it is printed in place of the report.`,
		Example: `  harness data check data --fix-list bad.tsv
  harness data check data --fix-list - | grep images.missing | cut -f1    # paths to fetch again`,
		Args: oneFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Splits = dataset.Splits(splits)
			switch {
			case o.Splits != dataset.BySubject && o.Splits != dataset.Official:
				return usageError("--splits %s: choose %s or %s", splits, dataset.BySubject, dataset.Official)
			case cmd.Flags().Changed("fix-list") && o.fixList == "":
				return usageError("--fix-list: want a file, or - for standard output")
			case o.fixList == "-" && o.json:
				return usageError("--fix-list - and --json both print to standard output: give --fix-list a file")
			}
			return dataCheck(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], o)
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&o.ListIDs, "list", false, "also print the ids behind each count")
	cmd.Flags().StringVar(&o.fixList, "fix-list", "", "write a line for each bad file or row, with its cause, to this file; - prints them")
	cmd.Flags().StringVar(&splits, "splits", string(dataset.BySubject), "how subjects are divided: subject or official")
	cmd.Flags().BoolVar(&o.KeepPriorSentences, "keep-prior", false, "keep sentences that refer to an earlier study")
	return cmd
}

// dataCheck writes the report on the data sets below root to w, and the bad files and rows where they are wanted. The error behind a
// whole report names the sets of which nothing can be used.
func dataCheck(ctx context.Context, w, log io.Writer, root string, o dataCheckOptions) error {
	listed := o.ListIDs
	o.ListIDs = listed || o.fixList != ""
	progress := newProgressLine(log, "images")
	report, err := dataset.Check(ctx, root, o.Options, progress.report)
	progress.end()
	if err != nil {
		return hintMissing(err)
	}
	report.List = listed
	if o.fixList != "-" {
		if report.Census, err = census.Of(ctx, report.Set); err != nil {
			return fmt.Errorf("data set %s: %w", root, err)
		}
	}
	if o.fixList != "" && o.fixList != "-" {
		if err := writeRepairs(report, o.fixList); err != nil {
			return fmt.Errorf("write %s: %w", o.fixList, err)
		}
	}
	switch {
	case o.fixList == "-":
		err = report.WriteRepairs(w)
	case o.json:
		err = printJSON(w, report)
	default:
		err = report.WriteText(w)
	}
	if err != nil {
		return err
	}
	return unusableError(root, report.Unusable())
}

func writeRepairs(report *dataset.Report, path string) error {
	var list bytes.Buffer
	if err := report.WriteRepairs(&list); err != nil {
		return err
	}
	return atomicfile.Write(path, list.Bytes())
}

// unusableError says in one line of which sets nothing can be used, and why of the first; nil where there are none.
func unusableError(root string, sets []dataset.UnusableSet) error {
	if len(sets) == 0 {
		return nil
	}
	names := make([]string, len(sets))
	for i, s := range sets {
		names[i] = s.Set
	}
	return fmt.Errorf("data set %s: nothing usable in %s; %s: %s", root, strings.Join(names, ", "), sets[0].Set, sets[0].Why)
}

// hintMissing says where data come from when some are missing.
func hintMissing(err error) error {
	if _, missing := errors.AsType[*dataset.MissingError](err); missing {
		return withHint(err, `the four sets come from PhysioNet, for who has signed for them (docs/reproduce.md says which files); "harness data synth DIR" writes a synthetic stand-in`)
	}
	return err
}
