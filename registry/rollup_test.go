package registry

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/registry/journal"
)

// oddCurve is a long curve as programs may write one: steps of changing width, one recorded again or late now and then, numbers
// that are none.
func oddCurve(rnd *rand.Rand, n int) []Point {
	var list []Point
	step, width := int64(-500), int64(1)
	for range n {
		step += 1 + rnd.Int64N(width)
		p := Point{step, rnd.NormFloat64()}
		switch rnd.IntN(400) {
		case 0:
			width = 1 + rnd.Int64N(40)
		case 1:
			step += 30_000
		case 2:
			p.Step = -500 + rnd.Int64N(step+501)
		case 3, 4:
			p.Value = math.NaN()
		case 5:
			p.Value = math.Inf(-1)
		case 6:
			p = list[len(list)-1]
			p.Value = 7
		}
		list = append(list, p)
	}
	return list
}

// last are the points of a curve by rising step, of which the last one of a step counts.
func last(curve []Point) []Point {
	by := map[int64]float64{}
	for _, p := range curve {
		by[p.Step] = p.Value
	}
	var list []Point
	for step, value := range by {
		list = append(list, Point{step, value})
	}
	slices.SortFunc(list, func(a, b Point) int { return int(a.Step - b.Step) })
	return list
}

// checkSums compares Buckets with the points, for ranges of many widths and beginnings, and reports how many rows are kept.
func checkSums(t *testing.T, db *DB, id string, want []Point, rnd *rand.Rand) (rows int) {
	t.Helper()
	ctx := context.Background()
	first, end := want[0].Step, want[len(want)-1].Step
	for range 30 {
		from := first - 10 + rnd.Int64N(end-first+20)
		to := from + rnd.Int64N(end-from+20)
		width := 1 + rnd.Int64N(1<<rnd.IntN(16))
		width = max(width, (to-from)/300)
		if rnd.IntN(2) == 0 {
			from = floorTo(from, width)
		}
		var starts []int64
		for at := from; at <= to; at += width {
			starts = append(starts, at)
		}
		got, err := db.Buckets(ctx, id, "loss", starts, to)
		must(t, err)
		for i, b := range bucketed(want, starts, to) {
			if d := cmp.Diff(b, got[i], cmpopts.EquateApprox(1e-9, 1e-12)); d != "" {
				t.Fatalf("bucket %d from %d, ranges of %d (-want +got):\n%s", i, starts[i], width, d)
			}
		}
	}
	must(t, db.readOne(ctx, `SELECT COUNT(*) FROM rollup`, nil, &rows))
	return rows
}

// TestRollups: whatever is written in whatever order, by one process or by several, what is kept added up is what the points come to.
func TestRollups(t *testing.T) {
	ctx := context.Background()
	for seed := range uint64(2) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		curve := oddCurve(rnd, 25_000)
		home := t.TempDir()
		trial := program(1)
		db := open(t, home)
		w, _ := begin(t, home, trial, journal.PurposeRun)
		for i := 0; i < len(curve); {
			for n := 1 + rnd.IntN(9000); n > 0 && i < len(curve); n-- {
				must(t, w.Point("loss", int(curve[i].Step), curve[i].Value))
				i++
			}
			must(t, w.Sync())
			if rnd.IntN(3) == 0 { // by another process
				must(t, db.Close())
				db = open(t, home)
			}
			_, err := db.Ingest(ctx, trial.ID(), 1)
			must(t, err)
			if rnd.IntN(4) == 0 {
				checkSums(t, db, trial.ID(), last(curve[:i]), rnd)
			}
		}
		must(t, w.End(*endDone))
		must(t, w.Close())
		_, err := db.Ingest(ctx, trial.ID(), 1)
		must(t, err)
		if rows := checkSums(t, db, trial.ID(), last(curve), rnd); rows < 3 {
			t.Errorf("%d rows are kept: nothing was checked", rows)
		}
		if len(db.rolled) > 0 {
			t.Error("the end of a curve is kept whose trial has ended")
		}
		must(t, db.Close())
		must(t, os.Remove(filepath.Join(home, fileName)))
		if rows := checkSums(t, open(t, home), trial.ID(), last(curve), rnd); rows < 3 {
			t.Errorf("rebuilt: %d rows are kept", rows)
		}
	}
}

// TestRollupsOfOldHome: the long curves of a registry of version 4 are added up when it is brought up to date, and go with their trial.
func TestRollupsOfOldHome(t *testing.T) {
	ctx := context.Background()
	rnd := rand.New(rand.NewPCG(9, 9))
	home := t.TempDir()
	trial := program(1)
	curve := oddCurve(rnd, 30_000)
	writeRuns(t, home, trial, run{points: map[string][]Point{"loss": curve}, end: endDone})
	db := open(t, home)
	_, err := db.sql.Exec(`DROP TABLE rollup; PRAGMA user_version = 4`)
	must(t, err)
	must(t, db.Close())
	db, err = OpenReadOnly(ctx, home)
	must(t, err)
	if rows := checkSums(t, db, trial.ID(), last(curve), rnd); rows < 3 {
		t.Errorf("%d rows are kept", rows)
	}
	must(t, db.Close())
	writer := open(t, home)
	must(t, writer.write(ctx, func(x tx) error { return deleteTrials(x, []string{trial.ID()}) }))
	var rows int
	must(t, writer.readOne(ctx, `SELECT COUNT(*) FROM rollup`, nil, &rows))
	if rows > 0 {
		t.Errorf("%d rows of a trial that was removed", rows)
	}
}

// TestStepsBeyondCounting: a curve whose steps are as far apart as numbers go is not added up, and read all the same.
func TestStepsBeyondCounting(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 3))
	home := t.TempDir()
	trial := program(1)
	curve := []Point{{math.MinInt64, 1}, {math.MaxInt64, 2}}
	for step := range int64(longCurve + 100) {
		curve = append(curve, Point{step, rnd.Float64()})
	}
	writeRuns(t, home, trial, run{points: map[string][]Point{"loss": curve}, end: endDone})
	db := open(t, home)
	starts := []int64{math.MinInt64, 0, 4096, math.MaxInt64}
	got, err := db.Buckets(context.Background(), trial.ID(), "loss", starts, math.MaxInt64)
	must(t, err)
	slices.SortFunc(curve, func(a, b Point) int {
		if a.Step < b.Step {
			return -1
		}
		return 1
	})
	if d := cmp.Diff(bucketed(curve, starts, math.MaxInt64), got, cmpopts.EquateApprox(1e-9, 0)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// FuzzSums: bytes that are no sums are an error, never a panic.
func FuzzSums(f *testing.F) {
	s := stretchAt(0, 2)
	s.add(Point{1, 2})
	s.add(Point{70, math.NaN()})
	f.Add(s.encode())
	f.Add([]byte{0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1})
	f.Fuzz(func(t *testing.T, encoded []byte) {
		n := 0
		if err := decodeSums(0, encoded, func(Bucket) { n++ }); err == nil && n == 0 && len(encoded) > 0 {
			t.Error("nothing was read, and nothing was wrong")
		}
	})
}
