package plots

import (
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/recorder"
)

// sides are lengths around a rectangle.
type sides struct{ left, right, bottom, top vg.Length }

// panel is a plot with its title, which stands over the data and not over names and numbers beside it.
type panel struct {
	*plot.Plot
	look
	title string
}

const panelTitle = 17 // points above the data

// around is what a panel needs around its data for axes, labels and title.
func around(p *panel) sides {
	const large = 4000 // points: so wide that no label reaches over the edge
	whole := draw.NewCanvas(new(recorder.Canvas), large, large)
	data := p.DataCanvas(whole)
	return sides{
		left: data.Min.X - whole.Min.X, right: whole.Max.X - data.Max.X,
		bottom: data.Min.Y - whole.Min.Y, top: whole.Max.Y - data.Max.Y,
	}
}

// drawTitle writes the title above the data of a panel that c was made for.
func (p *panel) drawTitle(c draw.Canvas) {
	data := p.DataCanvas(c)
	style := p.text(panelTitleSize, black)
	style.XAlign, style.YAlign = text.XCenter, text.YBottom
	c.FillText(style, vg.Point{X: (data.Min.X + data.Max.X) / 2, Y: data.Max.Y + vg.Points(5)}, p.title)
}

// layout gives every panel the same size of data, columns and lines as wide and high as their largest neighbours need.
type layout struct {
	columns, lines []sides // left and right of each column, bottom and top of each line
	own            [][]sides
	data           vg.Point // size of the data of a panel
	gap            vg.Length
}

func arrange(panels [][]*panel, width, height vg.Length) layout {
	l := layout{columns: make([]sides, len(panels[0])), lines: make([]sides, len(panels)), data: vg.Point{X: width, Y: height},
		gap: vg.Points(10)}
	for r, line := range panels {
		l.own = append(l.own, make([]sides, len(line)))
		for c, p := range line {
			if p == nil {
				continue
			}
			need := around(p)
			if p.title != "" {
				l.lines[r].top = max(l.lines[r].top, need.top+p.pt(panelTitle))
			}
			l.own[r][c] = need
			l.columns[c].left, l.columns[c].right = max(l.columns[c].left, need.left), max(l.columns[c].right, need.right)
			l.lines[r].bottom, l.lines[r].top = max(l.lines[r].bottom, need.bottom), max(l.lines[r].top, need.top)
		}
	}
	return l
}

// size is that of all panels together.
func (l layout) size() (width, height vg.Length) {
	for _, c := range l.columns {
		width += c.left + l.data.X + c.right + l.gap
	}
	for _, r := range l.lines {
		height += r.bottom + l.data.Y + r.top + l.gap
	}
	return width - l.gap, height - l.gap
}

// canvas is the part of c, which has the size of all panels, for the panel in the given line and column.
func (l layout) canvas(c draw.Canvas, line, column int) draw.Canvas {
	x, y := c.Min.X, c.Max.Y
	for _, other := range l.columns[:column] {
		x += other.left + l.data.X + other.right + l.gap
	}
	for _, other := range l.lines[:line] {
		y -= other.bottom + l.data.Y + other.top + l.gap
	}
	x += l.columns[column].left
	y -= l.lines[line].top
	own := l.own[line][column]
	c.Rectangle = vg.Rectangle{
		Min: vg.Point{X: x - own.left, Y: y - l.data.Y - own.bottom},
		Max: vg.Point{X: x + l.data.X + own.right, Y: y + own.top},
	}
	return c
}
