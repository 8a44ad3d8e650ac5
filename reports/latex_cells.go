package reports

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
)

// format is what an S column is told of its numbers.
type format struct {
	sign   string  // "+" or "-" where a number has one
	whole  int     // digits before the point
	digits int     // behind it
	spread int     // of the spread; 0: none
	tails  []field // what stands behind numbers
}

// formats finds the columns that siunitx aligns, and the format of each.
func (s *sheet) formats() map[int]format {
	all := map[int]format{}
	if s.options.Align != SIAlign {
		return all
	}
	each := func(do func(n format, f field) format) {
		for _, row := range s.rows {
			for c, f := range row {
				if f.parts.value != "" {
					all[c] = do(all[c], f)
				}
			}
		}
	}
	each(format.withValue)
	if s.options.Spread != NoSpread {
		each(format.withSpread)
	}
	return all
}

// withValue is the format that also holds the value of a field and what stands behind it.
func (n format) withValue(f field) format {
	value := strings.TrimLeft(f.parts.value, "+-")
	if sign := f.parts.value[:len(f.parts.value)-len(value)]; sign != "" && n.sign != "+" {
		n.sign = sign
	}
	whole, behind, _ := strings.Cut(value, ".")
	n.whole, n.digits = max(n.whole, len(whole)), max(n.digits, len(behind))
	if f.parts.tail != "" || len(f.marks) > 0 {
		n.tails = append(n.tails, f)
	}
	return n
}

// withSpread is the format that also holds the spread of a field, written with the digits of the column.
func (n format) withSpread(f field) format {
	if f.parts.spread != "" {
		_, behind, _ := strings.Cut(f.parts.spread, ".")
		n.spread = max(n.spread, len(inLastDigits(f.parts.spread+strings.Repeat("0", n.digits-len(behind)))))
	}
	return n
}

// inLastDigits is a spread in units of the last digit: 4 for 0.004, 142 for 14.2.
func inLastDigits(spread string) string {
	digits := strings.TrimLeft(strings.ReplaceAll(spread, ".", ""), "0")
	if digits == "" {
		return "0"
	}
	return digits
}

// tailRoom is the width of the widest text behind a number.
func (n format) tailRoom(m meter) float64 {
	room := 0.0
	for _, f := range n.tails {
		room = max(room, tailWidth(m, f))
	}
	return room
}

// column is the declaration of an S column.
func (n format) column(m meter) string {
	options := fmt.Sprintf("table-format=%s%d.%d", n.sign, n.whole, n.digits)
	if n.digits == 0 {
		options = fmt.Sprintf("table-format=%s%d", n.sign, n.whole)
	}
	if n.spread > 0 {
		options += fmt.Sprintf("(%d)", n.spread)
	}
	if room := n.tailRoom(m); room > 0 {
		options += fmt.Sprintf(",table-space-text-post=\\hspace{%.2fem}", room/m.points)
	}
	return "S[" + options + "]"
}

// siSetup are the settings that all S columns share: the type of the text around, signs and spreads as they are written, footnotes
// beside their number.
func (s *sheet) siSetup() string {
	setup := "mode=text,detect-weight,group-digits=none,retain-explicit-plus,table-align-text-post=false"
	if s.options.Spread == PMSpread {
		setup += ",separate-uncertainty"
	}
	return "\\sisetup{" + setup + "}\n"
}

// tail is what stands behind a number, with the footnote letters.
func (s *sheet) tail(f field) string {
	text := ""
	if f.parts.tail != "" {
		text = `\,` + s.tex(strings.ReplaceAll(f.parts.tail, " ", "\u00a0"))
	}
	return text + superscripted(f.marks)
}

func superscripted(marks []int) string {
	if len(marks) == 0 {
		return ""
	}
	return `\textsuperscript{` + letters(marks) + "}"
}

func tailWidth(m meter, f field) float64 {
	if f.parts.tail == "" {
		return m.marks(f.marks)
	}
	return m.text(" "+f.parts.tail, true) + m.marks(f.marks)
}

// cell is a field of a row as source.
func (s *sheet) cell(l layout, c int, f field) string {
	if _, aligned := s.numbers[c]; aligned {
		return s.aligned(f)
	}
	if !f.number {
		return s.lead(l, f, l.leadWidth(c))
	}
	text := s.number(f)
	if f.bold {
		text = `\textbf{` + text + "}"
	}
	return text + superscripted(f.marks)
}

// lead is a text on the left, on several lines where it has a width and needs them.
func (s *sheet) lead(l layout, f field, width float64) string {
	if m := s.meter(l); width == 0 || m.text(f.text, false)+m.marks(f.marks) < 0.9*width {
		return s.tex(f.text) + superscripted(f.marks)
	}
	return fmt.Sprintf(`\parbox[t]{%.1fpt}{\raggedright\hangindent=1em %s%s\strut}`, width, s.Prose(f.text), superscripted(f.marks))
}

// aligned is a field of an S column: the number bare, what stands behind it in a group, other texts in groups.
func (s *sheet) aligned(f field) string {
	if f.parts.value == "" {
		text := s.tex(f.text) + superscripted(f.marks)
		if text == "" {
			return ""
		}
		return s.guarded(text)
	}
	text := f.parts.value
	switch {
	case f.parts.spread == "" || s.options.Spread == NoSpread:
	case s.options.Spread == ParenSpread:
		text += "(" + inLastDigits(f.parts.spread) + ")"
	default:
		text += ` \pm ` + f.parts.spread
	}
	if f.bold {
		text = `\bfseries ` + text
	}
	if tail := s.tail(f); tail != "" {
		text += " {" + tail + "}"
	}
	return text
}

// guarded keeps siunitx from reading a text as a number.
func (s *sheet) guarded(text string) string {
	if s.options.Env == Tabularray {
		return "{{{" + text + "}}}"
	}
	return "{" + text + "}"
}

// number is a number of a centred column, in the form of the spread.
func (s *sheet) number(f field) string {
	p := f.parts
	if p.value == "" {
		return s.tex(f.text)
	}
	text := s.tex(p.value)
	if strings.HasPrefix(text, "-") {
		text = "$-$" + text[1:]
	}
	switch {
	case p.spread == "" || s.options.Spread == NoSpread:
	case s.options.Spread == ParenSpread:
		text += "(" + inLastDigits(p.spread) + ")"
	case s.options.Spread == SmallSpread:
		text += `{\scriptsize\,` + s.tex("±") + p.spread + "}"
	default:
		text += s.tex(" ± " + p.spread)
	}
	if p.tail != "" {
		text += " " + s.tex(p.tail)
	}
	return text
}

// cellWidth is how wide a field of a column that is not aligned by siunitx is typeset on one line.
func (s *sheet) cellWidth(m meter, f field) float64 {
	if f.parts.value == "" {
		return m.text(f.text, f.bold) + m.marks(f.marks)
	}
	value := strings.Replace(f.parts.value, "-", "−", 1) // as wide as number writes it
	return m.text(value, f.bold) + spreadWidth(m, f, s.options.Spread) + tailWidth(m, f)
}

// scriptsize is what \scriptsize is at most of the sizes of the styles, thinSpace a \, in the size of the type.
const scriptsize, thinSpace = 0.88, 0.17

func spreadWidth(m meter, f field, spread Spread) float64 {
	switch {
	case f.parts.spread == "" || spread == NoSpread:
		return 0
	case spread == ParenSpread:
		return m.text("("+inLastDigits(f.parts.spread)+")", f.bold)
	case spread == SmallSpread:
		return thinSpace*m.points + m.smaller(scriptsize).text("±"+f.parts.spread, f.bold)
	}
	return m.text(" ± "+f.parts.spread, f.bold)
}

// width is that of an S column: its widest number, each part beside those of the others.
func (n format) width(m meter, spread Spread) float64 {
	digit, point := m.text("0", true), m.text(".", true)
	width := float64(n.whole+n.digits)*digit + point
	if n.sign != "" {
		width += m.text("+", true)
	}
	switch {
	case n.spread > 0 && spread == ParenSpread:
		width += m.text("()", true) + float64(n.spread)*digit
	case n.spread > 0:
		width += m.text(" ± ", true) + point + float64(max(n.spread, n.digits+1))*digit
	}
	return width + n.tailRoom(m)
}

// head is the head of a column as source, on as many lines as the layout gives it.
func (s *sheet) head(l layout, c int) string {
	f := s.heads[c]
	_, aligned := s.numbers[c]
	var text string
	switch lines := l.heads[c]; {
	case l.leadWidth(c) > 0:
		return fmt.Sprintf(`\parbox[b]{%.1fpt}{\raggedright %s\strut}`, l.leadWidth(c), s.Prose(f.text))
	case len(lines) > 1:
		sources := make([]string, len(lines))
		for i, line := range lines {
			sources[i] = s.tex(line)
		}
		text = `\begin{tabular}[b]{@{}c@{}}` + strings.Join(sources, `\\`) + `\end{tabular}`
	default:
		text = s.tex(f.text)
	}
	if aligned {
		return s.guarded(text)
	}
	return text
}

// spreadSaid is the part of a caption that says what ± is.
var spreadSaid = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[;,]? ?± is [^.;]*`) })

// captionText is the caption in words that fit the form of the numbers.
func (s *sheet) captionText() string {
	sentences := strings.Join(s.table.Caption, " ")
	switch {
	case s.options.Spread == NoSpread:
		return spreadSaid().ReplaceAllString(sentences, "")
	case s.options.Spread == ParenSpread && spreadSaid().MatchString(sentences):
		return sentences + " Digits in parentheses are ± in units of the last digit: 0.555(4) is 0.555 ± 0.004."
	}
	return sentences
}
