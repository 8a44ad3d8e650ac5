package web

import (
	"context"
	"strings"
	"testing"
	"time"

	"harness/internal/view"
	"harness/registry"
	"harness/sweeps"
)

// TestSweepPageHasHypotheses shows what became of the claims of a sweep below its table, whatever the layout; without claims there is
// nothing.
func TestSweepPageHasHypotheses(t *testing.T) {
	s := filled(t)
	if page := get(t, s, "/sweeps/few", 200); strings.Contains(page, `id="hypotheses"`) || strings.Contains(page, `href="#hypotheses"`) {
		t.Error("a sweep without hypotheses has a part for them")
	}
	ctx := context.Background()
	db, err := registry.Open(ctx, s.o.Home)
	if err != nil {
		t.Fatal(err)
	}
	plan, err := view.Plan(ctx, db, "few")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := db.Sweep(ctx, "few")
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	plan.Hypotheses = []sweeps.Hypothesis{{Name: "<b>one", Claim: "It <script> holds", Metric: plan.Metrics[0].Key, Expect: sweeps.ExpectHigher,
		Comparisons: []sweeps.Comparison{{Row: plan.Rows[1].Name, Against: plan.Rows[0].Name}}, Written: sweeps.Written{At: at, Ended: 3, First: at}}}
	if stored.Plan, err = plan.Encode(); err != nil {
		t.Fatal(err)
	}
	stored.Planned = time.Time{}
	if err := db.Plan(ctx, stored); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s = New(Options{Home: s.o.Home, Staleness: s.o.Staleness})
	t.Cleanup(func() { s.Close() })
	for _, path := range []string{"/sweeps/few", "/sweeps/few?page=2", "/sweeps/few?metrics=metric/01&filter=params.width+%3C+4"} {
		page := get(t, s, path, 200)
		for _, want := range []string{`<a href="#hypotheses">`, `data-live="hypotheses"`, `<th scope="row" class="lead">&lt;b&gt;one</th>`, "not settled", "It &lt;script&gt; holds.",
			"was written 2026-11-26 09:00:00 UTC, after 3 trials had ended, the first 2026-11-26 09:00:00 UTC."} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s", path, want)
			}
		}
	}
	if text := get(t, s, "/sweeps/few/table.md", 200); !strings.Contains(text, "**Hypotheses**") {
		t.Error("the file of the table has no hypotheses")
	}
}
