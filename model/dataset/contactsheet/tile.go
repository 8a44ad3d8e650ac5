package contactsheet

import (
	"image"
	"image/color"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"
)

// Metrics of the page's font.
const (
	lineHeight = 14
	charWidth  = 7
)

// minWidth is the least width of a card; smaller images are shown with their pixels enlarged.
const minWidth = 400

// line is one line of text below an image.
type line struct {
	text   string
	colour color.RGBA
}

// card is one sample, measured and ready to draw.
type card struct {
	sample        *sample
	size, scale   int // side of the image in its own pixels; how often each is repeated
	width, height int
	lines         []line
}

func newCard(s *sample, size int) *card {
	c := &card{sample: s, size: size, scale: max(1, (minWidth+size-1)/size)}
	c.width = size * c.scale
	c.write(s.title, faint)
	for _, note := range s.notes {
		c.write(note, ink)
	}
	for i, region := range s.regions {
		c.write(region.Name+": "+region.Phrase, boxColours[i])
	}
	c.height = c.width + len(c.lines)*lineHeight + 4
	return c
}

// write adds text, broken into lines that fit.
func (c *card) write(text string, colour color.RGBA) {
	limit := c.width / charWidth
	current := ""
	for _, word := range strings.Fields(text) {
		switch {
		case current == "":
			current = word
		case len(current)+1+len(word) <= limit:
			current += " " + word
		default:
			c.lines = append(c.lines, line{current, colour})
			current = "  " + word
		}
	}
	c.lines = append(c.lines, line{current, colour})
}

// draw puts the card on the page with its upper left corner at the given point.
func (c *card) draw(page *image.RGBA, at image.Point) {
	for y := range c.width {
		row := c.sample.pixels[y/c.scale*c.size:]
		for x := range c.width {
			g := row[x/c.scale]
			page.SetRGBA(at.X+x, at.Y+y, color.RGBA{g, g, g, 255})
		}
	}
	img := c.sample.image
	kx, ky := float64(c.width)/float64(img.Width), float64(c.width)/float64(img.Height)
	for i, region := range c.sample.regions {
		b := region.Box
		outline(page, image.Rect(
			at.X+int(b[0]*kx), at.Y+int(b[1]*ky),
			at.X+min(int(b[2]*kx), c.width-1), at.Y+min(int(b[3]*ky), c.width-1)), boxColours[i])
	}
	y := at.Y + c.width + 2
	for _, l := range c.lines {
		writeText(page, at.X, y, l.text, l.colour)
		y += lineHeight
	}
}

// outline draws the border of r, corners included.
func outline(page *image.RGBA, r image.Rectangle, colour color.RGBA) {
	for x := r.Min.X; x <= r.Max.X; x++ {
		page.SetRGBA(x, r.Min.Y, colour)
		page.SetRGBA(x, r.Max.Y, colour)
	}
	for y := r.Min.Y; y <= r.Max.Y; y++ {
		page.SetRGBA(r.Min.X, y, colour)
		page.SetRGBA(r.Max.X, y, colour)
	}
}

// writeText writes one line with its upper left corner at x, y. Characters the font lacks come out as boxes.
func writeText(page *image.RGBA, x, y int, text string, colour color.RGBA) {
	d := font.Drawer{
		Dst: page, Src: image.NewUniform(colour), Face: basicfont.Face7x13,
		Dot: fixed.P(x, y+basicfont.Face7x13.Ascent),
	}
	d.DrawString(text)
}
