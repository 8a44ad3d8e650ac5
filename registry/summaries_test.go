package registry

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestNarrowSummaries: what is read of one metric, and how long curves are, is what Summary says, of a trial that resumed too.
func TestNarrowSummaries(t *testing.T) {
	ctx, home := context.Background(), t.TempDir()
	one, two := program(1), program(2)
	writeRuns(t, home, one, run{points: map[string][]Point{"loss": {{1, 9}, {2, 8}, {3, 7}}, "acc": {{1, 1}}}, end: endInterrupted},
		run{resume: step(2), points: map[string][]Point{"loss": {{3, 5}, {4, 4}}}, end: endDone})
	writeRuns(t, home, two, run{points: map[string][]Point{"loss": {{1, 3}}, "old": {{1, 1}, {2, 2}}}, end: endDone})
	db := open(t, home)
	ids := []string{one.ID(), two.ID(), "none"}
	all, err := db.Summary(ctx, ids)
	must(t, err)
	lengths := map[string]int{}
	for _, metric := range []string{"loss", "acc", "old", "none"} {
		want := map[string]Summary{}
		for id, values := range all {
			if s, ok := values[metric]; ok {
				want[id] = s
				lengths[metric] = max(lengths[metric], s.N)
			}
		}
		got, err := db.SummaryOf(ctx, ids, metric)
		must(t, err)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); d != "" {
			t.Errorf("%s (-want +got):\n%s", metric, d)
		}
	}
	most, err := db.MostPoints(ctx, ids)
	must(t, err)
	if d := cmp.Diff(lengths, most); d != "" || most["loss"] != 4 {
		t.Errorf("lengths (-want +got):\n%s", d)
	}
}
