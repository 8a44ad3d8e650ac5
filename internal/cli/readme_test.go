package cli

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"harness/experiments"
)

// root is the root of the repository.
const root = "../.."

func readme(t *testing.T) string {
	t.Helper()
	return readDocument(t, "README.md")
}

// readDocument reads a file of the repository.
func readDocument(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The files that documents show are those of the repository.
func TestDocumentsShowRealFiles(t *testing.T) {
	demo, err := experiments.Read("demo")
	if err != nil {
		t.Fatal(err)
	}
	_, ablation, _ := strings.Cut(readDocument(t, "docs/tutorial/ablation.yaml"), "yaml\n") // without what its comment says
	for name, want := range map[string]string{"docs/demo.md": string(demo), "README.md": ablation, "docs/tutorial.md": ablation} {
		if block := between(t, readDocument(t, name), "```yaml\n", "```"); block != want {
			t.Errorf("%s shows another file:\n%s", name, block)
		}
	}
}

// The README has a picture on its first screen.
func TestReadmeShowsAPicture(t *testing.T) {
	before, _, ok := strings.Cut(readme(t), "\n![")
	if n := strings.Count(before, "\n"); !ok || n > 50 {
		t.Errorf("%d lines stand before the first picture", n)
	}
}

func between(t *testing.T, text, start, end string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, start)
	block, _, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("it has no block between %q and %q", start, end)
	}
	return block
}

// Every command and flag that a document names exists.
func TestDocumentsNameRealCommands(t *testing.T) {
	checked := 0
	for _, path := range documents(t) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(path), func(t *testing.T) {
			for _, line := range commandsNamed(string(data)) {
				checkCommand(t, line)
				checked++
			}
		})
	}
	if checked < 150 {
		t.Errorf("only %d commands were found", checked)
	}
}

// remark is what stands behind a command.
var remark = regexp.MustCompile(`(   | #).*`)

// commandsNamed returns what stands behind "harness" in backquotes, indented lines and blocks of the kinds sh and console.
func commandsNamed(text string) (lines []string) {
	for _, m := range regexp.MustCompile("(?m)(?:`|^    )harness ([^`\n]+)").FindAllStringSubmatch(text, -1) {
		lines = append(lines, strings.Split(remark.ReplaceAllString(m[1], ""), ", ")...)
	}
	for _, b := range blocksOf(text) {
		if b.kind == "sh" || b.kind == "console" {
			for _, m := range regexp.MustCompile(`(?m)^(?:\$ )?harness ([^|&;>\n]+)`).FindAllStringSubmatch(b.text, -1) {
				lines = append(lines, remark.ReplaceAllString(m[1], ""))
			}
		}
	}
	return lines
}

func checkCommand(t *testing.T, line string) {
	t.Helper()
	words := strings.Fields(strings.ReplaceAll(line, "\\|", "|"))
	command, rest := newRootCommand(), words
	if len(rest) > 2 && rest[0] == "--home" {
		rest = rest[2:]
	}
	for len(rest) > 0 && command.HasSubCommands() {
		name, _, _ := strings.Cut(rest[0], "|") // "synth|check|show" names three
		next := subcommand(command, name)
		if next == nil {
			t.Errorf("harness %s: no command %q", line, rest[0])
			return
		}
		command, rest = next, rest[1:]
	}
	for _, word := range rest {
		name, _, _ := strings.Cut(strings.TrimPrefix(word, "--"), "=")
		if strings.HasPrefix(word, "--") && name != "help" && command.Flags().Lookup(name) == nil && command.InheritedFlags().Lookup(name) == nil {
			t.Errorf("harness %s: no flag --%s", line, name)
		} else if len(word) == 2 && word[0] == '-' && command.Flags().ShorthandLookup(word[1:]) == nil {
			t.Errorf("harness %s: no flag %s", line, word)
		}
	}
}

func subcommand(parent *cobra.Command, name string) *cobra.Command {
	for _, c := range parent.Commands() {
		if c.Name() == name {
			return c
		}
	}
	return nil
}

// The pictures are there, and the list of dependencies is that of go.mod.
func TestReadmeNamesRealFiles(t *testing.T) {
	text := readme(t)
	links := regexp.MustCompile(`\]\(([^)#:]+)\)`).FindAllStringSubmatch(text, -1)
	if len(links) == 0 {
		t.Error("no link was found")
	}
	for _, link := range links {
		if _, err := os.Stat(filepath.Join(root, link[1])); err != nil {
			t.Errorf("README links to %s: %v", link[1], err)
		}
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	table := between(t, text, "### Dependencies\n", "\n#")
	named := regexp.MustCompile(`golang\.org/x/\{([^}]+)\}`).ReplaceAllStringFunc(table, func(s string) string {
		inside := strings.Trim(strings.TrimPrefix(s, "golang.org/x/"), "{}")
		return "golang.org/x/" + strings.ReplaceAll(inside, ",", " golang.org/x/")
	})
	for _, line := range strings.Split(string(mod), "\n") {
		fields := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(fields) != 2 || !strings.HasPrefix(fields[1], "v") || strings.Contains(line, "// indirect") {
			continue
		}
		module := strings.TrimPrefix(fields[0], "github.com/")
		if !slices.ContainsFunc(strings.FieldsFunc(named, func(r rune) bool { return strings.ContainsRune(" |,\n", r) }), func(w string) bool { return w == module }) {
			t.Errorf("the README does not say why go.mod requires %s", fields[0])
		}
	}
}
