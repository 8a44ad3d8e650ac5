package trackers

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// mlflowMeta is meta.yaml of an experiment or a run of MLflow's file store.
type mlflowMeta struct {
	Experiment string `yaml:"experiment_id"`
	Name       string `yaml:"name"`
	RunID      string `yaml:"run_id"`
	RunUUID    string `yaml:"run_uuid"` // what older versions call it
	RunName    string `yaml:"run_name"`
	Status     string `yaml:"status"`
	Started    *int64 `yaml:"start_time"` // milliseconds
	Ended      *int64 `yaml:"end_time"`
	Stage      string `yaml:"lifecycle_stage"`
}

const mlflowDeleted = "deleted"

// readMLflow reads mlflow.db, or a folder with one or with the file store mlruns, or that itself.
func (f *Found) readMLflow(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return f.readMLflowDB(path)
	}
	database := filepath.Join(path, "mlflow.db")
	store := ""
	for _, dir := range []string{path, filepath.Join(path, "mlruns")} {
		if isStore(dir) {
			store = dir
			break
		}
	}
	_, noDatabase := os.Stat(database)
	switch {
	case noDatabase == nil && store != "":
		return fmt.Errorf("it has both mlflow.db and the file store %s: name the one that is meant", filepath.Base(store))
	case noDatabase == nil:
		return f.readMLflowDB(database)
	case store != "":
		return f.readMLflowFiles(store)
	}
	return errors.New("neither mlflow.db nor the runs of a file store (mlruns/EXPERIMENT/RUN/meta.yaml) are in it")
}

// isStore reports whether a folder is a file store that has a run.
func isStore(dir string) bool {
	below := os.DirFS(dir)
	runs, _ := fs.Glob(below, "*/*/meta.yaml") // the pattern is sound
	return slices.ContainsFunc(runs, func(run string) bool {
		_, err := fs.Stat(below, path.Join(path.Dir(path.Dir(run)), "meta.yaml"))
		return err == nil
	})
}

// readMLflowFiles reads a file store: EXPERIMENT/meta.yaml, EXPERIMENT/RUN/{meta.yaml,params,metrics,tags}.
func (f *Found) readMLflowFiles(store string) error {
	experiments, err := os.ReadDir(store)
	if err != nil {
		return err
	}
	for _, experiment := range experiments {
		dir := filepath.Join(store, experiment.Name())
		if !experiment.IsDir() || strings.HasPrefix(experiment.Name(), ".") || experiment.Name() == "models" {
			continue
		}
		var meta mlflowMeta
		if err := readMeta(dir, &meta); errors.Is(err, fs.ErrNotExist) {
			continue // artifacts of a database's experiment, or none of MLflow's
		} else if err != nil {
			f.mistake("%v", err)
			continue
		}
		if meta.Stage == mlflowDeleted {
			f.remark("%s: the experiment is deleted: its runs were left out", dir)
			continue
		}
		runs, err := os.ReadDir(dir)
		if err != nil {
			return err
		}
		for _, run := range runs {
			if run.IsDir() {
				f.readMLflowRun(filepath.Join(dir, run.Name()), meta.Name)
			}
		}
	}
	return nil
}

func readMeta(dir string, meta *mlflowMeta) error {
	path := filepath.Join(dir, "meta.yaml")
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := yaml.Unmarshal(data, meta); err != nil {
		return fmt.Errorf("%s: %s", path, strings.ReplaceAll(strings.TrimPrefix(err.Error(), "yaml: "), "\n", " "))
	}
	return nil
}

func (f *Found) readMLflowRun(dir, experiment string) {
	var meta mlflowMeta
	if err := readMeta(dir, &meta); errors.Is(err, fs.ErrNotExist) {
		return // a folder of tags, traces, datasets
	} else if err != nil {
		f.mistake("%v", err)
		return
	}
	if meta.RunID == "" {
		meta.RunID = meta.RunUUID
	}
	if meta.RunID == "" {
		f.mistake("%s: no run_id", filepath.Join(dir, "meta.yaml"))
		return
	}
	if meta.Stage == mlflowDeleted {
		f.remark("%s: the run is deleted: it was left out", dir)
		return
	}
	run := Run{ID: meta.RunID, Name: meta.RunName, Group: experiment, Place: dir}
	run.State, run.Error = mlflowState(meta.Status)
	if meta.Started != nil {
		run.Started = milliseconds(*meta.Started)
	}
	if meta.Ended != nil {
		run.Ended = milliseconds(*meta.Ended)
	}
	f.eachFile(filepath.Join(dir, "params"), func(name, path string) error {
		text, err := os.ReadFile(path)
		run.Params = append(run.Params, textParam(name, string(text)))
		return err
	})
	f.eachFile(filepath.Join(dir, "tags"), func(name, path string) error {
		text, err := os.ReadFile(path)
		run.addTag(name, string(text))
		return err
	})
	var curves curves
	f.eachFile(filepath.Join(dir, "metrics"), func(name, path string) error { return readMLflowMetric(path, name, &curves) })
	run.Curves = curves.list
	f.Runs = append(f.Runs, run)
}

// eachFile calls fn with every file below dir, and the name that its place says; its errors are mistakes.
func (f *Found) eachFile(dir string, fn func(name, path string) error) {
	files, err := filesBelow(dir, func(string) bool { return true })
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f.mistake("%v", err)
	}
	for _, path := range files {
		name, err := filepath.Rel(dir, path)
		if err == nil {
			err = fn(filepath.ToSlash(name), path)
		}
		if err != nil {
			f.mistake("%v", err)
		}
	}
}

// readMLflowMetric reads a file of a metric: "milliseconds value step" a line, to which newer versions add what it was measured on.
func readMLflowMetric(path, metric string, into *curves) error {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		words := strings.Fields(lines.Text())
		if len(words) == 0 {
			continue
		}
		if len(words) == 2 { // before steps were known
			words = append(words, "0")
		}
		if len(words) < 3 {
			return fmt.Errorf("%s: line %d: want time, value and step", path, n)
		}
		at, atErr := strconv.ParseInt(words[0], 10, 64)
		value, valueErr := strconv.ParseFloat(words[1], 64)
		step, stepErr := strconv.ParseInt(words[2], 10, 64)
		if atErr != nil || valueErr != nil || stepErr != nil {
			return fmt.Errorf("%s: line %d: want time, value and step as numbers", path, n)
		}
		into.add(metric, Point{step, milliseconds(at), value})
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// mlflowState is the state that a status of MLflow means; the file store keeps its number.
func mlflowState(status string) (State, string) {
	switch strings.ToUpper(status) {
	case "FINISHED", "3":
		return Done, ""
	case "FAILED", "4":
		return Failed, "failed, as MLflow says"
	case "KILLED", "5":
		return Unfinished, "killed, as MLflow says"
	}
	return Unfinished, "it was running when it was imported"
}

// addTag keeps a tag: MLflow's own that say where a run comes from, and all others that are short.
func (r *Run) addTag(name, text string) {
	const longest = 1000
	switch {
	case name == "mlflow.source.git.commit":
		r.Commit = text
	case name == "mlflow.runName":
		r.Name = text
	case len(text) <= longest && name != "mlflow.log-model.history":
		r.Notes = append(r.Notes, Note{"mlflow/" + name, text})
	}
}

// fromMLflow is a value as the database keeps it: the infinities are the largest numbers.
func fromMLflow(value float64, isNaN bool) float64 {
	switch {
	case isNaN:
		return math.NaN()
	case value >= math.MaxFloat64:
		return math.Inf(1)
	case value <= -math.MaxFloat64:
		return math.Inf(-1)
	}
	return value
}
