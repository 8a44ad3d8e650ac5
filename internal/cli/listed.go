package cli

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

// listed is a trial as ls prints it.
type listed struct {
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

func newListed(t registry.Trial) listed {
	l := listed{
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
	if !t.Newest.Started.IsZero() {
		l.Started = &t.Newest.Started
	}
	if !t.Newest.Ended.IsZero() {
		l.Ended = &t.Newest.Ended
	}
	return l
}

func addMetrics(ctx context.Context, db *registry.DB, trials []listed) error {
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

// cell is a value for a spreadsheet: numbers as they are, with all their digits, texts disarmed.
func (t *listed) cell(name string) string {
	if _, number := t.lookup(name).(json.Number); number {
		return printedValue(t.lookup(name))
	}
	return escape.Cell(t.text(name, nil))
}

// text is the value of a name, metrics in the given format; "" for what the trial lacks.
func (t *listed) text(name string, format func(float64) string) string {
	metric, ok := strings.CutPrefix(name, "metrics.")
	if !ok {
		return printedValue(t.lookup(name))
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

// shortNumber has four digits; what smoothing leaves of nothing is nothing.
func shortNumber(v float64) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.Abs(v) < 1e-9:
		return "0"
	}
	return fmt.Sprintf("%.4g", v)
}
