package cli

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/registry"
	"harness/runner"
)

// statusOptions are the flags of status.
type statusOptions struct {
	follow bool
	every  time.Duration
	json   bool
}

func newStatusCommand() *cobra.Command {
	var o statusOptions
	cmd := &cobra.Command{
		Use:   "status [SWEEP]",
		Short: "Show the sweeps that are running now and how far their trials are",
		Long: `Show the sweeps that are running now in this home, from any terminal, and how far each running trial is.
With --follow the view is renewed until the sweeps have ended. The exit code is 0 whether something runs or not.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.every <= 0 {
				return usageError("--every %s: want a time such as 2s", o.every)
			}
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			handle := ""
			if len(args) == 1 {
				if handle, err = sweepNamed(cmd.Context(), db, args[0]); err != nil {
					return err
				}
			}
			return status(cmd.Context(), cmd.OutOrStdout(), db, handle, o)
		},
	}
	f := cmd.Flags()
	f.BoolVarP(&o.follow, "follow", "f", false, "renew the view until nothing runs")
	f.DurationVar(&o.every, "every", 2*time.Second, "how often, with --follow")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// sweepStatus is how a running sweep stands.
type sweepStatus struct {
	Sweep   string                 `json:"sweep"`
	PID     int                    `json:"pid,omitzero"`
	Host    string                 `json:"host,omitzero"`
	Started time.Time              `json:"started"`
	Counts  map[registry.State]int `json:"counts"`
	Running []trialStatus          `json:"running"`
	Log     string                 `json:"log,omitempty"`   // of a sweep in the background
	Aside   []runner.Aside         `json:"aside,omitempty"` // GPUs that it no longer uses

	// Of a sweep that a scheduler has; it has no process of ours.
	Scheduler   string   `json:"scheduler,omitempty"`
	Jobs        []string `json:"jobs,omitempty"`
	AtScheduler int      `json:"running_at_scheduler,omitempty"`
	Waiting     int      `json:"waiting,omitempty"`
	Reason      string   `json:"reason,omitempty"` // why the first of them waits
	Silent      string   `json:"silent,omitempty"` // the scheduler does not answer
}

// trialStatus is how a running trial stands.
type trialStatus struct {
	ID      string           `json:"id"`
	Label   string           `json:"label"`
	Attempt int              `json:"attempt"`
	Stage   string           `json:"stage,omitempty"`
	Step    int              `json:"step"`
	Total   int              `json:"total"` // 0: not known
	Loss    *jsonfloat.Float `json:"loss"`
	Started time.Time        `json:"started"`
}

// status prints the running sweeps, all or the one with the given handle, once or again and again.
func status(ctx context.Context, w io.Writer, db *registry.DB, handle string, o statusOptions) error {
	for {
		if err := catchUpTasks(ctx, io.Discard, db.Home); err != nil {
			return err
		}
		sweeps, err := runningSweeps(ctx, db, handle)
		if err != nil {
			return err
		}
		if o.json {
			err = printJSON(w, sweeps)
		} else {
			if file, ok := w.(*os.File); ok && o.follow && term.IsTerminal(int(file.Fd())) {
				fmt.Fprint(w, "\x1b[H\x1b[2J")
			}
			err = printStatus(w, sweeps, time.Now())
		}
		if err != nil || !o.follow || len(sweeps) == 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(o.every):
		}
	}
}

// runningSweeps reads how the sweeps that run now stand.
func runningSweeps(ctx context.Context, db *registry.DB, handle string) ([]sweepStatus, error) {
	running, err := runner.ListRunning(db.Home)
	if err != nil {
		return nil, err
	}
	list := []sweepStatus{}
	for _, r := range running {
		if handle != "" && r.Handle != handle {
			continue
		}
		s, err := statusOf(ctx, db, r.Handle)
		if err != nil {
			return nil, err
		}
		s.PID, s.Host, s.Started = r.PID, r.Host, r.Started
		s.Log, s.Aside = r.Log, r.Aside
		list = append(list, s)
	}
	elsewhere, err := statusElsewhere(ctx, db, handle)
	if err != nil {
		return nil, err
	}
	list = append(list, elsewhere...)
	slices.SortFunc(list, func(a, b sweepStatus) int { return a.Started.Compare(b.Started) })
	return list, nil
}

// statusOf reads how the trials of a sweep stand.
func statusOf(ctx context.Context, db *registry.DB, handle string) (sweepStatus, error) {
	s := sweepStatus{Sweep: handle, Counts: map[registry.State]int{}, Running: []trialStatus{}}
	trials, err := db.Trials(ctx, registry.Query{Sweep: handle, Brief: true})
	for _, t := range trials {
		state := db.LiveState(t)
		s.Counts[state]++
		if state == registry.Running {
			a := t.Newest
			s.Running = append(s.Running, trialStatus{ID: t.ID, Label: t.Label, Attempt: a.Number, Stage: a.Stage, Step: a.Step, Total: a.Total,
				Loss: jsonfloat.Known(a.Loss, !math.IsNaN(a.Loss)), Started: a.Started})
		}
	}
	return s, err
}

func printStatus(w io.Writer, sweeps []sweepStatus, now time.Time) error {
	if len(sweeps) == 0 {
		_, err := fmt.Fprintln(w, "no sweep is running here")
		return err
	}
	for _, s := range sweeps {
		background := ""
		if s.Log != "" {
			background = " in the background"
		}
		fmt.Fprintf(w, "%s: %s; running%s for %s %s\n", escape.Line(s.Sweep), countsText(s.Counts), background,
			now.Sub(s.Started).Round(time.Second), s.where())
		for _, a := range s.Aside {
			fmt.Fprintf(w, "  GPU %s is set aside: %s\n", a.GPU, escape.Line(a.Why))
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, k := range s.Running {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", k.ID[:8], escape.Line(k.Label), k.progress(), now.Sub(k.Started).Round(time.Second))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}

// progress is the last that was heard of a trial: stage, step and loss.
func (k trialStatus) progress() string {
	parts := []string{}
	if k.Stage != "" {
		parts = append(parts, escape.Line(k.Stage))
	}
	if k.Total > 0 {
		parts = append(parts, fmt.Sprintf("%d/%d", k.Step, k.Total))
	}
	if k.Loss != nil {
		parts = append(parts, "loss "+shortNumber(float64(*k.Loss)))
	}
	if k.Attempt > 1 {
		parts = append(parts, fmt.Sprintf("attempt %d", k.Attempt))
	}
	return strings.Join(parts, " ")
}
