package cli

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	documentsPython = flag.String("documents-python", "", "a Python with torch: runs the documents that need one, too")
	documentsPrint  = flag.Bool("documents-print", false, "print every command of the documents with its output")
)

// needsTorch are the documents whose programs import torch.
var needsTorch = map[string]bool{"tutorial.md": true}

// documentFolders are the folders of the repository in whose copy a document is run; the others begin in an empty one.
var documentFolders = map[string]string{"tutorial.md": "docs/tutorial", "results.md": "docs/results"}

// A block is a fenced part of a document. Kind console has commands behind "$ " and what they print. Text that begins with "# NAME" is a
// file that the commands read. All else is only to be read.
type block struct {
	kind, text string
	line       int // of its first line in the document
}

var fileName = regexp.MustCompile(`^# ([\w-]+\.\w+)\n`)

// blocksOf returns the fenced blocks of a document in order.
func blocksOf(text string) (blocks []block) {
	var open *block
	n := 0
	for line := range strings.Lines(text) {
		n++
		kind, fence := strings.CutPrefix(line, "```")
		switch {
		case fence && open == nil:
			open = &block{kind: strings.TrimSpace(kind), line: n + 1}
		case fence:
			blocks = append(blocks, *open)
			open = nil
		case open != nil:
			open.text += line
		}
	}
	return blocks
}

// A step is a command of a document, the exit code that it says ("# exit 3" behind the command; else 0), and what it shows of the output.
type step struct {
	command string
	code    int
	want    []string
	line    int
}

var exitRemark = regexp.MustCompile(`\s+# exit (\d+)$`)

// stepsOf returns the commands of a console block. A line that ends with a backslash goes on in the next one.
func (b block) stepsOf(t *testing.T) (steps []step) {
	t.Helper()
	goesOn := false
	for i, line := range strings.Split(strings.TrimSuffix(b.text, "\n"), "\n") {
		command, ok := strings.CutPrefix(line, "$ ")
		switch {
		case goesOn:
			steps[len(steps)-1].command += "\n" + line
		case ok:
			s := step{command: command, line: b.line + i}
			if m := exitRemark.FindStringSubmatch(command); m != nil {
				s.command, s.code = strings.TrimSuffix(command, m[0]), number(t, m[1])
			}
			steps = append(steps, s)
		case len(steps) == 0:
			t.Fatalf("line %d: a console block begins with a command: $ …", b.line)
		default:
			steps[len(steps)-1].want = append(steps[len(steps)-1].want, line)
		}
		goesOn = (ok || goesOn) && strings.HasSuffix(line, `\`)
	}
	return steps
}

// documents are the paths of all documents below the root of the repository.
func documents(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, files...)
	}
	return all
}

// TestDocumentCommands runs the commands of all documents in order, each document in a folder of its own, and compares exit codes and output.
func TestDocumentCommands(t *testing.T) {
	ran, pages := 0, 0
	for _, path := range documents(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		shown := len(regexp.MustCompile(`(?m)^\s*\$ `).FindAll(data, -1))
		if shown == 0 {
			continue
		}
		name := filepath.Base(path)
		t.Run(name, func(t *testing.T) {
			python := pythonFor(t, name, string(data))
			n := runDocument(t, name, string(data), python)
			if n != shown {
				t.Errorf("%d commands were run, the document shows %d", n, shown)
			}
			ran += n
			pages++
		})
	}
	t.Logf("%d commands of %d documents were run", ran, pages)
	if !strings.Contains(flag.Lookup("test.run").Value.String(), "/") && (ran < 40 || pages < 5) {
		t.Errorf("only %d commands of %d documents were run", ran, pages)
	}
}

// pythonFor returns the Python that a document is run with, or skips it with the reason.
func pythonFor(t *testing.T, name, text string) string {
	t.Helper()
	if !needsTorch[name] {
		python, err := exec.LookPath("python3")
		if err != nil && strings.Contains(text, "python3") {
			t.Skip("no python3 on PATH")
		}
		return python
	}
	if *documentsPython == "" {
		t.Skip("needs torch and two minutes: make docs-check PYTHON=/path/to/python3")
	}
	path, err := exec.LookPath(*documentsPython)
	if err == nil {
		path, err = filepath.Abs(path)
	}
	if err != nil {
		t.Skip(err)
	}
	if out, err := exec.Command(path, "-c", "import torch").CombinedOutput(); err != nil {
		t.Skipf("%s cannot import torch: %s", path, lastLine(string(out)))
	}
	return path
}

// hasProgram says whether the shell can run a command; what is not everywhere is curl and pdflatex.
func hasProgram(name string) bool {
	if name != "curl" && name != "pdflatex" {
		return true
	}
	_, err := exec.LookPath(name)
	return err == nil
}

// runDocument runs the commands of a document and returns how many.
func runDocument(t *testing.T, name, text, python string) (n int) {
	t.Helper()
	dir := t.TempDir()
	if folder, ok := documentFolders[name]; ok {
		if err := os.CopyFS(dir, os.DirFS(filepath.Join(root, folder))); err != nil {
			t.Fatal(err)
		}
	}
	shell := startShell(t, dir, python)
	for _, b := range blocksOf(text) {
		if m := fileName.FindStringSubmatch(b.text); m != nil {
			text := b.text
			if filepath.Ext(m[1]) == ".json" || filepath.Ext(m[1]) == ".csv" { // which have no comments
				text = strings.TrimPrefix(text, m[0])
			}
			if err := os.WriteFile(filepath.Join(dir, m[1]), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		if b.kind != "console" {
			continue
		}
		for _, s := range b.stepsOf(t) {
			n++
			if program, _, _ := strings.Cut(s.command, " "); !hasProgram(program) {
				t.Logf("%s, line %d: not run, there is no %s here", name, s.line, program)
				continue
			}
			out, code := shell.run(t, s.command)
			if *documentsPrint {
				t.Logf("line %d: $ %s\n%s(exit code %d)", s.line, s.command, out, code)
			}
			if code != s.code {
				t.Errorf("%s, line %d: %s: exit code %d, not %d:\n%s", name, s.line, s.command, code, s.code, out)
			} else if s.want != nil && !outputMatches(s.want, out, needsTorch[name]) {
				t.Errorf("%s, line %d: %s: the document shows\n%s\n\nbut it prints\n%s", name, s.line, s.command, strings.Join(s.want, "\n"), out)
			}
		}
	}
	return n
}
