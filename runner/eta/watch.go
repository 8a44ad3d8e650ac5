package eta

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path/filepath"
	"time"

	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
)

// Watch is a Sweep that is kept up to date.
type Watch struct {
	db     *registry.DB
	sweep  Sweep
	at     map[string]int // where a trial stands in sweep.Trials
	seen   map[string]mark
	rows   map[string]row
	looked int // ended trials whose courses were read
}

// mark is what was last taken of a trial.
type mark struct {
	attempt int
	state   registry.State
}

// row is what the trials of a row have in common.
type row struct {
	setting   string
	program   bool
	announced Course
}

// How much is read of what was done before.
const (
	mostRows    = 200 // whose settings are looked up
	mostEarlier = 64  // trials of other sweeps that are looked at
	mostKin     = 12  // of those, with other settings, whose courses are read
	mostHistory = 64  // trials that are run anew
	mostCourses = 64  // of the sweep's own ended trials
)

// NewWatch reads what is known of a sweep.
func NewWatch(ctx context.Context, db *registry.DB, handle string, parallel int, now time.Time) (*Watch, error) {
	trials, err := db.Trials(ctx, registry.Query{Sweep: handle, Brief: true})
	if err != nil {
		return nil, err
	}
	w := &Watch{db: db, sweep: Sweep{Parallel: parallel}, at: map[string]int{}, seen: map[string]mark{}, rows: map[string]row{}}
	if err := w.readRows(ctx, trials); err != nil {
		return nil, err
	}
	for i, t := range trials {
		w.at[t.ID] = i
		w.sweep.Trials = append(w.sweep.Trials, w.newTiming(t))
		trials[i].State = db.LiveState(t)
	}
	if err := errors.Join(w.readEarlier(ctx, handle), w.readHistory(ctx, trials)); err != nil {
		return nil, err
	}
	return w, w.Take(ctx, trials, now)
}

// Of reads how long a sweep takes from now on, so many trials at a time; 0 = as many as run now.
func Of(ctx context.Context, db *registry.DB, handle string, parallel int, now time.Time) (Estimate, error) {
	w, err := NewWatch(ctx, db, handle, parallel, now)
	if err != nil {
		return Estimate{}, err
	}
	return w.Estimate(now), nil
}

// Estimate computes how long the sweep takes from now on.
func (w *Watch) Estimate(now time.Time) Estimate { return w.sweep.Estimate(now) }

// Parallel says how many trials run at a time.
func (w *Watch) Parallel(n int) { w.sweep.Parallel = n }

// readRows looks up the settings of each row: those of its first trial.
func (w *Watch) readRows(ctx context.Context, trials []registry.Trial) error {
	var ids []string
	first := map[string]string{}
	for _, t := range trials {
		if _, has := first[t.Row]; !has && len(ids) < mostRows {
			first[t.Row] = t.ID
			ids = append(ids, t.ID)
		}
	}
	for from := 0; from < len(ids); from += 99 { // short lists are looked up one by one
		known, err := w.db.Trials(ctx, registry.Query{IDs: ids[from:min(len(ids), from+99)]})
		if err != nil {
			return err
		}
		byID := map[string]spec.Trial{}
		for _, t := range known {
			byID[t.ID] = t.Spec
		}
		for name, id := range first {
			if s, has := byID[id]; has {
				w.rows[name] = rowOf(s)
			}
		}
	}
	return nil
}

func rowOf(s spec.Trial) row {
	r := row{program: s.Command != "", setting: s.Setting()}
	if r.program {
		return r
	}
	add := func(stage spec.Stage, steps int) {
		from := len(r.announced)
		var began time.Duration
		if from > 0 {
			began = r.announced[from-1].Heard
		}
		r.announced = append(r.announced, Stage{Name: string(stage), Total: steps, Last: steps, Began: began, Heard: began + time.Duration(steps)*time.Second})
	}
	if s.Pretrains() && s.Pretrain.Steps > 0 {
		add(spec.StagePretrain, s.Pretrain.Steps)
	}
	if s.Until != spec.UntilRegions && s.DiffVQA.Steps > 0 {
		add(spec.StageDiffVQA, s.DiffVQA.Steps)
	}
	return r
}

// newTiming is a trial of which nothing has been taken yet.
func (w *Watch) newTiming(t registry.Trial) Timing {
	r, known := w.rows[t.Row]
	if !known {
		r.setting = "row " + t.Row
	}
	n := Timing{ID: t.ID, Setting: r.setting, State: registry.Queued, Resumes: !r.program, Announced: r.announced, Params: map[string]string{}}
	var params map[string]json.RawMessage
	if json.Unmarshal(t.Params, &params) == nil {
		for path, value := range params {
			n.Params[path] = string(value)
		}
	}
	return n
}

// readEarlier reads trials of other sweeps that may be like those of this one.
func (w *Watch) readEarlier(ctx context.Context, handle string) error {
	done, err := w.db.LastDone(ctx, handle, mostEarlier)
	if err != nil {
		return err
	}
	settings := map[string]int{}
	program, some := false, false
	for _, r := range w.rows {
		settings[r.setting] = 0
		program, some = r.program, true
	}
	kin := 0
	for _, t := range done {
		if t.Spec.Imported != "" || !some || program != (t.Spec.Command != "") {
			continue
		}
		r := rowOf(t.Spec)
		count, same := settings[r.setting]
		if same && count >= 3 || !same && (program || kin >= mostKin) {
			continue
		}
		if same {
			settings[r.setting]++
		} else {
			kin++
		}
		e := Timing{ID: t.ID, Setting: r.setting, Resumes: !r.program, Announced: r.announced}
		if err := w.ended(ctx, &e, t, t.Result); err != nil {
			return err
		}
		e.State = registry.Done
		if err := w.readCourse(&e, t.Result); err != nil {
			return err
		}
		w.sweep.Earlier = append(w.sweep.Earlier, e)
	}
	return nil
}

// readHistory reads how trials went that are run anew.
func (w *Watch) readHistory(ctx context.Context, trials []registry.Trial) error {
	read := 0
	for i, t := range trials {
		if t.RedoAfter == 0 {
			continue
		}
		if read++; read > mostHistory {
			return nil
		}
		attempts, err := w.db.Attempts(ctx, t.ID)
		if err != nil {
			return err
		}
		for n := len(attempts) - 1; n >= 0; n-- {
			a := attempts[n]
			goesOn := a.Resumed || w.sweep.Trials[i].Resumes && n > 0 && attempts[n-1].State == registry.Interrupted
			if a.Number > t.RedoAfter || a.State != registry.Done || a.Purpose != journal.PurposeRun || goesOn {
				continue
			}
			e := w.sweep.Trials[i]
			e.State, e.Took, e.Ended = registry.Done, a.Ended.Sub(a.Started), a.Ended
			if err := w.readCourse(&e, a.Number); err != nil {
				return err
			}
			w.sweep.Earlier = append(w.sweep.Earlier, e)
			break
		}
	}
	return nil
}

// Take takes how trials stand now, each with its newest attempt and its live state; those that are not of the sweep, and those that stand as
// they did, are passed over.
func (w *Watch) Take(ctx context.Context, trials []registry.Trial, now time.Time) error {
	for n := len(trials) - 1; n >= 0; n-- { // what ended last tells most
		if err := w.take(ctx, trials[n], now); err != nil {
			return err
		}
	}
	return nil
}

func (w *Watch) take(ctx context.Context, t registry.Trial, at time.Time) error {
	i, has := w.at[t.ID]
	if !has {
		return nil
	}
	k, now := &w.sweep.Trials[i], mark{t.Newest.Number, t.State}
	if w.seen[t.ID] != now {
		before := w.seen[t.ID]
		w.seen[t.ID] = now
		if err := w.changed(ctx, k, t, before, now); err != nil {
			return err
		}
	}
	if t.State == registry.Running {
		k.hear(t.Newest.Step, t.Newest.Total, t.Newest.Stage, at.Sub(k.Started))
	}
	return nil
}

// hear takes the last that a running trial has said.
func (t *Timing) hear(step, total int, stage string, after time.Duration) {
	t.Course.Hear(after, stage, step, total)
	if !t.Resumes { // a program has one stage, unless it counts its steps anew
		t.Announced = nil
		if len(t.Course) == 1 && t.Course[0].Total > 0 {
			total := t.Course[0].Total
			t.Announced = Course{{Name: t.Course[0].Name, Total: total, Last: total, Heard: time.Duration(total) * time.Second}}
		}
	}
}

// changed takes a trial that stands otherwise than before.
func (w *Watch) changed(ctx context.Context, k *Timing, t registry.Trial, before, now mark) error {
	k.State = now.state
	if now.attempt != before.attempt {
		k.Course = nil
	}
	switch now.state {
	case registry.Running:
		k.Started, k.Resumed = t.Newest.Started, false
		if t.Newest.Number > t.RedoAfter+1 {
			spans, err := w.db.Spans(ctx, t.ID)
			if err != nil {
				return err
			}
			k.Resumed = len(spans) > 1 && (k.Resumes || spans[len(spans)-1].Resumed)
		}
	case registry.Done, registry.Stopped:
		if err := w.ended(ctx, k, t, t.Newest.Number); err != nil {
			return err
		}
		if k.Course != nil {
			return nil
		}
		if w.looked++; w.looked > mostCourses {
			return nil
		}
	case registry.Interrupted:
		if k.Course != nil {
			return nil
		}
	default:
		return nil
	}
	if k.Course == nil && now.attempt > 0 {
		return w.readCourse(k, now.attempt)
	}
	return nil
}

// ended takes how long a trial took that has ended: with the attempts before it from which it went on.
func (w *Watch) ended(ctx context.Context, k *Timing, t registry.Trial, number int) error {
	if number <= t.RedoAfter+1 && number == t.Newest.Number {
		k.Took, k.Ended = t.Newest.Ended.Sub(t.Newest.Started), t.Newest.Ended
		return nil
	}
	spans, err := w.db.Spans(ctx, t.ID)
	if err != nil {
		return err
	}
	k.Took = 0
	for i := len(spans) - 1; i >= 0; i-- {
		s := spans[i]
		if s.Number > number || s.Ended == 0 {
			continue
		}
		k.Took += time.Duration(s.Ended-s.Started) * time.Millisecond
		if s.Number == number {
			k.Ended = time.UnixMilli(s.Ended)
		}
		if !s.Resumed && !(k.Resumes && i > 0 && spans[i-1].State == registry.Interrupted) {
			break
		}
		k.Resumed = true
	}
	return nil
}

// readCourse reads how an attempt went out of its journal. A course that goes on from another one is not whole, and says nothing.
func (w *Watch) readCourse(k *Timing, attempt int) error {
	if k.Resumed && (k.State == registry.Done || k.State == registry.Stopped) {
		return nil
	}
	heard, err := journal.SampleProgress(filepath.Join(w.db.AttemptDir(k.ID, attempt), journal.FileName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for _, h := range heard {
		k.hear(h.Step, h.Total, h.Stage, h.After)
	}
	return nil
}
