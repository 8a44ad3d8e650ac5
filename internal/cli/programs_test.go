package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"harness/runner"
	"harness/runner/collect"
	"harness/sweeps"
)

// TestPlaceholdersAgree compares what a file may name with what the runner replaces.
func TestPlaceholdersAgree(t *testing.T) {
	var parsed, replaced []string
	for _, macro := range append(sweeps.Macros[:], "envvar:NAME") {
		parsed = append(parsed, "${"+macro+"}")
	}
	for _, p := range runner.Placeholders {
		replaced = append(replaced, p.Name)
	}
	slices.Sort(parsed)
	slices.Sort(replaced)
	if !slices.Equal(parsed, replaced) {
		t.Errorf("parsed are %q, replaced %q", parsed, replaced)
	}
}

func TestProgramsPage(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 on PATH")
	}
	runPage(t, "programs.md", 5)
}

func TestResourcesPage(t *testing.T) { runPage(t, "resources.md", 5) }

// TestBundlesPage runs the examples of docs/bundles.md.
func TestBundlesPage(t *testing.T) { runPage(t, "bundles.md", 5) }

// TestImportExportPage runs the examples of docs/import-export.md.
func TestImportExportPage(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 on PATH")
	}
	runPage(t, "import-export.md", 5)
}

// TestSweepFilesPage runs the examples of docs/sweepfiles.md.
func TestSweepFilesPage(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("no python3 on PATH")
	}
	runPage(t, "sweepfiles.md", 5)
}

// runPage runs the examples of a page, of which there are at least least: blocks that begin with "# NAME" are files, and each line of a
// console block that is no command is part of what the command before it prints.
func runPage(t *testing.T, name string, least int) {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(root, "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	commands := 0
	for _, block := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(page), -1) {
		if block[1] == "console" {
			commands += runConsole(t, dir, block[2])
			continue
		}
		head, _, _ := strings.Cut(block[2], "\n")
		name, ok := strings.CutPrefix(head, "# ")
		if !ok {
			t.Fatalf("a block without a name: %s", head)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(block[2]), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if commands < least {
		t.Errorf("only %d commands were run", commands)
	}
}

// runConsole runs the commands of a block and looks for the other lines in what they print.
func runConsole(t *testing.T, dir, block string) (commands int) {
	t.Helper()
	printed := ""
	for line := range strings.Lines(block) {
		line = strings.TrimSpace(line)
		if command, ok := strings.CutPrefix(line, "$ harness "); ok {
			out, err := harness(dir, words(command)...).CombinedOutput()
			if exit, ok := err.(*exec.ExitError); err != nil && (!ok || exit.ExitCode() != exitSomeFailed && exit.ExitCode() != exitMisused) {
				t.Errorf("%s: %v\n%s", line, err, out)
			}
			printed = string(out)
			commands++
			continue
		}
		if !strings.Contains(printed, line) {
			t.Errorf("the page shows %q, but it prints:\n%s", line, printed)
		}
	}
	return commands
}

// words splits a command line at blanks outside single quotes.
func words(line string) []string {
	var list []string
	for i, part := range strings.Split(line, "'") {
		if i%2 == 1 {
			list = append(list, part)
			continue
		}
		list = append(list, strings.Fields(part)...)
	}
	return list
}

// TestCollectFormatsAgree compares the formats that a file may name with those that are read.
func TestCollectFormatsAgree(t *testing.T) {
	parsed := slices.Sorted(slices.Values(sweeps.CollectFormats))
	var read []string
	for _, format := range collect.Formats {
		read = append(read, string(format))
	}
	slices.Sort(read)
	if !slices.Equal(parsed, read) {
		t.Errorf("parsed are %q, read %q", parsed, read)
	}
}
