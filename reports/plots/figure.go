package plots

import (
	"fmt"
	"image/color"
	"io"
	"path/filepath"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"harness/internal/atomicfile"
)

// Figure is one picture.
type Figure struct {
	look
	Name     string // of its file, without folder and suffix
	Title    string
	Subtitle string   // what the data is, what bands and bars mean
	Notes    []string // below the picture
	format   string
	panels   [][]*panel
	key      []keyEntry
	width    vg.Length // of the data of one panel, without its axes
	height   vg.Length
	fixed    vg.Point // size of the whole picture; 0 where it follows from its panels
	least    vg.Point // of the data of one panel: less cannot be read
}

// keyEntry is one line of the key, with what draws its sample.
type keyEntry struct {
	text   string
	sample []plot.Thumbnailer
}

// say adds a statement to the subtitle.
func (f *Figure) say(format string, args ...any) {
	if f.Subtitle != "" {
		f.Subtitle += " · "
	}
	f.Subtitle += fmt.Sprintf(format, args...)
}

const (
	margin     = 5 * vg.Millimeter
	slim       = 1.5 * vg.Millimeter // the margin of a picture of fixed size, which stands on a page
	leastLabel = 60                  // points: a label is not broken into shorter lines
	leastData  = 30                  // points: a panel's data is at least as wide and high
	narrowest  = 288                 // points: a picture that chooses its size is not narrower, so that its subtitle can be read
	pngDPI     = 160

	// leastShrink is how much lower than chosen rows and cells may be in a picture of fixed size.
	leastShrink = .55
)

func (f *Figure) margin() vg.Length {
	if f.fixed.X > 0 {
		return slim
	}
	return margin
}

// sheet is where everything of a figure stands.
type sheet struct {
	size       vg.Point
	panels     layout
	title      []string
	subtitle   []string
	notes      []string
	keyBeside  bool
	keyColumns int // of a key below the panels
}

// Write draws the figure.
func (f *Figure) Write(w io.Writer) error {
	s, err := f.place()
	if err != nil {
		return err
	}
	return Paint(w, s.size.X, s.size.Y, f.format, func(c draw.Canvas) { f.draw(c, s) })
}

// draw draws the sheet on an empty picture of its size.
func (f *Figure) draw(all draw.Canvas, s sheet) {
	edge := f.margin()
	all = draw.Crop(all, edge, -edge, edge, -edge)
	f.lines(all, all.Max.Y, titleSize, black, s.title)
	f.lines(all, all.Max.Y-f.high(titleSize, s.title), subtitleSize, gray, s.subtitle)
	f.lines(all, all.Min.Y+f.high(smallSize, s.notes), smallSize, gray, s.notes)
	body := draw.Crop(all, 0, 0, f.high(smallSize, s.notes), -f.headHeight(s))
	for r, line := range f.panels {
		for c, p := range line {
			if p != nil {
				own := s.panels.canvas(body, r, c)
				p.Draw(own)
				p.drawTitle(own)
			}
		}
	}
	width, height := s.panels.size()
	if s.keyBeside {
		f.drawKey(draw.Crop(body, width, 0, 0, 0), 1)
	} else {
		f.drawKey(draw.Crop(body, 0, 0, 0, -height), s.keyColumns)
	}
}

const subtitleSize = 8.5

// place finds where everything stands: in a picture as large as it needs, or in the size that was asked for.
func (f *Figure) place() (sheet, error) {
	f.wrapLabels(f.width, f.height)
	s := sheet{panels: arrange(f.panels, f.width, f.height), size: f.fixed}
	width, height := s.panels.size()
	if f.fixed.X > 0 {
		if err := f.fit(&s); err != nil {
			return s, err
		}
		f.wrapLabels(s.panels.data.X, s.panels.data.Y)
		s = sheet{panels: arrange(f.panels, s.panels.data.X, s.panels.data.Y), size: f.fixed}
		return s, f.fit(&s)
	}
	keyWidth, keyHeight := f.keySize(1)
	s.keyBeside = keyHeight <= height+f.pt(2*keyLine) && keyWidth <= width*3/4
	inside := width
	if s.keyBeside {
		inside, height = width+keyWidth, max(height, keyHeight)
	}
	inside = max(inside, vg.Points(narrowest))
	if !s.keyBeside {
		s.keyColumns = f.columnsIn(inside)
		below, high := f.keySize(s.keyColumns)
		inside, height = max(inside, below), height+high
	}
	f.wrapHead(&s, inside)
	s.size = vg.Point{X: inside + 2*margin, Y: height + f.headHeight(s) + f.high(smallSize, s.notes) + 2*margin}
	return s, nil
}

// wrapLabels breaks the labels of axes that are longer than the data is wide or high, and leaves out numbers at ticks that would run
// into one another.
func (f *Figure) wrapLabels(width, height vg.Length) {
	for _, line := range f.panels {
		for _, p := range line {
			if p == nil {
				continue
			}
			p.X.Label.Text = strings.Join(Wrap(p.X.Label.Text, f.text(labelSize, black), max(width*5/4, f.pt(leastLabel))), "\n")
			p.Y.Label.Text = strings.Join(Wrap(p.Y.Label.Text, f.text(labelSize, black), max(height, f.pt(leastLabel))), "\n")
			if !p.names.x {
				fit(&p.X, width, p.X.Tick.Label.Width)
			}
			if !p.names.y {
				fit(&p.Y, height, func(string) vg.Length { return f.pt(tickSize) })
			}
		}
	}
}

// fit gives the data of the panels what a picture of fixed size leaves them.
func (f *Figure) fit(s *sheet) error {
	inside := s.size.X - 2*slim
	f.wrapHead(s, inside)
	room := s.size.Y - 2*slim - f.headHeight(*s) - f.high(smallSize, s.notes)
	width, height := s.panels.size()
	columns, lines := vg.Length(len(f.panels[0])), vg.Length(len(f.panels))
	around := vg.Point{X: width - columns*s.panels.data.X, Y: height - lines*s.panels.data.Y} // axes, titles, gaps
	least := vg.Point{X: max(f.least.X, leastData), Y: max(f.least.Y, leastData)}
	keyWidth, keyHeight := f.keySize(1)
	data := vg.Point{X: (inside - keyWidth - around.X) / columns, Y: (room - around.Y) / lines}
	s.keyBeside = keyHeight <= room && data.X >= least.X && data.X >= inside/3/columns
	if !s.keyBeside {
		s.keyColumns = f.columnsIn(inside)
		_, below := f.keySize(s.keyColumns)
		data = vg.Point{X: (inside - around.X) / columns, Y: (room - around.Y - below) / lines}
		keyWidth = max(0, keyWidth-inside)
	} else {
		keyWidth = 0
	}
	if data.X < least.X || data.Y < least.Y || keyWidth > 0 {
		need := vg.Point{X: s.size.X + max(columns*(least.X-data.X), keyWidth, 0), Y: s.size.Y + lines*max(0, least.Y-data.Y)}
		return &OptionError{"--size", fmt.Sprintf("%.3gx%.3g inches are too few for %s: it needs %.1fx%.1f, or a smaller --font-size",
			s.size.X/vg.Inch, s.size.Y/vg.Inch, f.Name, need.X/vg.Inch+.05, need.Y/vg.Inch+.05)}
	}
	s.panels.data = data
	return nil
}

// wrapHead breaks title, subtitle and notes into lines of a width.
func (f *Figure) wrapHead(s *sheet, width vg.Length) {
	s.title = Wrap(f.Title, f.text(titleSize, black), width)
	s.subtitle = Wrap(f.Subtitle, f.text(subtitleSize, black), width)
	for _, note := range f.Notes {
		s.notes = append(s.notes, Wrap(note, f.text(smallSize, black), width)...)
	}
}

// Wrap breaks text between words into lines of a width; a longer word is cut.
func Wrap(txt string, style text.Style, width vg.Length) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(txt) {
		if line != "" && style.Width(line+" "+word) > width {
			lines, line = append(lines, line), ""
		}
		if line != "" {
			line += " "
		}
		for line += word; style.Width(line) > width && len([]rune(line)) > 1; {
			runes := []rune(line)
			n := len(runes) - 1
			for n > 1 && style.Width(string(runes[:n])) > width {
				n--
			}
			lines, line = append(lines, string(runes[:n])), string(runes[n:])
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// leading is the height of a line of text in sizes of its font.
const leading = 1.25

// high is the height of lines of text with the gap that follows them.
func (f *Figure) high(size float64, lines []string) vg.Length {
	if len(lines) == 0 {
		return 0
	}
	return f.pt(size*leading*float64(len(lines)) + 2)
}

func (f *Figure) headHeight(s sheet) vg.Length {
	return f.high(titleSize, s.title) + f.high(subtitleSize, s.subtitle) + vg.Points(5)
}

// lines writes lines of text from a height down.
func (f *Figure) lines(c draw.Canvas, from vg.Length, size float64, ink color.Color, lines []string) {
	style := f.text(size, ink)
	style.YAlign = text.YTop
	for i, line := range lines {
		c.FillText(style, vg.Point{X: c.Min.X, Y: from - f.pt(size*leading*float64(i))}, line)
	}
}

// Save writes the figure to dir/NAME.FORMAT and returns the path. The file is complete or does not exist.
func (f *Figure) Save(dir string) (string, error) {
	path := filepath.Join(dir, f.Name+"."+f.format)
	file, err := atomicfile.Create(path)
	if err != nil {
		return "", err
	}
	defer file.Abort()
	if err := f.Write(file); err != nil {
		return "", fmt.Errorf("draw %s: %w", path, err)
	}
	return path, file.Commit()
}

// Paint writes a white picture as png, svg or pdf, on which paint has drawn.
func Paint(w io.Writer, width, height vg.Length, format string, paint func(draw.Canvas)) error {
	canvas, err := newCanvas(width, height, format)
	if err != nil {
		return err
	}
	c := draw.New(canvas)
	c.SetColor(color.White)
	c.Fill(c.Rectangle.Path())
	paint(c)
	_, err = canvas.WriteTo(w)
	return err
}

// canvas is what a format draws on.
type canvas interface {
	vg.CanvasSizer
	io.WriterTo
}

func newCanvas(width, height vg.Length, format string) (canvas, error) {
	switch format {
	case "png":
		return vgimg.PngCanvas{Canvas: vgimg.NewWith(vgimg.UseWH(width, height), vgimg.UseDPI(pngDPI))}, nil
	case "svg":
		return svgCanvas{vgsvg.New(width, height)}, nil
	case "pdf":
		return pdfCanvas{vgpdf.New(width, height)}, nil
	}
	return nil, fmt.Errorf("unknown format %q: want png, svg or pdf", format)
}
