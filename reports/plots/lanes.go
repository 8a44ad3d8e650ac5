package plots

import (
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// lane is a row of a figure whose rows lie below one another: its name on the left, its numbers on the right.
type lane struct{ name, numbers string }

const laneHeight = 17 // points

// lanePanel is a panel of lanes at the heights n-1 … 0, with a heading over the numbers.
func (d *drawer) lanePanel(x, heading string, lanes []lane) *panel {
	p := d.newPanel("", x, "")
	p.Add(grid())
	names := make([]string, len(lanes))
	for i, l := range lanes {
		names[i] = shown(l.name)
	}
	nameLines(p, names)
	p.Y.Max++ // the heading
	b := beside{style: d.text(tickSize, black), gap: d.pt(8)}
	b.style.YAlign = text.YCenter
	for i, l := range lanes {
		b.at(float64(len(lanes)-1-i), l.numbers)
	}
	b.at(float64(len(lanes)), heading)
	p.Add(&b)
	return p
}

// lanesHeight is the height of the data of so many lanes.
func (d *drawer) lanesHeight(n int) vg.Length { return d.pt(laneHeight * (float64(n) + 1.2)) }

// beside writes texts on the right of the data.
type beside struct {
	texts []string
	y     []float64
	style text.Style
	gap   vg.Length
}

func (b *beside) at(y float64, txt string) { b.y, b.texts = append(b.y, y), append(b.texts, txt) }

// Plot writes the texts.
func (b *beside) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	level := b.style.FontExtents().Descent // as the names on the left stand
	for i, txt := range b.texts {
		if txt != "" {
			c.FillText(b.style, vg.Point{X: c.Max.X + b.gap, Y: y(b.y[i]) + level}, txt)
		}
	}
}

// GlyphBoxes is the room that the texts need.
func (b *beside) GlyphBoxes(p *plot.Plot) []plot.GlyphBox {
	var boxes []plot.GlyphBox
	for i, txt := range b.texts {
		if txt != "" {
			boxes = append(boxes, plot.GlyphBox{X: 1, Y: p.Y.Norm(b.y[i]),
				Rectangle: vg.Rectangle{Max: vg.Point{X: b.gap + b.style.Width(txt), Y: 1}}})
		}
	}
	return boxes
}

// interval draws a whisker from low to high at a height, nothing where either is not a number.
func interval(p *panel, x, low, high, y float64, style draw.LineStyle, cap vg.Length) error {
	if !finite(low) || !finite(high) {
		return nil
	}
	bar, err := plotter.NewXErrorBars(spread{x, y, x - low, high - x})
	if err != nil {
		return err
	}
	bar.LineStyle, bar.CapWidth = style, cap
	p.Add(bar)
	return nil
}

// dots draws points of one shape.
func dots(p *panel, points plotter.XYs, style draw.GlyphStyle) error {
	if len(points) == 0 {
		return nil
	}
	s, err := plotter.NewScatter(points)
	if err != nil {
		return err
	}
	s.GlyphStyle = style
	p.Add(s)
	return nil
}

// stroke draws a line through points.
func stroke(p *panel, points plotter.XYs, style draw.LineStyle) error {
	line, err := plotter.NewLine(points)
	if err != nil {
		return err
	}
	line.LineStyle = style
	p.Add(line)
	return nil
}

// fixed is a number with the digits of its column.
func fixed(value float64, digits int) string { return strconv.FormatFloat(value, 'f', digits, 64) }
