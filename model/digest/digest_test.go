package digest

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestRecall(t *testing.T) {
	dir := t.TempDir()
	a, gone, cache := filepath.Join(dir, "a\nb"), filepath.Join(dir, "gone"), filepath.Join(dir, "cache", "sum")
	old := time.Now().Add(-time.Hour)
	write := func(path, text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, at, at); err != nil {
			t.Fatal(err)
		}
	}
	remember := func() {
		t.Helper()
		if err := Remember(cache, "sum", []File{Stat(a), Stat(gone)}); err != nil {
			t.Fatal(err)
		}
	}
	recalled := func() bool {
		sum, ok := Recall(t.Context(), cache)
		return ok && sum == "sum"
	}
	write(a, "1", old)
	if recalled() {
		t.Error("recalled what was never remembered")
	}
	remember()
	if !recalled() {
		t.Error("not recalled")
	}
	write(a, "2", old.Add(time.Second))
	if recalled() {
		t.Error("a file was written again")
	}
	remember()
	write(a, "x", old.Add(time.Second)) // as an archive is unpacked: the size and the time of before
	if recalled() {
		t.Error("another file has the size and the time of the old one")
	}
	remember()
	write(gone, "3", old)
	if recalled() {
		t.Error("a file has come")
	}
	os.Remove(gone)
	whole, err := os.ReadFile(cache)
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		write(cache, string(whole[:n]), old)
		if recalled() && n < len(whole)-1 {
			t.Errorf("recalled from %d bytes of %d", n, len(whole))
		}
	}
	write(cache, "", old)
	write(a, "4", time.Now())
	remember()
	if recalled() {
		t.Error("a file that may still change was remembered")
	}
}
