package main

import (
	"flag"
	"fmt"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"harness/internal/atomicfile"
)

var update = flag.Bool("update", false, "rewrite the line numbers and the counts of docs/paper.md")

const paperDocument = "docs/paper.md"

// How the harness stands to a statement of the paper. Ours is what the paper leaves open.
var verdicts = []string{"same", "different", "missing", "ours"}

var (
	// A place is [FILE:LINE](../FILE) `WORDS`, and WORDS stand on that line of the file and on no other.
	place = regexp.MustCompile("\\[([^\\]\\s]+):(\\d+)\\]\\(\\.\\./([^)\\s]+)\\) `([^`]+)`")
	// counts is the sentence that says how many statements have which verdict.
	counts = regexp.MustCompile(`\d+ statements are the same, \d+ different, \d+ missing; \d+ choices are ours`)
)

// Every statement of the paper has a verdict, and every place in the code that it names is there.
func TestPaper(t *testing.T) {
	data, err := os.ReadFile(paperDocument)
	if err != nil {
		t.Fatal(err)
	}
	want, faults := checkedPaper(string(data), linesOf)
	for _, fault := range faults {
		t.Errorf("%s: %s", paperDocument, fault)
	}
	if want == string(data) {
		return
	}
	if !*update {
		t.Errorf("%s: line numbers or counts are out of date: go test . -run Paper -update", paperDocument)
		return
	}
	if err := atomicfile.Write(paperDocument, []byte(want)); err != nil {
		t.Fatal(err)
	}
}

// checkedPaper is the document with the right line numbers and counts, and what is wrong with it otherwise. lines gives those of a file.
func checkedPaper(text string, lines func(file string) ([]string, error)) (checked string, faults []string) {
	n := map[string]int{}
	var b strings.Builder
	judged := false // inside a table of statements
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		switch {
		case !strings.HasPrefix(line, "|"):
			judged = false
		case cells[len(cells)-1] == "Verdict":
			judged = true
		case judged && !strings.HasPrefix(line, "| ---"):
			verdict, fault := verdictOf(cells)
			n[verdict]++
			if fault != "" {
				faults = append(faults, fmt.Sprintf("%q: %s", cells[0], fault))
			}
		}
		b.WriteString(place.ReplaceAllStringFunc(line, func(s string) string {
			part := place.FindStringSubmatch(s)
			at, err := lineOf(part[3], part[4], lines)
			if err == nil && part[1] != part[3] {
				err = fmt.Errorf("the link leads to %s", part[3])
			}
			if err != nil {
				faults = append(faults, fmt.Sprintf("%s: %v", part[1], err))
				return s
			}
			return strings.Replace(s, ":"+part[2]+"]", ":"+strconv.Itoa(at)+"]", 1)
		}))
	}
	if n["same"] == 0 || len(counts.FindAllString(text, -1)) != 1 {
		faults = append(faults, "no statement, or not one sentence that counts them")
	}
	said := fmt.Sprintf("%d statements are the same, %d different, %d missing; %d choices are ours", n["same"], n["different"], n["missing"], n["ours"])
	return counts.ReplaceAllString(b.String(), said), faults
}

// verdictOf reads a row: the statement, what the harness does and the verdict, which gives a reason unless it is "same".
func verdictOf(cells []string) (verdict, fault string) {
	if len(cells) != 3 {
		return "", fmt.Sprintf("a row of %d cells: want 3", len(cells))
	}
	verdict, reason, _ := strings.Cut(cells[2], ": ")
	switch {
	case !slices.Contains(verdicts, verdict):
		return "", fmt.Sprintf("verdict %q: want one of %q", verdict, verdicts)
	case verdict != "same" && len(reason) < 3:
		return verdict, "no reason for " + verdict
	case verdict != "missing" && !place.MatchString(cells[1]):
		return verdict, "no place in the code"
	}
	return verdict, ""
}

// lineOf is the one line of the file, counted from 1, on which the words stand.
func lineOf(file, words string, lines func(file string) ([]string, error)) (int, error) {
	all, err := lines(file)
	if err != nil {
		return 0, err
	}
	var found []int
	for i, line := range all {
		if strings.Contains(line, words) {
			found = append(found, i+1)
		}
	}
	if len(found) != 1 {
		return 0, fmt.Errorf("`%s` stands on %d lines %v: want one", words, len(found), found)
	}
	return found[0], nil
}

func linesOf(file string) ([]string, error) {
	data, err := os.ReadFile(path.Clean(file))
	return strings.Split(string(data), "\n"), err
}

// What TestPaper must find is found, and the numbers are put right.
func TestPaperFaults(t *testing.T) {
	const head = "0 statements are the same, 0 different, 0 missing; 0 choices are ours\n\n| The paper | Here | Verdict |\n| --- | --- | --- |\n"
	const good = "| \"a\" | [x.go:7](../x.go) `func A(` | same |\n"
	lines := func(file string) ([]string, error) {
		if file != "x.go" {
			return nil, os.ErrNotExist
		}
		return []string{"package x", "func A() {}", "// B", "// B again"}, nil
	}
	for _, c := range []struct{ rows, want string }{
		{good, ""},
		{good + "| \"b\" | nothing | missing: it needs a GPU |\n", ""},
		{good + "| \"b\" | [x.go:1](../x.go) `func Gone(` | same |\n", "x.go: `func Gone(` stands on 0 lines []: want one"},
		{good + "| \"b\" | [x.go:3](../x.go) `B` | same |\n", "x.go: `B` stands on 2 lines [3 4]: want one"},
		{good + "| \"b\" | [y.go:3](../y.go) `B` | same |\n", "y.go: file does not exist"},
		{good + "| \"b\" | [y.go:3](../x.go) `func A(` | same |\n", "y.go: the link leads to x.go"},
		{good + "| \"b\" | [x.go:2](../x.go) `func A(` | |\n", `"\"b\"": a row of 2 cells: want 3`},
		{good + "| \"b\" | [x.go:2](../x.go) `func A(` | so so |\n", `"\"b\"": verdict "so so": want one of ["same" "different" "missing" "ours"]`},
		{good + "| \"b\" | [x.go:2](../x.go) `func A(` | different |\n", `"\"b\"": no reason for different`},
		{good + "| \"b\" | somewhere | same |\n", `"\"b\"": no place in the code`},
		{"", "no statement, or not one sentence that counts them"},
	} {
		text, faults := checkedPaper(head+c.rows, lines)
		if got := strings.Join(faults, "\n"); got != c.want {
			t.Errorf("%q: %q, want %q", c.rows, got, c.want)
		}
		if c.rows == good && text != strings.Replace(strings.Replace(head+good, "0 st", "1 st", 1), ":7]", ":2]", 1) {
			t.Errorf("the numbers are not put right:\n%s", text)
		}
	}
}
