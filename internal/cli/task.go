package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"harness/registry/provenance"
	"harness/runner"
	"harness/runner/cluster"
)

// newTrialTaskCommand is the process that a scheduler starts for each trial of a batch.
func newTrialTaskCommand() *cobra.Command {
	var batch string
	cmd := &cobra.Command{
		Use:    "task --batch DIR INDEX",
		Short:  "Run one trial of a batch as a task of a scheduler",
		Hidden: true,
		Args:   cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			index, err := strconv.Atoi(args[0])
			if err != nil {
				return usageError("run task: %q is no index", args[0])
			}
			return runTask(cmd.Context(), cmd.OutOrStdout(), homeOf(cmd), batch, index)
		},
	}
	cmd.Flags().StringVar(&batch, "batch", "", "folder of the batch")
	return cmd
}

// runTask runs the trial of a task to its end. The scheduler tells by SIGUSR1 that it ends the task soon: the trial saves what it has,
// and the task is queued again.
func runTask(ctx context.Context, w io.Writer, home, batch string, index int) error {
	began := time.Now()
	b, err := cluster.Load(batch)
	if err != nil {
		return err
	}
	t, err := b.Task(index)
	if err != nil {
		return err
	}
	worker, err := workerOf(b.Scheduler)
	if err != nil {
		return fmt.Errorf("run task: %w", err)
	}
	o := runner.TaskOptions{Options: rulesOf(b.Rules), Job: worker.Name(), Cut: cuts(ctx, worker, b.Rules.Limit, began)}
	o.Out, o.Child = w, childOf(home, b.Rules.Engine)
	if o.Threads == 0 {
		o.Threads = worker.CPUs()
	}
	if t.Spec.Command != "" {
		given, err := t.Spec.Args.Strings()
		if err != nil {
			return err
		}
		program, err := provenance.Follow(ctx, home, b.Rules.Dir, t.Spec.Command.List(), given...)
		if err != nil {
			return err
		}
		o.Code = program.Attempt
		defer endProgram(w, program)
	}
	end, err := runner.RunTask(ctx, home, t, o)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "trial %s: %s\n", t.ID[:8], describeEnd(end))
	if end.Requeue {
		if err := worker.Requeue(context.WithoutCancel(ctx)); err != nil {
			return withCode(exitInterrupted, fmt.Errorf("queue the task again: %w", err)) // who follows hands it in again
		}
	}
	switch end.Outcome {
	case runner.TaskDone, runner.TaskStopped:
		return nil
	case runner.TaskFailed:
		return withCode(exitSomeFailed, fmt.Errorf("trial %s failed: %s", t.ID[:8], end.Reason))
	}
	return withCode(exitInterrupted, fmt.Errorf("trial %s: %s", t.ID[:8], end.Outcome))
}

// cuts passes on the scheduler's signal that it ends us soon.
func cuts(ctx context.Context, worker cluster.Worker, limit time.Duration, began time.Time) <-chan runner.Cut {
	signals, cut := make(chan os.Signal, 1), make(chan runner.Cut, 1)
	signal.Notify(signals, syscall.SIGUSR1)
	go func() {
		<-signals
		cut <- worker.Cut(ctx, limit, began)
	}()
	return cut
}

func describeEnd(e runner.TaskEnd) string {
	text := string(e.Outcome)
	if e.Attempt > 0 {
		text += fmt.Sprintf(" in attempt %d", e.Attempt)
	}
	if e.Reason != "" {
		text += ": " + e.Reason
	}
	return text
}
