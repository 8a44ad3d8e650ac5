package view

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"harness/internal/escape"
	"harness/internal/jsonfloat"
	"harness/registry"
)

// Listed is a trial as ls prints it.
type Listed struct {
	ID       string                      `json:"id"`
	State    registry.State              `json:"state"`
	Sweep    string                      `json:"sweep"`
	Former   bool                        `json:"former,omitempty"` // its sweep was planned anew without it
	Label    string                      `json:"label"`
	Row      string                      `json:"row"`
	Params   json.RawMessage             `json:"params"`
	Metrics  map[string]*jsonfloat.Float `json:"metrics"`
	Final    bool                        `json:"final"` // the metrics are those of a finished attempt
	Seed     int64                       `json:"seed"`
	Control  string                      `json:"control,omitempty"`
	Attempts int                         `json:"attempts"`
	Error    string                      `json:"error,omitempty"`
	Tags     []string                    `json:"tags,omitempty"`
	Note     string                      `json:"note,omitempty"`
	Started  *time.Time                  `json:"started,omitempty"`
	Ended    *time.Time                  `json:"ended,omitempty"`
}

// noMetrics is what a trial has before its numbers are read.
var noMetrics = map[string]*jsonfloat.Float{}

// NewListed is a trial without its numbers, which AddMetrics reads.
func NewListed(t registry.Trial) Listed {
	l := Listed{
		ID: t.ID, State: t.State, Sweep: t.Sweep, Former: t.Former, Label: t.Label, Row: t.Row, Params: t.Params,
		Metrics: noMetrics, Final: t.Result > 0, Seed: t.Seed, Control: t.Control, Attempts: t.Attempt,
		Tags: t.Tags, Note: t.Note,
	}
	if len(l.Params) == 0 {
		l.Params = json.RawMessage("{}")
	}
	if t.State != registry.Done {
		l.Error = t.Newest.Error
	}
	if at := t.Newest.Started; !at.IsZero() { // a copy: a pointer into the trial would keep all of it
		l.Started = &at
	}
	if at := t.Newest.Ended; !at.IsZero() {
		l.Ended = &at
	}
	return l
}

// AddMetrics reads the numbers of trials.
func AddMetrics(ctx context.Context, db *registry.DB, trials []Listed) error {
	ids := make([]string, len(trials))
	for i, t := range trials {
		ids[i] = t.ID
	}
	summaries, err := db.Summary(ctx, ids)
	if err != nil {
		return err
	}
	for i := range trials {
		trials[i].Metrics = lastValues(summaries[trials[i].ID])
	}
	return nil
}

// lastValues is the last value of each metric of a trial.
func lastValues(summaries map[string]registry.Summary) map[string]*jsonfloat.Float {
	values := make([]jsonfloat.Float, 0, len(summaries)) // one piece of memory for all
	last := make(map[string]*jsonfloat.Float, len(summaries))
	for metric, s := range summaries {
		values = append(values, jsonfloat.Float(s.Last))
		last[metric] = &values[len(values)-1]
	}
	return last
}

// Cell is a value for a spreadsheet: numbers as they are, with all their digits, texts disarmed.
func (t *Listed) Cell(name string) string {
	if _, number := t.Lookup(name).(json.Number); number {
		return printed(t.Lookup(name))
	}
	return escape.Cell(t.Text(name, nil))
}

// Text is the value of a name, metrics in the given format; "" for what the trial lacks.
func (t *Listed) Text(name string, format func(float64) string) string {
	metric, ok := strings.CutPrefix(name, "metrics.")
	if !ok {
		return printed(t.Lookup(name))
	}
	v := t.Metrics[metric]
	switch {
	case v == nil:
		return ""
	case format != nil:
		return format(float64(*v))
	}
	return strings.Trim(string(jsonfloat.Append(nil, float64(*v))), `"`)
}

// ShortNumber has four digits; what smoothing leaves of nothing is nothing.
func ShortNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.Abs(v) < 1e-9:
		return "0"
	}
	return fmt.Sprintf("%.4g", v)
}
