package web

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"harness/internal/jsonfloat"
	"harness/internal/view"
	"harness/metrics"
	"harness/registry"
	"harness/sweeps"
)

// columns tell what the sweeps of trials say of their metrics.
type columns struct {
	command bool // a program's: what the built-in trainer records under a name is not known to be the same
	goals   map[string]metrics.Goal
}

// columnsOf reads what the sweeps of trials say of metrics. A plan that cannot be read says nothing.
func (s *Server) columnsOf(ctx context.Context, records ...*view.Record) columns {
	c := columns{goals: map[string]metrics.Goal{}}
	for _, r := range records {
		c.command = c.command || r.Spec.Command != ""
		for _, handle := range r.Sweeps {
			plan, err := s.plannedSweep(ctx, handle)
			if err != nil {
				continue
			}
			for _, m := range plan.Metrics {
				c.goals[m.Key] = m.Goal
			}
		}
	}
	return c
}

// goal is whether more or less of a metric is better, where that is known.
func (c columns) goal(key string) metrics.Goal {
	if goal, ok := c.goals[key]; ok {
		return goal
	}
	return sweeps.DefaultMetric(key, c.command).Goal
}

// metricRow is a line of a trial's metrics.
type metricRow struct {
	Key string
	view.MetricSummary
	Goal metrics.Goal
}

// Curve reports whether there is a curve to draw.
func (m metricRow) Curve() bool { return m.Points > 1 }

// metricTable are the metrics of a trial: results first, then what only explains them.
type metricTable struct {
	Main, Rest []metricRow
}

// mainMetrics are those of trials that are shown first, as "harness ls" chooses them; all, where there are few.
func mainMetrics(trials ...view.Listed) []string {
	const few = 12
	all := view.Names(trials, "metrics")
	if len(all) <= few {
		return all
	}
	return view.ChooseMetrics(trials, few)
}

// newMetricTable sorts the metrics of a trial: parts of a result, controls and what training recorded are the rest, where there are many.
func newMetricTable(r *view.Record, known columns) metricTable {
	main := mainMetrics(r.Listed)
	var t metricTable
	for _, key := range main {
		t.Main = append(t.Main, metricRow{key, r.Summaries[key], known.goal(key)})
	}
	for _, key := range slices.Sorted(maps.Keys(r.Summaries)) {
		if !slices.Contains(main, key) {
			t.Rest = append(t.Rest, metricRow{key, r.Summaries[key], known.goal(key)})
		}
	}
	return t
}

// all are the metrics in the order in which they are shown.
func (t metricTable) all() []metricRow { return slices.Concat(t.Main, t.Rest) }

// ownNumbers are those of an attempt that are not the trial's.
func ownNumbers(a view.Attempt, known columns) []metricRow {
	var rows []metricRow
	for _, key := range slices.Sorted(maps.Keys(a.Metrics)) {
		rows = append(rows, metricRow{Key: key, MetricSummary: view.MetricSummary{Last: a.Metrics[key]}, Goal: known.goal(key)})
	}
	return rows
}

// metricSheet is the table of a trial's metrics to take away.
func (s *Server) metricSheet(r *http.Request) (sheet, error) {
	t := sheet{Head: []string{"metric", "last", "step", "min", "max", "points"}, Numbers: 5}
	record, err := s.record(r.Context(), r.PathValue("id"))
	if err != nil {
		return t, err
	}
	for _, m := range newMetricTable(record, columns{}).all() {
		t.Rows = append(t.Rows, []string{m.Key, exact(m.Last), strconv.FormatInt(m.Step, 10), optional(m.Min), optional(m.Max), strconv.Itoa(m.Points)})
	}
	return t, nil
}

// settingSheet is the table of a trial's settings to take away.
func (s *Server) settingSheet(r *http.Request) (sheet, error) {
	t := sheet{Head: []string{"setting", "value"}}
	record, err := s.record(r.Context(), r.PathValue("id"))
	if err != nil {
		return t, err
	}
	fields, err := view.Settings(record.Spec)
	for _, f := range fields {
		t.Rows = append(t.Rows, []string{f.Name, f.Value})
	}
	return t, err
}

// record reads the trial whose ID begins with prefix.
func (s *Server) record(ctx context.Context, prefix string) (record *view.Record, err error) {
	err = s.read(ctx, func(db *registry.DB) error {
		id, err := findTrial(ctx, db, prefix)
		if err != nil {
			return err
		}
		record, err = view.ReadRecord(ctx, db, id, s.o.Staleness(db))
		return err
	})
	return record, err
}

// exact is a number with all its digits.
func exact(v jsonfloat.Float) string { return strconv.FormatFloat(float64(v), 'g', -1, 64) }

// optional is a number with all its digits, or nothing where there is none.
func optional(v *jsonfloat.Float) string {
	if v == nil {
		return ""
	}
	return exact(*v)
}

// shown is a number as pages print it; nothing where there is none.
func shown(v any) string {
	switch v := v.(type) {
	case jsonfloat.Float:
		return number(float64(v))
	case *jsonfloat.Float:
		if v != nil {
			return number(float64(*v))
		}
	}
	return ""
}

// signed is a difference with its sign; none has none.
func signed(v float64) string {
	if v > 0 {
		return "+" + strings.TrimPrefix(number(v), "+")
	}
	return strings.Replace(number(v), "-", "−", 1)
}
