package examples

import (
	"fmt"
	"image/color"
	"io"
	"slices"

	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"harness/metrics"
	"harness/reports/plots"
)

// Sizes in points.
const (
	imageGap   = 8   // between the two images
	titleText  = 8.5 // above an image
	regionText = 7.5
	leading    = 1.3 // height of a line in sizes of its font
	swatch     = 18  // length of the line before a region's name
	tallest    = 1.3 // the height of an image in widths of its column
)

var (
	black = color.RGBA{A: 255}
	gray  = color.RGBA{R: 90, G: 90, B: 90, A: 255}
	// boxColours stand out on a radiograph; the first six are Okabe and Ito's, the darker ones made lighter.
	boxColours = [2 * mostRegions]color.RGBA{{86, 180, 233, 255}, {240, 228, 66, 255}, {0, 200, 140, 255}, {255, 140, 60, 255},
		{235, 150, 200, 255}, {90, 130, 255, 255}, {170, 255, 120, 255}, {235, 235, 235, 255}}
	dashes = []vg.Length{vg.Points(3.5), vg.Points(2.5)}
)

// imageBlock is the picture of a pair's two images on its way to a canvas.
type imageBlock struct {
	images []Image
	names  []string // of the regions: each has one colour on both images
	format string
	width  vg.Length
	height vg.Length // of the images
	below  vg.Length // height of what stands below the images
	notes  [2][]string
	key    []keyEntry
}

// newImageBlock lays out the images of a pair in a width.
func newImageBlock(e *Examples, p Pair, width vg.Length, format string) imageBlock {
	b := imageBlock{images: p.Images, format: format, width: width}
	small := plots.Text(regionText, plots.Upright, gray, format)
	drawn, predicted := false, false
	for k, image := range b.images {
		size := b.fitted(image)
		b.height = max(b.height, size.Y)
		for _, note := range image.Notes {
			b.notes[k] = append(b.notes[k], plots.Wrap(plots.Short(note, 120), small, b.column())...)
		}
		lines := len(b.notes[k])
		for _, r := range image.Regions {
			lines += len(b.label(r))
		}
		b.below = max(b.below, lineOf(regionText)*vg.Length(lines))
		for _, r := range image.Regions {
			drawn, predicted = true, predicted || r.Predicted != nil
			b.names = withNew(b.names, r.Name)
		}
	}
	if drawn {
		b.addKey("reference", nil)
	}
	if predicted {
		b.addKey("predicted by "+plots.Short(e.BoxesOf, 100), dashes)
	}
	return b
}

func lineOf(points float64) vg.Length { return vg.Points(points * leading) }

func (b imageBlock) column() vg.Length { return (b.width - vg.Points(imageGap)) / 2 }

// fitted is the size of an image in its column.
func (b imageBlock) fitted(image Image) vg.Point {
	size := vg.Point{X: b.column(), Y: b.column() * vg.Length(image.Height) / vg.Length(max(image.Width, 1))}
	if most := b.column() * tallest; size.Y > most {
		size.X, size.Y = size.X*most/size.Y, most
	}
	return size
}

// total is the height of the whole block.
func (b imageBlock) total() vg.Length {
	return lineOf(titleText) + vg.Points(1) + b.height + vg.Points(3) + b.below + lineOf(regionText)*vg.Length(len(b.key)) + vg.Points(3)
}

// draw draws the block below the upper left corner of a canvas.
func (b imageBlock) draw(c draw.Canvas) {
	for k, image := range b.images {
		left := c.Min.X + vg.Length(k)*(b.column()+vg.Points(imageGap))
		top := c.Max.Y - lineOf(titleText) - vg.Points(1)
		write(c, left, c.Max.Y, titleText, plots.Bold, black, b.format, image.Role+" image")
		size := b.fitted(image)
		corner := vg.Point{X: left + (b.column()-size.X)/2, Y: top - size.Y}
		frame := vg.Rectangle{Min: corner, Max: corner.Add(size)}
		c.SetColor(black)
		c.Fill(frame.Path())
		if image.Pixels != nil {
			c.DrawImage(frame, image.Pixels)
		}
		for _, r := range image.Regions {
			b.box(c, frame, image, r.Reference, b.colour(r), nil)
			if r.Predicted != nil {
				b.box(c, frame, image, *r.Predicted, b.colour(r), dashes)
			}
		}
		b.regions(c, left, top-b.height-vg.Points(3), k)
	}
	y := c.Max.Y - b.total() + lineOf(regionText)*vg.Length(len(b.key)) + vg.Points(1)
	for i, line := range b.key {
		b.keyLine(c, y-lineOf(regionText)*vg.Length(i), line)
	}
}

// colour is that of a region: the same on both images.
func (b imageBlock) colour(r Region) color.Color { return boxColours[slices.Index(b.names, r.Name)] }

// box draws one box on an image, with a dark edge so that it can be seen on bright parts.
func (b imageBlock) box(c draw.Canvas, frame vg.Rectangle, image Image, box metrics.Box, colour color.Color, dash []vg.Length) {
	size := frame.Size()
	at := func(x, y float64) vg.Point { // y points down in images
		x, y = min(max(x/float64(image.Width), 0), 1), min(max(y/float64(image.Height), 0), 1)
		return vg.Point{X: frame.Min.X + size.X*vg.Length(x), Y: frame.Max.Y - size.Y*vg.Length(y)}
	}
	corners := []vg.Point{at(box[0], box[1]), at(box[2], box[1]), at(box[2], box[3]), at(box[0], box[3]), at(box[0], box[1])}
	outlined(c, corners, colour, dash)
}

// outlined draws a line with a dark edge.
func outlined(c draw.Canvas, line []vg.Point, colour color.Color, dash []vg.Length) {
	c.StrokeLines(draw.LineStyle{Color: color.RGBA{A: 170}, Width: vg.Points(2.4), Dashes: dash}, line)
	c.StrokeLines(draw.LineStyle{Color: colour, Width: vg.Points(1.2), Dashes: dash}, line)
}

// regions lists below an image which colour is which region, and what is not drawn.
func (b imageBlock) regions(c draw.Canvas, left, top vg.Length, k int) {
	for _, r := range b.images[k].Regions {
		outlined(c, sample(left, top), b.colour(r), nil)
		for _, line := range b.label(r) {
			write(c, left+vg.Points(swatch+4), top, regionText, plots.Upright, black, b.format, line)
			top -= lineOf(regionText)
		}
	}
	for _, line := range b.notes[k] {
		write(c, left, top, regionText, plots.Upright, gray, b.format, line)
		top -= lineOf(regionText)
	}
}

// label is the name of a region in lines of its column.
func (b imageBlock) label(r Region) []string {
	name := plots.Short(r.Name, 60)
	if r.IoU != nil {
		name += fmt.Sprintf(" (IoU=%.2f)", *r.IoU)
	}
	return plots.Wrap(name, plots.Text(regionText, plots.Upright, black, b.format), b.column()-vg.Points(swatch+4))
}

// sample is the line before the text of a line whose top is given.
func sample(left, top vg.Length) []vg.Point {
	middle := top - vg.Points(regionText*.55)
	return []vg.Point{{X: left, Y: middle}, {X: left + vg.Points(swatch), Y: middle}}
}

// keyEntry is a line of the key: a line style with what it means, which may go on on lines without a sample.
type keyEntry struct {
	text   string
	sample bool
	dash   []vg.Length
}

// addKey says what a line style means.
func (b *imageBlock) addKey(of string, dash []vg.Length) {
	entry := keyEntry{sample: true, dash: dash}
	style := plots.Text(regionText, plots.Upright, gray, b.format)
	for _, entry.text = range plots.Wrap(of, style, b.width-vg.Points(swatch+4)) {
		b.key = append(b.key, entry)
		entry.sample = false
	}
}

func (b imageBlock) keyLine(c draw.Canvas, top vg.Length, line keyEntry) {
	if line.sample {
		c.StrokeLines(draw.LineStyle{Color: gray, Width: vg.Points(1.2), Dashes: line.dash}, sample(c.Min.X, top))
	}
	write(c, c.Min.X+vg.Points(swatch+4), top, regionText, plots.Upright, gray, b.format, line.text)
}

// write writes a line of text below a height.
func write(c draw.Canvas, left, top vg.Length, points float64, face plots.Face, ink color.Color, format, line string) {
	style := plots.Text(points, face, ink, format)
	style.YAlign = text.YTop
	c.FillText(style, vg.Point{X: left, Y: top}, line)
}

// Images draws the two images of a pair, from 0, with their boxes and a key, in a width in points.
func (e *Examples) Images(w io.Writer, pair int, width float64, format Format) error {
	b := newImageBlock(e, e.Pairs[pair], vg.Points(width), string(format))
	return plots.Paint(w, b.width, b.total(), string(format), b.draw)
}
