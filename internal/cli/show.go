package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/model"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

func newShowCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "show ID",
		Short: "Show all that is known of a trial",
		Args:  trialIDs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			db, err := openFrozen(cmd)
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
	Stale       string                   `json:"stale,omitempty"` // in what code or data of now differ from those of the result
	Spec        spec.Trial               `json:"spec"`
	History     []attempt                `json:"history"`
	Summaries   map[string]metricSummary `json:"summaries"`
	Notes       []note                   `json:"notes"`
	Programs    []model.Compiled         `json:"programs"` // compiled for the trial, by engines that compile
	Dir         string                   `json:"dir"`
	Files       string                   `json:"files"` // the trial's own folder, which outlives attempts
	Predictions string                   `json:"predictions,omitempty"`
}

// metricSummary says what a metric came to. Min and Max range over finite points and are null where there are none.
type metricSummary struct {
	Last   jsonfloat.Float  `json:"last"`
	Step   int64            `json:"step"`
	Min    *jsonfloat.Float `json:"min"`
	Max    *jsonfloat.Float `json:"max"`
	Points int              `json:"points"`
}

func newMetricSummary(s registry.Summary) metricSummary {
	return metricSummary{jsonfloat.Float(s.Last), s.LastStep, jsonfloat.Known(s.Min, !math.IsNaN(s.Min)), jsonfloat.Known(s.Max, !math.IsNaN(s.Max)), s.N}
}

type note struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// attempt is one try of a trial, with its provenance and its own numbers. Counts tells whether they are the trial's.
type attempt struct {
	Number     int            `json:"number"`
	UUID       string         `json:"uuid,omitempty"`
	Purpose    string         `json:"purpose"`
	State      registry.State `json:"state"`
	Class      journal.Class  `json:"class,omitempty"`
	Counts     bool           `json:"counts"`
	Error      string         `json:"error,omitempty"`
	Started    time.Time      `json:"started"`
	Ended      *time.Time     `json:"ended,omitempty"`
	ExitCode   int            `json:"exit_code"`
	Signal     string         `json:"signal,omitempty"`
	PeakMemory int64          `json:"peak_memory,omitzero"` // 0 = not known
	CPUSeconds float64        `json:"cpu_seconds,omitzero"` // 0 = not known
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
	Dir        string         `json:"dir,omitempty"`
	Code       string         `json:"code,omitempty"`
	Kernels    string         `json:"kernels,omitempty"`

	Metrics   map[string]jsonfloat.Float `json:"metrics"`
	Resources *attemptResources          `json:"resources,omitempty"` // what it used over time
	Imported  bool                       `json:"imported,omitzero"`   // made elsewhere: its process is not known
}

func newAttempt(a registry.Attempt) attempt {
	shown := attempt{
		Number: a.Number, UUID: a.UUID, Purpose: string(a.Purpose), State: a.State, Class: a.Class, Error: a.Error, Started: a.Started,
		ExitCode: a.ExitCode, Signal: a.Signal, PeakMemory: a.PeakMemory, CPUSeconds: a.CPUSeconds,
		Engine: a.Engine, Threads: a.Threads, Commit: a.Commit, DiffHash: a.DiffHash, Harness: a.Harness,
		BinaryHash: a.BinaryHash, GoVersion: a.GoVersion, Host: a.Host, CPU: a.CPU, Cores: a.Cores, GPU: a.GPU,
		Driver: a.Driver, DataHash: a.DataHash, Dir: a.Dir, Code: a.Code, Kernels: a.Kernels, Metrics: map[string]jsonfloat.Float{},
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

// readRecord reads all that is known of the trial that prefix names.
func readRecord(ctx context.Context, db *registry.DB, prefix string) (*record, error) {
	id, err := findTrial(ctx, db, prefix)
	if err != nil {
		return nil, err
	}
	r := &record{Dir: db.TrialDir(id), Files: db.FilesDir(id), History: []attempt{}, Notes: []note{}, Summaries: map[string]metricSummary{}}
	if r.Sweeps, err = db.SweepsOf(ctx, id); err != nil {
		return nil, err
	}
	trials, err := db.Trials(ctx, registry.Query{IDs: []string{id}, All: true})
	if err != nil {
		return nil, err
	}
	t := trials[0]
	t.State = db.LiveState(t)
	r.listed, r.Spec = newListed(t), t.Spec
	summaries, err := db.Summary(ctx, []string{id})
	if err != nil {
		return nil, err
	}
	r.Metrics = lastValues(summaries[id])
	for metric, s := range summaries[id] {
		r.Summaries[metric] = newMetricSummary(s)
	}
	if err := r.readHistory(ctx, db, t); err != nil {
		return nil, err
	}
	stale, err := newStaleness(ctx, db).of(ctx, []registry.Trial{t})
	if err != nil {
		return nil, err
	}
	r.Stale = stale[id]
	notes, err := db.Notes(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		r.Notes = append(r.Notes, note(n))
	}
	r.Notes, r.Programs = splitPrograms(r.Notes)
	r.Predictions, err = db.PredictionsPath(ctx, id)
	return r, err
}

// readHistory reads the attempts with their own numbers, which stay theirs when another attempt's count.
func (r *record) readHistory(ctx context.Context, db *registry.DB, t registry.Trial) error {
	attempts, err := db.Attempts(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		shown := newAttempt(a)
		shown.Counts, shown.Imported = a.Number == t.Result, t.Spec.Imported != ""
		values, err := db.AttemptMetrics(ctx, t.ID, a.Number)
		if err != nil {
			return err
		}
		for metric, v := range values {
			shown.Metrics[metric] = jsonfloat.Float(v)
		}
		used, err := db.Resources(t.ID, a.Number)
		if bad := (*journal.BadLineError)(nil); err != nil && !errors.As(err, &bad) {
			return err
		} else if bad != nil {
			r.Notes = append(r.Notes, note{"resources", "read up to damage: " + bad.Error()})
		}
		shown.Resources = newResources(used)
		r.History = append(r.History, shown)
	}
	return nil
}

func (r *record) print(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "trial\t%s\n", r.ID)
	for _, f := range []field{
		{"state", string(r.State)}, {reasonName(r.State), r.Error}, {"sweeps", strings.Join(r.Sweeps, ", ")}, {"label", r.Label},
		{"tags", strings.Join(r.Tags, ", ")}, {"note", r.Note}, {"result", r.Stale}, {"folder", r.Dir}, {"predictions", r.Predictions},
	} {
		if f.value != "" {
			fmt.Fprintf(t, "%s\t%s\n", f.path, escape.Line(f.value))
		}
	}
	fields, err := flatten(r.Spec)
	if err != nil {
		return err
	}
	fmt.Fprintln(t, "\nSPEC\t")
	for _, f := range fields {
		fmt.Fprintf(t, "%s\t%s\n", escape.Line(f.path), escape.Line(f.value))
	}
	for _, a := range r.History {
		fmt.Fprintf(t, "\nATTEMPT %d\t%s, %s\n", a.Number, a.Purpose, a.State)
		for _, f := range a.lines() {
			fmt.Fprintf(t, "%s\t%s\n", f.path, escape.Line(f.value))
		}
		if !a.Counts && a.Purpose == string(journal.PurposeRun) {
			for _, metric := range sortedKeys(a.Metrics) {
				fmt.Fprintf(t, "(%s)\t%s, not the trial's\n", escape.Line(metric), shortNumber(float64(a.Metrics[metric])))
			}
		}
		if !a.Imported {
			fmt.Fprintf(t, "log\t%s\n", filepath.Join(r.Dir, fmt.Sprint(a.Number), "log.txt"))
		}
	}
	if len(r.Summaries) > 0 {
		fmt.Fprintln(t, "\nMETRIC\tLAST\tSTEP\tMIN\tMAX\tPOINTS")
	}
	for _, metric := range sortedKeys(r.Summaries) {
		s := r.Summaries[metric]
		fmt.Fprintf(t, "%s\t%.6g\t%d\t%s\t%s\t%d\n", escape.Line(metric), float64(s.Last), s.Step, showNumber(s.Min, "%.6g"),
			showNumber(s.Max, "%.6g"), s.Points)
	}
	writePrograms(t, r.Programs)
	if len(r.Notes) > 0 {
		fmt.Fprintln(t, "\nNOTE\t")
	}
	for _, n := range r.Notes {
		fmt.Fprintf(t, "%s\t%s\n", escape.Line(n.Key), escape.Line(n.Text))
	}
	return t.Flush()
}

// reasonName is what the reason is called for which something did not come to its end.
func reasonName(state registry.State) string {
	if state == registry.Stopped {
		return "reason"
	}
	return "error"
}

// field is a name and its value for people.
type field struct{ path, value string }

// known is a number in words, and "" for 0, which stands for one that is not known.
func known[N int | float64](format string, n N) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(format, n)
}

// lines are the facts of an attempt that are known.
func (a attempt) lines() []field {
	all := []field{
		{"uuid", a.UUID},
		{reasonName(a.State), a.Error},
		{"started", a.Started.Format(time.RFC3339)},
	}
	if a.Ended != nil {
		all = append(all, field{"took", a.Ended.Sub(a.Started).Round(time.Millisecond).String()})
	}
	if a.Ended != nil && !a.Imported {
		all = append(all, field{"exit", strings.TrimSpace(fmt.Sprintf("%d %s", a.ExitCode, a.Signal))},
			field{"cpu time", known("%.2f s", a.CPUSeconds)},
			field{"peak memory", known("%.1f MiB", float64(a.PeakMemory)/(1<<20))})
	}
	all = append(all, a.Resources.lines()...)
	all = append(all, a.provenance()...)
	return slices.DeleteFunc(all, func(f field) bool { return f.value == "" })
}

// provenance says what code ran on what.
func (a attempt) provenance() []field {
	return []field{
		{"engine", a.Engine}, {"threads", known("%d", a.Threads)}, {"commit", a.Commit}, {"uncommitted", a.DiffHash},
		{"harness", a.Harness}, {"binary", a.BinaryHash}, {"go", a.GoVersion}, {"host", a.Host}, {"cpu", a.CPU},
		{"cores", known("%d", a.Cores)}, {"gpu", a.GPU}, {"driver", a.Driver}, {"data", a.DataHash},
		{"working folder", a.Dir}, {"code", a.Code}, {"kernels", a.Kernels},
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
