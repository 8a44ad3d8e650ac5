package trackers

import (
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"fmt"
	"math"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// mlflowSchema is the database that MLflow makes. A later MLflow brings it up to date with "mlflow db upgrade".
//
//go:embed mlflow_schema.sql
var mlflowSchema string

// mlflowRevision is the migration that mlflowSchema stands at.
const mlflowRevision = "dc11669786a5"

// mlflowWriter writes mlflow.db, in one transaction.
type mlflowWriter struct {
	db          *sql.DB
	tx          *sql.Tx
	metric      *sql.Stmt
	experiments map[string]int
	names       mlflowNames
}

func newMLflowWriter(dir string) (Writer, error) {
	db, err := sql.Open("sqlite3", "file:"+escapePath(filepath.Join(dir, "mlflow.db"))+"?_journal_mode=OFF&_synchronous=OFF")
	if err != nil {
		return nil, err
	}
	w := &mlflowWriter{db: db, experiments: map[string]int{}}
	if err := w.begin(); err != nil {
		db.Close()
		return nil, fmt.Errorf("write mlflow.db: %w", err)
	}
	return w, nil
}

func (w *mlflowWriter) begin() (err error) {
	if w.tx, err = w.db.Begin(); err != nil {
		return err
	}
	if _, err := w.tx.Exec(mlflowSchema); err != nil {
		return err
	}
	if _, err := w.tx.Exec(`INSERT INTO alembic_version (version_num) VALUES (?)`, mlflowRevision); err != nil {
		return err
	}
	if _, err := w.tx.Exec(`INSERT INTO workspaces (name, description) VALUES ('default', 'Default workspace for legacy resources')`); err != nil {
		return err
	}
	if err := w.addExperiment(0, "Default", time.Unix(0, 0)); err != nil {
		return err
	}
	w.metric, err = w.tx.Prepare(`INSERT INTO metrics (key, value, timestamp, run_uuid, step, is_nan) VALUES (?, ?, ?, ?, ?, ?)`)
	return err
}

func (w *mlflowWriter) addExperiment(id int, name string, at time.Time) error {
	_, err := w.tx.Exec(`INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage, creation_time, last_update_time, workspace)
		VALUES (?, ?, ?, 'active', ?, ?, 'default')`, id, name, fmt.Sprintf("mlruns/%d", id), millisOrNil(at), millisOrNil(at))
	return err
}

// Add writes a run, as an experiment named by its sweep has it.
func (w *mlflowWriter) Add(r Run) error {
	group := experimentOf(r)
	experiment, known := w.experiments[group]
	if !known {
		experiment = len(w.experiments) + 1
		w.experiments[group] = experiment
		if err := w.addExperiment(experiment, group, r.Started); err != nil {
			return err
		}
	}
	id := runID(r)
	_, err := w.tx.Exec(`INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version,
		lifecycle_stage, artifact_uri, experiment_id) VALUES (?, ?, 'UNKNOWN', '', '', '', ?, ?, ?, '', 'active', ?, ?)`,
		id, clipped(r.Name, 250), mlflowStatus(r.State), millisOrNil(r.Started), millisOrNil(r.Ended), fmt.Sprintf("mlruns/%d/%s/artifacts", experiment, id), experiment)
	if err != nil {
		return err
	}
	for _, p := range r.Params {
		if _, err := w.tx.Exec(`INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)`, w.names.of(p.Name), clipped(p.Text(), 8000), id); err != nil {
			return err
		}
	}
	for _, tag := range tagsOf(r) {
		if _, err := w.tx.Exec(`INSERT INTO tags (key, value, run_uuid) VALUES (?, ?, ?)`, tag.Key, clipped(tag.Text, 8000), id); err != nil {
			return err
		}
	}
	for _, c := range r.Curves {
		if err := w.curve(id, c, r.Started); err != nil {
			return err
		}
	}
	return nil
}

// curve writes the points of a metric, and the last of them where MLflow looks for it.
func (w *mlflowWriter) curve(id string, c Curve, began time.Time) error {
	name := w.names.of(c.Metric)
	for i, p := range c.Points {
		at := p.Time
		if at.IsZero() {
			at = began
		}
		if at.IsZero() {
			at = time.Unix(0, 0) // a column that must have a time
		}
		value, isNaN := toMLflow(p.Value)
		if _, err := w.metric.Exec(name, value, at.UnixMilli(), id, p.Step, isNaN); err != nil {
			return fmt.Errorf("metric %s: %w", name, err)
		}
		if i < len(c.Points)-1 {
			continue
		}
		_, err := w.tx.Exec(`INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid) VALUES (?, ?, ?, ?, ?, ?)`,
			name, value, at.UnixMilli(), p.Step, isNaN, id)
		if err != nil {
			return fmt.Errorf("metric %s: %w", name, err)
		}
	}
	return nil
}

// Close commits.
func (w *mlflowWriter) Close() ([]string, error) {
	err := w.tx.Commit()
	if closeErr := w.db.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, fmt.Errorf("write mlflow.db: %w", err)
	}
	return w.names.remarks, nil
}

// odd is what MLflow does not take in a name.
var odd = regexp.MustCompile(`[^\w\-.: /]`)

// mlflowNames makes names that MLflow takes.
type mlflowNames struct {
	as      map[string]string // what a name is called
	taken   map[string]bool
	remarks []string
}

// of is a name that MLflow takes: other characters are _, a path stays inside, and no two names become one. What changes is said once.
func (n *mlflowNames) of(name string) string {
	if as, known := n.as[name]; known {
		return as
	}
	parts := strings.Split(odd.ReplaceAllString(name, "_"), "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			parts[i] = "_"
		}
	}
	plain := strings.Join(parts, "/")
	as := clipped(plain, 250)
	for i := 2; n.taken[as]; i++ {
		as = fmt.Sprintf("%s_%d", clipped(plain, 240), i)
	}
	if n.as == nil {
		n.as, n.taken = map[string]string{}, map[string]bool{}
	}
	n.as[name], n.taken[as] = as, true
	if as != name {
		n.remarks = append(n.remarks, fmt.Sprintf("%q is called %q in MLflow, which does not take the name", name, as))
	}
	return as
}

// runID is the name of a run in MLflow: 32 digits that follow from the trial's.
func runID(r Run) string {
	sum := sha256.Sum256([]byte(r.ID))
	return hex.EncodeToString(sum[:16])
}

// experimentOf is the experiment that a run belongs to.
func experimentOf(r Run) string {
	if r.Group == "" {
		return "harness"
	}
	return r.Group
}

// tagsOf is what MLflow has no other place for.
func tagsOf(r Run) []Note {
	tags := []Note{{"mlflow.runName", r.Name}, {"harness.trial", r.ID}, {"harness.row", r.Row}, {"harness.seed", fmt.Sprint(r.Seed)},
		{"harness.state", string(r.State)}, {"harness.error", r.Error}}
	return slices.DeleteFunc(tags, func(n Note) bool { return n.Text == "" })
}

func clipped(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

func mlflowStatus(s State) string {
	switch s {
	case Done:
		return "FINISHED"
	case Failed:
		return "FAILED"
	}
	return "KILLED"
}

func millisOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}

// toMLflow is a value as MLflow keeps it.
func toMLflow(v float64) (value float64, isNaN bool) {
	switch {
	case math.IsNaN(v):
		return 0, true
	case math.IsInf(v, 1):
		return math.MaxFloat64, false
	case math.IsInf(v, -1):
		return -math.MaxFloat64, false
	}
	return v, false
}
