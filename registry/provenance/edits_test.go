package provenance

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares a text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(t, os.MkdirAll("testdata", 0o755))
		must(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	must(t, err)
	if got != string(want) {
		t.Errorf("%s differs; got:\n%s", path, got)
	}
}

// script is a program of some lines, one of which is to be edited.
func script(lines int, edit string) string {
	var b strings.Builder
	for i := range lines {
		if i == lines/2 {
			b.WriteString(edit)
		}
		fmt.Fprintf(&b, "step(%d)\n", i)
	}
	return b.String()
}

func shownEdits(a, b *Code) string {
	var out strings.Builder
	for _, e := range Edits(context.Background(), a, b) {
		fmt.Fprintf(&out, "%s +%d -%d", e, e.Added, e.Removed)
		if e.Unknown != "" {
			fmt.Fprintf(&out, " (%s)", e.Unknown)
		}
		fmt.Fprintf(&out, "\n%s", e.Patch)
	}
	said := strings.ReplaceAll(out.String(), a.Dir, "DIR")
	if a.Commit != "" {
		said = strings.ReplaceAll(said, a.Commit[:12], "COMMIT")
	}
	return said
}

// Without git, code is kept and data is not.
func TestEditsOfKeptCode(t *testing.T) {
	p := newProject(t, "gone.py", "data.csv", "other.csv")
	p.write("train.py", script(12, "lr = 0.1\n"))
	p.write("cell.ipynb", "{\"a\": \"\x00\"}\n")
	p.write("no_end.py", "a\nb")
	a := p.take()
	p.write("train.py", script(12, "lr = 0.2\n"))
	p.write("odd\x1b[2J\n.py", "new\n")
	p.write("cell.ipynb", "{\"b\": \"\x00\"}\n")
	p.write("no_end.py", "a\nc\n")
	p.write("data.csv", "1,2\n")
	p.write("big.py", strings.Repeat("x = 1\n", 400_000))
	p.remove("gone.py")
	b := p.again()
	golden(t, "kept.txt", shownEdits(a, b))
}

// tracked is a project under git with a script and two files that are too large to be kept.
func tracked(t *testing.T) *project {
	p := newProject(t)
	p.write("train.py", script(12, "lr = 0.1\n"))
	p.write("big.py", script(40_000, "width = 1\n"))
	p.write("table.txt", script(40, "row\n"))
	p.write("gone.py", "old\n")
	p.git("init", "-q")
	p.git("add", ".")
	p.git("commit", "-qm", "first")
	return p
}

// Where the repository is gone, what the patches against one commit tell is known, and nothing more.
func TestEditsAgainstOneCommit(t *testing.T) {
	p := tracked(t)
	clean := p.take()
	p.write("train.py", script(12, "lr = 0.2\n"))
	p.write("big.py", script(40_000, "width = 2\n"))
	p.write("table.txt", script(40, "rows\n"))
	p.remove("gone.py")
	edited := p.again()
	p.write("train.py", script(12, "lr = 0.3\n"))
	p.write("big.py", script(40_000, "width = 3\n"))
	p.write("table.txt", script(40, "columns\n"))
	twice := p.again()
	here := shownEdits(clean, edited)

	both := shownEdits(edited, twice)
	must(t, os.RemoveAll(p.dir))
	gone := shownEdits(clean, edited)
	if here != gone {
		t.Errorf("with the repository:\n%s\nwithout:\n%s", here, gone)
	}
	golden(t, "clean_edited.txt", gone)
	golden(t, "edited_clean.txt", shownEdits(edited, clean))
	golden(t, "edited_twice.txt", shownEdits(edited, twice))
	golden(t, "edited_twice.txt", both)
	twice.Patch = "" // it was too long
	golden(t, "edits_too_long.txt", shownEdits(edited, twice))
	twice.Patch = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ damaged\n"
	golden(t, "edits_damaged.txt", shownEdits(edited, twice))
}

// A patch against another folder's file of one name says nothing of this one.
func TestEditsOfTwoFoldersOfOneCommit(t *testing.T) {
	p := newProject(t)
	p.write("a/table.txt", script(9, "one\n"))
	p.write("b/table.txt", script(9, "two\n"))
	p.write("a/train.py", "print(1)\n")
	p.write("b/train.py", "print(1)\n")
	p.git("init", "-q")
	p.git("add", ".")
	p.git("commit", "-qm", "first")
	p.write("b/table.txt", script(9, "three\n"))
	at := func(dir string) *Code {
		s, err := Take(context.Background(), p.home, filepath.Join(p.dir, dir), p.words)
		must(t, err)
		return p.load(s)
	}
	a, b := at("a"), at("b")
	must(t, os.RemoveAll(p.dir))
	edits := Edits(context.Background(), a, b)
	if len(edits) != 1 || edits[0].Patch != "" || !strings.Contains(edits[0].Unknown, "git had it at commit") {
		t.Errorf("%+v", edits)
	}
}

func TestEditsAreFew(t *testing.T) {
	p := newProject(t)
	a := p.take()
	for i := range editFiles + 1 {
		p.write(fmt.Sprintf("m%04d.py", i), "x\n")
	}
	edits := Edits(context.Background(), a, p.again())
	if len(edits) != editFiles+1 || edits[editFiles-1].Patch == "" || edits[editFiles].Patch != "" || edits[editFiles].Unknown == "" {
		t.Errorf("%d edits, the last %+v", len(edits), edits[len(edits)-1])
	}
}

// What a snapshot from elsewhere calls a commit is no option of git.
func TestFindTakesNoOption(t *testing.T) {
	p := tracked(t)
	c := p.take()
	p.remove("table.txt")
	at := filepath.Join(t.TempDir(), "written")
	c.Commit = "--output=" + at
	c.Find(context.Background(), *c.file("table.txt"))
	if made, _ := filepath.Glob(at + "*"); len(made) > 0 {
		t.Errorf("git wrote %v", made)
	}
}
