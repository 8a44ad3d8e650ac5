package trackers

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"

	"harness/internal/jsonfloat"
)

// storeWriter writes MLflow's file store: mlruns/EXPERIMENT/RUN/{meta.yaml,params,metrics,tags}, which MLflow up to 3.12 opens, and which later
// ones take over with "mlflow migrate-filestore".
type storeWriter struct {
	root        string
	names       mlflowNames
	experiments map[string]int
	remarks     []string
}

func newStoreWriter(dir string) (Writer, error) {
	w := &storeWriter{root: filepath.Join(dir, "mlruns"), experiments: map[string]int{}}
	return w, os.MkdirAll(filepath.Join(w.root, ".trash"), 0o755)
}

// storedExperiment and storedRun are what meta.yaml holds.
type storedExperiment struct {
	Artifacts string `yaml:"artifact_location"`
	Created   int64  `yaml:"creation_time"`
	ID        string `yaml:"experiment_id"`
	Updated   int64  `yaml:"last_update_time"`
	Stage     string `yaml:"lifecycle_stage"`
	Name      string `yaml:"name"`
}

type storedRun struct {
	Artifacts  string   `yaml:"artifact_uri"`
	Ended      any      `yaml:"end_time"` // milliseconds, or null
	EntryPoint string   `yaml:"entry_point_name"`
	Experiment string   `yaml:"experiment_id"`
	Stage      string   `yaml:"lifecycle_stage"`
	ID         string   `yaml:"run_id"`
	Name       string   `yaml:"run_name"`
	UUID       string   `yaml:"run_uuid"`
	SourceName string   `yaml:"source_name"`
	SourceType int      `yaml:"source_type"`
	Source     string   `yaml:"source_version"`
	Started    any      `yaml:"start_time"`
	Status     int      `yaml:"status"`
	Tags       []string `yaml:"tags"`
	User       string   `yaml:"user_id"`
}

func writeMeta(dir string, meta any) error {
	data, err := yaml.Marshal(meta)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "meta.yaml"), data, 0o644)
}

// Add writes a run.
func (w *storeWriter) Add(r Run) error {
	group := experimentOf(r)
	number, known := w.experiments[group]
	if !known {
		number = len(w.experiments) + 1
		w.experiments[group] = number
		at := max(r.Started.UnixMilli(), 0)
		err := writeMeta(filepath.Join(w.root, strconv.Itoa(number)), storedExperiment{fmt.Sprintf("mlruns/%d", number), at, strconv.Itoa(number), at, "active", group})
		if err != nil {
			return err
		}
	}
	id := runID(r)
	dir := filepath.Join(w.root, strconv.Itoa(number), id)
	err := writeMeta(dir, storedRun{Artifacts: fmt.Sprintf("mlruns/%d/%s/artifacts", number, id), Ended: millisOrNil(r.Ended), Experiment: strconv.Itoa(number),
		Stage: "active", ID: id, UUID: id, Name: clipped(r.Name, 250), SourceType: 4, Started: millisOrNil(r.Started), Status: statusNumber(r.State), Tags: []string{}})
	if err != nil {
		return err
	}
	for _, kind := range []string{"params", "tags", "metrics", "artifacts"} { // MLflow takes a folder without them for no run
		if err := os.MkdirAll(filepath.Join(dir, kind), 0o755); err != nil {
			return err
		}
	}
	for _, p := range r.Params {
		if err := w.put(dir, "params", w.names.of(p.Name), []byte(clipped(p.Text(), 8000))); err != nil {
			return err
		}
	}
	for _, tag := range tagsOf(r) {
		if err := w.put(dir, "tags", tag.Key, []byte(clipped(tag.Text, 8000))); err != nil {
			return err
		}
	}
	for _, c := range r.Curves {
		if err := w.put(dir, "metrics", w.names.of(c.Metric), metricLines(c, r.Started)); err != nil {
			return err
		}
	}
	return nil
}

// put writes the file of a parameter, tag or metric. Where one is called as the folder of another, the store has no place for both.
func (w *storeWriter) put(dir, kind, name string, data []byte) error {
	path := filepath.Join(dir, kind, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = os.WriteFile(path, data, 0o644)
	}
	if err != nil && isTaken(path, filepath.Join(dir, kind)) {
		w.remarks = append(w.remarks, fmt.Sprintf("%s: %s was left out: MLflow's file store holds no name that is the beginning of another's path", kind, name))
		return nil
	}
	return err
}

// isTaken reports whether path is a folder, or some folder above it, up to root, a file.
func isTaken(path, root string) bool {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return true
	}
	for at := filepath.Dir(path); len(at) > len(root); at = filepath.Dir(at) {
		if info, err := os.Stat(at); err == nil && !info.IsDir() {
			return true
		}
	}
	return false
}

// metricLines are the points of a curve: "milliseconds value step".
func metricLines(c Curve, began time.Time) []byte {
	var b bytes.Buffer
	for _, p := range c.Points {
		at := p.Time
		if at.IsZero() {
			at = began
		}
		fmt.Fprintf(&b, "%d %s %d\n", max(at.UnixMilli(), 0), pythonFloat(p.Value), p.Step)
	}
	return b.Bytes()
}

// pythonFloat is a number as Python reads it.
func pythonFloat(v float64) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 1):
		return "inf"
	case math.IsInf(v, -1):
		return "-inf"
	}
	return string(jsonfloat.Append(nil, v))
}

func statusNumber(s State) int {
	switch s {
	case Done:
		return 3
	case Failed:
		return 4
	}
	return 5
}

// Close says what the store could not hold.
func (w *storeWriter) Close() ([]string, error) { return append(w.names.remarks, w.remarks...), nil }
