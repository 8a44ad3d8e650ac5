package cli

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"harness/internal/escape"
	"harness/internal/nearest"
	"harness/metrics"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"harness/registry/trackers"
	"harness/sweeps"
)

// importOptions are the flags of import.
type importOptions struct {
	json               bool
	home               string
	name               string
	seed               string
	ignore             []string
	maximize, minimize []string
	dryRun             bool
}

func newImportCommand() *cobra.Command {
	var o importOptions
	cmd := &cobra.Command{
		Use:   "import mlflow|tensorboard|wandb|neptune DIR",
		Short: "Make trials of runs that another tool has recorded, so that tables and tests work on them",
		Long: `Make trials of runs that another tool has recorded, under the name of a sweep: report, plot, ls, show, diff and export work on them.

  mlflow       a file store (mlruns), or mlflow.db
  tensorboard  a folder of event files, with the hyperparameters of the plugin hparams
  wandb        offline runs (wandb/offline-run-*), and folders of runs that were synced
  neptune      the Parquet files of Neptune's exporter

Parameters that vary make the rows of the table, the parameter "seed" its seeds; where the runs have none, those of a row are repetitions of each
other. Nothing is run, and what was imported cannot be run again. The same call takes what is new; what is known already stays. Where one run
cannot be read, nothing is imported, and all that is wrong is said at once.`,
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.home = homeOf(cmd)
			return importRuns(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr(), args[0], args[1], o)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.name, "name", "", "name of the sweep (default: that of the folder)")
	f.StringVar(&o.seed, "seed-param", "", `the parameter that is the seed; none = runs of a row are repetitions (default "seed", where all runs have it)`)
	f.StringSliceVar(&o.ignore, "ignore", nil, "parameters that make no rows, such as names of output folders")
	f.StringSliceVar(&o.maximize, "maximize", nil, "metrics of which more is better: the columns of the table, with those of --minimize")
	f.StringSliceVar(&o.minimize, "minimize", nil, "metrics of which less is better")
	f.BoolVar(&o.dryRun, "dry-run", false, "say what would be imported, and import nothing")
	f.BoolVar(&o.json, "json", false, "print JSON")
	return cmd
}

// importedRuns is what an import found, and, unless it was a dry run, has made trials of.
type importedRuns struct {
	Sweep   string        `json:"sweep"`
	DryRun  bool          `json:"dry_run"`
	New     int           `json:"new"`  // runs that are new or have changed since they were imported last; 0 in a dry run
	Rows    int           `json:"rows"` // of the table
	Points  int           `json:"points"`
	Metrics []string      `json:"metrics"`
	Trials  []importedRun `json:"trials"`
}

// importedRun is a run as a trial.
type importedRun struct {
	ID    string `json:"id"`
	Label string `json:"label"`
}

// importRuns makes a sweep of the runs below dir.
func importRuns(ctx context.Context, w, log io.Writer, tool, dir string, o importOptions) error {
	if !slices.Contains(trackers.Tools[:], trackers.Tool(tool)) {
		return usageError("import: unknown tool %q: want mlflow, tensorboard, wandb or neptune", tool)
	}
	path, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if o.name, err = importName(o.name, path); err != nil {
		return err
	}
	found, err := trackers.Read(trackers.Tool(tool), path)
	if err != nil {
		return usageError("import: %w", err)
	}
	if err := sayFound(log, found); err != nil {
		return err
	}
	plan, runs, err := o.plan(log, tool, path, found.Runs)
	if err != nil {
		return err
	}
	if o.dryRun {
		return newImportedRuns(plan, found.Runs, o.dryRun, 0).print(w, o.json)
	}
	db, err := openRegistry(ctx, log, o.home)
	if err != nil {
		return err
	}
	defer db.Close()
	if err := o.free(ctx, db); err != nil {
		return err
	}
	added, err := db.Import(ctx, runs)
	if err != nil {
		return err
	}
	plan.Harness = thisBuild(ctx)
	if err := storePlan(ctx, db, plan); err != nil {
		return err
	}
	fmt.Fprintf(log, "%s: %s (%d new or changed) in %s\n", plan.Handle, counted(len(runs), "run"), added, counted(len(plan.Rows), "row"))
	if o.json {
		return newImportedRuns(plan, found.Runs, o.dryRun, added).print(w, o.json)
	}
	table, err := buildTable(ctx, db, plan, nil)
	if err != nil {
		return hintSweep(err, plan.Handle)
	}
	return table.Text(w)
}

// importName is the name of the sweep: what the user says, else that of the folder.
func importName(name, path string) (string, error) {
	if name == "" {
		name = filepath.Base(path)
		if name == "mlruns" || name == "wandb" || name == "mlflow.db" {
			name = filepath.Base(filepath.Dir(path))
		}
	}
	if !sweeps.ValidName(name) {
		return "", usageError("import: %q is no name of a sweep: give one with --name, of letters, digits, dots, dashes and underscores", name)
	}
	return name, nil
}

// sayFound says what was left out, and refuses a folder with mistakes: all at once.
func sayFound(log io.Writer, found trackers.Found) error {
	for _, remark := range found.Remarks {
		fmt.Fprintln(log, escape.Line(remark))
	}
	for _, mistake := range found.Mistakes {
		fmt.Fprintln(log, escape.Line(mistake))
	}
	switch {
	case len(found.Mistakes) > 0:
		return withHint(fmt.Errorf("import: %s: nothing was imported", counted(len(found.Mistakes), "mistake")), "mend the files above, or move them out of the folder")
	case len(found.Runs) == 0:
		return errors.New("import: no runs in it")
	}
	return nil
}

// plan makes trials of runs.
func (o importOptions) plan(log io.Writer, tool, path string, runs []trackers.Run) (*sweeps.Plan, []registry.Imported, error) {
	named := !slices.ContainsFunc(runs, func(r trackers.Run) bool { return len(r.Params) > 0 })
	trials := make([]sweeps.ImportedTrial, len(runs))
	imported := make([]registry.Imported, len(runs))
	for i, r := range runs {
		if named && len(runs) > 1 { // nothing else tells them apart
			name, _ := json.Marshal(cmp.Or(r.Name, r.ID))
			r.Params = []trackers.Setting{{Name: "run", Value: name}}
		}
		one, err := newImported(tool, o.name, r)
		if err != nil {
			return nil, nil, err
		}
		params, err := one.Spec.Args.Map()
		if err != nil {
			return nil, nil, err
		}
		imported[i] = one
		trials[i] = sweeps.ImportedTrial{ID: one.ID, Name: cmp.Or(r.Name, r.ID), Spec: one.Spec, Params: params}
	}
	seed, err := o.seedParam(log, trials)
	if err != nil {
		return nil, nil, err
	}
	columns, err := o.columns(runs)
	if err != nil {
		return nil, nil, err
	}
	plan, err := sweeps.Imported(sweeps.Import{Name: o.name, File: path, Seed: seed, Ignore: o.ignore, Metrics: columns}, trials)
	if err != nil {
		return nil, nil, withHint(usageError("import: %w", err), "--seed-param names the parameter that tells the runs of a row apart; --seed-param none takes them for repetitions")
	}
	plan.Description = fmt.Sprintf("Imported from %s: %s", tool, path)
	plan.Report.Caption = fmt.Sprintf("Imported from %s: these runs were not made by this program.", tool)
	sayRows(log, plan)
	return plan, imported, nil
}

// seedParam is the parameter that is the seed, or "".
func (o importOptions) seedParam(log io.Writer, trials []sweeps.ImportedTrial) (string, error) {
	has := func(name string) int {
		n := 0
		for _, t := range trials {
			if _, ok := t.Params[name]; ok {
				n++
			}
		}
		return n
	}
	switch {
	case o.seed == "none":
		return "", nil
	case o.seed != "":
		if has(o.seed) == 0 {
			return "", usageError("import: --seed-param %s: no run has this parameter", o.seed)
		}
		return o.seed, nil
	case has("seed") == len(trials):
		return "seed", nil
	}
	text := "no run has a parameter seed"
	if n := has("seed"); n > 0 {
		text = fmt.Sprintf("only %d of %d runs have a parameter seed", n, len(trials))
	}
	fmt.Fprintf(log, "%s: runs of a row count as repetitions, which are not paired over rows; --seed-param names a parameter\n", text)
	return "", nil
}

// columns are the metrics of the table; none for all.
func (o importOptions) columns(runs []trackers.Run) ([]sweeps.Metric, error) {
	known := map[string]bool{}
	for _, r := range runs {
		for _, c := range r.Curves {
			known[c.Metric] = true
		}
	}
	var columns []sweeps.Metric
	for _, side := range []struct {
		names []string
		goal  metrics.Goal
	}{{o.maximize, metrics.Maximize}, {o.minimize, metrics.Minimize}} {
		for _, name := range side.names {
			if !known[name] {
				return nil, usageError("import: no run has the metric %s%s", name, nearest.Choices(name, sortedKeys(known)))
			}
			m := sweeps.DefaultMetric(name, true)
			m.Goal, m.Primary = side.goal, true
			columns = append(columns, m)
		}
	}
	return columns, nil
}

// sayRows says what tells the rows apart.
func sayRows(log io.Writer, plan *sweeps.Plan) {
	if varying := plan.Varying(); len(varying) > 0 {
		fmt.Fprintf(log, "rows by %s\n", escape.Line(nearest.Some(varying, 20)))
	}
	for _, axis := range plan.Axes {
		if len(axis.Options) == len(plan.Trials) && len(plan.Trials) > 3 {
			fmt.Fprintf(log, "%s is another in each run: --ignore %s if it should make no rows\n", escape.Line(axis.Path), escape.Line(axis.Path))
		}
	}
}

// newImported makes the record of a run. Its ID follows from the tool and the run alone, so that the same run is the same trial however often
// it is imported; TensorBoard's runs are named by their folder only, so that the sweep's name counts too.
func newImported(tool, sweep string, r trackers.Run) (registry.Imported, error) {
	source := tool + " " + r.ID
	if tool == string(trackers.TensorBoard) {
		source = tool + " " + sweep + " " + r.ID
	}
	object := map[string]json.RawMessage{}
	for _, p := range r.Params {
		object[p.Name] = p.Value
	}
	encoded, err := json.Marshal(object)
	if err != nil {
		return registry.Imported{}, fmt.Errorf("import run %s: %w", r.ID, err)
	}
	t := spec.Trial{Command: spec.MakeWords("(imported from " + tool + ")"), Imported: source}
	id := t.ID()
	if err := json.Unmarshal(encoded, &t.Args); err != nil {
		return registry.Imported{}, fmt.Errorf("import run %s: %w", r.ID, err)
	}
	content, err := json.Marshal(struct {
		Run    trackers.Run
		Curves int
	}{withoutCurves(r), len(r.Curves)})
	if err != nil {
		return registry.Imported{}, fmt.Errorf("import run %s: %w", r.ID, err)
	}
	h := sha256.New()
	h.Write(content)
	for _, c := range r.Curves {
		fmt.Fprintf(h, "%q %d", c.Metric, len(c.Points))
		for _, p := range c.Points {
			fmt.Fprintf(h, " %d %x", p.Step, p.Value)
		}
	}
	return registry.Imported{ID: id, Spec: t, Digest: hex.EncodeToString(h.Sum(nil)[:16]), Started: r.Started,
		Provenance: journal.Provenance{Commit: r.Commit, Host: r.Host},
		Write:      func(w *journal.Writer) error { return writeImported(w, tool, r) }}, nil
}

// withoutCurves is a run without its points, whose values JSON may lack, and without its place: a store may be moved.
func withoutCurves(r trackers.Run) trackers.Run {
	r.Curves, r.Place = nil, ""
	return r
}

// writeImported writes what a run says behind the start of its journal.
func writeImported(w *journal.Writer, tool string, r trackers.Run) error {
	from := fmt.Sprintf("run %s of %s, from %s", r.ID, tool, r.Place)
	if r.Group != "" {
		from = fmt.Sprintf("run %s of %s in %s, from %s", r.ID, tool, r.Group, r.Place)
	}
	notes := append([]trackers.Note{{Key: "imported", Text: from}, {Key: "imported/name", Text: r.Name}}, r.Notes...)
	for _, n := range notes {
		if n.Text == "" {
			continue
		}
		if err := w.Note(escape.Line(n.Key), escape.Line(n.Text)); err != nil {
			return err
		}
	}
	for _, c := range r.Curves {
		for _, p := range c.Points {
			if !p.Time.IsZero() {
				w.At(p.Time)
			}
			if err := w.Point(escape.Line(c.Metric), int(p.Step), p.Value); err != nil {
				return err
			}
		}
	}
	if r.Ended.IsZero() {
		r.Ended = r.Started
	}
	w.At(r.Ended)
	end := journal.End{Outcome: journal.Done, Error: escape.Line(r.Error)}
	switch r.State {
	case trackers.Failed:
		end.Outcome = journal.Failed
	case trackers.Unfinished:
		end.Outcome = journal.Interrupted
	}
	return w.End(end)
}

// free refuses a name that belongs to a sweep of the harness.
func (o importOptions) free(ctx context.Context, db *registry.DB) error {
	s, err := db.Sweep(ctx, o.name)
	if errors.Is(err, registry.ErrNoSweep) {
		return nil
	}
	if err != nil {
		return err
	}
	if slices.ContainsFunc(s.Members, func(m registry.Member) bool { return m.Spec.Imported == "" }) {
		return usageError("import: %s is a sweep that was run here: choose another --name", o.name)
	}
	return nil
}

// newImportedRuns is what the runs of a plan come to.
func newImportedRuns(plan *sweeps.Plan, runs []trackers.Run, dry bool, added int) importedRuns {
	all := importedRuns{Sweep: plan.Handle, DryRun: dry, New: added, Rows: len(plan.Rows), Trials: []importedRun{}}
	names := map[string]bool{}
	for _, r := range runs {
		for _, c := range r.Curves {
			all.Points += len(c.Points)
			names[c.Metric] = true
		}
	}
	for _, t := range plan.Trials {
		all.Trials = append(all.Trials, importedRun{t.ID, t.Label})
	}
	all.Metrics = append([]string{}, sortedKeys(names)...)
	return all
}

// print says what would be imported, or prints all as JSON.
func (i importedRuns) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return printJSON(w, i)
	}
	for _, t := range i.Trials {
		fmt.Fprintf(w, "%s  %s\n", t.ID[:8], t.Label)
	}
	_, err := fmt.Fprintf(w, "%s, %s of %s (%s)\n", counted(len(i.Trials), "run"), counted(i.Points, "point"), counted(len(i.Metrics), "metric"),
		escape.Line(strings.TrimSpace(nearest.Some(i.Metrics, 20))))
	return err
}
