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
	links, names, anchors := 0, 0, 0
	for _, file := range append(files, more...) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		anchors += checkAnchors(t, file, string(data))
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
	if links < 40 || names < 15 || anchors < 20 {
		t.Errorf("only %d links, %d names and %d anchors were checked", links, names, anchors)
	}
}

var (
	anchored   = regexp.MustCompile(`\]\(([\w/.-]*\.md)?#([^)\s]+)\)`)
	heading    = regexp.MustCompile(`(?m)^#+ (.+)$`)
	fenced     = regexp.MustCompile("(?ms)^```.*?^```$")
	notInSlugs = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// checkAnchors looks for the headings to which links of a document lead.
func checkAnchors(t *testing.T, file, text string) int {
	t.Helper()
	matches := anchored.FindAllStringSubmatch(text, -1)
	for _, match := range matches {
		target := text
		if match[1] != "" {
			data, err := os.ReadFile(filepath.Join(filepath.Dir(file), match[1]))
			if err != nil {
				continue // the link itself is checked elsewhere
			}
			target = string(data)
		}
		found := false
		for _, h := range heading.FindAllStringSubmatch(fenced.ReplaceAllString(target, ""), -1) {
			slug := strings.ReplaceAll(notInSlugs.ReplaceAllString(strings.ToLower(h[1]), ""), " ", "-")
			found = found || slug == match[2]
		}
		if !found {
			t.Errorf("%s: no heading %s#%s", file, match[1], match[2])
		}
	}
	return len(matches)
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
