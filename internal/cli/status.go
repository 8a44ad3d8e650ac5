package cli

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/view"
	"harness/registry"
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
With --follow the view is renewed until the sweeps have ended. The exit code is 0 whether something runs or not. harness top shows more, and
with --json both print the same.`,
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
			handle, err := sweepAsked(cmd.Context(), db, args)
			if err != nil {
				return err
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

// status prints the running sweeps, all or the one with the given handle, once or again and again.
func status(ctx context.Context, w io.Writer, db *registry.DB, handle string, o statusOptions) error {
	measured := 0 // trials whose metrics are read
	if o.json {
		measured = mostMeasured
	}
	look := looking(ctx, db, handle, measured)
	for {
		sweeps, err := look()
		if err != nil {
			return err
		}
		if o.json {
			err = printJSON(w, sweeps)
		} else {
			if o.follow && interactive(w) {
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

func printStatus(w io.Writer, sweeps []view.LiveSweep, now time.Time) error {
	if len(sweeps) == 0 {
		_, err := fmt.Fprintln(w, "no sweep is running here")
		return err
	}
	for _, s := range sweeps {
		background := ""
		if s.Log != "" {
			background = " in the background"
		}
		counts := view.CountsText(s.Counts)
		if e := s.Estimate.String(); e != "" {
			counts += "; " + e
		}
		fmt.Fprintf(w, "%s: %s; running%s for %s %s\n", escape.Line(s.Sweep), counts, background,
			now.Sub(s.Started).Round(time.Second), s.Where())
		for _, a := range s.Aside {
			fmt.Fprintf(w, "  GPU %s is set aside: %s\n", a.GPU, escape.Line(a.Why))
		}
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
		for _, k := range s.Running {
			fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", k.ID[:8], escape.Line(k.Label), k.Progress(), now.Sub(k.Started).Round(time.Second))
		}
		if err := t.Flush(); err != nil {
			return err
		}
	}
	return nil
}
