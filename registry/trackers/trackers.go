// Package trackers reads and writes what other experiment trackers keep.
//
//	Run            a run as all of them have it: parameters, curves, state, times
//	Read           the runs of a folder of MLflow, TensorBoard, W&B or Neptune's exporter
//	Write          runs as an MLflow database, TensorBoard event files, CSV or Parquet
//
//	mlflow_files.go mlflow_store.go   the file store mlruns/, read and written
//	mlflow_read.go mlflow_write.go    the database mlflow.db
//	tensorboard.go wandb.go neptune.go tables.go parquet.go   the others
//
// Reading never guesses: what cannot be read is a mistake, and all mistakes of a folder are returned at once; what has no place in a Run is
// a remark. Writing makes whole files in a folder that the caller made; what a format cannot hold is a remark, too.
package trackers

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Run is one run of a program.
type Run struct {
	ID      string // in its tool, or the trial's
	Name    string
	Group   string    // the experiment or project that it belongs to
	Params  []Setting // by name
	Curves  []Curve   // by metric
	State   State
	Error   string // why it failed, or what is not known about its end
	Started time.Time
	Ended   time.Time // zero = not known
	Commit  string
	Host    string
	Notes   []Note
	Place   string // the file or folder that it was read from
	Row     string // of a sweep's table
	Seed    int64
}

// Setting is a parameter with its value as JSON.
type Setting struct {
	Name  string
	Value json.RawMessage
}

// Text is the value as people write it: texts without quotes.
func (p Setting) Text() string {
	var text string
	if json.Unmarshal(p.Value, &text) == nil && len(p.Value) > 0 && p.Value[0] == '"' {
		return text
	}
	return string(p.Value)
}

// Curve is what one metric came to, in the order in which it was recorded.
type Curve struct {
	Metric string
	Points []Point
}

// Point is a value of a metric. NaN and the infinities are values.
type Point struct {
	Step  int64
	Time  time.Time // zero = not known
	Value float64
}

// Note is a fact in words.
type Note struct{ Key, Text string }

// State is how a run stands.
type State string

const (
	Done       State = "done"
	Failed     State = "failed"
	Unfinished State = "unfinished" // it was running when it was read, or was stopped
)

// Tool is a tracker that is read.
type Tool string

const (
	MLflow      Tool = "mlflow"
	TensorBoard Tool = "tensorboard"
	WandB       Tool = "wandb"
	Neptune     Tool = "neptune"
)

// Tools lists those that are read.
var Tools = [...]Tool{MLflow, TensorBoard, WandB, Neptune}

// Found is what a folder holds.
type Found struct {
	Runs     []Run // the one that began first first
	Remarks  []string
	Mistakes []string // in which files, where, what
}

// Read reads all runs below a folder, or of a file.
func Read(tool Tool, path string) (Found, error) {
	var f Found
	var err error
	switch tool {
	case MLflow:
		err = f.readMLflow(path)
	case TensorBoard:
		err = f.readTensorBoard(path)
	case WandB:
		err = f.readWandB(path)
	case Neptune:
		err = f.readNeptune(path)
	default:
		return f, fmt.Errorf("unknown tool %q: want one of %q", tool, Tools)
	}
	if err != nil {
		return f, fmt.Errorf("read %s: %w", path, err)
	}
	slices.SortStableFunc(f.Runs, func(a, b Run) int {
		if c := a.Started.Compare(b.Started); c != 0 {
			return c
		}
		return strings.Compare(a.Group+"\x00"+a.ID, b.Group+"\x00"+b.ID)
	})
	for i := range f.Runs {
		f.Runs[i].order()
	}
	return f, nil
}

// order sorts parameters and curves by name.
func (r *Run) order() {
	slices.SortStableFunc(r.Params, func(a, b Setting) int { return strings.Compare(a.Name, b.Name) })
	slices.SortStableFunc(r.Curves, func(a, b Curve) int { return strings.Compare(a.Metric, b.Metric) })
}

// curves collects points by metric.
type curves struct {
	at   map[string]int
	list []Curve
}

func (c *curves) add(metric string, p Point) {
	if c.at == nil {
		c.at = map[string]int{}
	}
	i, known := c.at[metric]
	if !known {
		i = len(c.list)
		c.at[metric], c.list = i, append(c.list, Curve{Metric: metric})
	}
	c.list[i].Points = append(c.list[i].Points, p)
}

func (f *Found) mistake(format string, args ...any) {
	f.Mistakes = append(f.Mistakes, fmt.Sprintf(format, args...))
}

func (f *Found) remark(format string, args ...any) {
	f.Remarks = append(f.Remarks, fmt.Sprintf(format, args...))
}

// filesBelow lists the regular files below a folder that is says yes to, or the file itself; links are not followed.
func filesBelow(path string, is func(name string) bool) ([]string, error) {
	var list []string
	err := filepath.WalkDir(path, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && is(d.Name()) {
			list = append(list, path)
		}
		return err
	})
	return list, err
}

// textParam is the value of a parameter that its tool keeps as text: a number is one as JSON, with its digits, and so are true and false; all
// else is text.
func textParam(name, text string) Setting {
	value := json.RawMessage(text)
	switch {
	case text == "True" || text == "true":
		value = json.RawMessage("true")
	case text == "False" || text == "false":
		value = json.RawMessage("false")
	case text != "" && strings.IndexByte("-0123456789", text[0]) >= 0 && json.Valid(value):
	default:
		value, _ = json.Marshal(text)
	}
	return Setting{name, value}
}

// seconds is a time in seconds since 1970; 0 is none.
func seconds(s float64) time.Time {
	if !(s > 0 && s < 1<<40) {
		return time.Time{}
	}
	return time.UnixMicro(int64(s * 1e6)).UTC()
}

// milliseconds is a time in milliseconds since 1970; 0 is none.
func milliseconds(ms int64) time.Time {
	if ms <= 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
