package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/view"
	"harness/registry"
	"harness/runner/live"
)

// topOptions are the flags of top.
type topOptions struct {
	every time.Duration
	once  bool
	json  bool
	paint live.Paint
}

func newTopCommand() *cobra.Command {
	var o topOptions
	cmd := &cobra.Command{
		Use:   "top [SWEEP]",
		Short: "Watch the sweeps that are running now, trial by trial",
		Long: `Watch the sweeps that are running now in this home, whoever runs them: another terminal, the background, Slurm. Each running trial has
a line with its stage, the time it takes from now on, the cores and GPUs it uses, and its main metric as a curve. Nothing is started or
stopped, and the view only reads.

Keys: up and down (or j and k) select a trial, l shows the end of its log, s sorts by start, by what is left, or by label; q ends the view.
Without a terminal, or with --once, it prints once how all stands. harness status prints the same in short.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.every < leastEvery {
				return usageError("--every %s: want at least %s", o.every, leastEvery)
			}
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			handle, err := sweepAsked(cmd.Context(), db, args)
			if err != nil {
				return err
			}
			o.paint = paintOf(cmd, cmd.OutOrStdout())
			return top(cmd.Context(), cmd.OutOrStdout(), db, handle, o)
		},
	}
	f := cmd.Flags()
	f.DurationVar(&o.every, "every", 2*time.Second, "how often the view is renewed")
	f.BoolVar(&o.once, "once", false, "print once how all stands, and end")
	f.BoolVar(&o.json, "json", false, "print that as JSON")
	return cmd
}

// leastEvery keeps who watches from slowing down what runs.
const leastEvery = 200 * time.Millisecond

// looking looks at the running sweeps, all or the one with a handle, again and again. Of so many trials the metrics are read.
func looking(ctx context.Context, db *registry.DB, handle string, measured int) func() ([]view.LiveSweep, error) {
	l := view.NewLive(db, schedulerNamed)
	return func() ([]view.LiveSweep, error) {
		if err := catchUpTasks(ctx, io.Discard, db.Home); err != nil {
			return nil, err
		}
		return l.Look(ctx, handle, measured, time.Now())
	}
}

// top shows the running sweeps, all or the one with the given handle.
func top(ctx context.Context, w io.Writer, db *registry.DB, handle string, o topOptions) error {
	look := looking(ctx, db, handle, mostMeasured)
	if !o.once && !o.json && interactive(w) {
		return newTopScreen(w.(*os.File), db, handle, o).run(ctx, look)
	}
	sweeps, err := look()
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(w, sweeps)
	}
	f := topFrame{sweeps: sweeps, handle: handle, now: time.Now(), width: onceWidth, paint: o.paint, selected: noTrial}
	for _, line := range f.body() {
		if _, err := fmt.Fprintln(w, line); err != nil {
			return err
		}
	}
	return nil
}

const (
	mostMeasured = 200 // trials of a sweep whose metrics are read
	onceWidth    = 200 // of what is printed without a terminal
)
