package view

import (
	"context"
	"encoding/json"
	"errors"
	"harness/internal/jsonfloat"
	"harness/model"
	"harness/model/spec"
	"harness/registry"
	"harness/registry/journal"
	"maps"
	"math"
	"slices"
	"strings"
)

// Record is all that is known of a trial.
type Record struct {
	Listed
	Sweeps      []string                 `json:"sweeps"`
	Stale       string                   `json:"stale,omitempty"` // in what code or data of now differ from those of the result
	Spec        spec.Trial               `json:"spec"`
	History     []Attempt                `json:"history"`
	Summaries   map[string]MetricSummary `json:"summaries"`
	Notes       []Note                   `json:"notes"`
	Programs    []model.Compiled         `json:"programs"`         // compiled for the trial, by engines that compile
	Phases      []spec.PhaseTime         `json:"phases,omitempty"` // what the parts of the run took whose numbers count
	Dir         string                   `json:"dir"`
	Files       string                   `json:"files"` // the trial's own folder, which outlives attempts
	Predictions string                   `json:"predictions,omitempty"`
}

// MetricSummary says what a metric came to. Min and Max range over finite points and are null where there are none.
type MetricSummary struct {
	Last   jsonfloat.Float  `json:"last"`
	Step   int64            `json:"step"`
	Min    *jsonfloat.Float `json:"min"`
	Max    *jsonfloat.Float `json:"max"`
	Points int              `json:"points"`
}

func newMetricSummary(s registry.Summary) MetricSummary {
	return MetricSummary{jsonfloat.Float(s.Last), s.LastStep, jsonfloat.Known(s.Min, !math.IsNaN(s.Min)), jsonfloat.Known(s.Max, !math.IsNaN(s.Max)), s.N}
}

// Note is a fact that a trial recorded in words.
type Note struct {
	Key  string `json:"key"`
	Text string `json:"text"`
}

// ReadRecord reads all that is known of the trial with an ID.
func ReadRecord(ctx context.Context, db *registry.DB, id string, now *Staleness) (*Record, error) {
	r := &Record{Dir: db.TrialDir(id), Files: db.FilesDir(id), History: []Attempt{}, Notes: []Note{}, Summaries: map[string]MetricSummary{}}
	var err error
	if r.Sweeps, err = db.SweepsOf(ctx, id); err != nil {
		return nil, err
	}
	trials, err := db.Trials(ctx, registry.Query{IDs: []string{id}, All: true})
	if err != nil {
		return nil, err
	}
	if len(trials) == 0 { // removed since its ID was found
		return nil, registry.ErrUnknown
	}
	t := trials[0]
	t.State = db.LiveState(t)
	r.Listed, r.Spec = NewListed(t), t.Spec
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
	stale, err := now.Of(ctx, []registry.Trial{t})
	if err != nil {
		return nil, err
	}
	r.Stale = stale[id]
	notes, err := db.Notes(ctx, id)
	if err != nil {
		return nil, err
	}
	for _, n := range notes {
		r.Notes = append(r.Notes, Note(n))
	}
	r.Notes, r.Programs = splitPrograms(r.Notes)
	r.Notes, r.Phases = splitPhases(r.Notes)
	r.Predictions, err = db.PredictionsPath(ctx, id)
	return r, err
}

// readHistory reads the attempts with their own numbers, which stay theirs when another attempt's count.
func (r *Record) readHistory(ctx context.Context, db *registry.DB, t registry.Trial) error {
	attempts, err := db.Attempts(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, a := range attempts {
		shown := NewAttempt(a)
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
			r.Notes = append(r.Notes, Note{"resources", "read up to damage: " + bad.Error()})
		}
		shown.Resources = newResources(used)
		r.History = append(r.History, shown)
	}
	return nil
}

// Settings lists the fields of a trial that are set, by dotted path, sorted; the seed always, since 0 is one like any other.
func Settings(t spec.Trial) ([]Field, error) {
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
	var fields []Field
	var add func(prefix string, values map[string]json.RawMessage)
	add = func(prefix string, values map[string]json.RawMessage) {
		for _, key := range slices.Sorted(maps.Keys(values)) {
			var nested map[string]json.RawMessage
			if json.Unmarshal(values[key], &nested) == nil && nested != nil {
				add(prefix+key+".", nested)
				continue
			}
			fields = append(fields, Field{prefix + key, strings.Trim(string(values[key]), `"`)})
		}
	}
	add("", root)
	return fields, nil
}
