package cli

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/registry"
)

var tagPattern = regexp.MustCompile(`^[\pL\pN][\pL\pN._-]{0,63}$`)

func newTrialTagCommand() *cobra.Command {
	var add, remove []string
	cmd := &cobra.Command{
		Use:   "tag ID... [--add TAG,TAG] [--remove TAG,TAG]",
		Short: "Add tags to trials or take them away; without flags, print them",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			for _, tag := range append(slices.Clone(add), remove...) {
				if !tagPattern.MatchString(tag) {
					return usageError("tag %q: want letters, digits, dots, dashes and underscores, at most 64", tag)
				}
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
		tags := slices.DeleteFunc(append(slices.Clone(t.Tags), add...), func(tag string) bool { return slices.Contains(remove, tag) })
		slices.Sort(tags)
		tags = slices.Compact(tags)
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
