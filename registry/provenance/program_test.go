package provenance

import (
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Two calls of sweep in one folder.
func TestProgram(t *testing.T) {
	ctx := context.Background()
	p := newProject(t, "data.csv")
	first, err := Follow(ctx, p.home, p.dir, p.words)
	must(t, err)
	a, _, _ := first.Attempt(p.dir, nil)
	p.write("results.csv", "1")
	b, _, _ := first.Attempt(p.dir, nil)
	p.write("results.csv", "2")
	p.write("last.json", "{}")
	written, err := first.End()
	if err != nil || !slices.Equal(written, []string{"results.csv", "last.json"}) {
		t.Errorf("%v, %v", written, err)
	}
	if a == "" || a != b {
		t.Errorf("one code has the snapshots %q and %q", a, b)
	}

	folders.Clear()
	digests := map[string]string{"t1": a, "t2": b, "old": "", "lost": "00ff"}
	second, err := Follow(ctx, p.home, p.dir, p.words)
	must(t, err)
	if stale, err := second.Stale(digests); err != nil || len(stale) != 0 {
		t.Errorf("nothing changed: %v, %v", stale, err)
	}
	if written, err := second.End(); err != nil || written != nil {
		t.Errorf("nothing ran: %v, %v", written, err)
	}

	p.write("data.csv", "edited")
	p.write("train.py", "edited")
	third, err := Follow(ctx, p.home, p.dir, p.words)
	must(t, err)
	stale, err := third.Stale(digests)
	want := map[string]string{"t1": "data.csv changed, train.py changed", "t2": "data.csv changed, train.py changed"}
	if diff := cmp.Diff(want, stale); diff != "" || err != nil {
		t.Errorf("%v -want +got\n%s", err, diff)
	}
}
