package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/view"
	"harness/registry"
)

// removeOptions are the flags of trial rm.
type removeOptions struct {
	home   string
	sweep  string
	filter string
	yes    bool
	json   bool
}

func newTrialRemoveCommand() *cobra.Command {
	var o removeOptions
	cmd := &cobra.Command{
		Use:   "rm ID... | rm --filter CONDITION [--sweep SWEEP] | rm --sweep SWEEP",
		Short: "Remove trials: their numbers, logs and files",
		Long: `Remove trials: their attempts with all numbers, logs and files. Stages that they share with others stay. What was removed
stays removed when registry.db is rebuilt. A sweep that still wants a removed trial runs it again.

` + view.FilterHelp,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.home = homeOf(cmd)
			return removeTrials(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args, o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.sweep, "sweep", "", "only trials of this sweep")
	f.StringVar(&o.filter, "filter", "", "trials for which a condition holds")
	f.BoolVar(&o.yes, "yes", false, "do not ask")
	f.BoolVar(&o.json, "json", false, "print what was removed as JSON")
	return cmd
}

// removeTrials removes the trials that ids or the flags name, after it has said what goes.
func removeTrials(ctx context.Context, w, log io.Writer, ids []string, o removeOptions) error {
	if len(ids) == 0 && o.filter == "" && o.sweep == "" {
		return usageError("want trial ids, --filter or --sweep")
	}
	if len(ids) > 0 && (o.filter != "" || o.sweep != "") {
		return usageError("want trial ids, or --filter and --sweep, not both")
	}
	db, err := openExisting(ctx, log, o.home)
	if err != nil {
		return err
	}
	defer db.Close()
	trials, err := namedTrials(ctx, db, ids, listOptions{sweep: o.sweep, filter: o.filter})
	if err != nil {
		return err
	}
	if len(trials) == 0 && o.json {
		return printJSON(w, []string{})
	} else if len(trials) == 0 {
		fmt.Fprintln(w, "no trials")
		return nil
	}
	others, err := alsoIn(ctx, db, trials, o.sweep)
	if err != nil {
		return err
	}
	if err := confirm(log, o.yes, fmt.Sprintf("remove %s with all numbers and files: %s%s", counted(len(trials), "trial"), some(trials, 20), others)); err != nil {
		return err
	}
	gone := make([]string, len(trials))
	for i, t := range trials {
		gone[i] = t.ID
	}
	if err := db.Remove(ctx, gone); err != nil {
		return err
	}
	if o.json {
		return printJSON(w, gone)
	}
	fmt.Fprintf(w, "removed %s\n", counted(len(gone), "trial"))
	return nil
}

// alsoIn names the sweeps, other than the one that was named, that lose trials, too.
func alsoIn(ctx context.Context, db *registry.DB, trials []view.Listed, sweep string) (string, error) {
	seen := map[string]bool{}
	for _, t := range trials {
		handles, err := db.SweepsOf(ctx, t.ID)
		if err != nil {
			return "", err
		}
		for i, handle := range handles {
			if handle != sweep && (sweep != "" || i > 0) { // without a sweep, what ls shows of a trial is its first
				seen[handle] = true
			}
		}
	}
	if len(seen) == 0 {
		return "", nil
	}
	return "; they count in " + strings.Join(sortedKeys(seen), ", ") + ", too", nil
}

// namedTrials reads the trials with the given ids, or those that o chooses where there are none.
func namedTrials(ctx context.Context, db *registry.DB, ids []string, o listOptions) ([]view.Listed, error) {
	if len(ids) == 0 {
		return chooseTrials(ctx, db, o)
	}
	var full []string
	for _, prefix := range ids {
		id, err := findTrial(ctx, db, prefix)
		if err != nil {
			return nil, err
		}
		full = append(full, id)
	}
	trials, err := db.Trials(ctx, registry.Query{IDs: full, All: true})
	if err != nil {
		return nil, err
	}
	all := make([]view.Listed, len(trials))
	for i, t := range trials {
		t.State = db.LiveState(t)
		all[i] = view.NewListed(t)
	}
	return all, nil
}

// counted is "1 trial" or "3 trials".
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
