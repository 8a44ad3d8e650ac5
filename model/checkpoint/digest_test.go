package checkpoint

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The digest follows the contents of what is read, not the place of the folder, its other files or their times.
func TestDigest(t *testing.T) {
	cache := t.TempDir()
	folder := func(value float32) string {
		dir := t.TempDir()
		if err := Save(filepath.Join(dir, "model.safetensors"), []Named{{Name: "x", Shape: []int{1}, F32: []float32{value}}}, nil); err != nil {
			t.Fatal(err)
		}
		for name, text := range map[string]string{"config.json": "{}", "README.md": dir} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		return dir
	}
	digestOf := func(dir string) string {
		t.Helper()
		sum, err := Digest(t.Context(), dir, cache)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	age := func(dir string, by time.Duration) {
		for _, name := range []string{"config.json", "model.safetensors"} {
			if err := os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Now().Add(-by)); err != nil {
				t.Fatal(err)
			}
		}
	}
	a, b, c := folder(1), folder(1), folder(2)
	if len(digestOf(a)) != 64 || digestOf(a) != digestOf(b) || digestOf(a) == digestOf(c) {
		t.Errorf("digests %s %s %s", digestOf(a), digestOf(b), digestOf(c))
	}
	want := digestOf(a)
	age(a, time.Hour)
	for range 2 { // the second is remembered
		if digestOf(a) != want {
			t.Error("the time of a file changed its digest")
		}
	}
	// While sizes and times stay, nothing is read again: a change in secret is not seen, one with its time is.
	if err := os.Rename(filepath.Join(c, "model.safetensors"), filepath.Join(a, "model.safetensors")); err != nil {
		t.Fatal(err)
	}
	age(a, time.Hour-time.Minute)
	if digestOf(a) != digestOf(folder(2)) {
		t.Error("other contents, the old digest")
	}
	if err := os.WriteFile(filepath.Join(b, "config.json"), []byte(`{"n_head": 2}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if digestOf(b) == want {
		t.Error("another config, the old digest")
	}
	if _, err := Digest(t.Context(), t.TempDir(), cache); err == nil {
		t.Error("a folder without weights has a digest")
	}
}

// A folder that is not there, or holds no weights, is told apart from one that is damaged.
func TestMissing(t *testing.T) {
	empty := t.TempDir()
	for dir, want := range map[string]string{empty: "no weights: want ", filepath.Join(empty, "none"): "no such folder"} {
		_, err := Digest(t.Context(), dir, t.TempDir())
		if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q, which is fs.ErrNotExist", dir, err, want)
		}
	}
}

// An index that Git LFS has not fetched is said to be that, to who names the weights as to who loads them.
func TestDigestOfAPointer(t *testing.T) {
	dir := t.TempDir()
	pointer := "version https://git-lfs.github.com/spec/v1\noid sha256:0\n"
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), []byte(pointer), 0o644); err != nil {
		t.Fatal(err)
	}
	_, errLoad := LoadAny(dir)
	_, errDigest := Digest(t.Context(), dir, "")
	for _, err := range []error{errLoad, errDigest} {
		if err == nil || !strings.Contains(err.Error(), "index.json: a pointer of Git LFS") {
			t.Errorf("%v does not say that it is a pointer", err)
		}
	}
}
