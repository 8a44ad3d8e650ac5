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
	remarks     []string
	renamed     map[string]bool
}

func newMLflowWriter(dir string) (Writer, error) {
	db, err := sql.Open("sqlite3", "file:"+escapePath(filepath.Join(dir, "mlflow.db"))+"?_journal_mode=OFF&_synchronous=OFF")
	if err != nil {
		return nil, err
	}
	w := &mlflowWriter{db: db, experiments: map[string]int{}, renamed: map[string]bool{}}
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
	group := r.Group
	if group == "" {
		group = "harness"
	}
	experiment, known := w.experiments[group]
	if !known {
		experiment = len(w.experiments) + 1
		w.experiments[group] = experiment
		if err := w.addExperiment(experiment, group, r.Started); err != nil {
			return err
		}
	}
	sum := sha256.Sum256([]byte(r.ID))
	id := hex.EncodeToString(sum[:16])
	_, err := w.tx.Exec(`INSERT INTO runs (run_uuid, name, source_type, source_name, entry_point_name, user_id, status, start_time, end_time, source_version,
		lifecycle_stage, artifact_uri, experiment_id) VALUES (?, ?, 'UNKNOWN', '', '', '', ?, ?, ?, '', 'active', ?, ?)`,
		id, clipped(r.Name, 250), mlflowStatus(r.State), millisOrNil(r.Started), millisOrNil(r.Ended), fmt.Sprintf("mlruns/%d/%s/artifacts", experiment, id), experiment)
	if err != nil {
		return err
	}
	for _, p := range r.Params {
		if _, err := w.tx.Exec(`INSERT INTO params (key, value, run_uuid) VALUES (?, ?, ?)`, w.name(p.Name), clipped(p.Text(), 8000), id); err != nil {
			return err
		}
	}
	for _, tag := range []Note{{"mlflow.runName", r.Name}, {"harness.trial", r.ID}, {"harness.row", r.Row}, {"harness.seed", fmt.Sprint(r.Seed)},
		{"harness.state", string(r.State)}, {"harness.error", r.Error}} {
		if tag.Text == "" {
			continue
		}
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
	name := w.name(c.Metric)
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
	return w.remarks, nil
}

// odd is what MLflow does not take in a name.
var odd = regexp.MustCompile(`[^\w\-.: /]`)

// name is a name that MLflow takes: other characters are _, a path stays inside.
func (w *mlflowWriter) name(name string) string {
	parts := strings.Split(odd.ReplaceAllString(name, "_"), "/")
	for i, part := range parts {
		if part == "" || part == "." || part == ".." {
			parts[i] = "_"
		}
	}
	taken := clipped(strings.Join(parts, "/"), 250)
	if taken != name && !w.renamed[name] {
		w.renamed[name] = true
		w.remarks = append(w.remarks, fmt.Sprintf("%q is called %q in MLflow, which does not take the name", name, taken))
	}
	return taken
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
