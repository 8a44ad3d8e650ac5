package reports

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestEscapeLatex(t *testing.T) {
	for text, want := range map[string]string{
		"--set ''a'' ?` a--- -":      "-{}-set '{}'a'{}' ?{}` a-{}-{}- -",
		`50% & $5 #1 a_b {x} ~ ^`:    `50\% \& \$5 \#1 a\_b \{x\} $\sim$ \textasciicircum{}`,
		`C:\x`:                       `C:\textbackslash{}x`,
		"a\nb\x00\x1b[0m":            "a b{[}0m",
		"0.1 ± 0.2 ↑ Δ é 中":          `0.1 $\pm$ 0.2 $\uparrow$ $\Delta$ \'{e} ?`,
		"[cap] *ours* [0, 50)":       `{[}cap{]} {*}ours{*} {[}0, 50)`,
		"β₂ = 0.99 → γ, x²":          `$\beta$$_2$ = 0.99 $\rightarrow$ $\gamma$, x$^2$`,
		"Müller, Łukasz, Çağrı, ïß≠": `M\"{u}ller, \L{}ukasz, \c{C}a\u{g}r\i{}, \"{\i}\ss{}$\neq$`,
		"e\u0301\u0338":              `\'{e}`,
		"\"p < 0.05\" and 'x' — 3–4": `''p $<$ 0.05'' and 'x' --- 3--4`,
	} {
		if got := escapeLatex(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestUntypeset(t *testing.T) {
	table := &Table{Caption: []string{"Łódź γ"}, Heads: []string{"数"}, Notes: []string{"中"}, Cases: []Case{{Question: "中?", Answers: []Answer{{Text: "é ж"}}}}}
	if got := strings.Join(table.Untypeset(), " "); got != "ж 中 数" {
		t.Errorf("got %s", got)
	}
}

// TestLatexCompiles runs pdflatex over the golden files and over a label made of every special character.
func TestLatexCompiles(t *testing.T) {
	pdflatex, err := exec.LookPath("pdflatex")
	if err != nil {
		t.Skip("pdflatex is not installed")
	}
	if testing.Short() {
		t.Skip("takes seconds")
	}
	hostile := &Table{Name: `h_o#s%t$ile`, Caption: []string{`\end{table} & % $ # _ { } ~ ^ " < > | ± ↑ 中 Ł γ₂ ∉ é ğ ʼ`}, Heads: []string{"a & b"},
		Columns: []Column{{Metric: "m", Label: `\m_1`, Digits: 3, Scale: 1}},
		Rows:    []Row{{Name: "x", Kind: Model, Lead: []string{`[50% \ *x_1*`}, Cells: []Cell{single(-1)}, Marks: []int{0}}}, Notes: []string{"~^_"},
		Cases: []Case{{ID: "1", Question: "what % of a_b?", Truth: "{}", Answers: []Answer{{Row: "r#1", Text: "x & y", Right: true}}}}}
	paths, err := filepath.Glob("testdata/*.tex")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	dir := t.TempDir()
	var body strings.Builder
	body.WriteString("\\documentclass{article}\n\\usepackage[paperwidth=60cm,paperheight=40cm,margin=1cm]{geometry}\n\\usepackage{booktabs}\n\\begin{document}\n")
	if err := hostile.Latex(&body, LatexOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		body.Write(text)
	}
	body.WriteString("\\end{document}\n")
	if err := os.WriteFile(filepath.Join(dir, "all.tex"), []byte(body.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(pdflatex, "-interaction=nonstopmode", "-halt-on-error", "all.tex")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("pdflatex: %v\n%s", err, out)
	}
}
