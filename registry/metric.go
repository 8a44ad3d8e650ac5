package registry

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"harness/registry/journal"
)

// Point is one value of a metric.
type Point struct {
	Step  int64
	Value float64 // may be NaN
}

// Summary says what a metric came to.
type Summary struct {
	Last     float64 // the result: the value at the last step; may be NaN
	LastStep int64
	Min, Max float64 // over all points that are numbers; NaN when none is
	N        int     // points; a step counts once
}

// Best is the least or the greatest value that was seen.
func (s Summary) Best(minimize bool) float64 {
	if minimize {
		return s.Min
	}
	return s.Max
}

// Note is a fact that a trial recorded in words.
type Note struct{ Key, Text string }

// Summary reads what every metric of the trials came to: trial -> metric -> summary. Trials without numbers are absent.
func (db *DB) Summary(ctx context.Context, ids []string) (map[string]map[string]Summary, error) {
	all, err := db.summaries(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return all, nil
}

func (db *DB) summaries(ctx context.Context, ids []string) (map[string]map[string]Summary, error) {
	all := make(map[string]map[string]Summary, len(ids))
	rows, err := db.sql.QueryContext(ctx, `SELECT t.id, k.name, y.last, y.last_step, y.min, y.max, y.n
		FROM trial t JOIN attempt a ON a.trial = t.no AND a.purpose = 'run'
		JOIN summary y ON y.trial = t.no AND y.attempt = a.number JOIN key k ON k.id = y.key
		WHERE t.id IN (SELECT value FROM json_each(?)) ORDER BY t.no, a.number`, jsonList(ids))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	type cell struct{ id, metric string }
	var repeated []cell // recorded by several attempts
	for rows.Next() {
		var c cell
		var s Summary
		var last, low, high sql.NullFloat64
		if err := rows.Scan(&c.id, &c.metric, &last, &s.LastStep, &low, &high, &s.N); err != nil {
			return nil, err
		}
		s.Last, s.Min, s.Max = orNaN(last), orNaN(low), orNaN(high)
		if all[c.id] == nil {
			all[c.id] = map[string]Summary{}
		}
		if _, ok := all[c.id][c.metric]; ok {
			repeated = append(repeated, c)
		}
		all[c.id][c.metric] = s
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, c := range repeated { // rare: count each step once
		points, err := db.Points(ctx, c.id, c.metric)
		if err != nil {
			return nil, err
		}
		all[c.id][c.metric] = summarize(points)
	}
	return all, nil
}

func summarize(points []Point) Summary {
	s := Summary{LastStep: math.MinInt64, Last: math.NaN(), Min: math.NaN(), Max: math.NaN()}
	for _, p := range points {
		s.add(p)
	}
	return s
}

// add counts one more point.
func (s *Summary) add(p Point) {
	s.N++
	if p.Step >= s.LastStep {
		s.Last, s.LastStep = p.Value, p.Step
	}
	if math.IsNaN(p.Value) {
		return
	}
	if !(s.Min <= p.Value) {
		s.Min = p.Value
	}
	if !(s.Max >= p.Value) {
		s.Max = p.Value
	}
}

// Points reads the curve of a metric by rising step.
func (db *DB) Points(ctx context.Context, id, metric string) ([]Point, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT p.step, p.value
		FROM trial t JOIN attempt a ON a.trial = t.no AND a.purpose = 'run' JOIN key k ON k.name = ?
		JOIN point p ON p.trial = t.no AND p.attempt = a.number AND p.key = k.id
		WHERE t.id = ? ORDER BY p.step, a.number`, metric, id)
	if err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	defer rows.Close()
	var points []Point
	for rows.Next() {
		var p Point
		var value sql.NullFloat64
		if err := rows.Scan(&p.Step, &value); err != nil {
			return nil, fmt.Errorf("read points: %w", err)
		}
		p.Value = orNaN(value)
		if n := len(points); n > 0 && points[n-1].Step == p.Step {
			points[n-1] = p // the newer attempt counts
			continue
		}
		points = append(points, p)
	}
	return points, rows.Err()
}

// AttemptMetrics reads the final value of each metric that one attempt recorded itself; also of a rerun.
func (db *DB) AttemptMetrics(ctx context.Context, id string, attempt int) (map[string]float64, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT k.name, y.last FROM trial t
		JOIN summary y ON y.trial = t.no AND y.attempt = ? JOIN key k ON k.id = y.key WHERE t.id = ?`, attempt, id)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	defer rows.Close()
	values := map[string]float64{}
	for rows.Next() {
		var name string
		var value sql.NullFloat64
		if err := rows.Scan(&name, &value); err != nil {
			return nil, fmt.Errorf("read metrics: %w", err)
		}
		values[name] = orNaN(value)
	}
	return values, rows.Err()
}

// Notes reads what the runs of a trial noted, in their order; where a key was noted again, the last text counts.
func (db *DB) Notes(ctx context.Context, id string) ([]Note, error) {
	rows, err := db.sql.QueryContext(ctx, `SELECT n.key, n.text FROM trial t JOIN note n ON n.trial = t.no
		JOIN attempt a ON a.trial = t.no AND a.number = n.attempt AND a.purpose = ?
		WHERE t.id = ? ORDER BY n.attempt, n.seq`, journal.PurposeRun, id)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	defer rows.Close()
	var notes []Note
	places := map[string]int{}
	for rows.Next() {
		var n Note
		if err := rows.Scan(&n.Key, &n.Text); err != nil {
			return nil, fmt.Errorf("read notes: %w", err)
		}
		if i, ok := places[n.Key]; ok {
			notes[i] = n
			continue
		}
		places[n.Key] = len(notes)
		notes = append(notes, n)
	}
	return notes, rows.Err()
}
