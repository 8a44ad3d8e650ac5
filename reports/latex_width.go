package reports

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"

	"github.com/mattn/go-runewidth"
	"golang.org/x/text/unicode/norm"
)

//go:embed latex_widths.txt
var widthTable string

// face is a font in which a table may be set.
type face int

// The faces, as the columns of the table of widths.
const (
	times face = iota
	timesBold
	modern
	modernBold
)

// widths reads the table of widths once.
var widths = sync.OnceValue(func() map[rune][4]float64 {
	all := map[rune][4]float64{}
	for line := range strings.Lines(widthTable) {
		var r rune
		var w [4]float64
		if n, _ := fmt.Sscanf(line, "%x %f %f %f %f", &r, &w[0], &w[1], &w[2], &w[3]); n == 5 {
			all[r] = w
		}
	}
	return all
})

// meter estimates how wide texts are typeset. Papers for pdflatex are set in Times; with xelatex and lualatex it may be Times or Latin
// Modern, and the wider one counts. Kerning is left out: it makes words narrower.
type meter struct {
	engine Engine
	points float64    // size of the type
	blank  [2]float64 // width of a blank, and of a bold one; 0: that of the font
}

// text is the width of a text in points.
func (m meter) text(s string, bold bool) float64 {
	total := 0.0
	for _, r := range norm.NFD.String(strings.Map(printing, s)) {
		if !unicode.Is(unicode.Mn, r) && r != breakHere {
			total += m.character(r, bold)
		}
	}
	return total * m.points / 1000
}

func (m meter) character(r rune, bold bool) float64 {
	w, known := widths()[r]
	face, blank := times, m.blank[0]
	if bold {
		face, blank = timesBold, m.blank[1]
	}
	if !known && m.engine != UnicodeEngine {
		w, known = widths()['?'], true
	}
	width := w[face]
	if inMathFont(r) {
		width *= optical(m.points)
	}
	if r == ' ' {
		width = max(width, blank)
	}
	switch {
	case known && m.engine == UnicodeEngine:
		return max(width, w[face+modern]*optical(m.points))
	case known:
		return width
	case runewidth.RuneWidth(r) == 2:
		return 1000
	}
	return 900 // a letter of another script, in a font that is not known
}

// inMathFont reports whether a character comes from the fonts of formulas, which are Computer Modern beside Times too.
func inMathFont(r rune) bool {
	return strings.HasPrefix(latexSymbols[r], "$") || strings.ContainsRune(`<>|~\{}`, r)
}

// opticals are how much wider than at 10 points Computer Modern is drawn at 5, 6, … 10 points.
var opticals = [...]float64{1.361, 1.223, 1.139, 1.063, 1.028, 1}

func optical(points float64) float64 {
	at := min(max(points-5, 0), float64(len(opticals)-1))
	below := int(at)
	above := min(below+1, len(opticals)-1)
	return opticals[below] + (at-float64(below))*(opticals[above]-opticals[below])
}

// superscript is the share of its line's size that a superscript has at most.
const superscript = 0.78

// marks is the width of footnote letters.
func (m meter) marks(marks []int) float64 { return m.smaller(superscript).text(letters(marks), true) }

// smaller measures in a smaller type of the same line.
func (m meter) smaller(share float64) meter {
	m.points *= share
	return m
}

// widest is the width of the widest part of a text that is not broken.
func (m meter) widest(s string, bold bool) float64 {
	w := 0.0
	for _, word := range strings.FieldsFunc(breakable(s), func(r rune) bool { return r == ' ' || r == breakHere }) {
		w = max(w, m.text(word, bold))
	}
	return w
}

// lines counts the lines of a text in a paragraph of a width whose later lines are indented by hang.
func (m meter) lines(s string, width, hang float64) int {
	lines, used, blank := 1, 0.0, m.text(" ", false)
	for _, word := range strings.Fields(breakable(s)) {
		for i, piece := range strings.Split(word, string(breakHere)) {
			w := m.text(piece, false)
			if i == 0 && used > 0 {
				w += blank
			}
			if used > 0 && used+w > width {
				lines, used, w = lines+1, hang, m.text(piece, false)
			}
			used += w
		}
	}
	return lines
}
