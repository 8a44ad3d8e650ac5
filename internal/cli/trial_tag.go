package cli

import (
	"context"
	"fmt"
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
	var asJSON bool
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
		tags := slices.DeleteFunc(append(slices.Clone(t.Tags), add...), func(tag string) bool { return slices.Contains(remove, tag) })
		slices.Sort(tags)
		tags = slices.Compact(tags)
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
