package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// Latex writes a table for \input: it needs \usepackage{booktabs} and nothing else.
func (t *Table) Latex(w io.Writer) error {
	var out bytes.Buffer
	heads, rows := t.grid()
	columns := ""
	for _, h := range heads {
		if h.number {
			columns += "c"
		} else {
			columns += "l"
		}
	}
	fmt.Fprintf(&out, "\\begin{table}[t]\n\\centering\n\\caption{%s}\n\\label{tab:%s}\n", escapeLatex(strings.Join(t.Caption, " ")), labelName(t.Name))
	fmt.Fprintf(&out, "\\begin{tabular}{%s}\n\\toprule\n", columns)
	latexLine(&out, heads)
	fmt.Fprintln(&out, "\\midrule")
	for r, row := range rows {
		if t.ruleBefore(r) {
			fmt.Fprintf(&out, "\\midrule\n\\multicolumn{%d}{l}{\\textit{%s}} \\\\\n", len(heads), escapeLatex(kindTitle(t.Rows[r].Kind)))
		}
		latexLine(&out, row)
	}
	fmt.Fprintln(&out, "\\bottomrule\n\\end{tabular}")
	if len(t.Notes) > 0 {
		fmt.Fprintln(&out, "\\par\\smallskip\\footnotesize\\raggedright")
	}
	for i, note := range t.Notes {
		fmt.Fprintf(&out, "\\textsuperscript{%s} %s\\par\n", letter(i), escapeLatex(note))
	}
	fmt.Fprintln(&out, "\\end{table}")
	t.latexCases(&out)
	_, err := w.Write(out.Bytes())
	return err
}

func latexLine(out io.Writer, row []field) {
	cells := make([]string, len(row))
	for i, f := range row {
		text := escapeLatex(f.text)
		if f.number && strings.HasPrefix(text, "-") {
			text = "$-$" + text[1:]
		}
		if f.bold {
			text = "\\textbf{" + text + "}"
		}
		if len(f.marks) > 0 {
			text += "\\textsuperscript{" + letters(f.marks) + "}"
		}
		cells[i] = text
	}
	fmt.Fprintf(out, "%s \\\\\n", strings.Join(cells, " & "))
}

func (t *Table) latexCases(out io.Writer) {
	if len(t.Cases) == 0 {
		return
	}
	fmt.Fprintf(out, "\\begin{table}[t]\n\\centering\n\\caption{%s: selected test cases. $\\surd$ marks answers that say the same as the truth.}\n"+
		"\\begin{tabular}{lp{0.75\\linewidth}}\n\\toprule\n", escapeLatex(t.Name))
	for i, c := range t.Cases {
		if i > 0 {
			fmt.Fprintln(out, "\\midrule")
		}
		fmt.Fprintf(out, "Case %d & %s \\\\\nTruth & %s \\\\\n", i+1, escapeLatex(c.Question), escapeLatex(c.Truth))
		for _, a := range c.Answers {
			mark := ""
			if a.Right {
				mark = " $\\surd$"
			}
			fmt.Fprintf(out, "%s & %s%s \\\\\n", escapeLatex(a.Row), escapeLatex(a.Text), mark)
		}
	}
	fmt.Fprintln(out, "\\bottomrule\n\\end{tabular}\n\\end{table}")
}

// latexEscapes covers the characters that LaTeX gives a meaning, and those beyond ASCII that tables use.
var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "%", `\%`, "_", `\_`,
	"~", `$\sim$`, "^", `\textasciicircum{}`, "<", `$<$`, ">", `$>$`, "|", `$|$`, `"`, `''`,
	"±", `$\pm$`, "↑", `$\uparrow$`, "↓", `$\downarrow$`, "Δ", `$\Delta$`, "×", `$\times$`, "…", `\dots{}`,
	"–", "--", "—", "---", "≤", `$\leq$`, "≥", `$\geq$`, "°", `$^\circ$`, "·", `$\cdot$`, "“", "``", "”", "''", "‘", "`", "’", "'",
	"α", `$\alpha$`, "β", `$\beta$`, "λ", `$\lambda$`, "σ", `$\sigma$`, "µ", `$\mu$`, "\n", " ", "\r", " ", "\t", " ",
)

// escapeLatex makes any text safe to typeset with pdflatex; characters that it does not know become a question mark.
func escapeLatex(text string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case r < ' ' || r == 0x7f:
			return -1
		case r < 0x7f || strings.ContainsRune("±↑↓Δ×…–—≤≥°·“”‘’αβλσµ", r):
			return r
		case r >= 0xc0 && r <= 0xff: // Latin-1 letters: every pdflatex of this decade reads them
			return r
		}
		return '?'
	}, text)
	return latexEscapes.Replace(clean)
}

// labelName keeps what \label takes.
func labelName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, name)
}
