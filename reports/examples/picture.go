package examples

import (
	"cmp"
	"fmt"
	"image/color"
	"io"
	"strings"
	"unicode"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/internal/escape"
	"harness/reports/plots"
)

// Sizes of a whole picture in points.
const (
	pictureMargin = 14
	imagesWidth   = 330
	textWidth     = 330
	columnGap     = 16
	headText      = 11
	answerText    = 8.5
	footText      = 7.5
)

var (
	green = color.RGBA{R: 17, G: 99, B: 41, A: 255}
	red   = color.RGBA{R: 164, G: 14, B: 38, A: 255}
)

// FileName begins the names of the pictures of examples.
func FileName(e *Examples) string { return plots.FileName(cmp.Or(e.Handle, e.Name)) + "-examples" }

// glyphs is a run of letters in one style.
type glyphs struct {
	text string
	face plots.Face
	ink  color.Color
}

// word is what is not broken at the end of a line.
type word []glyphs

// Picture draws one pair, from 0, as PNG or PDF: the images on the left, the answers on the right, below them how it was chosen.
func (e *Examples) Picture(w io.Writer, pair int, format Format) error {
	p := e.Pairs[pair]
	images := newImageBlock(e, p, imagesWidth, string(format))
	lines := answerLines(p, string(format))
	foot := plots.Wrap(escape.Line(strings.Join(e.caption(colourLegend), " ")), plots.Text(footText, plots.Upright, gray, string(format)), imagesWidth+columnGap+textWidth)
	body := max(images.total(), lineOf(answerText)*vg.Length(len(lines)))
	width := vg.Points(2*pictureMargin + imagesWidth + columnGap + textWidth)
	height := 2*vg.Points(pictureMargin) + lineOf(headText)*1.3 + body + vg.Points(6) + lineOf(footText)*vg.Length(len(foot))
	title := plots.Wrap(fmt.Sprintf("%s: test pair %d of %d (%s)", escape.Line(e.Name), pair+1, len(e.Pairs), escape.Line(p.ID)), plots.Text(headText, plots.Bold, black, string(format)), imagesWidth+columnGap+textWidth)
	return plots.Paint(w, width, height, string(format), func(c draw.Canvas) {
		c = draw.Crop(c, pictureMargin, -pictureMargin, pictureMargin, -pictureMargin)
		write(c, c.Min.X, c.Max.Y, headText, plots.Bold, black, string(format), title[0])
		c = draw.Crop(c, 0, 0, 0, -lineOf(headText)*1.3)
		images.draw(c)
		for i, line := range lines {
			writeWords(c, c.Min.X+imagesWidth+columnGap, c.Max.Y-lineOf(answerText)*vg.Length(i), line, string(format))
		}
		for i, line := range foot {
			write(c, c.Min.X, c.Max.Y-body-vg.Points(6)-lineOf(footText)*vg.Length(i), footText, plots.Upright, gray, string(format), line)
		}
	})
}

// answerLines are the question, the reference and the answers, each below its name, in lines of the column's width.
func answerLines(p Pair, format string) [][]word {
	var lines [][]word
	add := func(name string, runs ...glyphs) {
		lines = append(lines, wrapWords(wordsOf(glyphs{escape.Line(name), plots.Bold, black}), textWidth, format)...)
		lines = append(lines, wrapWords(wordsOf(runs...), textWidth, format)...)
	}
	add("Question", glyphs{escape.Line(p.Question), plots.Upright, black})
	add("Reference", glyphs{escape.Line(p.Reference), plots.Upright, black})
	for _, a := range p.Answers {
		add(a.Row, a.runs()...)
	}
	return lines
}

// runs are the letters of an answer.
func (a Answer) runs() []glyphs {
	if a.Absent != "" {
		return []glyphs{{escape.Line("no result: " + a.Absent), plots.Upright, gray}}
	}
	var runs []glyphs
	for _, p := range a.Pieces {
		run := glyphs{escape.Line(p.Text), plots.Upright, black}
		switch p.Mark {
		case Right:
			run.face, run.ink = plots.Bold, green
		case Wrong:
			run.face, run.ink = plots.Italic, red
		}
		runs = append(runs, run)
	}
	if len(a.Pieces) == 0 {
		runs = append(runs, glyphs{"(blank)", plots.Upright, gray})
	}
	if len(a.Left) > 0 {
		runs = append(runs, glyphs{escape.Line(" [left out: " + strings.Join(a.Left, ", ") + "]"), plots.Italic, red})
	}
	if v := a.verdict(); v != "" {
		runs = append(runs, glyphs{" " + v, plots.Upright, gray})
	}
	return runs
}

// wordsOf cuts runs at blanks: letters of several runs that no blank parts are one word.
func wordsOf(runs ...glyphs) []word {
	var words []word
	open := false // the last word may go on
	for _, run := range runs {
		for i, part := range strings.FieldsFunc(run.text, unicode.IsSpace) {
			piece := glyphs{part, run.face, run.ink}
			if i > 0 || !open || startsBlank(run.text) {
				words = append(words, word{piece})
			} else {
				words[len(words)-1] = append(words[len(words)-1], piece)
			}
			open = true
		}
		if run.text != "" && endsBlank(run.text) {
			open = false
		}
	}
	return words
}

func startsBlank(s string) bool { return s != strings.TrimLeftFunc(s, unicode.IsSpace) }
func endsBlank(s string) bool   { return s != strings.TrimRightFunc(s, unicode.IsSpace) }

// wrapWords fills lines of a width. A word that is longer than a line is cut.
func wrapWords(words []word, width vg.Length, format string) [][]word {
	var lines [][]word
	var line []word
	used := vg.Length(0)
	for _, w := range words {
		for _, part := range w.cut(width, format) {
			wide := part.width(format)
			if len(line) > 0 && used+blank(format)+wide > width {
				lines, line, used = append(lines, line), nil, 0
			}
			if len(line) > 0 {
				used += blank(format)
			}
			line, used = append(line, part), used+wide
		}
	}
	if len(line) > 0 {
		lines = append(lines, line)
	}
	return lines
}

// cut makes parts that fit a width.
func (w word) cut(width vg.Length, format string) []word {
	if w.width(format) <= width {
		return []word{w}
	}
	var parts []word
	for _, g := range w {
		for _, line := range plots.Wrap(g.text, plots.Text(answerText, g.face, g.ink, format), width) {
			parts = append(parts, word{{line, g.face, g.ink}})
		}
	}
	return parts
}

func (w word) width(format string) vg.Length {
	total := vg.Length(0)
	for _, g := range w {
		total += plots.Text(answerText, g.face, g.ink, format).Width(g.text)
	}
	return total
}

func blank(format string) vg.Length {
	return plots.Text(answerText, plots.Upright, black, format).Width(" ")
}

// writeWords writes a line of words below a height.
func writeWords(c draw.Canvas, x, top vg.Length, line []word, format string) {
	for i, w := range line {
		if i > 0 {
			x += blank(format)
		}
		for _, g := range w {
			style := plots.Text(answerText, g.face, g.ink, format)
			style.YAlign = text.YTop
			c.FillText(style, vg.Point{X: x, Y: top}, g.text)
			x += style.Width(g.text)
		}
	}
}
