package reports

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Typesetter writes texts as LaTeX and measures them, for the page of a style. It remembers which characters had no font.
type Typesetter struct {
	options LatexOptions
	page    page
	missing map[string]bool
}

// NewTypesetter returns a typesetter; the options must have been checked.
func NewTypesetter(o LatexOptions) *Typesetter {
	return &Typesetter{options: o.filled(), page: pages[o.Style], missing: map[string]bool{}}
}

// Float is the widest float of a page, in the smallest type that the style allows.
type Float struct {
	Env          string  // table or table*
	Width        float64 // in points; 0 where no page is known
	Height       float64 // of a page's text, in points
	Size         string  // the command that chooses the type
	Line         float64 // distance of lines in points
	CaptionAbove bool
}

// Widest is the float over all columns of the page.
func (t *Typesetter) Widest() Float {
	if t.options.Style == NoStyle {
		return Float{Env: "table", Line: 12}
	}
	spans, size := t.page.spans(true), t.page.smallest()
	return Float{Env: spans[0].env, Width: spans[0].width, Height: t.page.height, Size: size.command, Line: size.line,
		CaptionAbove: t.page.above}
}

// tex is a text as source.
func (t *Typesetter) tex(text string) string {
	return t.options.Engine.escape(text, func(character string) { t.missing[character] = true })
}

// Prose is a text of a paragraph as source: its long words may be broken.
func (t *Typesetter) Prose(text string) string { return t.tex(breakable(text)) }

// Caption writes the caption and the label of a table's first float, and the caption of a later one, which carries its number again.
func (t *Typesetter) Caption(out io.Writer, float int, text, label string) {
	if float > 0 {
		fmt.Fprintln(out, "\\addtocounter{table}{-1}\n\\caption{(continued)}")
		return
	}
	fmt.Fprintf(out, "\\caption{%s}\n\\label{tab:%s}\n", t.Prose(text), LabelName(label))
}

// Lines is how many lines a text takes at most in a paragraph of a width in points, in the type of the widest float; without a page 1.
func (t *Typesetter) Lines(text string, width float64) int {
	if t.options.Style == NoStyle {
		return 1
	}
	m := t.meterOf(t.page.smallest())
	return m.lines(text, width/boldSurplus, m.points)
}

// boldSurplus is by how much a line of bold words may be longer than one of others.
const boldSurplus = 1.1

// meterOf measures in a size of the style.
func (t *Typesetter) meterOf(size size) meter {
	return meter{t.options.Engine, cmp.Or(size.points, 10), t.page.blank}
}

// Untypeset lists the characters of what was set for which the document needs another font: for pdflatex they are printed as question
// marks.
func (t *Typesetter) Untypeset() []string { return slices.Sorted(maps.Keys(t.missing)) }

// Preamble says in comments what the document must load: needs, where it is not empty, and a font for what was set.
func (t *Typesetter) Preamble(needs string) string {
	var b strings.Builder
	if needs != "" {
		fmt.Fprintf(&b, "%% In the preamble: %s\n", needs)
	}
	if len(t.missing) > 0 && t.options.Engine == UnicodeEngine {
		fmt.Fprintf(&b, "%% For xelatex or lualatex. In the preamble, a font that has %s:\n"+
			"%% \\usepackage{fontspec}\\newfontfamily\\harnessfont{FONT}\n\\providecommand{\\harnessfont}{}\n",
			strings.Join(t.Untypeset(), " "))
	}
	return b.String()
}
