package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a")
	for _, text := range []string{"first", "second"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != text {
			t.Errorf("%q, %v; want %q", got, err, text)
		}
	}
	if info, _ := os.Stat(path); info.Mode().Perm() != 0o644 {
		t.Errorf("mode %v", info.Mode())
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "none", "a"): "open " + filepath.Join(dir, "none", "a") + ": no such file or directory",
		dir:                             "write " + dir + ": is a directory",
	} {
		if err := Write(path, nil); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAbort(t *testing.T) {
	dir := t.TempDir()
	f, err := Create(filepath.Join(dir, "a"))
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString("half")
	f.Abort()
	f.Abort()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWriteJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	if err := WriteJSON(path, map[string]any{"b": []int{1}, "a": "x"}); err != nil {
		t.Fatal(err)
	}
	want := "{\n  \"a\": \"x\",\n  \"b\": [\n    1\n  ]\n}\n"
	if got, err := os.ReadFile(path); err != nil || string(got) != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if err := WriteJSON(path, func() {}); err == nil {
		t.Error("a function was written")
	}
	if got, _ := os.ReadFile(path); string(got) != want {
		t.Errorf("a value that cannot be written left %q", got)
	}
}

func TestCreateNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a")
	for i, text := range []string{"first", "second"} {
		f, err := CreateNew(path)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteString(text)
		if err := f.Commit(); (err == nil) != (i == 0) || err != nil && !errors.Is(err, fs.ErrExist) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if got, _ := os.ReadFile(path); string(got) != "first" {
		t.Errorf("%q was overwritten", got)
	}
	if left, _ := os.ReadDir(filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
}
