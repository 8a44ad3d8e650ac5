package registry

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
)

// Reach is the first point that a trial has recorded from some step on.
type Reach struct {
	ID    string
	State State
	Point
}

// Reached reads the first point of a metric from step on for each of the trials, of the runs whose numbers count; trials that
// have not come so far are absent.
func (db *DB) Reached(ctx context.Context, ids []string, metric string, step int64) ([]Reach, error) {
	var list []Reach
	var merged []Reach
	err := db.read(ctx, `SELECT t.id, t.state, t.merged, p.step, p.value FROM trial t JOIN key k ON k.name = ?1
		LEFT JOIN point p ON p.trial = t.no AND p.key = k.id
			AND p.attempt = CASE WHEN t.result > 0 THEN t.result ELSE t.attempt END
			AND p.step = (SELECT MIN(q.step) FROM point q WHERE q.trial = t.no AND q.key = k.id
				AND q.attempt = CASE WHEN t.result > 0 THEN t.result ELSE t.attempt END AND q.step >= ?2)
		WHERE t.id IN (SELECT value FROM json_each(?3)) AND (t.merged OR p.step IS NOT NULL) ORDER BY t.no`,
		[]any{metric, step, jsonList(ids)}, func(rows *sql.Rows) error {
			var r Reach
			var several bool
			var at sql.NullInt64
			var value sql.NullFloat64
			if err := rows.Scan(&r.ID, &r.State, &several, &at, &value); err != nil {
				return err
			}
			if several {
				merged = append(merged, r)
				return nil
			}
			r.Point = Point{at.Int64, orNaN(value)}
			list = append(list, r)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	for _, r := range merged { // rare
		points, err := db.Points(ctx, r.ID, metric)
		if err != nil {
			return nil, err
		}
		if i := slices.IndexFunc(points, func(p Point) bool { return p.Step >= step }); i >= 0 {
			r.Point = points[i]
			list = append(list, r)
		}
	}
	return list, nil
}
