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
	data, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The worked example shows the file that is built in.
func TestReadmeShowsTheDemo(t *testing.T) {
	block := between(t, readme(t), "```yaml\n", "```")
	data, err := experiments.Read("demo")
	if err != nil {
		t.Fatal(err)
	}
	if block != string(data) {
		t.Errorf("the README's demo is not experiments/demo.yaml:\n%s", block)
	}
}

func between(t *testing.T, text, start, end string) string {
	t.Helper()
	_, rest, ok := strings.Cut(text, start)
	block, _, closed := strings.Cut(rest, end)
	if !ok || !closed {
		t.Fatalf("the README has no block between %q and %q", start, end)
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

// commandsNamed returns what stands behind "harness" in backquotes, indented lines and blocks of the kinds sh and console.
func commandsNamed(text string) (lines []string) {
	matches := regexp.MustCompile("(?m)(?:`|^    )harness ([^`\n]+)").FindAllStringSubmatch(text, -1)
	for _, b := range blocksOf(text) {
		if b.kind == "sh" || b.kind == "console" {
			matches = append(matches, regexp.MustCompile(`(?m)^(?:\$ )?harness ([^|&;>\n]+)`).FindAllStringSubmatch(b.text, -1)...)
		}
	}
	for _, m := range matches {
		line, _, _ := strings.Cut(m[1], "   ") // what stands behind is a remark
		lines = append(lines, strings.Split(line, ", ")...)
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
		if strings.HasPrefix(word, "--") && command.Flags().Lookup(name) == nil && command.InheritedFlags().Lookup(name) == nil {
			t.Errorf("harness %s: no flag --%s", line, name)
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
