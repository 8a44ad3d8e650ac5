package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"harness/internal/escape"
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

// standing is how the sweeps stand that schedulers have, by scheduler.
func standing(ctx context.Context, home string) ([]cluster.Standing, error) {
	open, _, err := cluster.Open(home)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, b := range open {
		if !slices.Contains(names, b.Scheduler) {
			names = append(names, b.Scheduler)
		}
	}
	var all []cluster.Standing
	for _, name := range names {
		s, err := schedulerNamed(name)
		if err != nil {
			return nil, err
		}
		list, err := cluster.Stand(ctx, home, s)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	return all, nil
}

// where says where a sweep runs: in which process, or at which scheduler, and how it stands there.
func (s sweepStatus) where() string {
	if s.Scheduler == "" {
		return fmt.Sprintf("(pid %d on %s)", s.PID, s.Host)
	}
	text := "at " + s.Scheduler
	if len(s.Jobs) > 0 {
		text += " (job " + strings.Join(s.Jobs, ", ") + ")"
	}
	if s.Silent != "" {
		return text + ", which does not answer: " + escape.Line(s.Silent)
	}
	text += fmt.Sprintf(": %d running, %d waiting", s.AtScheduler, s.Waiting)
	if s.Waiting > 0 && s.Reason != "" && s.Reason != "None" {
		text += " (" + escape.Line(s.Reason) + ")"
	}
	return text
}

// statusElsewhere reads how the sweeps stand that schedulers have.
func statusElsewhere(ctx context.Context, db *registry.DB, handle string) ([]sweepStatus, error) {
	all, err := standing(ctx, db.Home)
	if err != nil {
		return nil, err
	}
	var list []sweepStatus
	for _, t := range all {
		over := t.Running+t.Waiting == 0 && t.Silent == nil && len(t.Jobs) > 0 // nobody has followed it to its end
		if handle != "" && t.Sweep != handle || over {
			continue
		}
		s, err := statusOf(ctx, db, t.Sweep)
		if err != nil {
			return nil, err
		}
		s.Scheduler, s.Jobs, s.AtScheduler, s.Waiting, s.Reason, s.Started = t.Scheduler, t.Jobs, t.Running, t.Waiting, t.Reason, t.Made
		if t.Silent != nil {
			s.Silent = t.Silent.Error()
		}
		list = append(list, s)
	}
	return list, nil
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
