package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/registry"
)

func newTrialTagCommand() *cobra.Command {
	var add, remove []string
	cmd := &cobra.Command{
		Use:   "tag ID... [--add TAG,TAG] [--remove TAG,TAG]",
		Short: "Add tags to trials or take them away; without flags, print them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(view.CheckTags("--add", add), view.CheckTags("--remove", remove)); err != nil {
				return err
			}
			db, err := openExisting(cmd.Context(), cmd.ErrOrStderr(), homeOf(cmd))
			if err != nil {
				return err
			}
			defer db.Close()
			return tagTrials(cmd.Context(), cmd.OutOrStdout(), db, args, add, remove)
		},
	}
	cmd.Flags().StringSliceVar(&add, "add", nil, "tags to add")
	cmd.Flags().StringSliceVar(&remove, "remove", nil, "tags to take away")
	return cmd
}

func tagTrials(ctx context.Context, w io.Writer, db *registry.DB, ids, add, remove []string) error {
	trials, err := namedTrials(ctx, db, ids, listOptions{})
	if err != nil {
		return err
	}
	for _, t := range trials {
		tags := view.Tagged(t.Tags, add, remove)
		if !slices.Equal(tags, t.Tags) {
			if err := db.SetTags(ctx, t.ID, tags); err != nil {
				return err
			}
		}
		fmt.Fprintf(w, "%s  %s\n", t.ID[:8], strings.Join(tags, ", "))
	}
	return nil
}

func newTrialNoteCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "note ID [TEXT]",
		Short: "Write a note on a trial; without a text, print it; an empty text removes it",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openExisting(cmd.Context(), cmd.ErrOrStderr(), homeOf(cmd))
			if err != nil {
				return err
			}
			defer db.Close()
			trials, err := namedTrials(cmd.Context(), db, args[:1], listOptions{})
			if err != nil {
				return err
			}
			if len(args) == 2 {
				return db.SetNote(cmd.Context(), trials[0].ID, args[1])
			}
			fmt.Fprintln(cmd.OutOrStdout(), escape.Line(trials[0].Note))
			return nil
		},
	}
	return cmd
}
