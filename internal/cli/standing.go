package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"harness/registry"
	"harness/runner/cluster"
)

// catchUpTasks takes what tasks of a scheduler have written since anybody followed them, before a command reads. A batch that cannot be
// read is said, and keeps nobody from reading the rest.
func catchUpTasks(ctx context.Context, log io.Writer, home string) error {
	open, _, err := cluster.Open(home)
	if err != nil {
		fmt.Fprintf(log, "warning: %v\n", err)
	}
	if len(open) == 0 || !writable(home) {
		return nil
	}
	db, err := registry.Open(ctx, home)
	if err != nil {
		return err
	}
	defer db.Close()
	return cluster.CatchUp(ctx, db, open)
}

// cancelElsewhere takes back the tasks of a sweep, or of the trials among them that are named; it reports how many there were.
func cancelElsewhere(ctx context.Context, w, log io.Writer, db *registry.DB, handle string, ids []string, yes bool) (count int, err error) {
	open, _, err := cluster.Open(db.Home)
	if err != nil {
		return 0, err
	}
	chosen := func(sweep, id string) bool { return handle != "" && sweep == handle || slices.Contains(ids, id) }
	names := map[string]bool{}
	for _, b := range open {
		if b.Any(chosen) {
			names[b.Scheduler] = true
		}
	}
	if len(names) == 0 {
		return 0, nil
	}
	what := counted(len(ids), "trial")
	if handle != "" {
		what = "sweep " + handle
	}
	for _, name := range sortedKeys(names) {
		s, err := schedulerNamed(name)
		if err != nil {
			return count, err
		}
		if err := confirm(log, yes, fmt.Sprintf("stop %s at %s", what, name)); err != nil {
			return count, err
		}
		done, err := cluster.Cancel(ctx, db.Home, s, chosen)
		if err != nil {
			return count, fmt.Errorf("cancel: %w", err)
		}
		fmt.Fprintf(w, "%s: %s taken back, %d asked to stop\n", name, counted(done.TakenBack, "trial"), done.Asked)
		count += done.TakenBack + done.Asked
	}
	return count, nil
}
