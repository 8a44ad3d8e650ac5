package cli

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/spf13/cobra"

	"harness/internal/view"
	"harness/registry"
	"harness/runner"
	"harness/runner/cluster"
)

func newCancelCommand() *cobra.Command {
	var yes, asJSON bool
	cmd := &cobra.Command{
		Use:   "cancel SWEEP | ID...",
		Short: "Stop a running sweep, or single trials of it",
		Long: `Stop a running sweep as Ctrl-C in its terminal does, or single trials of it while the others go on. What is stopped may save
a checkpoint, counts as interrupted, and is taken up again by the next call of the sweep.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			w := cmd.OutOrStdout()
			if !asJSON {
				return cancel(cmd.Context(), w, cmd.ErrOrStderr(), db, args, yes, new(canceled))
			}
			asked := canceled{PIDs: []int{}, Trials: []string{}}
			err = cancel(cmd.Context(), io.Discard, cmd.ErrOrStderr(), db, args, yes, &asked)
			if err != nil {
				return err
			}
			return printJSON(w, asked)
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "do not ask")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// canceled is what was asked to stop.
type canceled struct {
	Sweep  string   `json:"sweep,omitempty"`
	PIDs   []int    `json:"pids"`   // processes of the sweep that were asked to stop
	Trials []string `json:"trials"` // IDs of single trials that were asked to stop
	Tasks  int      `json:"tasks"`  // tasks of a scheduler that were taken back or asked to stop
}

// cancel asks the sweep or the trials that names name to stop.
func cancel(ctx context.Context, w, log io.Writer, db *registry.DB, names []string, yes bool, asked *canceled) error {
	if len(names) == 1 {
		if handle, err := sweepNamed(ctx, db, names[0]); err == nil {
			return cancelSweep(ctx, w, log, db, handle, yes, asked)
		}
	}
	trials, err := namedTrials(ctx, db, names, listOptions{})
	if err != nil {
		return err
	}
	trials, err = cancelTasks(ctx, w, log, db, trials, yes, asked)
	if err != nil || len(trials) == 0 {
		return err
	}
	for _, t := range trials {
		if t.State != registry.Running {
			return fmt.Errorf("trial %s is %s: there is nothing to stop", t.ID[:8], t.State)
		}
	}
	if err := confirm(log, yes, "stop "+some(trials, 20)); err != nil {
		return err
	}
	for _, t := range trials {
		if err := runner.Cancel(db.TrialDir(t.ID)); err != nil {
			return err
		}
		fmt.Fprintf(w, "asked %s to stop\n", t.ID[:8])
		asked.Trials = append(asked.Trials, t.ID)
	}
	return nil
}

// cancelTasks takes back those trials that a scheduler has, and returns the others.
func cancelTasks(ctx context.Context, w, log io.Writer, db *registry.DB, trials []view.Listed, yes bool, asked *canceled) (others []view.Listed, err error) {
	open, _, err := cluster.Open(db.Home)
	if err != nil {
		return nil, err
	}
	if len(open) == 0 {
		return trials, nil
	}
	all := make([]string, len(trials))
	for i, t := range trials {
		all[i] = t.ID
	}
	known, err := db.Trials(ctx, registry.Query{IDs: all, Brief: true})
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, t := range trials {
		i := slices.IndexFunc(known, func(k registry.Trial) bool { return k.ID == t.ID })
		if _, has := cluster.Has(open, known[i]); has && !t.State.Ended() {
			ids = append(ids, t.ID)
		} else {
			others = append(others, t)
		}
	}
	if len(ids) == 0 {
		return others, nil
	}
	count, err := cancelElsewhere(ctx, w, log, db, "", ids, yes)
	if err == nil && count == 0 {
		err = fmt.Errorf("%s ended already", counted(len(ids), "task"))
	}
	asked.Tasks += count
	return others, err
}

func cancelSweep(ctx context.Context, w, log io.Writer, db *registry.DB, handle string, yes bool, asked *canceled) error {
	asked.Sweep = handle
	running, err := runner.ListRunning(db.Home)
	if err != nil {
		return err
	}
	for _, r := range running {
		if r.Handle != handle {
			continue
		}
		if err := confirm(log, yes, fmt.Sprintf("stop sweep %s (pid %d)", handle, r.PID)); err != nil {
			return err
		}
		process, err := os.FindProcess(r.PID)
		if err == nil {
			err = process.Signal(os.Interrupt)
		}
		if err != nil {
			return fmt.Errorf("stop sweep %s: %w", handle, err)
		}
		fmt.Fprintf(w, "asked sweep %s (pid %d) to stop\n", handle, r.PID)
		dropUnitMark(log, db.Home, handle)
		asked.PIDs = append(asked.PIDs, r.PID)
	}
	elsewhere, err := cancelElsewhere(ctx, w, log, db, handle, nil, yes)
	if err != nil {
		return err
	}
	asked.Tasks += elsewhere
	if len(asked.PIDs)+elsewhere == 0 && !dropUnitMark(log, db.Home, handle) {
		return fmt.Errorf("sweep %s is not running", handle)
	}
	return nil
}
