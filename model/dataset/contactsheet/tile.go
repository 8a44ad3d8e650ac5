package contactsheet

import (
	"image"
	"image/color"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Metrics of the sheet's font.
const (
	lineHeight = 14
	charWidth  = 7
)

// minWidth is the least width of a tile; smaller images are shown with their pixels enlarged.
const minWidth = 400

// line is one line of text below an image.
type line struct {
	text   string
	colour color.RGBA
}

// tile is one sample, measured and ready to draw.
type tile struct {
	sample        *sample
	size, scale   int // side of the image in its own pixels; how often each is repeated
	width, height int
	lines         []line
}

func newTile(s *sample, size int) *tile {
	t := &tile{sample: s, size: size, scale: max(1, (minWidth+size-1)/size)}
	t.width = size * t.scale
	t.write(s.title, faint)
	for _, note := range s.notes {
		t.write(note, ink)
	}
	for i, region := range s.regions {
		t.write(region.Name+": "+region.Phrase, boxColours[i])
	}
	t.height = t.width + len(t.lines)*lineHeight + 4
	return t
}

// write adds text, broken into lines that fit.
func (t *tile) write(text string, colour color.RGBA) {
	limit := t.width / charWidth
	current := ""
	for _, word := range strings.Fields(text) {
		switch {
		case current == "":
			current = word
		case len(current)+1+len(word) <= limit:
			current += " " + word
		default:
			t.lines = append(t.lines, line{current, colour})
			current = "  " + word
		}
	}
	t.lines = append(t.lines, line{current, colour})
}

// draw puts the tile on the sheet with its upper left corner at the given point.
func (t *tile) draw(sheet *image.RGBA, at image.Point) {
	for y := range t.width {
		row := t.sample.pixels[y/t.scale*t.size:]
		for x := range t.width {
			g := row[x/t.scale]
			sheet.SetRGBA(at.X+x, at.Y+y, color.RGBA{g, g, g, 255})
		}
	}
	img := t.sample.image
	kx, ky := float64(t.width)/float64(img.Width), float64(t.width)/float64(img.Height)
	for i, region := range t.sample.regions {
		b := region.Box
		outline(sheet, image.Rect(
			at.X+int(b[0]*kx), at.Y+int(b[1]*ky),
			at.X+min(int(b[2]*kx), t.width-1), at.Y+min(int(b[3]*ky), t.width-1)), boxColours[i])
	}
	y := at.Y + t.width + 2
	for _, l := range t.lines {
		writeText(sheet, at.X, y, l.text, l.colour)
		y += lineHeight
	}
}

// outline draws the border of r, corners included.
func outline(sheet *image.RGBA, r image.Rectangle, colour color.RGBA) {
	for x := r.Min.X; x <= r.Max.X; x++ {
		sheet.SetRGBA(x, r.Min.Y, colour)
		sheet.SetRGBA(x, r.Max.Y, colour)
	}
	for y := r.Min.Y; y <= r.Max.Y; y++ {
		sheet.SetRGBA(r.Min.X, y, colour)
		sheet.SetRGBA(r.Max.X, y, colour)
	}
}

// writeText writes one line with its upper left corner at x, y. Characters the font lacks come out as boxes.
func writeText(sheet *image.RGBA, x, y int, text string, colour color.RGBA) {
	d := font.Drawer{
		Dst: sheet, Src: image.NewUniform(colour), Face: basicfont.Face7x13,
		Dot: fixed.P(x, y+basicfont.Face7x13.Ascent),
	}
	d.DrawString(text)
}
