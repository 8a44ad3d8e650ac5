package reports

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// breakHere is a place where a long word may be broken: it takes no room.
const breakHere = '\u200b'

// LatexText is a text as source for every LaTeX without further packages. A character that not all of their fonts have becomes a question mark.
func LatexText(text string) string { return PDFLatex.escape(text, func(string) {}) }

// escape makes any text safe to typeset with no package but booktabs: letters with accents are composed, symbols that papers
// use come out. What pdflatex has no font for, such as Chinese, becomes a question mark; for xelatex and lualatex it stays
// as it is, in the font \harnessfont. Each such character is told to missing.
func (e Engine) escape(text string, missing func(character string)) string {
	var b strings.Builder
	raw := false // in a group of \harnessfont
	runes := []rune(norm.NFD.String(strings.Map(printing, text)))
	for i := 0; i < len(runes); i++ {
		start := i
		for i+1 < len(runes) && unicode.Is(unicode.Mn, runes[i+1]) {
			i++
		}
		source, known := e.typeset(runes[start], runes[start+1:i+1])
		whole := norm.NFC.String(string(runes[start : i+1]))
		if !known {
			missing(whole)
		}
		if own := !known && e == UnicodeEngine; own != raw {
			b.WriteString(map[bool]string{true: `{\harnessfont `, false: "}"}[own])
			raw = own
		}
		if start > 0 && ligature(runes[start-1], runes[start]) {
			b.WriteString("{}")
		}
		switch {
		case known:
			b.WriteString(source)
		case raw:
			b.WriteString(latexEscapes.Replace(whole))
		default:
			b.WriteByte('?')
		}
	}
	if raw {
		b.WriteByte('}')
	}
	return b.String()
}

// ligature reports whether TeX would make one character of two: of -- a dash.
func ligature(a, b rune) bool {
	return strings.Contains("-- '' `` ?` !` ,, << >>", string([]rune{a, b})) && a != ' ' && b != ' '
}

// typeset is the source of a character under its marks, if the fonts of every document have it.
func (e Engine) typeset(r rune, marks []rune) (source string, known bool) {
	marks = slices.DeleteFunc(slices.Clone(marks), func(mark rune) bool { return unicode.Is(unicode.Variation_Selector, mark) })
	whole := []rune(norm.NFC.String(string(append([]rune{r}, marks...))))
	one := len(whole) == 1
	switch {
	case one && latexSymbols[whole[0]] != "":
		return latexSymbols[whole[0]], true
	case one && latexT1[whole[0]] != "":
		return e.inT1(latexT1[whole[0]]), true
	case r == breakHere:
		return `\allowbreak{}`, true
	case r < 0x7f && len(marks) == 0:
		return latexEscapes.Replace(string(r)), true
	case len(marks) == 0:
		return "", false
	}
	return e.accented(r, marks)
}

// inT1 sets a command that the usual encoding of pdflatex lacks.
func (e Engine) inT1(source string) string {
	if e == UnicodeEngine {
		return source
	}
	return `{\fontencoding{T1}\selectfont ` + source + "}"
}

// accented is a letter or a symbol of mathematics under its marks.
func (e Engine) accented(letter rune, marks []rune) (source string, known bool) {
	symbol := latexSymbols[letter]
	math := strings.HasPrefix(symbol, "$") && strings.HasSuffix(symbol, "$")
	text := strings.Trim(symbol, "$")
	if letter < 0x7f {
		text = latexEscapes.Replace(string(letter))
	}
	if letter == 'i' && marks[0] < '\u0323' {
		text = `\i`
	}
	t1, above := false, 0
	for _, mark := range aboveFirst(marks) {
		command := latexAccents[mark]
		if math {
			command = mathAccents[mark]
		}
		if mark < '\u0323' {
			above++
		}
		if command == "" || text == "" || above > 1 { // TeX sets a second accent beside the first
			return "", false
		}
		t1 = t1 || !math && (mark == '\u0326' || mark == '\u0328')
		text = `\` + command + "{" + text + "}"
	}
	switch {
	case math:
		text = "$" + text + "$"
	case t1:
		text = e.inT1(text)
	}
	return text, true
}

// aboveFirst orders marks so that those below a letter, which TeX can set under anything, come last.
func aboveFirst(marks []rune) []rune {
	return slices.SortedStableFunc(slices.Values(marks), func(a, b rune) int {
		switch below := func(mark rune) bool { return mark >= '\u0323' }; {
		case below(a) == below(b):
			return 0
		case below(a):
			return 1
		}
		return -1
	})
}

// printing turns line ends and tabs into blanks and drops other characters that are not seen.
func printing(r rune) rune {
	switch {
	case r == '\n' || r == '\r' || r == '\t':
		return ' '
	case r == breakHere:
		return r
	case r < ' ' || r >= 0x7f && r < 0xa0 || unicode.Is(unicode.Cf, r):
		return -1
	}
	return r
}

// longWord is the length from which on a word may be broken.
const longWord = 20

// breakable lets long words, such as paths, be broken: behind punctuation, or every dozen characters.
func breakable(text string) string {
	words := strings.Split(text, " ")
	for i, word := range words {
		if runes := []rune(word); len(runes) > longWord {
			words[i] = breakWord(runes)
		}
	}
	return strings.Join(words, " ")
}

func breakWord(runes []rune) string {
	var b strings.Builder
	since := 0
	for i, r := range runes {
		if i > 0 && since >= 12 && !unicode.Is(unicode.Mn, r) {
			b.WriteRune(breakHere)
			since = 0
		}
		b.WriteRune(r)
		if since++; since > 2 && strings.ContainsRune(`/\_.,-:;@=|)`, r) {
			b.WriteRune(breakHere)
			since = 0
		}
	}
	return strings.TrimSuffix(b.String(), string(breakHere))
}

// LabelName keeps what \label takes.
func LabelName(name string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' {
			return r
		}
		return '-'
	}, name)
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
	"ı", `\i{}`, "¿", "?`", "¡", "!`",
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

// latexT1 are letters of an encoding that every pdflatex has, though documents may not use it.
var latexT1 = map[rune]string{'đ': `\dj{}`, 'Đ': `\DJ{}`, 'ð': `\dh{}`, 'Ð': `\DH{}`, 'þ': `\th{}`, 'Þ': `\TH{}`, 'ŋ': `\ng{}`, 'Ŋ': `\NG{}`}

// latexAccents are the commands for combining marks, mathAccents those in formulas.
var latexAccents = map[rune]string{
	'\u0300': "`", '\u0301': "'", '\u0302': "^", '\u0303': "~", '\u0304': "=", '\u0306': "u", '\u0307': ".", '\u0308': `"`,
	'\u030a': "r", '\u030b': "H", '\u030c': "v", '\u0323': "d", '\u0326': "textcommabelow", '\u0327': "c", '\u0328': "k", '\u0331': "b",
}

var mathAccents = map[rune]string{
	'\u0300': "grave", '\u0301': "acute", '\u0302': "hat", '\u0303': "tilde", '\u0304': "bar", '\u0306': "breve", '\u0307': "dot", '\u0308': "ddot",
	'\u030c': "check", '\u0338': "not",
}
