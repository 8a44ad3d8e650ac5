// Package plots draws what package reports has computed: curves of training, bars of results, results against an axis.
//
//	Curves   a figure for each recorded curve: a line a row, a band of one standard deviation over seeds
//	Bars     one figure: a panel a metric, a bar a row, marks for the controls
//	Axis     one figure for each numeric axis: a panel a metric, a line for each setting of the other axes
//	All      all of these
//	Figure   title, panels and key; Write draws it as PNG, SVG or PDF
//
// Readers who see few colours can distinguish these (Okabe and Ito), and lines differ in their dashes too.
package plots

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgpdf"
	"gonum.org/v1/plot/vg/vgsvg"

	"harness/internal/atomicfile"
	"harness/internal/escape"
	"harness/reports"
	"harness/sweeps"
)

// Figure is one picture.
type Figure struct {
	Name     string // of its file, without folder and suffix
	Title    string
	Subtitle string // what the data is, what bands and bars mean
	panels   [][]*panel
	key      []keyEntry
	width    vg.Length // of the data of one panel, without its axes
	height   vg.Length
}

// All draws everything that a table and its curves give: curves, bars, axes.
func All(t *reports.Table, plan *sweeps.Plan, curves []reports.Curve) ([]*Figure, error) {
	figures, err := Curves(t, curves)
	if err != nil {
		return nil, err
	}
	bars, err := Bars(t)
	if err != nil {
		return nil, err
	}
	if bars != nil {
		figures = append(figures, bars)
	}
	axes, err := Axis(t, plan)
	return append(figures, axes...), err
}

// keyEntry is one line of the key, with what draws its sample.
type keyEntry struct {
	text   string
	sample []plot.Thumbnailer
}

// Formats are the formats that Write knows.
var Formats = [...]string{"png", "svg", "pdf"}

const (
	margin    = 5 * vg.Millimeter
	headSpace = 34 // points for title and subtitle
	keyLine   = 13 // points a line of the key

	titleSize    = 12 // points
	subtitleSize = 8.5

	pngDPI = 160
)

// Write draws the figure.
func (f *Figure) Write(w io.Writer, format string) error {
	panels := arrange(f.panels, f.width, f.height)
	panelsWidth, panelsHeight := panels.size()
	headWidth := max(textStyle(titleSize, nil).Width(f.Title), textStyle(subtitleSize, nil).Width(f.Subtitle))
	width := max(panelsWidth+f.keyWidth(), headWidth) + 2*margin
	height := max(panelsHeight, vg.Points(keyLine*float64(len(f.key)+1))) + vg.Points(headSpace) + 2*margin
	canvas, err := newCanvas(width, height, format)
	if err != nil {
		return err
	}
	all := draw.New(canvas)
	all.SetColor(color.White)
	all.Fill(all.Rectangle.Path())
	all = draw.Crop(all, margin, -margin, margin, -margin)
	f.drawHead(all)
	body := draw.Crop(all, 0, 0, 0, -vg.Points(headSpace))
	for r, line := range f.panels {
		for c, p := range line {
			if p != nil {
				own := panels.canvas(body, r, c)
				p.Draw(own)
				p.drawTitle(own)
			}
		}
	}
	f.drawKey(draw.Crop(body, panelsWidth, 0, 0, 0))
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
		return vgsvg.New(width, height), nil
	case "pdf":
		return pdfCanvas{vgpdf.New(width, height)}, nil
	}
	return nil, fmt.Errorf("unknown format %q: want png, svg or pdf", format)
}

// pdfCanvas writes text in the encoding of the embedded fonts: without it a "±" comes out as two characters.
type pdfCanvas struct{ *vgpdf.Canvas }

// FillString draws text; characters that the fonts lack become question marks.
func (c pdfCanvas) FillString(f font.Face, at vg.Point, text string) {
	encoded, err := encoding.ReplaceUnsupported(charmap.Windows1252.NewEncoder()).String(text)
	if err != nil {
		encoded = text
	}
	c.Canvas.FillString(f, at, encoded)
}

// Save writes the figure to dir/NAME.FORMAT and returns the path. The file is complete or does not exist.
func (f *Figure) Save(dir, format string) (string, error) {
	path := filepath.Join(dir, f.Name+"."+format)
	file, err := atomicfile.Create(path)
	if err != nil {
		return "", err
	}
	defer file.Abort()
	if err := f.Write(file, format); err != nil {
		return "", fmt.Errorf("draw %s: %w", path, err)
	}
	return path, file.Commit()
}

// longestText bounds the characters of a name in a picture: what is longer would make the picture as wide.
const longestText = 100

// shown is a name as a picture shows it: control characters are escaped, and the end of a long one is left out.
func shown(name string) string {
	name = escape.Line(name)
	if runes := []rune(name); len(runes) > longestText {
		return string(runes[:longestText-1]) + "…"
	}
	return name
}

// longestName bounds the part of a file's name that comes from a metric or a path.
const longestName = 120

// filesOf begins the names of a table's files: no two sweeps write the same ones.
func filesOf(t *reports.Table) string {
	name := cmp.Or(t.Handle, t.Name)
	if !strings.ContainsFunc(name, func(r rune) bool { return fileName(string(r), '-') != string(r) }) {
		return name
	}
	return fileName(name, '/')
}

// fileName turns a metric or a path into a part of a file's name; no two become the same one. The separator becomes "-",
// "-" becomes "~", and all but letters, digits, "_" and "." is written as "+" with its code. Of long names the end is cut
// and a checksum of the whole is added.
func fileName(name string, separator rune) string {
	var b strings.Builder
	for _, r := range name {
		switch {
		case r == separator:
			b.WriteByte('-')
		case r == '-':
			b.WriteByte('~')
		case r == '_' || r == '.' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z':
			b.WriteRune(r)
		default:
			fmt.Fprintf(&b, "+%x+", r)
		}
	}
	if b.Len() <= longestName {
		return b.String()
	}
	sum := sha256.Sum256([]byte(name))
	return b.String()[:longestName] + "++" + hex.EncodeToString(sum[:8])
}

func (f *Figure) drawHead(c draw.Canvas) {
	title := textStyle(titleSize, color.Black)
	title.YAlign = text.YTop
	c.FillText(title, vg.Point{X: c.Min.X, Y: c.Max.Y}, f.Title)
	subtitle := textStyle(subtitleSize, gray)
	subtitle.YAlign = text.YTop
	c.FillText(subtitle, vg.Point{X: c.Min.X, Y: c.Max.Y - vg.Points(16)}, f.Subtitle)
}

func (f *Figure) keyWidth() vg.Length {
	if len(f.key) == 0 {
		return 0
	}
	style := textStyle(9, color.Black)
	widest := vg.Length(0)
	for _, e := range f.key {
		widest = max(widest, style.Width(e.text))
	}
	return widest + vg.Points(40)
}

func (f *Figure) drawKey(c draw.Canvas) {
	style := textStyle(9, color.Black)
	style.YAlign = text.YCenter
	y := c.Max.Y - vg.Points(keyLine)/2 - vg.Points(4)
	for _, e := range f.key {
		icon := draw.Crop(c, vg.Points(12), 0, 0, 0)
		icon.Rectangle = vg.Rectangle{
			Min: vg.Point{X: c.Min.X + vg.Points(12), Y: y - vg.Points(4)},
			Max: vg.Point{X: c.Min.X + vg.Points(32), Y: y + vg.Points(4)},
		}
		for _, sample := range e.sample {
			sample.Thumbnail(&icon)
		}
		c.FillText(style, vg.Point{X: c.Min.X + vg.Points(38), Y: y}, e.text)
		y -= vg.Points(keyLine)
	}
}

// newPanel is an empty plot in our style: sans serif, light frame.
func newPanel(title, x, y string) *panel {
	p := &panel{Plot: plot.New(), title: title}
	for axis, label := range map[*plot.Axis]string{&p.X: x, &p.Y: y} {
		axis.Label.Text = label
		style := axis.Label.TextStyle
		style.Font, style.Color = sans(9), color.Black
		axis.Label.TextStyle = style
		style = axis.Tick.Label
		style.Font, style.Color = sans(8.5), color.Black
		axis.Tick.Label = style
		axis.LineStyle.Color, axis.Tick.LineStyle.Color = gray, gray
		axis.Tick.Marker = roundTicks{}
	}
	return p
}

// roundTicks labels some four to seven round values.
type roundTicks struct{}

// Ticks lists multiples of 1, 2 or 5 times a power of ten between low and high.
func (roundTicks) Ticks(low, high float64) []plot.Tick {
	if !(high > low) || !finite(high-low) || math.Max(math.Abs(low), math.Abs(high)) > 1e12*(high-low) { // no round number between
		return []plot.Tick{{Value: low, Label: fmt.Sprintf("%.4g", low)}}
	}
	step := math.Pow(10, math.Floor(math.Log10((high-low)/4)))
	for _, factor := range []float64{2, 2.5, 2} { // 1, 2, 5, 10
		if (high-low)/step <= 7 {
			break
		}
		step *= factor
	}
	format, digits := byte('f'), max(0, int(math.Ceil(-math.Log10(step)-1e-9)))
	if digits > 3 { // tiny numbers would run into each other
		step *= 2
		format, digits = 'g', 1+int(math.Ceil(math.Log10(math.Max(math.Abs(low), math.Abs(high))/step)))
	}
	if largest := math.Max(math.Abs(low), math.Abs(high)); largest >= 1e7 {
		format, digits = 'g', 1+int(math.Ceil(math.Log10(largest/step)))
	}
	var ticks []plot.Tick
	for i := math.Ceil(low/step - 1e-9); i*step <= high+step*1e-9; i++ {
		ticks = append(ticks, plot.Tick{Value: i * step, Label: strconv.FormatFloat(i*step+0, format, digits, 64)})
	}
	return ticks
}

func sans(points float64) font.Font {
	return font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(points)}
}

func textStyle(points float64, c color.Color) text.Style {
	return text.Style{Color: c, Font: sans(points), Handler: plot.DefaultTextHandler}
}

var (
	gray      = color.RGBA{R: 90, G: 90, B: 90, A: 255}
	lightGray = color.RGBA{R: 225, G: 225, B: 225, A: 255}
)

// palette is Okabe and Ito's, without the yellow that is too light for lines.
var palette = [...]color.RGBA{
	{0, 114, 178, 255}, {230, 159, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {86, 180, 233, 255}, {213, 94, 0, 255}, {0, 0, 0, 255},
}

var dashes = [...][]vg.Length{nil, {vg.Points(6), vg.Points(2)}, {vg.Points(2), vg.Points(2)}, {vg.Points(7), vg.Points(2), vg.Points(2), vg.Points(2)}}

// lineStyle is the i-th of the distinct styles: colours first, then dashes.
func lineStyle(i int) draw.LineStyle {
	return draw.LineStyle{Color: palette[i%len(palette)], Width: vg.Points(1.6), Dashes: dashes[i/len(palette)%len(dashes)]}
}

// faint is a colour as the background of a line.
func faint(c color.Color) color.Color {
	r, g, b, _ := c.RGBA()
	return color.NRGBA{R: uint8(r >> 8), G: uint8(g >> 8), B: uint8(b >> 8), A: 48}
}
