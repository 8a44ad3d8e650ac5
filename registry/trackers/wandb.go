package trackers

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"harness/internal/wandbfile"
)

// readWandB reads the folders that W&B keeps runs in: wandb/offline-run-*/run-ID.wandb, and run-*/ of those that were synced.
func (f *Found) readWandB(root string) error {
	files, err := filesBelow(root, func(name string) bool { return strings.HasPrefix(name, "run-") && strings.HasSuffix(name, ".wandb") })
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("no runs of W&B (run-ID.wandb) below it; what was downloaded as CSV or JSON has no documented form and is not read")
	}
	for _, file := range files {
		if run, ok := f.readWandBFile(file); ok {
			f.Runs = append(f.Runs, run)
		}
	}
	return nil
}

func (f *Found) readWandBFile(path string) (Run, bool) {
	id := strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "run-"), ".wandb")
	b := wandbRun{run: Run{ID: id, Name: id, Place: path, State: Unfinished, Error: "its file does not say that it has ended"},
		config: map[string]json.RawMessage{}, finals: map[string]wandbfile.Item{}}
	r := wandbfile.Reader{Path: path}
	if err := r.Read(b.take); err != nil {
		f.mistake("%v", err)
		return Run{}, false
	}
	if info, err := os.Stat(path); err == nil && info.Size() > r.Offset {
		f.remark("%s: its last %d bytes are no whole record, and were left out", path, info.Size()-r.Offset)
	}
	return b.finish(), true
}

// wandbRun puts a run together from its records.
type wandbRun struct {
	run    Run
	config map[string]json.RawMessage
	curves curves
	finals map[string]wandbfile.Item
	names  []string // of finals, in their order
	last   int64
}

func (b *wandbRun) take(r *wandbfile.Record) error {
	if r.Run != nil {
		b.takeRun(r.Run)
	}
	for _, item := range r.Config {
		if item.Key != "_wandb" && json.Valid(item.JSON) {
			b.config[item.Key] = slices.Clone(item.JSON)
		}
	}
	if r.History != nil {
		b.takeHistory(r.History)
	}
	for _, item := range r.Summary {
		if _, known := b.finals[item.Key]; !known {
			b.names = append(b.names, item.Key)
		}
		item.JSON = slices.Clone(item.JSON)
		b.finals[item.Key] = item
	}
	if r.Exit != nil {
		b.run.State, b.run.Error = Done, ""
		if r.Exit.Code != 0 {
			b.run.State, b.run.Error = Failed, fmt.Sprintf("exit status %d", r.Exit.Code)
		}
		if !b.run.Started.IsZero() && r.Exit.Runtime > 0 {
			b.run.Ended = b.run.Started.Add(time.Duration(r.Exit.Runtime) * time.Second)
		}
	}
	return nil
}

func (b *wandbRun) takeRun(r *wandbfile.Run) {
	if r.ID != "" {
		b.run.ID = r.ID
	}
	if r.Name != "" {
		b.run.Name = r.Name
	}
	b.run.Group = strings.Trim(r.Entity+"/"+r.Project, "/")
	if r.Start > 0 {
		b.run.Started = seconds(r.Start)
	}
	b.run.Host, b.run.Commit = r.Host, r.Commit
	for _, n := range []Note{{"group", r.Group}, {"job_type", r.JobType}, {"notes", r.Notes}, {"sweep", r.Sweep}, {"tags", strings.Join(r.Tags, ", ")}} {
		if n.Text != "" {
			b.run.Notes = append(b.run.Notes, Note{"wandb/" + n.Key, n.Text})
		}
	}
}

func (b *wandbRun) takeHistory(h *wandbfile.History) {
	at := time.Time{}
	for _, item := range h.Items {
		if v, ok := item.Number(); ok && item.Key == "_timestamp" {
			at = seconds(v)
		}
	}
	b.last = max(b.last, h.Step)
	if at.After(b.run.Ended) {
		b.run.Ended = at
	}
	for _, item := range h.Items {
		if v, ok := item.Number(); ok && !strings.HasPrefix(item.Key, "_") {
			b.curves.add(item.Key, Point{h.Step, at, v})
		}
	}
}

// finish adds the parameters, and the final values that the history does not have, at its last step.
func (b *wandbRun) finish() Run {
	for _, name := range b.names {
		_, known := b.curves.at[name]
		if v, ok := b.finals[name].Number(); ok && !known && !strings.HasPrefix(name, "_") {
			b.curves.add(name, Point{b.last, b.run.Ended, v})
		}
	}
	for name, value := range b.config {
		b.run.Params = append(b.run.Params, Setting{name, value})
	}
	b.run.Curves = b.curves.list
	return b.run
}
