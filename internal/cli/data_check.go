package cli

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"harness/model/dataset"
)

type dataCheckOptions struct {
	dataset.Options
	json bool
}

func newDataCheckCommand() *cobra.Command {
	var o dataCheckOptions
	var splits string
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Read a data set whole and count what can and cannot be used, by cause",
		Long: `Read MIMIC-CXR-JPG, the MIMIC-CXR reports, Chest ImaGenome and Medical-Diff-VQA below DIR, in their own layouts
and under any of their usual folder names, decode every frontal image, and count what can be used and what
cannot, by cause. Faults of the data are counted and never stop it; a set that is not there does. Where none of the four
is there, IU X-Ray (R2Gen's annotation.json, or OpenI's archives) and NIH ChestX-ray14 are read in the same way.

With --json, images, reports, regions, pairs and subjects hold the counts; --list adds "ids", which has the
same keys and the ids behind each count. Without --json, --list prints the ids behind the faults.`,
		Args: oneFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Splits = dataset.Splits(splits)
			if o.Splits != dataset.BySubject && o.Splits != dataset.Official {
				return usageError("--splits %s: choose %s or %s", splits, dataset.BySubject, dataset.Official)
			}
			return dataCheck(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], o)
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&o.ListIDs, "list", false, "also print the ids behind each count")
	cmd.Flags().StringVar(&splits, "splits", string(dataset.BySubject), "how subjects are divided: subject or official")
	cmd.Flags().BoolVar(&o.KeepPriorSentences, "keep-prior", false, "keep sentences that refer to an earlier study")
	return cmd
}

// dataCheck writes the report on the data sets below root to w.
func dataCheck(ctx context.Context, w, log io.Writer, root string, o dataCheckOptions) error {
	progress := newProgressLine(log, "images")
	defer progress.end()
	report, err := dataset.Check(ctx, root, o.Options, progress.report)
	if err != nil {
		return hintMissing(err)
	}
	if !o.json {
		return report.WriteText(w)
	}
	return printJSON(w, report)
}

// hintMissing says where data come from when some are missing.
func hintMissing(err error) error {
	if _, missing := errors.AsType[*dataset.MissingError](err); missing {
		return withHint(err, `the four sets come from PhysioNet; "harness data synth DIR" writes a synthetic stand-in`)
	}
	return err
}
