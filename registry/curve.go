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

// Steps are those of a curve.
type Steps struct {
	First, Last int64
	Found       bool  // there is a point
	Grain       int64 // a power of two: ranges that begin at multiples of it are read fastest; 1: all alike
}

// StepRange is the first and the last step at which a metric was recorded, by the runs whose numbers count.
func (db *DB) StepRange(ctx context.Context, id, metric string) (Steps, error) {
	steps := Steps{Grain: 1}
	key, spans, err := db.spans(ctx, id, metric)
	if errors.Is(err, errInterleaved) {
		var points []Point
		if points, err = db.Points(ctx, id, metric); err == nil && len(points) > 0 {
			steps.First, steps.Last, steps.Found = points[0].Step, points[len(points)-1].Step, true
		}
		return steps, err
	}
	if err != nil || len(spans) == 0 {
		return steps, err
	}
	steps.First, steps.Last, steps.Found = spans[0].first, spans[len(spans)-1].last, true
	for _, s := range spans {
		var grain sql.NullInt64
		if err := db.readOne(ctx, `SELECT MAX(grain) FROM rollup WHERE trial = ? AND attempt = ? AND key = ?`,
			[]any{key.trial, s.attempt, key.key}, &grain); err != nil {
			return steps, fmt.Errorf("read points: %w", err)
		}
		steps.Grain = max(steps.Grain, grain.Int64)
	}
	return steps, nil
}

// Buckets reads the curve of a metric, of the runs whose numbers count, in ranges of steps: starts are the rising first steps of
// the ranges, each of which ends before the next one, the last one at the step last. What a long curve comes to was added up when it was
// recorded, so that one of any length takes the memory and nearly the time of its buckets.
func (db *DB) Buckets(ctx context.Context, id, metric string, starts []int64, last int64) ([]Bucket, error) {
	if len(starts) == 0 {
		return nil, nil
	}
	key, spans, err := db.spans(ctx, id, metric)
	if errors.Is(err, errInterleaved) {
		points, err := db.Points(ctx, id, metric)
		return bucketed(points, starts, last), err
	}
	if err != nil {
		return nil, err
	}
	sum := &summation{starts: starts, buckets: make([]Bucket, len(starts))}
	for _, s := range spans {
		s.first, s.last = max(s.first, starts[0]), min(s.last, last)
		if err == nil && s.first <= s.last {
			err = db.sumSpan(ctx, key, s, sum)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("read points: %w", err)
	}
	return sum.buckets, nil
}

// summation adds up a curve by rising steps.
type summation struct {
	starts  []int64
	buckets []Bucket
	at      int // the bucket that was asked for last
}

// bucketOf is the bucket of a step that is not below the first one.
func (s *summation) bucketOf(step int64) int {
	if s.starts[s.at] <= step && (s.at+1 == len(s.starts) || step < s.starts[s.at+1]) {
		return s.at
	}
	i, exact := slices.BinarySearch(s.starts, step)
	if !exact {
		i--
	}
	s.at = i
	return i
}

// within reports whether all of a sum lies in one bucket.
func (s *summation) within(b Bucket) bool {
	i := s.bucketOf(b.First)
	return i+1 == len(s.starts) || b.Last < s.starts[i+1]
}

// sumSpan adds a span of an attempt: of what was added up beforehand all that lies in one bucket, of the rest the points.
func (db *DB) sumSpan(ctx context.Context, k curveKey, s span, sum *summation) error {
	stretches, err := db.stretches(ctx, k, s)
	next := s.first // all before it has been added
	for i := 0; err == nil && i < len(stretches); i++ {
		row := stretches[i]
		if err = db.sumPoints(ctx, k, span{s.attempt, next, row.first - 1}, sum); err == nil {
			next, err = db.sumStretch(ctx, k, span{s.attempt, max(next, row.first), min(row.end, s.last)}, row, sum)
		}
	}
	if err != nil {
		return err
	}
	return db.sumPoints(ctx, k, span{s.attempt, next, s.last}, sum)
}

// sumStretch adds the part of a span that lies in a stretch, and returns the step behind it.
func (db *DB) sumStretch(ctx context.Context, k curveKey, s span, row summedStretch, sum *summation) (next int64, err error) {
	next = s.first
	rest := false // there are points from next on that must be added one by one
	until := func(last int64) {
		if rest && err == nil {
			err = db.sumPoints(ctx, k, span{s.attempt, next, last}, sum)
		}
		rest = false
	}
	decoded := decodeSums(row.first, row.sums, func(b Bucket) {
		switch {
		case b.Last < s.first || b.First > s.last:
		case b.First < s.first || b.Last > s.last || !sum.within(b):
			rest = true
		default:
			until(b.First - 1)
			i := sum.bucketOf(b.First)
			sum.buckets[i] = sum.buckets[i].and(b)
			next = b.Last + 1
		}
	})
	until(s.last)
	return s.last + 1, errors.Join(decoded, err)
}

// summedStretch is a row of the table rollup.
type summedStretch struct {
	first, end int64
	sums       []byte
}

// stretches are those that a span reaches into, by rising steps.
func (db *DB) stretches(ctx context.Context, k curveKey, s span) (list []summedStretch, err error) {
	err = db.read(ctx, `SELECT first, first + grain * ?6 - 1, sums FROM rollup WHERE trial = ?1 AND attempt = ?2 AND key = ?3
		AND first <= ?5 AND first + grain * ?6 > ?4 ORDER BY first`, []any{k.trial, s.attempt, k.key, s.first, s.last, stretchGrains},
		func(rows *sql.Rows) error {
			var one summedStretch
			err := rows.Scan(&one.first, &one.end, &one.sums)
			list = append(list, one)
			return err
		})
	return list, err
}

// sumPoints adds the points of a span one by one.
func (db *DB) sumPoints(ctx context.Context, k curveKey, s span, sum *summation) error {
	if s.first > s.last {
		return nil
	}
	return db.read(ctx, `SELECT step, value`+inSpan+` ORDER BY step`, []any{k.trial, s.attempt, k.key, s.first, s.last},
		func(rows *sql.Rows) error {
			var p Point
			var value sql.NullFloat64
			err := rows.Scan(&p.Step, &value)
			p.Value = orNaN(value)
			sum.buckets[sum.bucketOf(p.Step)].add(p)
			return err
		})
}

// and is two buckets as one, the second of which is behind the first.
func (b Bucket) and(o Bucket) Bucket {
	switch {
	case o.N == 0 && !o.Skipped:
		return b
	case b.N == 0 && !b.Skipped:
		return o
	case o.N == 0:
		b.Last = o.Last
		return b
	case b.N == 0:
		o.First = b.First
		return o
	}
	share := float64(o.N) / float64(b.N+o.N)
	return Bucket{N: b.N + o.N, First: b.First, Last: o.Last, Mean: b.Mean*(1-share) + o.Mean*share,
		Min: math.Min(b.Min, o.Min), Max: math.Max(b.Max, o.Max)}
}

// inSpan chooses the points of a span; stepsOf is its first and last step.
const (
	inSpan  = ` FROM point WHERE trial = ?1 AND attempt = ?2 AND key = ?3 AND step BETWEEN ?4 AND ?5`
	stepsOf = `SELECT (SELECT step` + inSpan + ` ORDER BY step LIMIT 1), (SELECT step` + inSpan + ` ORDER BY step DESC LIMIT 1)`
)

// bucketed is [DB.Buckets] of points in memory.
func bucketed(points []Point, starts []int64, last int64) []Bucket {
	sum := &summation{starts: starts, buckets: make([]Bucket, len(starts))}
	for _, p := range points {
		if starts[0] <= p.Step && p.Step <= last {
			sum.buckets[sum.bucketOf(p.Step)].add(p)
		}
	}
	return sum.buckets
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
