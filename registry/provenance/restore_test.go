package provenance

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFind: the contents of then are found where they were kept, where they lay, and in git.
func TestFind(t *testing.T) {
	p := newProject(t, "lib.py", "edited.py", "data.bin")
	p.git("init", "-q")
	p.git("add", "train.py", "lib.py", "edited.py")
	p.git("commit", "-qm", "first")
	p.write("edited.py", "edited\n")
	p.write("new.py", "new\n")
	c := p.take()
	want := map[string]string{"train.py": "print(1)\n", "lib.py": "of lib.py\n", "edited.py": "edited\n", "new.py": "new\n", "data.bin": "of data.bin\n"}
	find := func() map[string]string {
		got := map[string]string{}
		for _, f := range c.Files {
			if data, ok := c.Find(context.Background(), f); ok {
				got[f.Path] = string(data)
			}
		}
		return got
	}
	if d := cmp.Diff(want, find()); d != "" {
		t.Error(d)
	}
	p.write("lib.py", "of lib.pz\n") // as long as it was
	p.remove("train.py")
	p.write("edited.py", "again\n")
	p.remove("new.py")
	p.write("data.bin", "changed\n")
	delete(want, "data.bin") // git does not have it, and it is no code
	if d := cmp.Diff(want, find()); d != "" {
		t.Error(d)
	}
}

// restored is what a folder holds: links with what they lead to.
func restored(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, path)
		data, err := os.ReadFile(path)
		got[filepath.ToSlash(rel)] = string(data)
		if info, _ := os.Stat(path); info.Mode().Perm()&0o100 != 0 {
			got[filepath.ToSlash(rel)] += "(a program)"
		}
		return err
	}))
	return got
}

func TestRestore(t *testing.T) {
	p := newProject(t, "data.bin", "big.bin")
	p.write("bin/run.sh", "#!/bin/sh\n")
	p.write("big.bin", strings.Repeat("0123456789", (dataSize+100)/10))
	c := p.take()
	dir := t.TempDir()
	missing, err := c.Restore(dir, "")
	must(t, err)
	if d := cmp.Diff(map[string]string{"train.py": "print(1)\n", "bin/run.sh": "#!/bin/sh\n(a program)"}, restored(t, dir)); d != "" {
		t.Error(d)
	}
	said := fmt.Sprint(missing)
	for _, want := range []string{"data.bin (12 bytes, sha256 ", "big.bin (4194400 bytes, sha256 of its first and last 64 KiB ", "its contents are not here"} {
		if len(missing) != 2 || !strings.Contains(said, want) {
			t.Errorf("missing are %s, want %q", said, want)
		}
	}
	dir = t.TempDir()
	if missing, err = c.Restore(dir, p.dir); err != nil || len(missing) > 0 || restored(t, dir)["data.bin"] != "of data.bin\n" {
		t.Errorf("with data: %v, %v", missing, err)
	}
	p.write("data.bin", "of data.bim\n")
	p.remove("big.bin")
	if missing, err = c.Restore(t.TempDir(), p.dir); err != nil || len(missing) != 2 || missing[0].Why != "it is not below "+p.dir ||
		missing[1].Why != "what lies below "+p.dir+" is something else" {
		t.Errorf("with other data: %v, %v", missing, err)
	}
}

// TestRestoreStaysInside: a snapshot that somebody has made up writes nothing outside of its folder.
func TestRestoreStaysInside(t *testing.T) {
	p := newProject(t)
	c := p.take()
	kept := *c.file("train.py")
	outside := filepath.Join(t.TempDir(), "outside")
	must(t, os.Mkdir(outside, 0o755))
	data := t.TempDir()
	must(t, os.Symlink(outside, filepath.Join(data, "linked")))
	for _, path := range []string{"../escaped.py", "a/../../escaped.py", filepath.Join(outside, "escaped.py")} {
		evil := kept
		evil.Path = path
		c.Files = []File{evil}
		dir := filepath.Join(t.TempDir(), "copy")
		must(t, os.Mkdir(dir, 0o755))
		missing, err := c.Restore(dir, data)
		if err != nil || len(missing) != 1 || missing[0].Why != "it lies outside of the program's folder" {
			t.Errorf("%s: %v, %v", path, missing, err)
		}
	}
	link, below := File{Path: "linked", Digest: "link:/anywhere"}, kept
	below.Path = "linked/escaped.py"
	c.Files = []File{link, below}
	if _, err := c.Restore(t.TempDir(), data); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("through a link: %v", err)
	}
	if left, _ := os.ReadDir(outside); len(left) > 0 {
		t.Errorf("written outside: %v", left)
	}
}
