package plots

import (
	"bytes"
	"image"
	"image/draw"
	"io"
	"regexp"

	"codeberg.org/go-pdf/fpdf"
	"golang.org/x/image/font"
	"golang.org/x/image/font/sfnt"
	fixedpoint "golang.org/x/image/math/fixed"
	"golang.org/x/text/encoding/charmap"
	plotfont "gonum.org/v1/plot/font"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/vgpdf"
)

// pdfCanvas writes text in the encoding of the embedded font, and draws the outlines of what that encoding lacks, such as Greek
// and arrows.
type pdfCanvas struct{ *vgpdf.Canvas }

// dates is when a file was made: reports are committed, and the same picture is the same file.
var dates = regexp.MustCompile(`/(?:CreationDate|ModDate) \(D:[0-9]+\)`)

// WriteTo writes the picture. Blanks stand in place of the dates, since a file says at which byte each of its parts begins.
func (c pdfCanvas) WriteTo(w io.Writer) (int64, error) {
	var picture bytes.Buffer
	if _, err := c.Canvas.WriteTo(&picture); err != nil {
		return 0, err
	}
	n, err := w.Write(dates.ReplaceAllFunc(picture.Bytes(), func(date []byte) []byte { return bytes.Repeat([]byte{' '}, len(date)) }))
	return int64(n), err
}

// init has the images of a document written in the order of their names instead of a map's: the same picture is the same file.
func init() { fpdf.SetDefaultCatalogSort(true) }

// DrawImage draws an image the right way up: vgpdf, whose y axis points up, would draw its first row at the bottom.
func (c pdfCanvas) DrawImage(frame vg.Rectangle, picture image.Image) {
	bounds := picture.Bounds()
	var flipped draw.Image = image.NewRGBA(image.Rect(0, 0, bounds.Dx(), bounds.Dy()))
	if _, gray := picture.(*image.Gray); gray { // a third of the bytes
		flipped = image.NewGray(flipped.Bounds())
	}
	for y := range bounds.Dy() {
		row := image.Rect(0, bounds.Dy()-1-y, bounds.Dx(), bounds.Dy()-y)
		draw.Draw(flipped, row, picture, image.Pt(bounds.Min.X, bounds.Min.Y+y), draw.Src)
	}
	c.Canvas.DrawImage(frame, flipped)
}

// FillString draws text. A document of vgpdf can embed one font: bold and italic letters are drawn as outlines.
func (c pdfCanvas) FillString(f plotfont.Face, at vg.Point, text string) {
	regular := f.Font.Weight == font.WeightNormal && f.Font.Style == font.StyleNormal
	if encoded, err := charmap.Windows1252.NewEncoder().String(text); err == nil && regular {
		c.Canvas.FillString(f, at, encoded)
		return
	}
	if path := outlines(f, at, text); len(path) > 0 {
		c.Fill(path)
	}
}

// outlines are the shapes of the letters of a text.
func outlines(f plotfont.Face, at vg.Point, text string) vg.Path {
	var buffer sfnt.Buffer
	ppem := fixedpoint.I(int(f.Face.UnitsPerEm()))
	scale := f.Font.Size / vg.Length(f.Face.UnitsPerEm())
	var path vg.Path
	for _, r := range text {
		glyph, err := f.Face.GlyphIndex(&buffer, r)
		if err != nil {
			continue
		}
		segments, err := f.Face.LoadGlyph(&buffer, glyph, ppem, nil)
		if err != nil {
			continue
		}
		point := func(p fixedpoint.Point26_6) vg.Point { // y points down in fonts
			return vg.Point{X: at.X + vg.Length(p.X)/64*scale, Y: at.Y - vg.Length(p.Y)/64*scale}
		}
		for i, s := range segments {
			switch s.Op {
			case sfnt.SegmentOpMoveTo:
				if i > 0 {
					path.Close()
				}
				path.Move(point(s.Args[0]))
			case sfnt.SegmentOpLineTo:
				path.Line(point(s.Args[0]))
			case sfnt.SegmentOpQuadTo:
				path.QuadTo(point(s.Args[0]), point(s.Args[1]))
			case sfnt.SegmentOpCubeTo:
				path.CubeTo(point(s.Args[0]), point(s.Args[1]), point(s.Args[2]))
			}
		}
		if len(segments) > 0 {
			path.Close()
		}
		if advance, err := f.Face.GlyphAdvance(&buffer, glyph, ppem, font.HintingNone); err == nil {
			at.X += vg.Length(advance) / 64 * scale
		}
	}
	return path
}
