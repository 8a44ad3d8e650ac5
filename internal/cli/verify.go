package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/model"
	"harness/registry"
	"harness/registry/bundle"
	"harness/registry/homes"
)

// verifyOptions are the flags of verify.
type verifyOptions struct {
	json   bool
	limits limitOptions
}

func newVerifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify [NAME|ID... | FILE]",
		Short: "Compare every file of the home with its checksum, or look through a bundle",
		Long: `Compare every file of the home, or what belongs to sweeps and trials, with its checksum: plans, journals line by line, settings by the
names of their trials, logs and answers by what the journal says of them, snapshots of code, stages of training, and registry.db. It
changes nothing. Files without a checksum are counted as such: nothing can be said of them. Each wrong file is a line, and the exit code
is then 1. A FILE that is a bundle is looked through without unpacking it.`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx, w := cmd.Context(), cmd.OutOrStdout()
			if len(args) == 1 && bundle.Looks(args[0]) {
				return checkBundle(ctx, w, args[0], o.limits, o.json)
			}
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return verify(ctx, w, db, args, o)
		},
	}
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	o.limits.flags(cmd)
	return cmd
}

// verified is what verify prints as JSON.
type verified struct {
	Right   int           `json:"right"`
	Bytes   int64         `json:"bytes"`
	Unknown []string      `json:"unknown"` // files without a checksum
	Wrong   []homes.Wrong `json:"wrong"`
	Notes   []string      `json:"notes"`
}

func verify(ctx context.Context, w io.Writer, db *registry.DB, names []string, o verifyOptions) error {
	chosen, err := chooseNamed(ctx, db, names)
	if err != nil {
		return err
	}
	v, err := homes.Verify(ctx, db, homes.VerifyOptions{Sweeps: chosen.Sweeps, Trials: chosen.Trials, Stage: model.CheckStage})
	if err != nil {
		return err
	}
	if len(names) == 0 {
		if err := db.Integrity(ctx); err != nil {
			v.Wrong = append(v.Wrong, homes.Wrong{Path: "registry.db", Reason: err.Error()})
		} else {
			v.Right++
		}
	}
	return judgeVerified(w, v, o.json)
}

// judgeVerified prints what was found, and is an error where something is wrong.
func judgeVerified(w io.Writer, v *homes.Verification, asJSON bool) error {
	if asJSON {
		err := printJSON(w, verified{v.Right, v.Bytes, append([]string{}, v.Unknown...), append([]homes.Wrong{}, v.Wrong...), append([]string{}, v.Notes...)})
		if err != nil {
			return err
		}
	} else if err := printVerified(w, v); err != nil {
		return err
	}
	if len(v.Wrong) > 0 {
		return withHint(fmt.Errorf("%s not as written", countedAre(len(v.Wrong), "file")),
			"put them back from a backup; a damaged registry.db is deleted, and made again; a damaged stage is trained again")
	}
	return nil
}

func printVerified(w io.Writer, v *homes.Verification) error {
	for _, wrong := range v.Wrong {
		fmt.Fprintf(w, "WRONG %s: %s\n", escape.Line(wrong.Path), escape.Line(wrong.Reason))
	}
	for i, note := range v.Notes {
		if i == mostSkipped {
			fmt.Fprintf(w, "and %d more notes: --json lists them\n", len(v.Notes)-i)
			break
		}
		fmt.Fprintf(w, "note: %s\n", escape.Line(note))
	}
	text := fmt.Sprintf("%s (%s) as written", countedAre(v.Right, "file"), sizeText(v.Bytes))
	if n := len(v.Unknown); n > 0 {
		text += fmt.Sprintf("; %s no checksum, such as %s", countedHave(n), escape.Line(v.Unknown[0]))
	}
	_, err := fmt.Fprintln(w, text)
	return err
}

// countedAre is "1 file is" or "3 files are".
func countedAre(n int, noun string) string {
	if n == 1 {
		return "1 " + noun + " is"
	}
	return counted(n, noun) + " are"
}

func countedHave(n int) string {
	if n == 1 {
		return "1 file has"
	}
	return fmt.Sprintf("%d files have", n)
}
