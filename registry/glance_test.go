package registry

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// A glance sees what a writer has committed, and when nobody writes it leaves no file behind.
func TestGlance(t *testing.T) {
	ctx := context.Background()
	home, _, ids := sweepHome(t)
	db := open(t, home)
	must(t, db.SetTags(ctx, ids[0], []string{"b", "a"}))
	look := func() {
		t.Helper()
		g, err := GlanceAt(home)
		must(t, err)
		defer g.Close()
		sweeps, err := g.Sweeps(ctx)
		must(t, err)
		trials, err := g.Trials(ctx, ids[0][:6], 5)
		must(t, err)
		tags, err := g.Tags(ctx)
		must(t, err)
		metrics, err := g.Metrics(ctx)
		must(t, err)
		if len(sweeps) != 1 || sweeps[0].Handle != "bench" || len(trials) != 1 || trials[0].ID != ids[0] || trials[0].State != Done || trials[0].Sweep != "bench" || trials[0].Label == "" {
			t.Errorf("%+v, %+v", sweeps, trials)
		}
		if !slices.Equal(tags, []string{"a", "b"}) || len(metrics) == 0 {
			t.Errorf("%q, %q", tags, metrics)
		}
	}
	look() // beside a writer
	must(t, db.Close())
	files := func() []os.DirEntry {
		entries, err := os.ReadDir(home)
		must(t, err)
		return entries
	}
	before := files()
	look()
	if after := files(); len(after) != len(before) {
		t.Errorf("%v, before %v", after, before)
	}
	must(t, os.Truncate(filepath.Join(home, "registry.db"), 0))
	if _, err := GlanceAt(home); err == nil {
		t.Error("nothing was read")
	}
}
