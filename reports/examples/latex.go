package examples

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"gonum.org/v1/plot/vg"

	"harness/reports"
)

// latexNeeds is what a document with the pairs must load.
const latexNeeds = `\usepackage{booktabs,graphicx,xcolor}`

// latexColours are those of the marks; a document may have defined its own before.
const latexColours = "\\providecolor{harnessright}{rgb}{0.07,0.39,0.16}\\providecolor{harnesswrong}{rgb}{0.64,0.05,0.15}\n"

// plainWidth is the width in points that the images of a pair take where no page is known.
const plainWidth = 220

// captionLine is at least the distance of lines in a caption of any style, in points.
const captionLine = 12

// captionShare is how much of a line a caption has where it is measured in the type of the rows, which is smaller.
const captionShare = 0.85

// Share of a line: the images, the gap beside them, the answers.
const (
	imagesShare = 0.46
	gapShare    = 0.03
)

// ImagesWidth is the width in points in which Images must draw the pictures that Latex includes.
func ImagesWidth(o reports.LatexOptions) float64 {
	if float := reports.NewTypesetter(o).Widest(); float.Width > 0 {
		return float.Width * imagesShare * 0.99
	}
	return plainWidth
}

// sheet is a table of pairs on its way to LaTeX.
type sheet struct {
	*reports.Typesetter
	e       *Examples
	float   reports.Float
	picture func(pair int) string
}

// Latex writes the pairs as floats for \input, with \includegraphics of the picture that has the name picture(pair); it fits the page
// of a style, over all of its columns. Characters without a font are returned.
func (e *Examples) Latex(w io.Writer, o reports.LatexOptions, picture func(pair int) string) (untypeset []string, err error) {
	if err := o.Check(); err != nil {
		return nil, err
	}
	t := reports.NewTypesetter(o)
	s := &sheet{Typesetter: t, e: e, float: t.Widest(), picture: picture}
	var out bytes.Buffer
	s.write(&out)
	if _, err := io.WriteString(w, s.Preamble(latexNeeds)+latexColours); err != nil {
		return nil, err
	}
	_, err = w.Write(out.Bytes())
	return s.Untypeset(), err
}

// entry is a part of a pair that stands on one page: its images, where it is the first, beside texts.
type entry struct {
	pair   int
	images bool
	texts  []string // source
	height float64
}

// write fills floats with as many entries as fit a page.
func (s *sheet) write(out io.Writer) {
	var page []entry
	height, floats := 0.0, 0
	room := s.float.Height - float64(s.Lines(s.captionText(), s.float.Width*captionShare)+6)*captionLine
	for i := range s.e.Pairs {
		for _, entry := range s.entries(i, room) {
			if len(page) > 0 && (s.float.Width == 0 || height+entry.height > room) { // without a page, a float a pair
				s.writeFloat(out, page, floats)
				page, height, floats = nil, 0, floats+1
			}
			page, height = append(page, entry), height+entry.height
		}
	}
	s.writeFloat(out, page, floats)
}

// entries are the parts of a pair: more than one where its answers are longer than a page.
func (s *sheet) entries(pair int, room float64) []entry {
	p := s.e.Pairs[pair]
	current := entry{pair: pair, images: true}
	lines := 0
	var list []entry
	add := func(source, plain string) {
		n := s.Lines(plain, s.textWidth())
		if current.texts != nil && s.float.Width > 0 && float64(lines+n+2)*s.float.Line > room {
			list = append(list, s.sized(current, lines))
			current, lines = entry{pair: pair}, 0
		}
		current.texts, lines = append(current.texts, source), lines+n
	}
	text := func(label, text string) {
		add(`\textbf{`+s.Prose(label)+`:} `+s.Prose(text), label+": "+text)
	}
	text(fmt.Sprintf("Pair %d", pair+1), p.ID)
	text("Question", p.Question)
	text("Reference", p.Reference)
	for _, a := range p.Answers {
		source, plain := s.answer(a)
		add(source, plain)
	}
	return append(list, s.sized(current, lines))
}

// sized measures an entry.
func (s *sheet) sized(e entry, lines int) entry {
	e.height = float64(lines+2) * s.float.Line
	if e.images {
		width := s.float.Width * imagesShare
		e.height = max(e.height, float64(newImageBlock(s.e, s.e.Pairs[e.pair], vg.Points(width), string(PDFFormat)).total())+2*s.float.Line)
	}
	return e
}

func (s *sheet) textWidth() float64 { return s.float.Width * (1 - imagesShare - gapShare) * 0.99 }

// answer is the source of an answer and its plain text, by which it is measured.
func (s *sheet) answer(a Answer) (source, plain string) {
	label := `\textbf{` + s.Prose(a.Row) + `:} `
	plain = a.marked(func(text string) string { return text }, "%s", "%s", "[left out: %s]")
	if a.Absent != "" {
		return label + `\textit{` + s.Prose("no result: "+a.Absent) + "}", a.Row + ": " + plain
	}
	body := a.marked(s.Prose, `\textcolor{harnessright}{\textbf{%s}}`, `\textcolor{harnesswrong}{\textit{%s}}`,
		`\textcolor{harnesswrong}{\textit{{[}left out: %s{]}}}`)
	return label + body, a.Row + ": " + plain
}

// writeFloat writes entries; before says how many floats stand above.
func (s *sheet) writeFloat(out io.Writer, page []entry, before int) {
	fmt.Fprintf(out, "\\begin{%s}[%s]\n\\sloppy\\centering\n", s.float.Env, map[bool]string{true: "t", false: "tp"}[before == 0 && s.float.Width == 0])
	if s.float.CaptionAbove {
		s.Caption(out, before, s.captionText(), s.e.Name+"-examples")
	}
	if s.float.Size != "" {
		fmt.Fprintln(out, s.float.Size)
	}
	fmt.Fprintf(out, "\\setlength{\\tabcolsep}{0pt}\n\\begin{tabular}{ll}\n\\toprule\n")
	for i, e := range page {
		if i > 0 {
			fmt.Fprintln(out, "\\midrule")
		}
		s.writeEntry(out, e)
	}
	fmt.Fprintln(out, "\\bottomrule\n\\end{tabular}")
	if !s.float.CaptionAbove {
		s.Caption(out, before, s.captionText(), s.e.Name+"-examples")
	}
	fmt.Fprintf(out, "\\end{%s}\n", s.float.Env)
}

func (s *sheet) captionText() string {
	return s.e.title() + ". " + strings.Join(s.e.caption(colourLegend), " ")
}

func (s *sheet) writeEntry(out io.Writer, e entry) {
	left := `\strut`
	switch {
	case !e.images:
		left = fmt.Sprintf(`Pair %d (continued)`, e.pair+1)
	case len(s.e.Pairs[e.pair].Images) > 0:
		left = fmt.Sprintf(`\includegraphics[width=%s]{%s}`, s.imagesWidth(), s.picture(e.pair))
	}
	fmt.Fprintf(out, "\\begin{minipage}[t]{%s}\\vspace{0pt}\\raggedright %s\\end{minipage}\\hspace{%s} &\n\\begin{minipage}[t]{%s}\\vspace{0pt}\\raggedright\n",
		s.length(imagesShare), left, s.length(gapShare), s.length(1-imagesShare-gapShare))
	fmt.Fprintf(out, "%s\\par\n\\end{minipage} \\\\\n", strings.Join(e.texts, "\\par\n"))
}

// imagesWidth is that of the pictures: their own, where the page is not known and has room for it.
func (s *sheet) imagesWidth() string {
	if s.float.Width == 0 {
		return fmt.Sprintf(`\ifdim\linewidth<%dpt \linewidth\else %dpt\fi`, plainWidth, plainWidth)
	}
	return `\linewidth`
}

// length is a share of the line.
func (s *sheet) length(share float64) string {
	if s.float.Width == 0 {
		return fmt.Sprintf(`%.3f\linewidth`, share*0.99)
	}
	return fmt.Sprintf("%.1fpt", s.float.Width*share*0.99)
}
