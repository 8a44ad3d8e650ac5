package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// link is a Markdown link or picture; name is what stands in backquotes behind it.
var (
	link = regexp.MustCompile(`\]\(([^)\s#]+)[^)]*\)`)
	name = regexp.MustCompile("`([A-Za-z]+)`")
)

// Links of the documents lead to files, and the names that a table gives for a Go file are in it.
func TestDocuments(t *testing.T) {
	files, err := filepath.Glob("*.md")
	if err != nil {
		t.Fatal(err)
	}
	more, _ := filepath.Glob("docs/*.md")
	links, names := 0, 0
	for _, file := range append(files, more...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(data)) {
			for _, place := range link.FindAllStringSubmatchIndex(line, -1) {
				target := line[place[2]:place[3]]
				if strings.Contains(target, "://") {
					continue
				}
				links++
				path := filepath.Join(filepath.Dir(file), target)
				if _, err := os.Stat(path); err != nil {
					t.Errorf("%s: no %s", file, target)
				} else if strings.HasSuffix(path, ".go") {
					names += checkNames(t, file, path, line[place[1]:])
				}
			}
		}
		checkWords(t, file, string(data))
	}
	if links < 40 || names < 15 {
		t.Errorf("only %d links and %d names were checked", links, names)
	}
}

// checkNames looks for the names in backquotes up to the next link or row in the Go file of the link, or in its package.
func checkNames(t *testing.T, document, file, text string) int {
	t.Helper()
	if end := strings.Index(text, "]("); end >= 0 {
		text = text[:end]
	}
	sources, _ := filepath.Glob(filepath.Join(filepath.Dir(file), "*.go"))
	var all strings.Builder
	for _, source := range sources {
		data, err := os.ReadFile(source)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	n := 0
	for _, match := range name.FindAllStringSubmatch(text, -1) {
		word := match[1]
		if _, err := os.Stat(word); err == nil || word == "omitzero" || word == "native" || word == "xla" {
			continue // a folder, or a word of another kind
		}
		n++
		if !regexp.MustCompile(`\b` + word + `\b`).MatchString(all.String()) {
			t.Errorf("%s: %s is not in the package of %s", document, word, file)
		}
	}
	return n
}

// checkWords refuses what only a single machine has.
func checkWords(t *testing.T, document, text string) {
	t.Helper()
	for _, word := range []string{"../shared", "/root/", "/work/"} {
		if strings.Contains(text, word) {
			t.Errorf("%s: speaks of %s", document, word)
		}
	}
}
