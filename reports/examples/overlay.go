package examples

import (
	"fmt"
	"image/color"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/metrics"
)

// Overlay is markup for a page: the boxes of an image as an SVG whose coordinates are the pixels of the stored image, to lie over the
// image at any size. Reference boxes are solid and in a group of class reference, predicted ones dashed and in one of class predicted. It
// has no styles: pages that allow none show it, too.
func (p Pair) Overlay(image int) string {
	from := p.Images[image]
	if len(from.Regions) == 0 || from.Width < 1 || from.Height < 1 {
		return ""
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="boxes" viewBox="0 0 %d %d" preserveAspectRatio="none" fill="none" aria-hidden="true">`, from.Width, from.Height)
	colours := p.colours()
	for _, group := range [...]struct {
		name, dashes string
		box          func(Region) *metrics.Box
	}{
		{"reference", "", func(r Region) *metrics.Box { return &r.Reference }},
		{"predicted", ` stroke-dasharray="6 4"`, func(r Region) *metrics.Box { return r.Predicted }},
	} {
		fmt.Fprintf(&b, `<g class="%s"%s>`, group.name, group.dashes)
		for _, r := range from.Regions {
			if box := group.box(r); box != nil {
				writeRect(&b, *box, from, "#000", 4, "")
				writeRect(&b, *box, from, colours[r.Name], 2, escape.HTML(r.Name)+", "+group.name)
			}
		}
		b.WriteString("</g>")
	}
	b.WriteString("</svg>")
	return b.String()
}

// writeRect writes a box whose line keeps its width at any size of the image.
func writeRect(b *strings.Builder, box metrics.Box, in Image, colour string, width int, title string) {
	x0, y0 := min(max(box[0], 0), float64(in.Width)), min(max(box[1], 0), float64(in.Height))
	x1, y1 := min(max(box[2], x0), float64(in.Width)), min(max(box[3], y0), float64(in.Height))
	fmt.Fprintf(b, `<rect x="%.5g" y="%.5g" width="%.5g" height="%.5g" stroke="%s" stroke-width="%d" vector-effect="non-scaling-stroke">`,
		x0, y0, x1-x0, y1-y0, colour, width)
	if title != "" {
		fmt.Fprintf(b, "<title>%s</title>", title)
	}
	b.WriteString("</rect>")
}

// colours are those of the regions of a pair: a region has one colour on both images.
func (p Pair) colours() map[string]string {
	var names []string
	of := map[string]string{}
	for _, image := range p.Images {
		for _, r := range image.Regions {
			if names = withNew(names, r.Name); of[r.Name] == "" {
				of[r.Name] = hexOf(boxColours[slices.Index(names, r.Name)%len(boxColours)])
			}
		}
	}
	return of
}

func hexOf(c color.RGBA) string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// Key is markup that lists the regions of an image, each with its colour, and what is not drawn.
func (p Pair) Key(image int) string {
	var b strings.Builder
	colours := p.colours()
	b.WriteString(`<ul class="key">`)
	for _, r := range p.Images[image].Regions {
		iou := ""
		if r.IoU != nil {
			iou = fmt.Sprintf(" (IoU %.2f)", *r.IoU)
		}
		fmt.Fprintf(&b, `<li><svg class="swatch" viewBox="0 0 12 12" aria-hidden="true"><rect width="12" height="12" fill="%s" stroke="#000"/></svg> %s%s</li>`,
			colours[r.Name], escape.HTML(r.Name), iou)
	}
	for _, note := range p.Images[image].Notes {
		fmt.Fprintf(&b, `<li class="quiet">%s</li>`, escape.HTML(note))
	}
	b.WriteString("</ul>")
	return b.String()
}

// Described says in words what an image of a pair shows.
func (p Pair) Described(image int) string { return escape.Line(p.Images[image].described()) }

// Markup is the answer for a page, its findings in elements of the classes right, wrong and left; texts are escaped.
func (a Answer) Markup() string { return a.html() }
