package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/registry"
)

func newTrialTagCommand() *cobra.Command {
	var add, remove []string
	var asJSON bool
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
			tagged, err := tagTrials(cmd.Context(), db, args, add, remove)
			if asJSON && err == nil {
				return printJSON(cmd.OutOrStdout(), tagged)
			}
			for _, t := range tagged {
				fmt.Fprintf(cmd.OutOrStdout(), "%s  %s\n", t.ID[:8], strings.Join(t.Tags, ", "))
			}
			return err
		},
	}
	cmd.Flags().StringSliceVar(&add, "add", nil, "tags to add")
	cmd.Flags().StringSliceVar(&remove, "remove", nil, "tags to take away")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// taggedTrial is a trial with all its tags.
type taggedTrial struct {
	ID   string   `json:"id"`
	Tags []string `json:"tags"`
}

// tagTrials changes the tags of trials, and returns those that it came to.
func tagTrials(ctx context.Context, db *registry.DB, ids, add, remove []string) ([]taggedTrial, error) {
	trials, err := namedTrials(ctx, db, ids, listOptions{})
	if err != nil {
		return nil, err
	}
	tagged := []taggedTrial{}
	for _, t := range trials {
		tags := view.Tagged(t.Tags, add, remove)
		if !slices.Equal(tags, t.Tags) {
			if err := db.SetTags(ctx, t.ID, tags); err != nil {
				return tagged, err
			}
		}
		tagged = append(tagged, taggedTrial{t.ID, append([]string{}, tags...)})
	}
	return tagged, nil
}

// notedTrial is a trial with its note.
type notedTrial struct {
	ID   string `json:"id"`
	Note string `json:"note"` // empty: none
}

func newTrialNoteCommand() *cobra.Command {
	var asJSON bool
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
			noted := notedTrial{trials[0].ID, trials[0].Note}
			if len(args) == 2 {
				noted.Note = args[1]
				if err := db.SetNote(cmd.Context(), noted.ID, noted.Note); err != nil || !asJSON {
					return err
				}
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), noted)
			}
			fmt.Fprintln(cmd.OutOrStdout(), escape.Line(noted.Note))
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}
