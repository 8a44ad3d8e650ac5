package reports

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// LatexOptions say how LaTeX output looks. The zero value is a table that needs booktabs only and knows no page.
type LatexOptions struct {
	Style  Style  // whose page the table must fit; "": none, and nothing is fitted
	Wide   bool   // over both columns of the page: table*
	Align  Align  // of the numbers
	Env    Env    // the environment of the rows
	Spread Spread // how the ± of a number is written
	Engine Engine // which program the source is for
}

// Style names the paper style whose column widths, type sizes and captions a table must fit.
type Style string

// The styles.
const (
	NoStyle Style = ""
	ACL     Style = "acl"
	NeurIPS Style = "neurips"
	IEEE    Style = "ieee"
)

// Align is how numbers stand under one another.
type Align string

// The alignments.
const (
	PlainAlign Align = "plain"   // centred, as text
	SIAlign    Align = "siunitx" // at the point, in S columns
)

// Env is the environment that holds the rows.
type Env string

// The environments.
const (
	Tabular    Env = "tabular"
	Tabularray Env = "tabularray" // tblr
)

// Spread is the form of a number with its ±.
type Spread string

// The forms.
const (
	PMSpread    Spread = "pm"    // 0.555 ± 0.004
	ParenSpread Spread = "paren" // 0.555(4)
	NoSpread    Spread = "none"  // 0.555
	SmallSpread Spread = "small" // 0.555 with a smaller ±0.004
)

// Engine is the program that typesets.
type Engine string

// The engines.
const (
	PDFLatex      Engine = "pdflatex"
	UnicodeEngine Engine = "unicode" // xelatex or lualatex
)

// The choices of each option, in the order in which they are offered; the first is what the zero value means.
var (
	Styles  = []Style{ACL, NeurIPS, IEEE}
	Aligns  = []Align{PlainAlign, SIAlign}
	Envs    = []Env{Tabular, Tabularray}
	Spreads = []Spread{PMSpread, ParenSpread, NoSpread, SmallSpread}
	Engines = []Engine{PDFLatex, UnicodeEngine}
)

// Check refuses unknown choices and those that exclude one another. It names them as the command's flags.
func (o LatexOptions) Check() error {
	return cmp.Or(oneOf("style", o.Style, Styles), oneOf("align", o.Align, Aligns), oneOf("env", o.Env, Envs),
		oneOf("spread", o.Spread, Spreads), oneOf("engine", o.Engine, Engines), o.conflicts())
}

func (o LatexOptions) conflicts() error {
	switch {
	case o.Wide && o.Style == NeurIPS:
		return errors.New("--wide: a page of neurips has one column: leave it out")
	case o.Align == SIAlign && o.Spread == SmallSpread:
		return errors.New("--spread small: siunitx has one size: want --align plain, or --spread pm, paren or none")
	}
	return nil
}

// oneOf refuses a value that is neither empty nor one of the choices.
func oneOf[T ~string](name string, value T, choices []T) error {
	if value == "" || slices.Contains(choices, value) {
		return nil
	}
	return fmt.Errorf("--%s %s: want %s", name, value, Choices(choices))
}

// Choices lists the choices in words: "acl, neurips or ieee".
func Choices[T ~string](choices []T) string {
	names := make([]string, len(choices))
	for i, c := range choices {
		names[i] = string(c)
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// filled has the defaults in place of what is empty.
func (o LatexOptions) filled() LatexOptions {
	o.Align = cmp.Or(o.Align, Aligns[0])
	o.Env = cmp.Or(o.Env, Envs[0])
	o.Spread = cmp.Or(o.Spread, Spreads[0])
	o.Engine = cmp.Or(o.Engine, Engines[0])
	return o
}

// needs is what the source asks for in the preamble where that is more than booktabs.
func (o LatexOptions) needs() string {
	switch {
	case o.Env == Tabularray && o.Align == SIAlign:
		return `\usepackage{tabularray}\UseTblrLibrary{booktabs,siunitx}`
	case o.Env == Tabularray:
		return `\usepackage{tabularray}\UseTblrLibrary{booktabs}`
	case o.Align == SIAlign:
		return `\usepackage{booktabs}\usepackage{siunitx}`
	}
	return ""
}

// page is what a style gives a table to stand on, in TeX points.
type page struct {
	column  float64 // width
	full    float64 // width over all columns
	height  float64 // of a page's text
	sizes   []size  // that a table may have, the preferred one first
	caption size    // with its type
	capital bool    // the caption is in small capitals
	notes   size
	above   bool       // the caption stands above the table
	blank   [2]float64 // width of a blank and of a bold one in thousandths, where the style does not take that of the font
}

// size is a type size of a style: the command, the type and the distance of lines in points.
type size struct {
	command string
	points  float64
	line    float64
}

// pages are the styles as their own files set them. What would be smaller than \footnotesize is not offered.
var pages = map[Style]page{
	ACL: {column: 219, full: 455.2, height: 690, caption: size{"", 10, 12}, notes: size{`\footnotesize`, 9, 10},
		sizes: []size{{`\normalsize`, 10.95, 13.6}, {`\small`, 9, 10}}},
	NeurIPS: {column: 397.4, full: 397.4, height: 650, caption: size{"", 10, 11}, notes: size{`\footnotesize`, 9, 10}, above: true,
		sizes: []size{{`\normalsize`, 10, 11}, {`\small`, 9, 10}}},
	IEEE: {column: 252, full: 516, height: 660, caption: size{"", 8, 9.5}, capital: true, notes: size{`\footnotesize`, 8, 9.5}, above: true,
		sizes: []size{{`\footnotesize`, 8, 9.5}}, blank: [2]float64{350, 375}},
}

// smallest is the smallest type that a table may have.
func (p page) smallest() size { return p.sizes[len(p.sizes)-1] }

// twoColumns reports whether a page has more than one column.
func (p page) twoColumns() bool { return p.full > p.column }

// spans are the widths that a table may take, the preferred one first, with their environments.
func (p page) spans(wide bool) []span {
	all := []span{{"table", p.column}}
	if p.twoColumns() {
		all = append(all, span{"table*", p.full})
	}
	if wide {
		return all[len(all)-1:]
	}
	return all
}

// span is a float: its environment and width.
type span struct {
	env   string
	width float64
}
