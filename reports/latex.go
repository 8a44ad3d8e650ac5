package reports

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
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

// latexEscapes covers the characters that LaTeX gives a meaning. A bracket stands in a group of its own: behind \\ it would
// begin an optional argument, as a star would ask for one.
var latexEscapes = strings.NewReplacer(
	`\`, `\textbackslash{}`, "{", `\{`, "}", `\}`, "$", `\$`, "&", `\&`, "#", `\#`, "%", `\%`, "_", `\_`,
	"~", `$\sim$`, "^", `\textasciicircum{}`, "<", `$<$`, ">", `$>$`, "|", `$|$`, `"`, `''`, "[", "{[}", "]", "{]}", "*", "{*}",
)

// latexSymbols are the characters beyond ASCII that papers use, for pdflatex without further packages.
var latexSymbols = symbols(
	"±", `$\pm$`, "↑", `$\uparrow$`, "↓", `$\downarrow$`, "→", `$\rightarrow$`, "←", `$\leftarrow$`, "↔", `$\leftrightarrow$`,
	"⇒", `$\Rightarrow$`, "⇔", `$\Leftrightarrow$`, "×", `$\times$`, "÷", `$\div$`, "·", `$\cdot$`, "∙", `$\bullet$`, "•", `$\bullet$`,
	"≤", `$\leq$`, "≥", `$\geq$`, "≠", `$\neq$`, "≈", `$\approx$`, "≡", `$\equiv$`, "∼", `$\sim$`, "∝", `$\propto$`, "≪", `$\ll$`, "≫", `$\gg$`,
	"∞", `$\infty$`, "∈", `$\in$`, "∉", `$\notin$`, "∅", `$\emptyset$`, "∪", `$\cup$`, "∩", `$\cap$`, "⊂", `$\subset$`, "⊆", `$\subseteq$`,
	"∧", `$\wedge$`, "∨", `$\vee$`, "¬", `$\neg$`, "∀", `$\forall$`, "∃", `$\exists$`, "∂", `$\partial$`, "∇", `$\nabla$`, "∑", `$\sum$`,
	"∏", `$\prod$`, "∫", `$\int$`, "√", `$\surd$`, "⊕", `$\oplus$`, "⊗", `$\otimes$`, "∘", `$\circ$`, "⋅", `$\cdot$`, "−", `$-$`, "∥", `$\parallel$`,
	"ℓ", `$\ell$`, "ℝ", `$\mathbf{R}$`, "ℕ", `$\mathbf{N}$`, "ℤ", `$\mathbf{Z}$`, "′", `$'$`, "″", `$''$`, "†", `\dag{}`, "‡", `\ddag{}`, "§", `\S{}`, "¶", `\P{}`,
	"°", `$^\circ$`, "©", `\copyright{}`, "£", `\pounds{}`, "✓", `$\surd$`, "✔", `$\surd$`, "✗", `$\times$`, "✘", `$\times$`, "★", `$\star$`, "…", `\dots{}`,
	"–", "--", "—", "---", "‐", "-", "‑", "-", "“", "``", "”", "''", "„", ",,", "‘", "`", "’", "'", "«", `$\ll$`, "»", `$\gg$`, "\u00a0", " ", "\u2009", " ", "\u202f", " ",
	"¹", "$^1$", "²", "$^2$", "³", "$^3$", "½", `$\frac{1}{2}$`, "¼", `$\frac{1}{4}$`, "¾", `$\frac{3}{4}$`,
	"α", `$\alpha$`, "β", `$\beta$`, "γ", `$\gamma$`, "δ", `$\delta$`, "ε", `$\varepsilon$`, "ϵ", `$\epsilon$`, "ζ", `$\zeta$`, "η", `$\eta$`, "θ", `$\theta$`, "ϑ", `$\vartheta$`,
	"ι", `$\iota$`, "κ", `$\kappa$`, "λ", `$\lambda$`, "μ", `$\mu$`, "µ", `$\mu$`, "ν", `$\nu$`, "ξ", `$\xi$`, "ο", "o", "π", `$\pi$`, "ρ", `$\rho$`, "σ", `$\sigma$`,
	"ς", `$\varsigma$`, "τ", `$\tau$`, "υ", `$\upsilon$`, "φ", `$\varphi$`, "ϕ", `$\phi$`, "χ", `$\chi$`, "ψ", `$\psi$`, "ω", `$\omega$`,
	"Α", "A", "Β", "B", "Γ", `$\Gamma$`, "Δ", `$\Delta$`, "Ε", "E", "Ζ", "Z", "Η", "H", "Θ", `$\Theta$`, "Ι", "I", "Κ", "K", "Λ", `$\Lambda$`, "Μ", "M", "Ν", "N",
	"Ξ", `$\Xi$`, "Ο", "O", "Π", `$\Pi$`, "Ρ", "P", "Σ", `$\Sigma$`, "Τ", "T", "Υ", `$\Upsilon$`, "Φ", `$\Phi$`, "Χ", "X", "Ψ", `$\Psi$`, "Ω", `$\Omega$`,
	"ß", `\ss{}`, "æ", `\ae{}`, "Æ", `\AE{}`, "œ", `\oe{}`, "Œ", `\OE{}`, "ø", `\o{}`, "Ø", `\O{}`, "å", `\aa{}`, "Å", `\AA{}`, "ł", `\l{}`, "Ł", `\L{}`,
	"ı", `\i{}`, "đ", "d", "Đ", "D", "ð", "d", "þ", "th", "¿", "?`", "¡", "!`",
)

func symbols(pairs ...string) map[rune]string {
	m := map[rune]string{}
	for i := 0; i < len(pairs); i += 2 {
		m[[]rune(pairs[i])[0]] = pairs[i+1]
	}
	for i, r := range []rune("₀₁₂₃₄₅₆₇₈₉") {
		m[r] = fmt.Sprintf("$_%d$", i)
	}
	for i, r := range []rune("⁰¹²³⁴⁵⁶⁷⁸⁹") {
		m[r] = fmt.Sprintf("$^%d$", i)
	}
	m['₊'], m['₋'], m['⁺'], m['⁻'] = "$_+$", "$_-$", "$^+$", "$^-$"
	for i, r := range []rune("ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥ") {
		m[r] = fmt.Sprintf("$_%c$", "aeoxhklmnpstijruv"[i])
	}
	m['ⁿ'], m['ⁱ'] = "$^n$", "$^i$"
	return m
}

// latexAccents are the commands for combining marks.
var latexAccents = map[rune]string{
	'\u0300': "`", '\u0301': "'", '\u0302': "^", '\u0303': "~", '\u0304': "=", '\u0306': "u ", '\u0307': ".", '\u0308': `"`,
	'\u030a': "r ", '\u030b': "H ", '\u030c': "v ", '\u0323': "d ", '\u0327': "c ", '\u0331': "b ",
}

// escapeLatex makes any text safe to typeset with pdflatex and no package but booktabs: letters with accents are composed,
// symbols that papers use come out, and what pdflatex has no font for, such as Chinese, becomes a question mark.
func escapeLatex(text string) string { return typeset(text, func(string) {}) }

// Untypeset lists the characters of the table that LaTeX output shows as question marks, since pdflatex has no font for them.
func (t *Table) Untypeset() []string {
	seen := map[string]bool{}
	look := func(texts ...string) {
		for _, text := range texts {
			typeset(text, func(character string) { seen[character] = true })
		}
	}
	heads, rows := t.grid()
	for _, row := range append(rows, heads) {
		for _, f := range row {
			look(f.text)
		}
	}
	look(t.Caption...)
	look(t.Notes...)
	for _, c := range t.Cases {
		look(t.Name, c.Question, c.Truth)
		for _, a := range c.Answers {
			look(a.Row, a.Text)
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// typeset is escapeLatex; missing gets each character that becomes a question mark.
func typeset(text string, missing func(character string)) string {
	var b strings.Builder
	runes := []rune(norm.NFD.String(strings.Map(printing, text)))
	for i := 0; i < len(runes); i++ {
		r := runes[i]
		end := i + 1
		for end < len(runes) && unicode.Is(unicode.Mn, runes[end]) {
			end++
		}
		whole := []rune(norm.NFC.String(string(runes[i:end])))
		switch symbol, known := latexSymbols[whole[0]]; {
		case known && len(whole) == 1:
			b.WriteString(symbol)
		case r < 0x7f && end > i+1:
			b.WriteString(accented(r, runes[i+1:end]))
		case r < 0x7f:
			b.WriteString(latexEscapes.Replace(string(r)))
		case latexSymbols[r] != "":
			b.WriteString(latexSymbols[r])
		default:
			b.WriteByte('?')
			missing(string(whole))
		}
		i = end - 1
	}
	return b.String()
}

// printing turns line ends and tabs into blanks and drops other control characters.
func printing(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\t':
		return ' '
	case r < ' ' || r >= 0x7f && r < 0xa0:
		return -1
	}
	return r
}

// accented is a letter under its marks; those that pdflatex does not know are left out.
func accented(letter rune, marks []rune) string {
	text := latexEscapes.Replace(string(letter))
	if letter == 'i' && len(marks) > 0 && marks[0] < '\u0323' {
		text = `\i`
	}
	for _, mark := range marks {
		if command, ok := latexAccents[mark]; ok {
			text = `\` + strings.TrimSuffix(command, " ") + "{" + text + "}"
		}
	}
	return text
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
