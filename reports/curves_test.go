package reports

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/registry"
	"harness/registry/journal"
	"harness/sweeps"
)

// p is a point of a test.
type p struct {
	step  int64
	value float64
}

// seedOf is the curve of one seed, each step by itself.
func seedOf(points ...p) []segment {
	var list []segment
	for _, p := range points {
		one := segment{p.step, registry.Bucket{First: p.step, Last: p.step, Skipped: true}}
		if finite(p.value) {
			one.Bucket = registry.Bucket{N: 1, First: p.step, Last: p.step, Mean: p.value, Min: p.value, Max: p.value}
		}
		list = append(list, one)
	}
	return list
}

// TestLineOf: what is averaged over seeds, what stands alone, and where the line breaks.
func TestLineOf(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for name, c := range map[string]struct {
		seeds [][]segment
		want  Line
	}{
		"one seed": {[][]segment{seedOf(p{1, 2}, p{2, nan}, p{3, 4})},
			Line{Step: []float64{1, 2, 3}, Mean: []float64{2, nan, 4}, Std: []float64{nan, nan, nan}, Low: []float64{2, nan, 4}, High: []float64{2, nan, 4}}},
		"two seeds, one ends early": {[][]segment{seedOf(p{1, 2}, p{2, 3}), seedOf(p{1, 4}, p{2, 5}, p{3, 9}, p{4, 8})},
			Line{Step: []float64{1, 2}, Mean: []float64{3, 4}, Std: []float64{math.Sqrt2, math.Sqrt2}, Low: []float64{2, 3}, High: []float64{4, 5},
				Lone: []Trace{{[]float64{2, 3, 4}, []float64{5, 9, 8}, []float64{5, 9, 8}, []float64{5, 9, 8}}}}},
		"steps that never agree": {[][]segment{seedOf(p{1, 1}, p{3, 1}), seedOf(p{2, 5}, p{4, 5})},
			Line{Lone: []Trace{{[]float64{1, 3}, []float64{1, 1}, []float64{1, 1}, []float64{1, 1}}, {[]float64{2, 4}, []float64{5, 5}, []float64{5, 5}, []float64{5, 5}}}}},
		"one seed is infinite at a step": {[][]segment{seedOf(p{1, 1}, p{2, inf}, p{3, 1}), seedOf(p{1, 3}, p{2, 3}, p{3, 3})},
			Line{Step: []float64{1, 3}, Mean: []float64{2, 2}, Std: []float64{math.Sqrt2, math.Sqrt2}, Low: []float64{1, 1}, High: []float64{3, 3},
				Lone: []Trace{{[]float64{1, 2, 3}, []float64{3, 3, 3}, []float64{3, 3, 3}, []float64{3, 3, 3}}}}},
		"one of three seeds ends early": {[][]segment{seedOf(p{1, 1}, p{2, 1}), seedOf(p{1, 1}), seedOf(p{1, 4}, p{2, 3})},
			Line{Step: []float64{1, 2}, Mean: []float64{2, 2}, Std: []float64{math.Sqrt(3), math.Sqrt2}, Low: []float64{1, 1}, High: []float64{4, 3}, Partial: 1}},
		"steps as far apart as numbers go": {[][]segment{seedOf(p{math.MinInt64, 1}, p{0, 2}, p{math.MaxInt64, 3})},
			Line{Step: []float64{math.MinInt64, 0, math.MaxInt64}, Mean: []float64{1, 2, 3}, Std: []float64{nan, nan, nan}, Low: []float64{1, 2, 3}, High: []float64{1, 2, 3}}},
	} {
		c.want.Row, c.want.N, c.want.Averaged = "row", len(c.seeds), 1
		if d := cmp.Diff(c.want, lineOf("row", c.seeds), cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateEmpty()); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// TestStarts: ranges rise, begin at the first step, and are no more than there is room for.
func TestStarts(t *testing.T) {
	for _, c := range [][2]int64{{0, 999_999}, {5, 5}, {math.MinInt64, math.MaxInt64}, {-9e18, 9e18}, {1, 600}, {math.MaxInt64 - 3, math.MaxInt64}, {0, 1 << 40}, {-100, 3}} {
		for name, starts := range map[string][]int64{"even": evenStarts(c[0], c[1], maxBuckets, 1), "grains": evenStarts(c[0], c[1], maxBuckets, 1024), "ratio": ratioStarts(c[0], c[1], maxBuckets, 1), "ratio of grains": ratioStarts(c[0], c[1], maxBuckets, 64)} {
			if c[1] <= 1 && strings.HasPrefix(name, "ratio") {
				continue
			}
			if len(starts) == 0 || len(starts) > maxBuckets+1 || starts[0] != c[0] || !slices.IsSorted(starts) || starts[len(starts)-1] > c[1] ||
				len(slices.Compact(slices.Clone(starts))) != len(starts) {
				t.Errorf("%s ranges from %d to %d: %d, %v …", name, c[0], c[1], len(starts), starts[:min(3, len(starts))])
			}
		}
	}
	if n := len(evenStarts(0, 999_999, maxBuckets, 1)); n != maxBuckets {
		t.Errorf("%d ranges", n)
	}
}

// recordedCurve is a home in which the seeds of one program have recorded a metric: its plan, and the registry.
func recordedCurve(t *testing.T, seeds ...[]registry.Point) (*registry.DB, *sweeps.Plan) {
	t.Helper()
	home := t.TempDir()
	text := "version: 1\nname: own\ncommand: [x]\nmetrics: {loss: }\nseeds: ["
	for i := range seeds {
		text += fmt.Sprintf("%d, ", i)
	}
	s, err := sweeps.Parse("own.yaml", []byte(text+"]\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, trial := range plan.Trials {
		number, dir, err := registry.NewAttempt(home, trial.ID, trial.Spec, 0)
		if err != nil {
			t.Fatal(err)
		}
		w, err := journal.Create(dir)
		if err != nil {
			t.Fatal(err)
		}
		err = w.Start(journal.Start{Trial: trial.ID, Attempt: number, Purpose: journal.PurposeRun, Spec: trial.Spec.Canonical()})
		for _, p := range seeds[i] {
			err = errors.Join(err, w.Point("loss", int(p.Step), p.Value))
		}
		if err := errors.Join(err, w.End(journal.End{Outcome: journal.Done}), w.Close()); err != nil {
			t.Fatal(err)
		}
	}
	db, err := registry.Open(context.Background(), home)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db, plan
}

// loadCurves reads all curves of a plan, with ranges of equal width.
func loadCurves(ctx context.Context, db *registry.DB, plan *sweeps.Plan) ([]Curve, error) {
	all, err := OpenCurves(ctx, db, plan)
	if err != nil {
		return nil, err
	}
	var curves []Curve
	for _, metric := range all.Metrics {
		c, err := all.Read(ctx, metric, false)
		if err != nil {
			return nil, err
		}
		curves = append(curves, c)
	}
	return curves, nil
}

// TestCurveKeepsASpike reads a long curve of two seeds, one of which has one point far from all others, and infinite ones.
func TestCurveKeepsASpike(t *testing.T) {
	var a, b []registry.Point
	for step := int64(0); step < 50_000; step++ {
		a = append(a, registry.Point{Step: step, Value: 1})
		if step < 25_000 {
			b = append(b, registry.Point{Step: step, Value: 3})
		}
	}
	a[12_345].Value, a[40_000].Value, a[30_000].Value, b[9].Value = 1000, -1000, math.Inf(1), math.NaN()
	db, plan := recordedCurve(t, a, b)
	for _, logSteps := range []bool{false, true} {
		all, err := OpenCurves(context.Background(), db, plan)
		if err != nil {
			t.Fatal(err)
		}
		c, err := all.Read(context.Background(), "loss", logSteps)
		if err != nil || len(c.Lines) != 1 {
			t.Fatalf("%+v, %v", c, err)
		}
		line := c.Lines[0]
		if slices.Max(line.High) != 1000 || !slices.ContainsFunc(line.Lone, func(t Trace) bool { return slices.Contains(t.Low, -1000) }) {
			t.Errorf("logarithmic %t: the spikes are gone: %v, %v", logSteps, slices.Max(line.High), line.Lone)
		}
		if line.N != 2 || line.Skipped != 2 || line.Averaged < 90 || len(line.Step) > maxBuckets {
			t.Errorf("logarithmic %t: %d seeds, %d left out, %d averaged, %d positions", logSteps, line.N, line.Skipped, line.Averaged, len(line.Step))
		}
		if i := len(line.Mean) / 4; math.Abs(line.Mean[i]-2) > 1e-9 && !logSteps || math.Abs(line.Std[i]-math.Sqrt2) > 1e-9 && !logSteps {
			t.Errorf("at %v: %v ± %v", line.Step[i], line.Mean[i], line.Std[i])
		}
	}
}

// TestFarSteps: few points stand where they are, many are put in ranges, however far apart their steps are.
func TestFarSteps(t *testing.T) {
	few := []registry.Point{{Step: -9e18, Value: 1}, {Step: 0, Value: math.Inf(1)}, {Step: 5, Value: 1}, {Step: 9e18, Value: 1}}
	many := few
	for step := int64(10); step < 1000; step++ {
		many = append(many, registry.Point{Step: step * 1e15, Value: 1})
	}
	slices.SortFunc(many, func(a, b registry.Point) int { return int(min(max(a.Step/1e15-b.Step/1e15, -1), 1)) })
	for _, points := range [][]registry.Point{few, many} {
		db, plan := recordedCurve(t, points)
		curves, err := loadCurves(context.Background(), db, plan)
		if err != nil || len(curves) != 1 {
			t.Fatalf("%v, %v", curves, err)
		}
		line := curves[0].Lines[0]
		if len(line.Step) < 4 || len(line.Step) > maxBuckets || line.Skipped != 1 || line.Step[0] != -9e18 {
			t.Errorf("%d positions from %v, %d left out", len(line.Step), line.Step[0], line.Skipped)
		}
	}
}
