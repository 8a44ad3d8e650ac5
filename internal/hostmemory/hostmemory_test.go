package hostmemory

import (
	"os"
	"path/filepath"
	"testing"
)

func TestSize(t *testing.T) {
	if n := Size(); n < 64<<20 {
		t.Errorf("%d bytes", n)
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none, less, more, odd := file("none", "max\n"), file("less", "500\n"), file("more", "9223372036854771712\n"), file("odd", "x")
	for _, c := range []struct {
		total int64
		files []string
		want  int64
	}{
		{1000, nil, 1000}, {1000, []string{none}, 1000}, {1000, []string{less}, 500}, {1000, []string{more, odd, filepath.Join(dir, "missing")}, 1000},
		{0, []string{less}, 500}, {0, []string{none}, 0},
	} {
		if got := within(c.total, c.files); got != c.want {
			t.Errorf("%d within %q: %d, want %d", c.total, c.files, got, c.want)
		}
	}
}
