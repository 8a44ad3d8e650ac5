package reports

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
	"harness/registry"
)

// TestCurveMetrics: what has curves is found without reading all results, and is the same.
func TestCurveMetrics(t *testing.T) {
	ctx := context.Background()
	db, plan := recordedCurve(t, []registry.Point{{Step: 1, Value: 1}, {Step: 2, Value: 2}, {Step: 3, Value: 3}}, []registry.Point{{Step: 1, Value: 1}})
	curves, err := OpenCurves(ctx, db, plan)
	if err != nil {
		t.Fatal(err)
	}
	got, err := CurveMetrics(ctx, db, plan)
	if d := cmp.Diff(curves.Metrics, got); err != nil || d != "" || len(got) != 1 {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// TestCut: baselines first, then the best; values that are not known last; the order of the table where no direction is better.
func TestCut(t *testing.T) {
	nan := emptyCell().Mean
	list := []candidate{{0, 5, false}, {1, nan, false}, {2, 1, true}, {3, 9, false}, {4, 7, false}}
	for _, c := range []struct {
		goal metrics.Goal
		most int
		want []int
		rule string
	}{
		{metrics.Maximize, 3, []int{2, 3, 4}, "the baseline and those whose last value is the greatest"},
		{metrics.Minimize, 3, []int{2, 0, 4}, "the baseline and those whose last value is the least"},
		{metrics.NoGoal, 3, []int{2, 0, 1}, "the baseline and the first of the table"},
		{metrics.Maximize, 1, []int{2}, "the first baselines"},
	} {
		own := slices.Clone(list)
		rule := cut(own, c.goal, c.most)
		var got []int
		for _, one := range own[:c.most] {
			got = append(got, one.at)
		}
		if d := cmp.Diff(c.want, got); d != "" || rule != c.rule {
			t.Errorf("%s, %d of them: %q (-want +got):\n%s", c.goal, c.most, rule, d)
		}
	}
}

// TestSpan: the ranges of a part are within the curve, reach its edges, and consist of whole grains where these are no wider.
func TestSpan(t *testing.T) {
	for _, c := range []struct {
		span               Span
		first, last, grain int64
	}{
		{Span{}, 0, 999_999, 64}, {Span{Part: true, From: 300_000, To: 400_000}, 0, 999_999, 64}, {Span{Part: true, From: -5, To: 2_000_000}, 7, 999_999, 1},
		{Span{Part: true, From: 10, To: 20}, 0, 999_999, 64}, {Span{Part: true, From: 999_990, To: 1 << 60}, 0, 999_999, 64},
		{Span{LogSteps: true}, 0, 999_999, 64}, {Span{Part: true, From: 100, To: 900_000, LogSteps: true}, 0, 999_999, 64}, {Span{Most: 10}, -1000, 1000, 1},
		{Span{Part: true, From: -1 << 63, To: 1<<63 - 1}, -1 << 63, 1<<63 - 1, 1},
	} {
		starts, end := c.span.ranges(c.first, c.last, c.grain)
		from, to := c.first, c.last
		if c.span.Part {
			from, to = max(from, c.span.From), min(to, c.span.To)
		}
		if len(starts) == 0 || len(starts) > c.span.most()+3 || starts[0] > from || starts[0] < c.first || end < to || end > c.last || !slices.IsSorted(starts) {
			t.Errorf("%+v of %d to %d: %d ranges from %v to %d", c.span, c.first, c.last, len(starts), starts[:min(3, len(starts))], end)
		}
		for i := 2; i < len(starts) && c.grain > 1 && !c.span.LogSteps && starts[2]-starts[1] >= c.grain; i++ {
			if starts[i]%c.grain != 0 {
				t.Fatalf("%+v: a range begins at %d within a grain of %d", c.span, starts[i], c.grain)
			}
		}
	}
	starts, _ := Span{Part: true, From: 50, To: 60}.ranges(0, 40, 1)
	if len(starts) != 1 {
		t.Errorf("a part behind the curve: %v", starts)
	}
}
