package plots

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

const (
	keyLine  = 13 // points a line of the key
	keySpace = 46 // points beside the text of an entry: sample and gaps
)

// keySize is how large the key is in so many columns.
func (f *Figure) keySize(columns int) (width, height vg.Length) {
	if len(f.key) == 0 {
		return 0, 0
	}
	lines := (len(f.key) + columns - 1) / columns
	return vg.Length(columns) * f.keyWidth(), f.pt(keyLine * float64(lines+1))
}

// keyWidth is that of one column of the key.
func (f *Figure) keyWidth() vg.Length {
	style := f.text(labelSize, black)
	widest := vg.Length(0)
	for _, e := range f.key {
		widest = max(widest, style.Width(e.text))
	}
	return widest + f.pt(keySpace)
}

// columnsIn is how many columns of the key stand side by side in a width.
func (f *Figure) columnsIn(width vg.Length) int {
	if len(f.key) == 0 {
		return 1
	}
	return min(len(f.key), max(1, int(math.Floor(float64(width/f.keyWidth())))))
}

// drawKey draws the key in columns, from the top left of c.
func (f *Figure) drawKey(c draw.Canvas, columns int) {
	if len(f.key) == 0 {
		return
	}
	style := f.text(labelSize, black)
	style.YAlign = text.YCenter
	lines := (len(f.key) + columns - 1) / columns
	width := f.keyWidth()
	for i, e := range f.key {
		x := c.Min.X + width*vg.Length(i/lines)
		y := c.Max.Y - f.pt(keyLine*(float64(i%lines)+.75))
		icon := c
		icon.Rectangle = vg.Rectangle{Min: vg.Point{X: x + f.pt(10), Y: y - f.pt(4)}, Max: vg.Point{X: x + f.pt(34), Y: y + f.pt(4)}}
		for _, sample := range e.sample {
			sample.Thumbnail(&icon)
		}
		c.FillText(style, vg.Point{X: x + f.pt(39), Y: y}, e.text)
	}
}

// upright is the sample of a control in the key.
type upright struct{ style draw.LineStyle }

// Thumbnail draws a short upright line.
func (u upright) Thumbnail(c *draw.Canvas) {
	x := c.Center().X
	c.StrokeLine2(u.style, x, c.Min.Y-vg.Points(2), x, c.Max.Y+vg.Points(2))
}

// sampleLine is the sample of a line with its mark.
type sampleLine struct {
	line draw.LineStyle
	mark draw.GlyphStyle
}

// Thumbnail draws a short line, and its mark in the middle.
func (s sampleLine) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	if s.line.Width > 0 {
		c.StrokeLine2(s.line, c.Min.X, y, c.Max.X, y)
	}
	if s.mark.Shape != nil {
		c.DrawGlyph(s.mark, c.Center())
	}
}

// sampled is an entry of the key with one sample.
func sampled(text string, sample plot.Thumbnailer) keyEntry {
	return keyEntry{text, []plot.Thumbnailer{sample}}
}
