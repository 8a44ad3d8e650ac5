package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"harness/registry"
	"harness/runner"
	"harness/sweeps"
)

// attach shows a sweep that another process runs, until it ends, and then what it came to, as if it had been run here.
func (o sweepOptions) attach(ctx context.Context, w, log io.Writer, db *registry.DB, plan *sweeps.Plan, running runner.Running) error {
	fmt.Fprintf(log, "sweep %s runs in the background (pid %d): this shows it, Ctrl-C ends the view only\n", plan.Handle, running.PID)
	if ignored := o.ignoredByOthers(); len(ignored) > 0 {
		fmt.Fprintf(log, "%s: it goes on as it was started\n", strings.Join(ignored, ", "))
	}
	alive := func() bool {
		now, found, err := detachedOf(db.Home, plan.Handle)
		return err == nil && found && now.PID == running.PID
	}
	began := time.Now()
	result, err := runner.View(ctx, db, toRun(plan), alive, runner.Options{Handle: plan.Handle, Parallel: running.Parallel,
		Out: log, Display: displayOf(log, o.quiet), Paint: o.paint, Shown: shownOf(plan)})
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return withHint(withCode(exitInterrupted, fmt.Errorf("sweep %s: it goes on in the background", plan.Handle)),
			fmt.Sprintf("harness cancel %s stops it", runner.ShellQuote(plan.Handle)))
	}
	if !o.quiet {
		fmt.Fprintln(log, resultLine(plan.Handle, result, time.Since(began)))
	}
	if err := printSweep(ctx, w, log, db, plan, nil, o); err != nil {
		return err
	}
	return sweepError(plan.Handle, result)
}

// ignoredByOthers are the flags of this call that say how trials are run: of a sweep that runs already they change nothing.
func (o sweepOptions) ignoredByOthers() []string {
	var list []string
	for _, word := range o.words {
		name, _, _ := strings.Cut(word, "=")
		if slices.Contains([]string{"--parallel", "--threads", "--gpus", "--per-gpu", "--engine"}, name) {
			list = append(list, word)
		}
	}
	return list
}
