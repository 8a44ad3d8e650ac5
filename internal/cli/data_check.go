package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"harness/model/dataset"
)

type dataCheckOptions struct {
	dataset.Options
	json     bool
	progress io.Writer // where to show progress; nil for none
}

func newDataCheckCommand() *cobra.Command {
	var o dataCheckOptions
	var splits string
	cmd := &cobra.Command{
		Use:   "check DIR",
		Short: "Read a data set whole and count what can and cannot be used, by cause",
		Long: `Read MIMIC-CXR-JPG, the MIMIC-CXR reports, Chest ImaGenome and Medical-Diff-VQA below DIR, in their own layouts
and under any of their usual folder names, decode every frontal image, and count what can be used and what
cannot, by cause. Faults of the data are counted and never stop it; a set that is not there does.

With --json, images, reports, regions, pairs and subjects hold the counts; --list adds "ids", which has the
same keys and the ids behind each count. Without --json, --list prints the ids behind the faults.`,
		Args: oneFolder,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Splits = dataset.Splits(splits)
			if o.Splits != dataset.BySubject && o.Splits != dataset.Official {
				return usageError("--splits %s: choose %s or %s", splits, dataset.BySubject, dataset.Official)
			}
			if term.IsTerminal(int(os.Stderr.Fd())) {
				o.progress = os.Stderr
			}
			return dataCheck(cmd.Context(), cmd.OutOrStdout(), args[0], o)
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	cmd.Flags().BoolVar(&o.ListIDs, "list", false, "also print the ids behind each count")
	cmd.Flags().StringVar(&splits, "splits", string(dataset.BySubject), "how subjects are divided: subject or official")
	cmd.Flags().BoolVar(&o.KeepPriorSentences, "keep-prior", false, "keep sentences that refer to an earlier study")
	return cmd
}

// dataCheck writes the report on the data sets below root to w.
func dataCheck(ctx context.Context, w io.Writer, root string, o dataCheckOptions) error {
	var progress func(done, total int)
	if o.progress != nil {
		var shown time.Time
		progress = func(done, total int) {
			if done == total {
				fmt.Fprint(o.progress, "\r\x1b[K")
			} else if time.Since(shown) > 200*time.Millisecond {
				shown = time.Now()
				fmt.Fprintf(o.progress, "\rlooked at %d of %d images", done, total)
			}
		}
	}
	report, err := dataset.Check(ctx, root, o.Options, progress)
	if err != nil {
		return hintMissing(err)
	}
	if !o.json {
		return report.WriteText(w)
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(report)
}

// hintMissing says where data come from when some are missing.
func hintMissing(err error) error {
	if _, missing := errors.AsType[*dataset.MissingError](err); missing {
		return withHint(err, `the four sets come from PhysioNet; "harness data synth DIR" writes a synthetic stand-in`)
	}
	return err
}
