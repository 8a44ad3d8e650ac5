package plots

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	stdfont "golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Sizes of text in points where labels have 9.
const (
	titleSize      = 12
	panelTitleSize = 10
	labelSize      = 9
	tickSize       = 8.5
	smallSize      = 8
)

// look is how a figure's text is set: all sizes follow that of the labels.
type look struct {
	scale   float64 // of text: 1 where labels have 9 points
	letters letters
}

func newLook(o Options) look {
	l := look{scale: 1, letters: letters{Plain: text.Plain{Fonts: font.DefaultCache}, svg: o.Format == "svg"}}
	if o.FontSize > 0 {
		l.scale = o.FontSize / labelSize
	}
	return l
}

// pt is a length that follows the size of text.
func (l look) pt(points float64) vg.Length { return vg.Points(points * l.scale) }

// text is a style of text.
func (l look) text(points float64, c color.Color) text.Style {
	return text.Style{Color: c, Font: font.Font{Typeface: "Liberation", Variant: "Sans", Size: l.pt(points)}, Handler: l.letters}
}

// Face is how letters are drawn.
type Face int

// The faces.
const (
	Upright Face = iota
	Bold
	Italic
)

// Text is the style of text in pictures of a format, for who draws pictures of another kind with Paint.
func Text(points float64, face Face, c color.Color, format string) text.Style {
	style := newLook(Options{Format: format}).text(points, c)
	switch face {
	case Bold:
		style.Font.Weight = stdfont.WeightBold
	case Italic:
		style.Font.Style = stdfont.StyleItalic
	}
	return style
}

// letters writes plain text. Characters that the embedded font lacks would all be the same box: PNG and PDF have their code
// instead; SVG keeps them, since its viewer has other fonts.
type letters struct {
	text.Plain
	svg bool
}

// Box is the size of a line of text.
func (l letters) Box(txt string, fnt font.Font) (width, height, depth vg.Length) {
	width, height, depth = l.Plain.Box(l.legible(txt), fnt)
	if l.svg { // characters of other fonts are as wide as high at most
		width += vg.Length(len(lacking(txt))) * fnt.Size / 2
	}
	return width, height, depth
}

// Draw writes text.
func (l letters) Draw(c vg.Canvas, txt string, sty text.Style, pt vg.Point) {
	l.Plain.Draw(c, l.legible(txt), sty, pt)
}

func (l letters) legible(txt string) string {
	if l.svg || len(lacking(txt)) == 0 {
		return txt
	}
	var b strings.Builder
	for _, r := range txt {
		if hasGlyph(r) {
			b.WriteRune(r)
		} else {
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return b.String()
}

// lacking are the characters of a text that the embedded font lacks.
func lacking(txt string) []rune {
	return slices.DeleteFunc([]rune(txt), hasGlyph)
}

func hasGlyph(r rune) bool {
	if r < 0x7f {
		return true
	}
	var buffer sfnt.Buffer
	i, err := embedded.GlyphIndex(&buffer, r)
	return err == nil && i != 0
}

// embedded is the font of all text.
var embedded = font.DefaultCache.Lookup(font.Font{Typeface: "Liberation", Variant: "Sans"}, 1).Face

// Untypeset lists the characters of texts that PNG and PDF write as codes, since the embedded font lacks them.
func Untypeset(texts ...string) []string {
	var list []string
	for _, txt := range texts {
		for _, r := range lacking(shown(txt)) {
			if !slices.Contains(list, string(r)) {
				list = append(list, string(r))
			}
		}
	}
	return list
}

var (
	black     = color.RGBA{A: 255}
	white     = color.RGBA{R: 255, G: 255, B: 255, A: 255}
	gray      = color.RGBA{R: 90, G: 90, B: 90, A: 255}
	lightGray = color.RGBA{R: 225, G: 225, B: 225, A: 255}
)

// okabeIto is Okabe and Ito's, without the yellow that is too light for lines.
var okabeIto = [...]color.RGBA{
	{0, 114, 178, 255}, {230, 159, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {86, 180, 233, 255}, {213, 94, 0, 255}, {0, 0, 0, 255},
}

var dashes = [...][]vg.Length{nil, {vg.Points(6), vg.Points(2)}, {vg.Points(2), vg.Points(2)}, {vg.Points(7), vg.Points(2), vg.Points(2), vg.Points(2)}}

// marks tell lines of equal dashes apart; the first lines have none.
var marks = [...]draw.GlyphDrawer{draw.CircleGlyph{}, draw.BoxGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{}, draw.RingGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PlusGlyph{}}

// lineStyle is the i-th of the distinct styles. Colour and dashes change together, so that neighbours differ in print without
// colour; with mark, 28 × 8 lines are distinct.
func lineStyle(i int) draw.LineStyle {
	return draw.LineStyle{Color: okabeIto[i%len(okabeIto)], Width: vg.Points(1.6), Dashes: dashes[i%len(dashes)]}
}

// mark is the mark of the i-th line; nil for as many as dashes alone tell apart.
func mark(i int) draw.GlyphDrawer {
	if i < len(dashes) {
		return nil
	}
	return marks[(i/len(dashes)-1)%len(marks)]
}

// faint is a colour as the background of a line; alpha 0 to 255.
func faint(c color.Color, alpha uint8) color.Color {
	r, g, b, _ := c.RGBA()
	return color.NRGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: alpha}
}

// centred is how much higher text must stand whose middle is to be at a height: capitals are not in the middle of their line.
func centred(style text.Style) vg.Length { return style.Font.Size / 10 }

// newPanel is an empty plot in our style: sans serif, light frame.
func (l look) newPanel(title, x, y string) *panel {
	p := &panel{Plot: plot.New(), look: l, title: title}
	for axis, label := range map[*plot.Axis]string{&p.X: x, &p.Y: y} {
		axis.Label.Text = label
		axis.Label.TextStyle = restyled(axis.Label.TextStyle, l.text(labelSize, black))
		axis.Tick.Label = restyled(axis.Tick.Label, l.text(tickSize, black))
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = gray, gray
		axis.Tick.Marker = roundTicks{}
	}
	return p
}

// restyled is a style that keeps its place.
func restyled(at, style text.Style) text.Style {
	at.Font, at.Color, at.Handler = style.Font, style.Color, style.Handler
	return at
}
