package provenance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// project is a program's folder in a test, beside a home.
type project struct {
	t         *testing.T
	home, dir string
	words     []string
}

func newProject(t *testing.T, files ...string) *project {
	t.Helper()
	p := &project{t: t, home: t.TempDir(), dir: t.TempDir(), words: []string{"python", "train.py", "${args}"}}
	p.write("train.py", "print(1)\n")
	for _, f := range files {
		p.write(f, "of "+f+"\n")
	}
	return p
}

// write makes a file that is older than the clock's last tick, as most files are.
func (p *project) write(name, text string) {
	p.t.Helper()
	path := filepath.Join(p.dir, name)
	must(p.t, os.MkdirAll(filepath.Dir(path), 0o755))
	must(p.t, os.WriteFile(path, []byte(text), 0o644))
}

func (p *project) remove(name string) { must(p.t, os.RemoveAll(filepath.Join(p.dir, name))) }

func (p *project) git(args ...string) {
	p.t.Helper()
	cmd := exec.Command("git", append([]string{"-c", "user.name=a", "-c", "user.email=a@b"}, args...)...)
	cmd.Dir = p.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		p.t.Fatalf("git %v: %v: %s", args, err, out)
	}
}

func (p *project) take() *Code {
	p.t.Helper()
	s, err := Take(context.Background(), p.home, p.dir, p.words)
	must(p.t, err)
	return p.load(s)
}

func (p *project) load(s Snapshot) *Code {
	p.t.Helper()
	c, err := Load(p.home, s.Digest)
	must(p.t, err)
	if c.Commit != s.Commit || c.Diff != s.Diff {
		p.t.Errorf("taken %+v, loaded %s %s", s, c.Commit, c.Diff)
	}
	return c
}

// again is a snapshot as another process takes it, which remembers nothing.
func (p *project) again() *Code {
	p.t.Helper()
	folders.Delete(p.dir)
	return p.take()
}

func (p *project) differ(a, b *Code, want ...string) {
	p.t.Helper()
	if diff := cmp.Diff(want, Differences(a, b)); diff != "" {
		p.t.Errorf("-want +got\n%s", diff)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (c *Code) file(path string) *File {
	for i := range c.Files {
		if c.Files[i].Path == path {
			return &c.Files[i]
		}
	}
	return nil
}

func TestSameScriptInTwoFolders(t *testing.T) {
	p, q := newProject(t), newProject(t)
	q.home = p.home
	p.differ(p.take(), q.take())
	q.write("train.py", "print(2)\n")
	p.differ(p.take(), q.take(), "train.py changed")
}

func TestDigestIsOfContents(t *testing.T) {
	p := newProject(t, "lib/net.py", "data.csv")
	first, err := Take(context.Background(), p.home, p.dir, p.words)
	must(t, err)
	p.write("train.py", "print(2)\n")
	second, err := Take(context.Background(), p.home, p.dir, p.words)
	must(t, err)
	p.write("train.py", "print(1)\n")
	third, err := Take(context.Background(), p.home, p.dir, p.words)
	must(t, err)
	if first == second || first != third {
		t.Errorf("%v, %v, %v", first, second, third)
	}
}

func TestEdits(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(p *project)
		want []string
	}{
		{"script", func(p *project) { p.write("train.py", "print(2)\n") }, []string{"train.py changed"}},
		{"same size", func(p *project) { p.write("train.py", "print(3)\n") }, []string{"train.py changed"}},
		{"module", func(p *project) { p.write("lib/net.py", "") }, []string{"lib/net.py changed"}},
		{"new module", func(p *project) { p.write("lib/loss.py", "") }, []string{"lib/loss.py is new"}},
		{"module gone", func(p *project) { p.remove("lib") }, []string{"lib/net.py is gone"}},
		{"settings", func(p *project) { p.write("conf/a.yaml", "lr: 2") }, []string{"conf/a.yaml changed"}},
		{"data", func(p *project) { p.write("data.csv", "1,2\n") }, []string{"data.csv changed"}},
		{"data gone", func(p *project) { p.remove("data.csv") }, []string{"data.csv is gone"}},
		{"new data or result", func(p *project) { p.write("out.json", "{}") }, nil},
		{"several", func(p *project) { p.write("data.csv", ""); p.remove("lib"); p.write("a.sh", "") },
			[]string{"a.sh is new", "data.csv changed", "lib/net.py is gone"}},
		{"experiment file", func(p *project) { p.write("grid.yaml", "command: [a]\nseeds: [0, 1, 2]\n") }, nil},
		{"new experiment file", func(p *project) { p.write("one.yaml", "version: 1\nname: one\ncommand: [a]\n") }, nil},
		{"documents", func(p *project) { p.write("README.md", "other"); p.write("old.log", "other") }, nil},
		{"bytecode", func(p *project) { p.write("lib/__pycache__/net.pyc", "x"); p.write("lib/net.py~", "x") }, nil},
		{"hidden", func(p *project) { p.write(".git2/x.py", ""); p.write(".env", "") }, nil},
		{"environment", func(p *project) { p.write("env/pyvenv.cfg", ""); p.write("env/lib/x.py", "") }, nil},
		{"home", func(p *project) { p.write("runs/registry.db", ""); p.write("runs/trials/a/1/spec.py", "") }, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := newProject(t, "lib/net.py", "data.csv", "conf/a.yaml", "README.md", "old.log")
			p.write("grid.yaml", "command: [a]\nseeds: [0]\n")
			first := p.take()
			c.edit(p)
			p.differ(first, p.take(), c.want...)  // by what this process remembers
			p.differ(first, p.again(), c.want...) // and by itself
		})
	}
}

// TestGivenFilesCount is about data that only a parameter names: outside the folder, or ignored by git. Such a file may be a
// result as well, which is no data.
func TestGivenFilesCount(t *testing.T) {
	p := newProject(t, ".gitignore")
	p.write(".gitignore", "cache.bin\nresult.json\n")
	p.write("cache.bin", "1")
	p.git("init", "-q")
	p.git("add", ".")
	outside, result := filepath.Join(t.TempDir(), "data.csv"), filepath.Join(t.TempDir(), "result.json")
	must(t, os.WriteFile(outside, []byte("1"), 0o644))
	given := []string{outside, "cache.bin", result, "train.py", "adam", "missing.csv", "."}
	take := func() *Code {
		t.Helper()
		s, err := Take(context.Background(), p.home, p.dir, p.words, given...)
		must(t, err)
		c, err := Load(p.home, s.Digest)
		must(t, err)
		return c
	}
	first := take()
	must(t, os.WriteFile(result, []byte("1"), 0o644))
	if said := Differences(first, take()); len(said) > 0 {
		t.Errorf("a result: %q", said)
	}
	written := take()
	must(t, os.WriteFile(result, []byte("22"), 0o644))
	if _, err := written.Settle(context.Background(), p.dir); err != nil {
		t.Fatal(err)
	}
	if said := Differences(written, take()); len(said) > 0 {
		t.Errorf("a result that was written again: %q", said)
	}
	must(t, os.WriteFile(outside, []byte("22"), 0o644))
	p.write("cache.bin", "22")
	if said := strings.Join(Differences(first, take()), ", "); said != outside+" changed, cache.bin changed" {
		t.Errorf("%q", said)
	}
}

func TestNamedFilesCount(t *testing.T) {
	p := newProject(t, "notes.md", "sub/prog", "my data.bin")
	outside := filepath.Join(t.TempDir(), "other.txt")
	must(t, os.WriteFile(outside, []byte("1"), 0o644))
	p.words = []string{"sh", "-c", "./sub/prog <notes.md --x=" + outside, "my data.bin", "missing.py", "sub"}
	first := p.take()
	for _, name := range []string{"sub/prog", "notes.md", "my data.bin", outside} {
		if f := first.file(name); f == nil || !f.Named || !f.Code || !f.Kept {
			t.Errorf("%s: %+v", name, f)
		}
	}
	p.write("notes.md", "2")
	p.write("my data.bin", "2")
	must(t, os.WriteFile(outside, []byte("2"), 0o644))
	p.differ(first, p.take(), outside+" changed", "my data.bin changed", "notes.md changed")
}

func TestContentsAreKept(t *testing.T) {
	p := newProject(t, "data.csv")
	p.write("big.py", strings.Repeat("#", keepSize+1))
	c := p.take()
	p.write("train.py", "other")
	data, err := c.Contents(*c.file("train.py"))
	if err != nil || string(data) != "print(1)\n" {
		t.Errorf("%q, %v", data, err)
	}
	for _, name := range []string{"data.csv", "big.py"} {
		if _, err := c.Contents(*c.file(name)); err == nil {
			t.Errorf("%s was kept", name)
		}
	}
}

func TestLargeFilesAreSampled(t *testing.T) {
	p := newProject(t)
	big := make([]byte, dataSize+1)
	p.write("x.bin", string(big))
	first := p.take()
	big[10] = 1
	p.write("x.bin", string(big))
	p.differ(first, p.take(), "x.bin changed")
	p.write("x.bin", string(big[1:]))
	p.differ(first, p.take(), "x.bin changed")
}

// A call of sweep: what trials write is no edit, what the user edits between two calls is one.
func TestResultsAreNoEdits(t *testing.T) {
	ctx := context.Background()
	p := newProject(t, "data.csv", "results.csv", "tmp.lock")
	start := p.take() // before anything runs
	p.write("results.csv", "a=1\n")
	p.write("out/1/model.bin", "weights")
	p.write("out/1/config.yaml", "lr: 1")
	p.write("out/1/train.py", "a copy")
	p.remove("tmp.lock")
	written, err := start.Settle(ctx, p.dir)
	must(t, err)
	want := []string{"out/1/config.yaml", "out/1/model.bin", "out/1/train.py", "results.csv", "tmp.lock"}
	if diff := cmp.Diff(want, written); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	second := p.take() // of the next attempt
	p.write("results.csv", "a=1\na=2\n")
	p.write("out/2/config.yaml", "lr: 2")
	if written, err = start.Settle(ctx, p.dir); err != nil || !slices.Equal(written, []string{"out/2/config.yaml"}) {
		t.Error(written, err)
	}

	p.remove("out/1") // the user tidies up, tries by hand and edits
	p.write("results.csv", "a=3\n")
	next := p.again()
	p.differ(start, next)
	p.differ(second, next)
	p.write("data.csv", "1\n")
	next = p.again()
	p.differ(start, next, "data.csv changed")
	p.differ(second, next, "data.csv changed")

	p.write("results.csv", "") // a second call does not hide the edit
	if written, err = next.Settle(ctx, p.dir); err != nil || written != nil {
		t.Error(written, err)
	}
	p.differ(second, p.again(), "data.csv changed")
}

func TestCodeEditedWhileTrialsRun(t *testing.T) {
	p := newProject(t)
	start := p.take()
	p.write("train.py", "print(2)\n")
	p.write("lib/new.py", "1") // taken for theirs, as a copy of the code would be
	written, err := start.Settle(context.Background(), p.dir)
	if err != nil || !slices.Equal(written, []string{"lib/new.py"}) {
		t.Error(written, err)
	}
	after := p.again()
	p.differ(start, after, "train.py changed")
	p.write("lib/new.py", "2") // while none runs: it is the user's
	p.differ(after, p.again(), "lib/new.py is new")
}

func TestGit(t *testing.T) {
	p := newProject(t, "lib/net.py", "data.csv", "big/raw.csv", "build/gen.py")
	p.write(".gitignore", "big/\n*.o\nbuild/\n")
	p.write("results.csv", "")
	p.git("init", "-q")
	if c := p.again(); c.Commit != "" || c.file("big/raw.csv") == nil {
		t.Errorf("a repository that tracks nothing: %+v", c)
	}
	p.git("add", "train.py", "lib", "data.csv", ".gitignore")
	p.git("commit", "-q", "-m", "one")
	clean := p.again()
	if len(clean.Commit) != 40 || clean.Diff != "" || clean.file("big/raw.csv") != nil || clean.file("build/gen.py") != nil {
		t.Errorf("clean: %+v", clean)
	}
	if f := clean.file("train.py"); !f.Tracked || f.Kept {
		t.Errorf("a clean file: %+v", f)
	}
	p.write("train.py", "print(2)\n")
	p.write("extra.py", "")
	dirty := p.take()
	if dirty.Commit != clean.Commit || len(dirty.Diff) != 16 || !strings.Contains(dirty.Patch, "+print(2)") {
		t.Errorf("dirty: %+v", dirty)
	}
	if f := dirty.file("train.py"); !f.Kept {
		t.Errorf("an edited file: %+v", f)
	}
	p.differ(clean, dirty, "extra.py is new", "train.py changed")
	p.write("x.o", "")
	p.write("big/more.py", "")
	p.write("build/gen.py", "2")
	p.differ(dirty, p.take())
	p.git("add", ".")
	p.git("commit", "-q", "-m", "two")
	committed := p.take()
	if committed.Commit == clean.Commit || committed.Diff != "" || committed.Patch != "" {
		t.Errorf("committed: %+v", committed)
	}
	p.differ(dirty, committed) // the files are the same
	p.git("checkout", "-q", "HEAD~1")
	p.differ(clean, p.take(), "results.csv is gone") // it was not tracked then
}

func TestGitTracksResults(t *testing.T) {
	p := newProject(t, "results.csv", "data.csv")
	p.git("init", "-q")
	p.git("add", "train.py", "data.csv")
	p.git("commit", "-q", "-m", "one")
	start := p.again()
	p.write("data.csv", "changed while trials run, and tracked: it counts")
	p.write("results.csv", "does not")
	written, err := start.Settle(context.Background(), p.dir)
	if err != nil || !slices.Equal(written, []string{"results.csv"}) {
		t.Error(written, err)
	}
	p.differ(start, p.again(), "data.csv changed")
}

// Git does not speak of what is inside a repository in the repository; the rest it must still tell.
func TestRepositoryInside(t *testing.T) {
	p := newProject(t, "lib/own.py")
	lib := &project{t: t, dir: filepath.Join(p.dir, "lib")}
	lib.git("init", "-q")
	lib.git("add", ".")
	lib.git("commit", "-q", "-m", "inner")
	p.write(".gitignore", "*.o\n")
	p.git("init", "-q")
	p.git("add", "train.py", "lib", ".gitignore")
	p.git("commit", "-q", "-m", "outer")
	p.write("other/a.o", "")
	p.write("other/b.py", "")
	first := p.again()
	if first.file("other/a.o") != nil || first.file("other/b.py") == nil || first.file("lib/own.py") == nil {
		t.Errorf("%+v", first.Files)
	}
	p.write("lib/own.py", "edited")
	p.differ(first, p.take(), "lib/own.py changed")
}

func TestFolderBelowRepository(t *testing.T) {
	p := newProject(t)
	p.write("proj/train.py", "1")
	p.write("proj/own.py", "1")
	p.git("init", "-q")
	p.git("add", "train.py", "proj/train.py")
	p.git("commit", "-q", "-m", "one")
	top := p.dir
	p.dir = filepath.Join(top, "proj")
	clean := p.take()
	if clean.Commit == "" || clean.Diff != "" || len(clean.Files) != 2 {
		t.Errorf("%+v", clean)
	}
	must(t, os.WriteFile(filepath.Join(top, "train.py"), []byte("2"), 0o644)) // not in the folder
	if c := p.again(); c.Diff != "" {
		t.Errorf("%+v", c)
	}
	p.write("train.py", "2")
	if c := p.again(); c.Diff == "" || !strings.Contains(c.Patch, "a/train.py") || strings.Contains(c.Patch, "proj") {
		t.Errorf("%+v", c)
	}
}

func TestLinks(t *testing.T) {
	p := newProject(t)
	elsewhere := t.TempDir()
	must(t, os.WriteFile(filepath.Join(elsewhere, "real.py"), []byte("1"), 0o644))
	for name, target := range map[string]string{"linked.py": filepath.Join(elsewhere, "real.py"), "data": elsewhere,
		"loop": ".", "broken.py": "nowhere"} {
		must(t, os.Symlink(target, filepath.Join(p.dir, name)))
	}
	first := p.take()
	for name, want := range map[string]string{"data": "link:" + elsewhere, "loop": "link:.", "broken.py": "link:nowhere"} {
		if f := first.file(name); f == nil || f.Digest != want {
			t.Errorf("%s: %+v", name, f)
		}
	}
	must(t, os.WriteFile(filepath.Join(elsewhere, "real.py"), []byte("2"), 0o644))
	p.remove("data")
	must(t, os.Symlink(t.TempDir(), filepath.Join(p.dir, "data")))
	p.differ(first, p.take(), "data changed", "linked.py changed")
}

func TestOddFiles(t *testing.T) {
	p := newProject(t)
	if err := exec.Command("mkfifo", filepath.Join(p.dir, "pipe.py")).Run(); err != nil {
		t.Fatal(err)
	}
	p.write("new\nline \"x\".py", "1")
	must(t, os.Symlink("/proc/self/mem", filepath.Join(p.dir, "unreadable.py"))) // even for root
	must(t, os.Mkdir(filepath.Join(p.dir, "closed"), 0))
	first := p.take()
	if first.file("pipe.py") != nil || first.file("new\nline \"x\".py") == nil {
		t.Errorf("%+v", first.Files)
	}
	if f := first.file("unreadable.py"); f != nil && f.Digest != "" {
		t.Errorf("%+v", f)
	}
	p.remove("unreadable.py")
	p.write("unreadable.py", "")
	p.differ(first, p.again())
}

func TestBounds(t *testing.T) {
	p := newProject(t)
	for i := range 200 {
		must(t, os.Mkdir(filepath.Join(p.dir, fmt.Sprint(i)), 0o755))
		for j := range 101 {
			must(t, os.WriteFile(filepath.Join(p.dir, fmt.Sprint(i), fmt.Sprint(j)), nil, 0o644))
		}
	}
	began := time.Now()
	c := p.take()
	if c.Partial == "" || c.file("train.py") == nil {
		t.Errorf("partial %q, %d files", c.Partial, len(c.Files))
	}
	t.Logf("%d files in %v: %s", len(c.Files), time.Since(began), c.Partial)
	p.write("train.py", "2")
	p.write("z.py", "2")
	p.differ(c, p.again(), "train.py changed")
}

func TestLoadRefuses(t *testing.T) {
	p := newProject(t)
	s, err := Take(context.Background(), p.home, p.dir, p.words)
	must(t, err)
	for _, digest := range []string{"", "../x", strings.Repeat("0", 32)} {
		if _, err := Load(p.home, digest); !errors.Is(err, ErrNoSnapshot) {
			t.Errorf("%q: %v", digest, err)
		}
	}
	must(t, os.WriteFile(filepath.Join(p.home, "code", s.Digest+".json"), []byte("{}"), 0o644))
	if _, err := Load(p.home, s.Digest); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Error(err)
	}
	if _, err := Take(context.Background(), p.home, filepath.Join(p.dir, "none"), nil); err == nil {
		t.Error("a missing folder was taken")
	}
}

func TestUnchangedFolderIsCheap(t *testing.T) {
	p := newProject(t)
	for i := range 20 {
		p.write(fmt.Sprintf("m%d.py", i), "x")
	}
	time.Sleep(2 * tick) // files are old enough to be remembered
	best := time.Hour
	p.take()
	for range 20 {
		began := time.Now()
		_, err := Take(context.Background(), p.home, p.dir, p.words)
		must(t, err)
		best = min(best, time.Since(began))
	}
	if t.Logf("%v", best); best > 2*time.Millisecond {
		t.Errorf("an unchanged folder of 21 files takes %v", best)
	}
}

func BenchmarkTakeUnchanged(b *testing.B) {
	dir, home := b.TempDir(), b.TempDir()
	for i := range 20 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("m%d.py", i)), nil, 0o644); err != nil {
			b.Fatal(err)
		}
	}
	time.Sleep(2 * tick)
	for b.Loop() {
		if _, err := Take(context.Background(), home, dir, []string{"python", "m1.py"}); err != nil {
			b.Fatal(err)
		}
	}
}
