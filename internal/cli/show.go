package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"harness/model/spec"
	"harness/registry"
)

func newShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show all that is known of a trial",
		Args:  trialIDs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openForReading(cmd)
			if err != nil {
				return err
			}
			defer db.Close()
			record, err := readRecord(cmd.Context(), db, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return printJSON(cmd.OutOrStdout(), record)
			}
			return record.print(cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// trialIDs wants n trials, each named by at least spec.MinPrefix characters of its id.
func trialIDs(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return usageError("want %d trial id(s) as harness ls prints them, or at least %d characters of each", n, spec.MinPrefix)
		}
		return nil
	}
}

// record is all that is known of a trial.
type record struct {
	listed
	Sweeps      []string                 `json:"sweeps"`
	Spec        spec.Trial               `json:"spec"`
	History     []attempt                `json:"history"`
	Summaries   map[string]metricSummary `json:"summaries"`
	Notes       []note                   `json:"notes"`
	Dir         string                   `json:"dir"`
	Predictions string                   `json:"predictions,omitempty"`
}

type metricSummary struct {
	Last   number `json:"last"`
	Step   int64  `json:"step"`
	Min    number `json:"min"`
	Max    number `json:"max"`
	Points int    `json:"points"`
}

type note struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// attempt is one try of a trial, with its provenance.
type attempt struct {
	Number     int            `json:"number"`
	UUID       string         `json:"uuid,omitempty"`
	Purpose    string         `json:"purpose"`
	State      registry.State `json:"state"`
	Error      string         `json:"error,omitempty"`
	Started    time.Time      `json:"started"`
	Ended      *time.Time     `json:"ended,omitempty"`
	ExitCode   int            `json:"exit_code"`
	Signal     string         `json:"signal,omitempty"`
	PeakMemory int64          `json:"peak_memory"`
	CPUSeconds float64        `json:"cpu_seconds"`
	Engine     string         `json:"engine,omitempty"`
	Threads    int            `json:"threads"`
	Commit     string         `json:"commit,omitempty"`
	DiffHash   string         `json:"diff_hash,omitempty"`
	Harness    string         `json:"harness,omitempty"`
	BinaryHash string         `json:"binary_hash,omitempty"`
	GoVersion  string         `json:"go_version,omitempty"`
	Host       string         `json:"host,omitempty"`
	CPU        string         `json:"cpu,omitempty"`
	Cores      int            `json:"cores,omitempty"`
	GPU        string         `json:"gpu,omitempty"`
	Driver     string         `json:"driver,omitempty"`
	DataHash   string         `json:"data_hash,omitempty"`
}

func newAttempt(a registry.Attempt) attempt {
	shown := attempt{
		Number: a.Number, UUID: a.UUID, Purpose: string(a.Purpose), State: a.State, Error: a.Error, Started: a.Started,
		ExitCode: a.ExitCode, Signal: a.Signal, PeakMemory: a.PeakMemory, CPUSeconds: a.CPUSeconds,
		Engine: a.Engine, Threads: a.Threads, Commit: a.Commit, DiffHash: a.DiffHash, Harness: a.Harness,
		BinaryHash: a.BinaryHash, GoVersion: a.GoVersion, Host: a.Host, CPU: a.CPU, Cores: a.Cores, GPU: a.GPU,
		Driver: a.Driver, DataHash: a.DataHash,
	}
	if !a.Ended.IsZero() {
		shown.Ended = &a.Ended
	}
	return shown
}

// findTrial is registry.Find with errors that say what to do.
func findTrial(ctx context.Context, db *registry.DB, prefix string) (string, error) {
	id, err := db.Find(ctx, prefix)
	if err != nil {
		return "", withHint(usageError("%w", err), "harness ls lists the trials")
	}
	return id, nil
}

func readRecord(ctx context.Context, db *registry.DB, prefix string) (*record, error) {
	id, err := findTrial(ctx, db, prefix)
	if err != nil {
		return nil, err
	}
	r := &record{Dir: db.TrialDir(id), History: []attempt{}, Notes: []note{}, Summaries: map[string]metricSummary{}}
	if r.Sweeps, err = db.SweepsOf(ctx, id); err != nil {
		return nil, err
	}
	q, sweep := registry.Query{IDs: []string{id}}, ""
	if len(r.Sweeps) > 0 {
		sweep = r.Sweeps[0]
		q.Sweep, q.All = sweep, true
	}
	trials, err := db.Trials(ctx, q)
	if err != nil {
		return nil, err
	}
	r.listed, r.Spec = newListed(sweep, trials[0], liveState(db, trials[0])), trials[0].Spec
	if err := addMetrics(ctx, db, []listed{r.listed}); err != nil {
		return nil, err
	}
	summaries, err := db.Summary(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	for metric, s := range summaries[id] {
		r.Summaries[metric] = metricSummary{number(s.Last), s.LastStep, number(s.Min), number(s.Max), s.N}
	}
	attempts, err := db.Attempts(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, a := range attempts {
		r.History = append(r.History, newAttempt(a))
	}
	notes, err := db.Notes(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		r.Notes = append(r.Notes, note(n))
	}
	r.Predictions, err = db.PredictionsPath(ctx, id)
	return r, err
}

func (r *record) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "trial\t%s\n", r.ID)
	fmt.Fprintf(t, "state\t%s\n", r.State)
	if r.Error != "" {
		fmt.Fprintf(t, "error\t%s\n", r.Error)
	}
	if len(r.Sweeps) > 0 {
		fmt.Fprintf(t, "sweeps\t%s\n", strings.Join(r.Sweeps, ", "))
		fmt.Fprintf(t, "label\t%s\n", r.Label)
	}
	fmt.Fprintf(t, "folder\t%s\n", r.Dir)
	if r.Predictions != "" {
		fmt.Fprintf(t, "predictions\t%s\n", r.Predictions)
	}
	fields, err := flatten(r.Spec)
	if err != nil {
		return err
	}
	fmt.Fprintln(t, "\nSPEC\t")
	for _, f := range fields {
		fmt.Fprintf(t, "%s\t%s\n", f.path, f.value)
	}
	for _, a := range r.History {
		fmt.Fprintf(t, "\nATTEMPT %d\t%s, %s\n", a.Number, a.Purpose, a.State)
		for _, f := range a.lines() {
			fmt.Fprintf(t, "%s\t%s\n", f.path, f.value)
		}
		fmt.Fprintf(t, "log\t%s\n", filepath.Join(r.Dir, fmt.Sprint(a.Number), "log.txt"))
	}
	if len(r.Summaries) > 0 {
		fmt.Fprintln(t, "\nMETRIC\tLAST\tSTEP\tMIN\tMAX\tPOINTS")
	}
	for _, metric := range sortedKeys(r.Summaries) {
		s := r.Summaries[metric]
		fmt.Fprintf(t, "%s\t%.6g\t%d\t%.6g\t%.6g\t%d\n", metric, float64(s.Last), s.Step, float64(s.Min), float64(s.Max), s.Points)
	}
	if len(r.Notes) > 0 {
		fmt.Fprintln(t, "\nNOTE\t")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(t, "%s\t%s\n", n.Key, n.Text)
	}
	return t.Flush()
}

// field is a name and its value for people.
type field struct{ path, value string }

// lines are the facts of an attempt that are known.
func (a attempt) lines() []field {
	all := []field{
		{"uuid", a.UUID},
		{"error", a.Error},
		{"started", a.Started.Format(time.RFC3339)},
	}
	if a.Ended != nil {
		all = append(all, field{"took", a.Ended.Sub(a.Started).Round(time.Millisecond).String()},
			field{"exit", strings.TrimSpace(fmt.Sprintf("%d %s", a.ExitCode, a.Signal))},
			field{"cpu time", fmt.Sprintf("%.2f s", a.CPUSeconds)},
			field{"peak memory", fmt.Sprintf("%.1f MiB", float64(a.PeakMemory)/(1<<20))})
	}
	all = append(all, a.provenance()...)
	return slices.DeleteFunc(all, func(f field) bool { return f.value == "" })
}

// provenance says what code ran on what.
func (a attempt) provenance() []field {
	return []field{
		{"engine", a.Engine}, {"threads", fmt.Sprint(a.Threads)}, {"commit", a.Commit}, {"uncommitted", a.DiffHash},
		{"harness", a.Harness}, {"binary", a.BinaryHash}, {"go", a.GoVersion}, {"host", a.Host}, {"cpu", a.CPU},
		{"cores", fmt.Sprint(a.Cores)}, {"gpu", a.GPU}, {"driver", a.Driver}, {"data", a.DataHash},
	}
}

// flatten lists the fields of a trial that are set, by dotted path, sorted; the seed always, since 0 is one like any other.
func flatten(t spec.Trial) ([]field, error) {
	var root map[string]json.RawMessage
	encoded, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(encoded, &root); err != nil {
		return nil, err
	}
	if _, ok := root["seed"]; !ok {
		root["seed"] = json.RawMessage("0")
	}
	var fields []field
	var add func(prefix string, values map[string]json.RawMessage)
	add = func(prefix string, values map[string]json.RawMessage) {
		for _, key := range sortedKeys(values) {
			var nested map[string]json.RawMessage
			if json.Unmarshal(values[key], &nested) == nil && nested != nil {
				add(prefix+key+".", nested)
				continue
			}
			fields = append(fields, field{prefix + key, strings.Trim(string(values[key]), `"`)})
		}
	}
	add("", root)
	return fields, nil
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
