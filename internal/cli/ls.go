package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"harness/experiments"
	"harness/registry"
	"harness/runner"
)

// listOptions are the flags of ls.
type listOptions struct {
	sweep  string // "" = all
	states []string
	json   bool
}

func newListCommand() *cobra.Command {
	var o listOptions
	cmd := &cobra.Command{
		Use:   "ls [SWEEP]",
		Short: "List trials, their state and their numbers",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usageError("want at most one sweep")
			}
			if len(args) == 1 {
				o.sweep = args[0]
			}
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			return list(cmd.Context(), cmd.OutOrStdout(), db, o)
		},
	}
	cmd.Flags().StringSliceVar(&o.states, "state", nil, "only trials that are queued, running, done, failed or interrupted")
	cmd.Flags().BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// openForReading opens the registry for a command that changes nothing.
func openForReading(cmd *cobra.Command) (*registry.DB, error) {
	home := homeOf(cmd)
	db, err := registry.OpenReadOnly(cmd.Context(), home)
	if errors.Is(err, registry.ErrNone) {
		return nil, withHint(err, `run a sweep first, such as "harness sweep smoke", or choose its folder with --home`)
	}
	if err != nil {
		return nil, err
	}
	sayRebuilt(cmd.ErrOrStderr(), db)
	return db, nil
}

// listed is a trial as ls prints it.
type listed struct {
	ID       string             `json:"id"`
	State    registry.State     `json:"state"`
	Sweep    string             `json:"sweep"`
	Label    string             `json:"label"`
	Params   json.RawMessage    `json:"params"`
	Metrics  map[string]*number `json:"metrics"`
	Seed     int64              `json:"seed"`
	Control  string             `json:"control,omitempty"`
	Attempts int                `json:"attempts"`
	Error    string             `json:"error,omitempty"`
	Started  *time.Time         `json:"started,omitempty"`
	Ended    *time.Time         `json:"ended,omitempty"`
}

// number is a float64 that is null in JSON when it is NaN or infinite.
type number float64

// MarshalJSON writes the number.
func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return json.Marshal(v)
	}
	return []byte("null"), nil
}

// list prints the trials that o chooses.
func list(ctx context.Context, w io.Writer, db *registry.DB, o listOptions) error {
	for _, state := range o.states {
		if !slices.Contains(registry.States[:], registry.State(state)) {
			return usageError("unknown state %q: want queued, running, done, failed or interrupted", state)
		}
	}
	trials, err := listTrials(ctx, db, o)
	if err != nil {
		return err
	}
	if o.json {
		return printJSON(w, trials)
	}
	if len(trials) == 0 {
		fmt.Fprintln(w, "no trials")
		return nil
	}
	return printTrials(w, trials)
}

// listTrials reads the trials of one sweep, or of all: newest sweep first, each trial once.
func listTrials(ctx context.Context, db *registry.DB, o listOptions) ([]listed, error) {
	names, err := sweepNames(ctx, db)
	if err != nil {
		return nil, err
	}
	if o.sweep != "" {
		name := o.sweep
		if full, err := experiments.Find(name); err == nil {
			name = full
		}
		if !slices.Contains(names, name) {
			return nil, usageError("no sweep %q was run here: want one of %s", o.sweep, strings.Join(names, ", "))
		}
		names = []string{name}
	} else {
		names = append(names, "") // what no sweep wants any more
	}
	all := []listed{}
	seen := map[string]bool{}
	for _, name := range names {
		trials, err := db.Trials(ctx, registry.Query{Sweep: name})
		if err != nil {
			return nil, err
		}
		for _, t := range trials {
			if state := liveState(db, t); !seen[t.ID] && (len(o.states) == 0 || slices.Contains(o.states, string(state))) {
				all = append(all, newListed(name, t, state))
			}
			seen[t.ID] = true
		}
	}
	return all, addMetrics(ctx, db, all)
}

// sweepNames lists the handles of all sweeps, newest first.
func sweepNames(ctx context.Context, db *registry.DB) ([]string, error) {
	known, err := db.Sweeps(ctx)
	var names []string
	for _, s := range known {
		names = append(names, s.Handle)
	}
	return names, err
}

// liveState is the state of a trial, but for one whose process was killed together with its sweep.
func liveState(db *registry.DB, t registry.Trial) registry.State {
	if t.State == registry.Running && !runner.Claimed(db.TrialDir(t.ID)) {
		return registry.Interrupted
	}
	return t.State
}

func newListed(sweep string, t registry.Trial, state registry.State) listed {
	l := listed{
		ID: t.ID, State: state, Sweep: sweep, Label: t.Label, Params: t.Params, Metrics: map[string]*number{},
		Seed: t.Spec.Seed, Control: t.Control, Attempts: t.Attempt,
	}
	if len(l.Params) == 0 {
		l.Params = json.RawMessage("{}")
	}
	if state != registry.Done {
		l.Error = t.Newest.Error
	}
	if !t.Newest.Started.IsZero() {
		l.Started = &t.Newest.Started
	}
	if !t.Newest.Ended.IsZero() {
		l.Ended = &t.Newest.Ended
	}
	return l
}

func addMetrics(ctx context.Context, db *registry.DB, trials []listed) error {
	ids := make([]string, len(trials))
	for i, t := range trials {
		ids[i] = t.ID
	}
	summaries, err := db.Summary(ctx, ids)
	if err != nil {
		return err
	}
	for _, t := range trials {
		for metric, s := range summaries[t.ID] {
			value := number(s.Last)
			t.Metrics[metric] = &value
		}
	}
	return nil
}

// mainMetrics come first where there is little room.
var mainMetrics = []string{"diffvqa/bleu4", "diffvqa/cider", "diffvqa/f1", "gcap/bleu4", "caref/acc50", "probe/auc"}

// chooseMetrics picks at most n metrics to show: results before losses, and no controls or parts of a result.
func chooseMetrics(trials []listed, n int) []string {
	var known []string
	for _, t := range trials {
		for metric := range t.Metrics {
			if strings.Count(metric, "/") < 2 && !strings.HasPrefix(metric, "controls/") && !slices.Contains(known, metric) {
				known = append(known, metric)
			}
		}
	}
	rank := func(metric string) int {
		if i := slices.Index(mainMetrics, metric); i >= 0 {
			return i
		}
		if strings.HasSuffix(metric, "loss") {
			return len(mainMetrics) + 1
		}
		return len(mainMetrics)
	}
	slices.SortFunc(known, func(a, b string) int {
		if d := rank(a) - rank(b); d != 0 {
			return d
		}
		return strings.Compare(a, b)
	})
	return known[:min(n, len(known))]
}

// printTrials prints a table a sweep.
func printTrials(w io.Writer, trials []listed) error {
	metrics := chooseMetrics(trials, 6)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "ID\tSTATE\tSWEEP\tTRIAL\t%s\n", strings.Join(metrics, "\t"))
	for _, trial := range trials {
		cells := make([]string, len(metrics))
		for i, metric := range metrics {
			if v := trial.Metrics[metric]; v != nil {
				cells[i] = shortNumber(float64(*v))
			}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", trial.ID[:8], trial.State, trial.Sweep, trial.Label, strings.Join(cells, "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, trial := range trials {
		if trial.State == registry.Failed && trial.Error != "" {
			fmt.Fprintf(w, "%s failed: %s\n", trial.ID[:8], trial.Error)
		}
	}
	return nil
}

// shortNumber has four digits; what smoothing leaves of nothing is nothing.
func shortNumber(v float64) string {
	if math.Abs(v) < 1e-9 {
		return "0"
	}
	return fmt.Sprintf("%.4g", v)
}
