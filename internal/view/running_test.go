package view

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"harness/internal/filelock"
	"harness/registry"
)

// Each of two calls that share a sweep is listed with its own trials at a time; when the sweep ends is told for both.
func TestSharedSweepsEndTogether(t *testing.T) {
	home := t.TempDir()
	db, err := registry.Open(t.Context(), home)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := os.Mkdir(filepath.Join(home, "running"), 0o755); err != nil {
		t.Fatal(err)
	}
	for i, call := range []struct {
		handle   string
		parallel int
	}{{"shared", 2}, {"other", 5}, {"shared", 1}} {
		path := filepath.Join(home, "running", fmt.Sprintf("%s-%d.json", call.handle, i))
		text := fmt.Sprintf(`{"handle": %q, "pid": %d, "started": %q, "parallel": %d}`, call.handle, i+1, time.Unix(int64(i), 0).UTC().Format(time.RFC3339), call.parallel)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		lock, err := filelock.Try(path)
		if err != nil {
			t.Fatal(err)
		}
		defer lock.Release()
	}
	list, err := Running(t.Context(), db, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, s := range list {
		got = append(got, fmt.Sprintf("%s %d %d", s.Sweep, s.Parallel, s.atOnce))
	}
	if text := fmt.Sprint(got); text != "[shared 2 3 other 5 5 shared 1 3]" {
		t.Error(text)
	}
}
