package reports

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"harness/metrics"
)

// escapeLatex is escape for pdflatex.
func escapeLatex(text string) string { return PDFLatex.escape(text, func(string) {}) }

func TestEscapeLatex(t *testing.T) {
	for text, want := range map[string]string{
		"--set ''a'' ?` a--- -":       "-{}-set '{}'a'{}' ?{}` a-{}-{}- -",
		`50% & $5 #1 a_b {x} ~ ^`:     `50\% \& \$5 \#1 a\_b \{x\} $\sim$ \textasciicircum{}`,
		`C:\x`:                        `C:\textbackslash{}x`,
		"a\nb\x00\x1b[0m":             "a b{[}0m",
		"0.1 ± 0.2 ↑ Δ é 中":           `0.1 $\pm$ 0.2 $\uparrow$ $\Delta$ \'{e} ?`,
		"[cap] *ours* [0, 50)":        `{[}cap{]} {*}ours{*} {[}0, 50)`,
		"β₂ = 0.99 → γ, x²":           `$\beta$$_2$ = 0.99 $\rightarrow$ $\gamma$, x$^2$`,
		"Müller, Łukasz, Çağrı, ïß≠":  `M\"{u}ller, \L{}ukasz, \c{C}a\u{g}r\i{}, \"{\i}\ss{}$\neq$`,
		"e\u0301\u0338":               "?", // no mark is left out in silence
		"Wałęsa, đ, ș, ậ ế, θ̂, ά, ⊄": `Wa\l{}{\fontencoding{T1}\selectfont \k{e}}sa, {\fontencoding{T1}\selectfont \dj{}}, {\fontencoding{T1}\selectfont \textcommabelow{s}}, \d{\^{a}} ?, $\hat{\theta}$, $\acute{\alpha}$, $\not{\subset}$`,
		"✓\ufe0f ơ":                   `$\surd$ ?`,
		"\"p < 0.05\" and 'x' — 3–4":  `''p $<$ 0.05'' and 'x' --- 3--4`,
	} {
		if got := escapeLatex(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

func TestUntypeset(t *testing.T) {
	table := &Table{Caption: []string{"Łódź γ", "é ж"}, Heads: []string{"数"}, Notes: []string{"中"}}
	if got := strings.Join(table.Untypeset(), " "); got != "ж 中 数" {
		t.Errorf("got %s", got)
	}
}

// TestLatexCompiles runs pdflatex over the golden files and over a label made of every special character.
func TestLatexCompiles(t *testing.T) {
	pdflatex := tool(t, "pdflatex", "booktabs.sty", "geometry.sty")
	hostile := &Table{Name: `h_o#s%t$ile`, Caption: []string{`\end{table} & % $ # _ { } ~ ^ " < > | ± ↑ 中 Ł γ₂ ∉ é ğ ʼ`}, Heads: []string{"a & b"},
		Columns: []Column{{Metric: "m", Label: `\m_1`, Digits: 3, Scale: 1}},
		Rows:    []Row{{Name: "x", Kind: Model, Lead: []string{`[50% \ *x_1*`}, Cells: []Cell{single(-1)}, Marks: []int{0}}}, Notes: []string{"~^_"}}
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

// FuzzEscapeLatex looks for texts that would break a document: unbalanced groups, bare special characters, line ends.
func FuzzEscapeLatex(f *testing.F) {
	for _, text := range []string{"[cap]", `\input{x}`, "$x_1%&#", "中文", "e\u0301\u0302", "--``''", "\x00\n", "θ̂^", strings.Repeat("a/", 20), "i\u0323\u0301"} {
		f.Add(text)
	}
	commands := regexp.MustCompile(`\\([a-zA-Z]+|.)`)
	f.Fuzz(func(t *testing.T, text string) {
		for _, engine := range Engines {
			source := engine.escape(breakable(text), func(string) {})
			bare := commands.ReplaceAllString(source, "")
			if strings.ContainsAny(bare, "\n\r%#&_\x00") && !strings.Contains(bare, "$_") {
				t.Errorf("%q: %q", text, source)
			}
			depth := 0
			for _, r := range bare {
				switch r {
				case '{':
					depth++
				case '}':
					depth--
				}
				if depth < 0 {
					break
				}
			}
			if depth != 0 || strings.Count(bare, "$")%2 != 0 {
				t.Errorf("%q: groups or formulas are open: %q", text, source)
			}
		}
	})
}

// TestLatexGolden records one table in each style.
func TestLatexGolden(t *testing.T) {
	plan, results := planOf(t, tasksFile)
	breakSome(plan.Trials, results)
	table, err := Compute(context.Background(), plan, results, Options{Commit: "abcdef0123456789"})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range []LatexOptions{{Style: ACL}, {Style: NeurIPS, Align: SIAlign, Spread: ParenSpread}, {Style: IEEE, Align: SIAlign, Env: Tabularray, Engine: UnicodeEngine}} {
		var out bytes.Buffer
		if err := table.Render(&out, LatexFormat, o); err != nil {
			t.Fatal(err)
		}
		golden(t, "testdata/latex/"+string(o.Style)+".tex", out.Bytes())
	}
}

// TestLatexCaption checks that a caption says what the form of the numbers needs, whatever else stands in it.
func TestLatexCaption(t *testing.T) {
	for caption, want := range map[string][2]string{
		"Mean over n = 3 seeds; ± is the standard deviation (n-1). Bold: x.": {"Mean over n = 3 seeds. Bold: x.",
			"Mean over n = 3 seeds; ± is the standard deviation (n-1). Bold: x. Digits in parentheses are ± in units of the last digit: 0.555(4) is 0.555 ± 0.004."},
		"n = 3; ± is the 95% interval of the mean (Student's t).": {"n = 3.",
			"n = 3; ± is the 95% interval of the mean (Student's t). Digits in parentheses are ± in units of the last digit: 0.555(4) is 0.555 ± 0.004."},
		"One seed (n = 1).": {"One seed (n = 1).", "One seed (n = 1)."},
	} {
		table := &Table{Caption: []string{caption}}
		for i, spread := range []Spread{NoSpread, ParenSpread} {
			if got := newSheet(table, LatexOptions{Spread: spread}).captionText(); got != want[i] {
				t.Errorf("%s: got %q, want %q", spread, got, want[i])
			}
		}
	}
}

// TestLatexOptions refuses what no table can be made with.
func TestLatexOptions(t *testing.T) {
	for want, o := range map[string]LatexOptions{
		"--style acm: want acl, neurips or ieee":                                                  {Style: "acm"},
		"--align left: want plain or siunitx":                                                     {Align: "left"},
		"--env longtable: want tabular or tabularray":                                             {Env: "longtable"},
		"--spread wide: want pm, paren, none or small":                                            {Spread: "wide"},
		"--engine tex: want pdflatex or unicode":                                                  {Engine: "tex"},
		"--wide: a page of neurips has one column: leave it out":                                  {Style: NeurIPS, Wide: true},
		"--spread small: siunitx has one size: want --align plain, or --spread pm, paren or none": {Align: SIAlign, Spread: SmallSpread},
	} {
		if err := (&Table{}).Latex(io.Discard, o); err == nil || err.Error() != want {
			t.Errorf("%v: got %v, want %s", o, err, want)
		}
	}
	wide := &Table{Name: "wide", Heads: []string{strings.Repeat("W", 19), strings.Repeat("W", 19), strings.Repeat("W", 19)}, Columns: []Column{{Metric: "m", Label: "m", Scale: 1}},
		Rows: []Row{{Kind: Model, Lead: []string{"a", "b", "c"}, Cells: []Cell{single(1)}}}}
	if err := wide.Latex(io.Discard, LatexOptions{Style: ACL}); !errors.Is(err, ErrTooWide) {
		t.Errorf("a table of 500 pt on a page of 455: %v", err)
	}
	if err := wide.Latex(io.Discard, LatexOptions{}); err != nil {
		t.Error(err)
	}
}

// TestUnits checks what heads say of the numbers below them.
func TestUnits(t *testing.T) {
	for want, c := range map[string]Column{
		"latency (ms) ↓":    {Label: "latency", Unit: "ms", Scale: 1, Goal: metrics.Minimize},
		"loss (nats/token)": {Label: "loss", Unit: "nats per token", Scale: 1, Goal: metrics.NoGoal},
		"BLEU ↑":            {Label: "BLEU", Unit: "0 to 1", Scale: 1, Goal: metrics.Maximize},
		"BLEU (%) ↑":        {Label: "BLEU", Unit: "0 to 1", Scale: 100, Goal: metrics.Maximize},
		"boxes (%)":         {Label: "boxes", Unit: "share of boxes", Scale: 100},
		"CIDEr (×100)":      {Label: "CIDEr", Unit: "0 to 10", Scale: 100},
		"acc (×1000)":       {Label: "acc", Scale: 1000},
		"acc (%)":           {Label: "acc (%)", Unit: "0 to 1", Scale: 100},
		"time (s)":          {Label: "time (s)", Unit: "s", Scale: 1},
	} {
		if got := headOf(c); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
