package registry

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// checkBuckets compares what the database adds up of a curve with what its points come to, for ranges of several widths.
func checkBuckets(t *testing.T, db *DB, id, metric string, want []Point) {
	t.Helper()
	ctx := context.Background()
	for _, starts := range [][]int64{{math.MinInt64}, {math.MinInt64, 1, 2, 3, 4, 5}, {1, 3, 4}, {0, 2, math.MaxInt64}} {
		got, err := db.Buckets(ctx, id, metric, starts, math.MaxInt64)
		must(t, err)
		if len(got) != len(starts) && len(got) != 0 {
			t.Fatalf("%d buckets for %d ranges", len(got), len(starts))
		}
		for i, b := range bucketed(want, starts, math.MaxInt64) {
			if len(got) == 0 {
				got = make([]Bucket, len(starts))
			}
			if d := cmp.Diff(b, got[i], cmpopts.EquateApprox(0, 1e-9)); d != "" && (b.N > 0 || got[i].N > 0 || b.Skipped != got[i].Skipped) {
				t.Errorf("bucket %d of %v of %s (-want +got):\n%s", i, starts, metric, d)
			}
		}
	}
	if len(want) < 100 {
		sampled, err := db.Sampled(ctx, id, metric, 1000)
		must(t, err)
		if d := cmp.Diff(want, sampled, cmpopts.EquateNaNs(), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("all points of %s, sampled (-want +got):\n%s", metric, d)
		}
		few, err := db.Sampled(ctx, id, metric, 2)
		must(t, err)
		if n := min(2, len(want)); len(few) != n || n > 0 && few[n-1].Step != want[len(want)-1].Step {
			t.Errorf("two points of %s: %v of %v", metric, few, want)
		}
	}
	steps, err := db.StepRange(ctx, id, metric)
	must(t, err)
	if steps.Found != (len(want) > 0) || steps.Found && (steps.First != want[0].Step || steps.Last != want[len(want)-1].Step) {
		t.Errorf("steps of %s: %+v; want those of %v", metric, steps, want)
	}
}

// TestBucketsKeepExtremes: one point among a hundred thousand, numbers whose sum is out of range, and a bucket without numbers.
func TestBucketsKeepExtremes(t *testing.T) {
	var curve []Point
	for step := int64(0); step < 100_000; step++ {
		curve = append(curve, Point{step, math.Sin(float64(step))})
	}
	curve[54_321].Value, curve[54_322].Value, curve[7].Value = 1e6, -1e6, math.Inf(1)
	for i := 90_000; i < 91_000; i++ {
		curve[i].Value = math.NaN()
	}
	for i := 10_000; i < 11_000; i++ {
		curve[i].Value = math.MaxFloat64
	}
	home := t.TempDir()
	trial := program(1)
	writeRuns(t, home, trial, run{points: map[string][]Point{"loss": curve}, end: endDone})
	db := open(t, home)
	var starts []int64
	for start := int64(0); start < 100_000; start += 1000 {
		starts = append(starts, start)
	}
	got, err := db.Buckets(context.Background(), trial.ID(), "loss", starts, math.MaxInt64)
	must(t, err)
	if b := got[54]; b.Max != 1e6 || b.Min != -1e6 || b.N != 1000 || b.First != 54_000 || b.Last != 54_999 {
		t.Errorf("the bucket with a spike: %+v", b)
	}
	if b := got[0]; b.N != 999 || b.Max > 1 || b.Skipped {
		t.Errorf("the bucket with an infinite value: %+v", b)
	}
	if b := got[90]; b.N != 0 || !b.Skipped {
		t.Errorf("the bucket without numbers: %+v", b)
	}
	sampled, err := db.Sampled(context.Background(), trial.ID(), "loss", 48)
	must(t, err)
	if len(sampled) != 48 || sampled[0].Step != 0 || sampled[47] != curve[99_999] {
		t.Errorf("%d points: %v", len(sampled), sampled)
	}
	if b := got[10]; !(b.Mean <= math.MaxFloat64 && b.Mean > .999*math.MaxFloat64) {
		t.Errorf("the bucket whose sum is out of range: %+v", b)
	}
}

// TestSpikeAmongAMillion: of a million points the one that is far from all others is in its bucket.
func TestSpikeAmongAMillion(t *testing.T) {
	ctx := context.Background()
	home := t.TempDir()
	trial := program(1)
	writeRuns(t, home, trial, run{points: map[string][]Point{"loss": {{0, 1}}}, end: endDone})
	db := open(t, home)
	must(t, db.write(ctx, func(x tx) error {
		return x.do(`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 999999)
			INSERT INTO point SELECT p.trial, p.attempt, p.key, n.i, CASE n.i WHEN 765432 THEN 1e9 ELSE 1 END FROM point p, n`)
	}))
	var starts []int64
	for start := int64(0); start < 1_000_000; start += 2000 {
		starts = append(starts, start)
	}
	buckets, err := db.Buckets(ctx, trial.ID(), "loss", starts, math.MaxInt64)
	must(t, err)
	for i, b := range buckets {
		want := 1.
		if i == 765_432/2000 {
			want = 1e9
		}
		if b.N != 2000 || b.Max != want || b.Min != 1 {
			t.Errorf("bucket %d: %+v", i, b)
		}
	}
}
