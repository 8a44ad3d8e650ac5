package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
)

// Point is one value of a metric.
type Point struct {
	Step  int64
	Value float64 // NaN and the infinities are values
}

// Summary says what a metric came to.
type Summary struct {
	Last     float64 // the result: the value at the last step; may be NaN or infinite
	LastStep int64
	Min, Max float64 // over all points that are finite; NaN when none is
	N        int     // points; a step counts once
	NaN, Inf int     // how many of them are NaN, and infinite
	Final    bool    // the run that measured it is done
}

// Best is the least or the greatest finite value that was seen.
func (s Summary) Best(minimize bool) float64 {
	if minimize {
		return s.Min
	}
	return s.Max
}

func newSummary() *Summary {
	return &Summary{LastStep: math.MinInt64, Last: math.NaN(), Min: math.NaN(), Max: math.NaN()}
}

func summarize(points []Point) *Summary {
	s := newSummary()
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
	switch {
	case math.IsNaN(p.Value):
		s.NaN++
		return
	case math.IsInf(p.Value, 0):
		s.Inf++
		return
	}
	if !(s.Min <= p.Value) {
		s.Min = p.Value
	}
	if !(s.Max >= p.Value) {
		s.Max = p.Value
	}
}

// Note is a fact that a trial recorded in words.
type Note struct{ Key, Text string }

// summaries are the results of trials, of the run that is done, else of the newest.
const summaries = `SELECT t.id, t.result > 0, t.merged, r.metrics
	FROM trial t JOIN attempt a ON a.trial = t.no AND a.number = CASE WHEN t.result > 0 THEN t.result ELSE t.attempt END
	LEFT JOIN result r ON r.attempt = a.no
	WHERE t.id IN (SELECT value FROM json_each(?))`

// eachResult calls fn with the results of each of the trials that have some; those of merged runs have to be read otherwise.
func (db *DB) eachResult(ctx context.Context, ids []string, fn func(id string, final, merged bool, encoded sql.RawBytes) error) error {
	return db.read(ctx, summaries, []any{jsonList(ids)}, func(rows *sql.Rows) error {
		var id string
		var final, merged bool
		var encoded sql.RawBytes
		if err := rows.Scan(&id, &final, &merged, &encoded); err != nil {
			return err
		}
		return fn(id, final, merged, encoded)
	})
}

// Summary reads what every metric of the trials came to: trial -> metric -> summary. Trials without numbers are absent.
// The numbers are those of the run that is done, else of the newest run (Summary.Final).
func (db *DB) Summary(ctx context.Context, ids []string) (map[string]map[string]Summary, error) {
	var all map[string]map[string]Summary
	var resumed []string
	err := db.withNames(ctx, func(names map[int64]string) error {
		all, resumed = make(map[string]map[string]Summary, len(ids)), nil
		return db.eachResult(ctx, ids, func(id string, final, merged bool, encoded sql.RawBytes) (err error) {
			switch {
			case merged:
				resumed = append(resumed, id)
			case len(encoded) > 0:
				all[id], err = nameResults(encoded, names, final)
			}
			return err
		})
	})
	for _, id := range resumed { // rare
		var values map[string]Summary
		if err == nil {
			values, err = db.mergedSummary(ctx, id)
		}
		if len(values) > 0 {
			all[id] = values
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return all, nil
}

// SummaryOf reads what one metric of the trials came to, by trial: [DB.Summary] for those who need no other.
func (db *DB) SummaryOf(ctx context.Context, ids []string, metric string) (map[string]Summary, error) {
	var key int64
	err := db.readOne(ctx, `SELECT id FROM key WHERE name = ?`, []any{metric}, &key)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	all := make(map[string]Summary, len(ids))
	resumed := map[string]bool{}
	if err == nil {
		err = db.eachResult(ctx, ids, func(id string, final, merged bool, encoded sql.RawBytes) error {
			if merged {
				resumed[id] = final
				return nil
			}
			return decodeResults(encoded, func(k int64, s Summary) {
				if k == key {
					s.Final = final
					all[id] = s
				}
			})
		})
	}
	for id, final := range resumed { // rare
		var points []Point
		if err == nil {
			points, err = db.Points(ctx, id, metric)
		}
		if len(points) > 0 {
			s := *summarize(points)
			s.Final = final
			all[id] = s
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return all, nil
}

// MostPoints is how many points the longest curve of each metric has among those of the trials.
func (db *DB) MostPoints(ctx context.Context, ids []string) (map[string]int, error) {
	most := map[string]int{}
	var resumed []string
	err := db.withNames(ctx, func(names map[int64]string) error {
		counts := map[int64]int{}
		clear(most)
		resumed = nil
		err := db.eachResult(ctx, ids, func(id string, _, merged bool, encoded sql.RawBytes) error {
			if merged {
				resumed = append(resumed, id)
				return nil
			}
			return decodeResults(encoded, func(key int64, s Summary) { counts[key] = max(counts[key], s.N) })
		})
		for key, n := range counts {
			name, known := names[key]
			if !known {
				return errNewMetric
			}
			most[name] = n
		}
		return err
	})
	for _, id := range resumed { // rare
		var values map[string]Summary
		if err == nil {
			values, err = db.mergedSummary(ctx, id)
		}
		for name, s := range values {
			most[name] = max(most[name], s.N)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	return most, nil
}

// errNewMetric means that a metric was added after the names were read.
var errNewMetric = errors.New("a metric without a name")

// withNames calls fn with the names of all metrics by key.id; again where fn met a metric that is newer than the names.
func (db *DB) withNames(ctx context.Context, fn func(names map[int64]string) error) error {
	for {
		names := map[int64]string{}
		err := db.read(ctx, `SELECT id, name FROM key`, nil, func(rows *sql.Rows) error {
			var id int64
			var name string
			err := rows.Scan(&id, &name)
			names[id] = name
			return err
		})
		if err != nil {
			return err
		}
		err = fn(names)
		if !errors.Is(err, errNewMetric) || db.knowsNoMore(ctx, len(names)) {
			return err
		}
	}
}

// knowsNoMore reports whether there are no more than n names.
func (db *DB) knowsNoMore(ctx context.Context, n int) bool {
	var now int
	err := db.readOne(ctx, `SELECT COUNT(*) FROM key`, nil, &now)
	return err != nil || now <= n
}

// nameResults reads the summaries of an attempt.
func nameResults(encoded []byte, names map[int64]string, final bool) (map[string]Summary, error) {
	values := make(map[string]Summary, len(encoded)/(summaryFloats+6))
	unknown := false
	err := decodeResults(encoded, func(key int64, s Summary) {
		name, ok := names[key]
		unknown = unknown || !ok
		s.Final = final
		values[name] = s
	})
	if err == nil && unknown {
		err = errNewMetric
	}
	return values, err
}

// Points reads the curve of a metric by rising step, of the runs whose numbers count.
func (db *DB) Points(ctx context.Context, id, metric string) ([]Point, error) {
	chain, err := db.chain(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	var points []Point
	for _, link := range chain {
		own, err := db.AttemptPoints(ctx, id, link.number, metric)
		if err != nil {
			return nil, err
		}
		points = link.join(points, own)
	}
	return points, nil
}

// AttemptPoints reads the curve of a metric that one attempt recorded itself, by rising step; also of a rerun.
func (db *DB) AttemptPoints(ctx context.Context, id string, attempt int, metric string) ([]Point, error) {
	var points []Point
	err := db.read(ctx, `SELECT p.step, p.value FROM trial t JOIN key k ON k.name = ?
		JOIN point p ON p.trial = t.no AND p.attempt = ? AND p.key = k.id WHERE t.id = ? ORDER BY p.step`,
		[]any{metric, attempt, id}, func(rows *sql.Rows) error {
			var p Point
			var value sql.NullFloat64
			if err := rows.Scan(&p.Step, &value); err != nil {
				return err
			}
			p.Value = orNaN(value)
			points = append(points, p)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	return points, nil
}

// AttemptMetrics reads the final value of each metric that one attempt recorded itself; also of a rerun.
func (db *DB) AttemptMetrics(ctx context.Context, id string, attempt int) (map[string]float64, error) {
	summaries, err := db.attemptSummaries(ctx, id, attempt)
	if err != nil {
		return nil, fmt.Errorf("read metrics: %w", err)
	}
	values := make(map[string]float64, len(summaries))
	for name, s := range summaries {
		values[name] = s.Last
	}
	return values, nil
}

// attemptSummaries reads what the metrics came to that one attempt recorded itself.
func (db *DB) attemptSummaries(ctx context.Context, id string, attempt int) (map[string]Summary, error) {
	values := map[string]Summary{}
	err := db.withNames(ctx, func(names map[int64]string) error {
		return db.read(ctx, `SELECT a.state = 'done', r.metrics FROM trial t JOIN attempt a ON a.trial = t.no AND a.number = ?
			JOIN result r ON r.attempt = a.no WHERE t.id = ?`, []any{attempt, id}, func(rows *sql.Rows) error {
			var done bool
			var encoded sql.RawBytes
			err := rows.Scan(&done, &encoded)
			if err == nil {
				values, err = nameResults(encoded, names, done)
			}
			return err
		})
	})
	return values, err
}

// AllNotes reads the Notes of many trials at once, by trial.
func (db *DB) AllNotes(ctx context.Context, ids []string) (map[string][]Note, error) {
	all := map[string][]Note{}
	var merged []string
	err := db.read(ctx, `SELECT id FROM trial WHERE merged AND id IN (SELECT value FROM json_each(?))`, []any{jsonList(ids)},
		func(rows *sql.Rows) error {
			var id string
			err := rows.Scan(&id)
			merged = append(merged, id)
			return err
		})
	if err == nil {
		err = db.read(ctx, `SELECT t.id, n.key, n.text FROM trial t
			JOIN note n ON n.trial = t.no AND n.attempt = CASE WHEN t.result > 0 THEN t.result ELSE t.attempt END
			WHERE NOT t.merged AND t.id IN (SELECT value FROM json_each(?)) ORDER BY t.no, n.seq`, []any{jsonList(ids)},
			func(rows *sql.Rows) error {
				var id string
				var n Note
				if err := rows.Scan(&id, &n.Key, &n.Text); err != nil {
					return err
				}
				all[id] = noted(all[id], n)
				return nil
			})
	}
	for _, id := range merged { // rare
		if err == nil {
			all[id], err = db.Notes(ctx, id)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	return all, nil
}

// noted adds a note; where its key was noted before, the last text counts.
func noted(notes []Note, n Note) []Note {
	for i := range notes {
		if notes[i].Key == n.Key {
			notes[i] = n
			return notes
		}
	}
	return append(notes, n)
}

// Notes reads what the runs noted whose numbers count, in their order; where a key was noted again, the last text counts.
func (db *DB) Notes(ctx context.Context, id string) ([]Note, error) {
	chain, err := db.chain(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("read notes: %w", err)
	}
	var notes []Note
	for _, link := range chain {
		err := db.read(ctx, `SELECT n.key, n.text FROM trial t JOIN note n ON n.trial = t.no AND n.attempt = ?
			WHERE t.id = ? ORDER BY n.seq`, []any{link.number, id}, func(rows *sql.Rows) error {
			var n Note
			if err := rows.Scan(&n.Key, &n.Text); err != nil {
				return err
			}
			notes = noted(notes, n)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read notes: %w", err)
		}
	}
	return notes, nil
}
