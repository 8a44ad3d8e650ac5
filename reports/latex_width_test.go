package reports

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// measured lists every character that pdflatex can show.
func measured() []rune {
	var list []rune
	for r := rune(' '); r < 0x7f; r++ {
		list = append(list, r)
	}
	return append(list, slices.Sorted(maps.Keys(latexSymbols))...)
}

// TestWidths measures every character with pdflatex in the fonts of the papers; -update writes latex_widths.txt.
func TestWidths(t *testing.T) {
	pdflatex := tool(t, "pdflatex")
	var body strings.Builder
	body.WriteString("\\documentclass{article}\n\\begin{document}\n\\newcommand\\wide[2]{\\setbox0\\hbox{#2}\\typeout{WIDTH #1 \\the\\wd0}}\n")
	for _, font := range []string{`{ptm}{m}`, `{ptm}{b}`, `{cmr}{m}`, `{cmr}{bx}`} {
		family, series, _ := strings.Cut(strings.Trim(font, "{}"), "}{")
		fmt.Fprintf(&body, "{\\fontfamily{%s}\\fontseries{%s}\\fontsize{10}{12}\\selectfont\n", family, series)
		for _, r := range measured() {
			source := escapeLatex(string(r))
			if source == " " {
				source = `\ `
			}
			fmt.Fprintf(&body, "\\wide{%d}{%s}\n", r, source)
		}
		body.WriteString("}\n")
	}
	body.WriteString("\\end{document}\n")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "widths.tex"), []byte(body.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(pdflatex, "-interaction=nonstopmode", "-halt-on-error", "widths.tex")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	got := map[rune][]string{}
	for _, m := range regexp.MustCompile(`WIDTH (\d+) ([\d.]+)pt`).FindAllStringSubmatch(string(out), -1) {
		code, _ := strconv.Atoi(m[1])
		points, _ := strconv.ParseFloat(m[2], 64)
		got[rune(code)] = append(got[rune(code)], fmt.Sprintf("%.0f", points*100+.5))
	}
	var table strings.Builder
	table.WriteString("# Widths in thousandths of the type size: code, Times, Times bold, Computer Modern, Computer Modern bold, character.\n" +
		"# Measured by TestWidths with pdflatex; go test ./reports -run TestWidths -update writes it again.\n")
	for _, r := range measured() {
		if len(got[r]) != 4 {
			t.Fatalf("%c: %d widths", r, len(got[r]))
		}
		fmt.Fprintf(&table, "%04x %s %c\n", r, strings.Join(got[r], " "), r)
	}
	golden(t, "latex_widths.txt", []byte(table.String()))
}

// tool finds a program or skips the test.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skip(name + " is not installed")
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	return path
}
