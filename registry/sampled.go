package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Sampled reads at most n points of the curve of a metric, of the runs whose numbers count, spread over its steps, with the last among
// them. It costs the same however long the curve is.
func (db *DB) Sampled(ctx context.Context, id, metric string, n int) ([]Point, error) {
	key, spans, err := db.spans(ctx, id, metric)
	if errors.Is(err, errInterleaved) {
		points, err := db.Points(ctx, id, metric)
		return thinned(points, n), err
	}
	if err != nil || len(spans) == 0 || n <= 0 {
		return nil, err
	}
	first, last := spans[0].first, spans[len(spans)-1].last
	var points []Point
	for i, from := 0, first; i < n; i++ {
		from = max(from, stepAt(first, last, float64(i)/float64(max(1, n-1))))
		if i == n-1 {
			from = last
		}
		p, some, err := db.pointFrom(ctx, key, spans, from)
		if err != nil {
			return nil, fmt.Errorf("read points: %w", err)
		}
		if !some {
			break
		}
		if points = append(points, p); p.Step >= last {
			break
		}
		from = p.Step + 1
	}
	return points, nil
}

// stepAt is the step at a share of the way from first to last, whose difference may be out of range.
func stepAt(first, last int64, share float64) int64 {
	at := float64(first)*(1-share) + float64(last)*share
	switch {
	case at >= float64(last):
		return last
	case at <= float64(first):
		return first
	}
	return int64(at)
}

// pointFrom is the first point at a step or behind it.
func (db *DB) pointFrom(ctx context.Context, k curveKey, spans []span, step int64) (p Point, some bool, err error) {
	for _, s := range spans {
		if s.last < step {
			continue
		}
		var value sql.NullFloat64
		err := db.readOne(ctx, `SELECT step, value`+inSpan+` ORDER BY step LIMIT 1`, []any{k.trial, s.attempt, k.key, max(step, s.first), s.last}, &p.Step, &value)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		p.Value = orNaN(value)
		return p, err == nil, err
	}
	return p, false, nil
}

// thinned are n of the points, the last among them.
func thinned(points []Point, n int) []Point {
	if len(points) <= n || n <= 0 {
		return points[:min(len(points), max(n, 0))]
	}
	kept := make([]Point, n)
	for i := range kept {
		kept[i] = points[(len(points)-1)*(i+1)/n]
	}
	return kept
}
