package trackers

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"harness/internal/tfevents"
)

// session is a folder of event files.
type session struct {
	folder      string // below the one that is read
	curves      curves
	start       *tfevents.SessionStart
	end         *tfevents.SessionEnd
	adopted     bool    // it holds the hyperparameters of the folder above
	first, last float64 // times of events
}

// readTensorBoard reads a folder of event files as TensorBoard does: each folder that has some is a run. The hyperparameters of the plugin
// hparams hold for all folders below the one that has them.
func (f *Found) readTensorBoard(root string) error {
	files, err := filesBelow(root, func(name string) bool {
		return strings.Contains(name, "tfevents") && !strings.HasSuffix(name, ".profile-empty")
	})
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return errors.New("no event files (events.out.tfevents.*) below it")
	}
	slices.Sort(files) // their names begin with the time
	sessions := map[string]*session{}
	for _, file := range files {
		folder, err := filepath.Rel(root, filepath.Dir(file))
		if err != nil || strings.HasPrefix(folder, "..") {
			folder = "."
		}
		s := sessions[folder]
		if s == nil {
			s = &session{folder: filepath.ToSlash(folder)}
			sessions[folder] = s
		}
		f.readEvents(file, s)
	}
	f.Runs = append(f.Runs, runsOf(root, sessions)...)
	return nil
}

func (f *Found) readEvents(path string, s *session) {
	r := tfevents.Reader{Path: path}
	err := r.Read(func(e *tfevents.Event) error {
		if s.first == 0 || e.Wall < s.first {
			s.first = e.Wall
		}
		s.last = max(s.last, e.Wall)
		for _, scalar := range e.Scalars {
			s.curves.add(scalar.Tag, Point{e.Step, seconds(e.Wall), scalar.Value})
		}
		if e.Start != nil {
			s.start = e.Start
		}
		if e.End != nil {
			s.end = e.End
		}
		return nil
	})
	if err != nil {
		f.mistake("%v", err)
	}
	if r.Passed > 0 {
		f.remark("%s: %d records of more than 64 MiB were not looked into", path, r.Passed)
	}
	if info, statErr := os.Stat(path); err == nil && statErr == nil && info.Size() > r.Offset {
		f.remark("%s: its last %d bytes are no whole record, and were left out", path, info.Size()-r.Offset)
	}
}

// timeName is how PyTorch's add_hparams names the folder that it writes hyperparameters into.
var timeName = regexp.MustCompile(`^\d{9,}(\.\d+)?$`)

// runsOf joins the folders that belong to one run: those below a folder with hyperparameters, but for those that have their own.
func runsOf(root string, sessions map[string]*session) []Run {
	var folders []string
	for folder := range sessions {
		folders = append(folders, folder)
	}
	slices.Sort(folders)
	for _, folder := range folders {
		adopt(sessions, folders, folder)
	}
	runs := map[string]*Run{}
	var order []string
	for _, folder := range folders {
		home := homeOf(sessions, folder)
		if runs[home] == nil {
			runs[home], order = newSessionRun(root, home, sessions[home]), append(order, home)
		}
		runs[home].addSession(home, folder, sessions[folder])
	}
	list := make([]Run, len(order))
	for i, home := range order {
		list[i] = *runs[home]
	}
	return list
}

// adopt gives a folder the hyperparameters that PyTorch's add_hparams has written into a folder below it, if it has done so once.
func adopt(sessions map[string]*session, folders []string, folder string) {
	var found []*session
	for _, other := range folders {
		if filepath.Dir(other) == folder && other != folder && sessions[other].start != nil && timeName.MatchString(filepath.Base(other)) {
			found = append(found, sessions[other])
		}
	}
	if s := sessions[folder]; len(found) == 1 && s.start == nil {
		s.start, s.end = found[0].start, found[0].end
		found[0].start, found[0].end, found[0].adopted = nil, nil, true
	}
}

// homeOf is the nearest folder, from folder upwards, that has hyperparameters; itself where none has.
func homeOf(sessions map[string]*session, folder string) string {
	for at := folder; ; at = filepath.Dir(at) {
		if s := sessions[at]; s != nil && s.start != nil {
			return at
		}
		if at == filepath.Dir(at) {
			return folder
		}
	}
}

func newSessionRun(root, home string, s *session) *Run {
	run := &Run{ID: s.folder, Name: s.folder, State: Done, Place: filepath.Join(root, home)}
	if home == "." {
		run.ID, run.Name = filepath.Base(root), filepath.Base(root)
	}
	if s.start != nil {
		run.Group = s.start.Group
		for _, p := range s.start.Params {
			if value, err := json.Marshal(p.Value); err == nil {
				run.Params = append(run.Params, Setting{p.Name, value})
			}
		}
		run.Started = seconds(s.start.Time)
	}
	switch {
	case s.end == nil || s.end.Status == tfevents.StatusUnknown:
		run.Notes = append(run.Notes, Note{"imported/end", "the event files do not say how it ended: it counts as done"})
	case s.end.Status == tfevents.StatusFailure:
		run.State, run.Error = Failed, "failed, as its event file says"
	case s.end.Status == tfevents.StatusRunning:
		run.State, run.Error = Unfinished, "running, as its event file says"
	}
	if s.end != nil {
		run.Ended = seconds(s.end.Time)
	}
	return run
}

// addSession takes the curves of a folder; those of another folder than the run's own are named with it.
func (r *Run) addSession(home, folder string, s *session) {
	prefix := ""
	if below, err := filepath.Rel(home, folder); err == nil && below != "." && !s.adopted {
		prefix = filepath.ToSlash(below) + "/"
	}
	for _, c := range s.curves.list {
		c.Metric = prefix + c.Metric
		if i := slices.IndexFunc(r.Curves, func(o Curve) bool { return o.Metric == c.Metric }); i >= 0 {
			continue // add_hparams repeats the last value at step 0
		}
		r.Curves = append(r.Curves, c)
	}
	if first := seconds(s.first); r.Started.IsZero() || !first.IsZero() && first.Before(r.Started) {
		r.Started = first
	}
	if last := seconds(s.last); last.After(r.Ended) {
		r.Ended = last
	}
}

// eventWriter writes a folder for each run, with an event file: its hyperparameters, row, seed and state, and its curves as float32.
type eventWriter struct {
	dir    string
	beyond int // values that are too large for a float32
}

func (e *eventWriter) Close() ([]string, error) {
	if e.beyond == 0 {
		return nil, nil
	}
	return []string{fmt.Sprintf("%d values are too large for a float32, which event files hold: they were left out", e.beyond)}, nil
}

func (e *eventWriter) Add(run Run) error {
	folder := filepath.Join(e.dir, fileName(run))
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	began := run.Started
	if began.IsZero() {
		began = time.Unix(0, 0)
	}
	file, err := os.Create(filepath.Join(folder, fmt.Sprintf("events.out.tfevents.%d.harness", began.Unix())))
	if err != nil {
		return err
	}
	defer file.Close()
	w := tfevents.NewWriter(file, unix(began))
	start := tfevents.SessionStart{Group: run.Row, Time: unix(began)}
	for _, p := range run.withState() {
		start.Params = append(start.Params, tfevents.HParam{Name: p.Name, Value: hyperparameter(p)})
	}
	if err := w.Start(start); err != nil {
		return err
	}
	for _, c := range run.Curves {
		for _, p := range c.Points {
			at := p.Time
			if at.IsZero() {
				at = began
			}
			short := float32(p.Value)
			if math.IsInf(float64(short), 0) && !math.IsInf(p.Value, 0) {
				e.beyond++
				continue
			}
			w.Scalar(c.Metric, p.Step, unix(at), short)
		}
	}
	if end := sessionEnd(run); end != nil {
		w.End(*end)
	}
	if err := w.Close(); err != nil {
		return err
	}
	return file.Close()
}

func sessionEnd(run Run) *tfevents.SessionEnd {
	at := 0.0
	if !run.Ended.IsZero() {
		at = unix(run.Ended)
	}
	switch run.State {
	case Done:
		return &tfevents.SessionEnd{Status: tfevents.StatusSuccess, Time: at}
	case Failed:
		return &tfevents.SessionEnd{Status: tfevents.StatusFailure, Time: at}
	}
	return nil
}

// hyperparameter is a value as the plugin takes it: lists and objects are texts.
func hyperparameter(p Setting) any {
	var value any
	d := json.NewDecoder(strings.NewReader(string(p.Value)))
	d.UseNumber()
	if d.Decode(&value) != nil {
		return string(p.Value)
	}
	switch value.(type) {
	case []any, map[string]any:
		return string(p.Value)
	}
	return value
}

func unix(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }

var unsafeRune = regexp.MustCompile(`[^\pL\pN._=+-]+`)

// fileName names a run's folder: what people know it by, and its ID, which tells it apart.
func fileName(run Run) string {
	const most = 80
	name := strings.Trim(unsafeRune.ReplaceAllString(run.Name, "_"), "_.")
	if len(name) > most {
		name = strings.ToValidUTF8(name[:most], "")
	}
	id := run.ID
	if len(id) > 8 {
		id = id[:8]
	}
	if name == "" {
		return id
	}
	return name + "-" + id
}

// withState is the parameters with row, seed and state, unless the run has parameters of these names.
func (r Run) withState() []Setting {
	params := slices.Clone(r.Params)
	for _, p := range []Setting{textParam("row", r.Row), {"seed", json.RawMessage(fmt.Sprint(r.Seed))}, textParam("state", string(r.State))} {
		if !slices.ContainsFunc(params, func(o Setting) bool { return o.Name == p.Name }) {
			params = append(params, p)
		}
	}
	return params
}
