package registry

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"
)

// Bucket is what a curve comes to over a range of steps.
type Bucket struct {
	N              int     // finite points; where there are none the numbers below mean nothing
	Skipped        bool    // there are points, and all of them are NaN or infinite
	First, Last    int64   // the steps of the first and the last point
	Mean, Min, Max float64 // of the finite points
}

// span is a range of steps, both ends included, of the points of one attempt.
type span struct {
	attempt     int
	first, last int64
}

// curveKey is a metric of a trial as the rows of points name it.
type curveKey struct{ trial, key int64 }

// StepRange is the first and the last step at which a metric was recorded, by the runs whose numbers count; false where it was
// not.
func (db *DB) StepRange(ctx context.Context, id, metric string) (first, last int64, found bool, err error) {
	_, spans, err := db.spans(ctx, id, metric)
	if errors.Is(err, errInterleaved) {
		var points []Point
		if points, err = db.Points(ctx, id, metric); err == nil && len(points) > 0 {
			return points[0].Step, points[len(points)-1].Step, true, nil
		}
	}
	if err != nil || len(spans) == 0 {
		return 0, 0, false, err
	}
	return spans[0].first, spans[len(spans)-1].last, true, nil
}

// Buckets reads the curve of a metric, of the runs whose numbers count, in ranges of steps: starts are the rising first steps of
// the ranges, each of which ends before the next one. The database adds them up, so that a curve of any length takes the memory of
// its buckets.
func (db *DB) Buckets(ctx context.Context, id, metric string, starts []int64) ([]Bucket, error) {
	key, spans, err := db.spans(ctx, id, metric)
	if errors.Is(err, errInterleaved) {
		points, err := db.Points(ctx, id, metric)
		return bucketed(points, starts), err
	}
	if err != nil {
		return nil, err
	}
	buckets := make([]Bucket, len(starts))
	for i, start := range starts {
		end := int64(math.MaxInt64)
		if i+1 < len(starts) {
			end = starts[i+1] - 1
		}
		for _, s := range spans {
			s.first, s.last = max(s.first, start), min(s.last, end)
			if s.first > s.last {
				continue
			}
			b, err := db.bucket(ctx, key, s)
			if err != nil {
				return nil, fmt.Errorf("read points: %w", err)
			}
			buckets[i] = buckets[i].and(b)
		}
	}
	return buckets, nil
}

// and is two buckets as one.
func (b Bucket) and(o Bucket) Bucket {
	switch {
	case o.N == 0:
		b.Skipped = b.N == 0 && (b.Skipped || o.Skipped)
		return b
	case b.N == 0:
		return o
	}
	share := float64(o.N) / float64(b.N+o.N)
	return Bucket{N: b.N + o.N, First: min(b.First, o.First), Last: max(b.Last, o.Last), Mean: b.Mean*(1-share) + o.Mean*share,
		Min: math.Min(b.Min, o.Min), Max: math.Max(b.Max, o.Max)}
}

// inSpan chooses the points of a span, finiteIn those of them that are numbers; stepsOf is its first and last step.
const (
	inSpan   = ` FROM point WHERE trial = ?1 AND attempt = ?2 AND key = ?3 AND step BETWEEN ?4 AND ?5`
	finiteIn = inSpan + ` AND value BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308`
	stepsOf  = `SELECT (SELECT step` + inSpan + ` ORDER BY step LIMIT 1), (SELECT step` + inSpan + ` ORDER BY step DESC LIMIT 1)`
)

// bucket adds up the points of a span.
func (db *DB) bucket(ctx context.Context, k curveKey, s span) (Bucket, error) {
	args := []any{k.trial, s.attempt, k.key, s.first, s.last}
	var b Bucket
	var sum, least, most sql.NullFloat64
	err := db.readOne(ctx, `SELECT COUNT(*), SUM(value), MIN(value), MAX(value)`+finiteIn, args, &b.N, &sum, &least, &most)
	if err != nil {
		return b, err
	}
	steps, some, err := db.recorded(ctx, k, s)
	if err != nil || b.N == 0 {
		b.Skipped = some
		return b, err
	}
	b.First, b.Last = steps.first, steps.last
	b.Mean, b.Min, b.Max = sum.Float64/float64(b.N), least.Float64, most.Float64
	if math.IsInf(b.Mean, 0) || math.IsNaN(b.Mean) { // the sum overflows
		err = db.readOne(ctx, `SELECT SUM(value / ?6)`+finiteIn, append(args, float64(b.N)), &b.Mean)
	}
	b.Mean = math.Max(b.Min, math.Min(b.Mean, b.Max)) // where rounding led it out of range
	return b, err
}

// bucketed is [DB.Buckets] of points in memory.
func bucketed(points []Point, starts []int64) []Bucket {
	buckets := make([]Bucket, len(starts))
	for len(points) > 0 {
		i, exact := slices.BinarySearch(starts, points[0].Step)
		if !exact {
			i--
		}
		n := 1
		for n < len(points) && (i+1 >= len(starts) || points[n].Step < starts[i+1]) {
			n++
		}
		if i >= 0 {
			buckets[i] = bucketOf(points[:n])
		}
		points = points[n:]
	}
	return buckets
}

// bucketOf is what points come to, of which there is at least one.
func bucketOf(points []Point) Bucket {
	s := summarize(points)
	b := Bucket{N: s.N - s.NaN - s.Inf, First: points[0].Step, Last: points[len(points)-1].Step, Min: s.Min, Max: s.Max}
	b.Skipped = b.N == 0
	for _, p := range points {
		if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) {
			b.Mean += p.Value / float64(b.N)
		}
	}
	return b
}

// errInterleaved means that the runs of a trial have recorded the same steps: which points count is decided point by point.
var errInterleaved = errors.New("the runs of a trial have recorded the same steps")

// spans are the points of a metric that count, by rising steps: as [DB.Points] would join them.
func (db *DB) spans(ctx context.Context, id, metric string) (curveKey, []span, error) {
	var key curveKey
	err := db.readOne(ctx, `SELECT t.no, k.id FROM trial t JOIN key k ON k.name = ? WHERE t.id = ?`, []any{metric, id}, &key.trial, &key.key)
	if errors.Is(err, sql.ErrNoRows) {
		return key, nil, nil
	}
	if err != nil {
		return key, nil, fmt.Errorf("read points: %w", err)
	}
	chain, err := db.chain(ctx, id)
	var spans []span
	for _, link := range chain {
		var own span
		var some bool
		if err == nil {
			own, some, err = db.recorded(ctx, key, span{link.number, math.MinInt64, math.MaxInt64})
		}
		if err == nil {
			spans, err = link.joinSpans(spans, own, some)
		}
	}
	for i := 0; err == nil && i < len(spans); i++ { // a run that resumed may have cut the end off
		var some bool
		if spans[i], some, err = db.recorded(ctx, key, spans[i]); !some {
			spans = slices.Delete(spans, i, i+1)
			i--
		}
	}
	if err != nil {
		return key, nil, fmt.Errorf("read points: %w", err)
	}
	return key, spans, nil
}

// recorded is the span from the first to the last step of s that has a point, and whether there is any.
func (db *DB) recorded(ctx context.Context, k curveKey, s span) (span, bool, error) {
	var first, last sql.NullInt64
	err := db.readOne(ctx, stepsOf, []any{k.trial, s.attempt, k.key, s.first, s.last}, &first, &last)
	return span{s.attempt, first.Int64, last.Int64}, first.Valid, err
}

// joinSpans is [link.join] for ranges of steps; errInterleaved where ranges are not enough.
func (l link) joinSpans(before []span, own span, some bool) ([]span, error) {
	var spans []span
	switch {
	case l.silent:
		return before, nil
	case !l.after.Valid:
	default:
		until := l.after.Int64
		if until < 0 && some {
			if own.first == math.MinInt64 {
				until = own.first
			} else {
				until = own.first - 1
			}
		} else if until < 0 {
			return before, nil
		}
		for _, s := range before {
			if s.last = min(s.last, until); s.first <= s.last {
				spans = append(spans, s)
			}
		}
	}
	if !some {
		return spans, nil
	}
	if len(spans) > 0 && spans[len(spans)-1].last >= own.first {
		return nil, errInterleaved
	}
	return append(spans, own), nil
}
