package reports

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// sheet is a table on its way to LaTeX: what is printed, and how.
//
//	fit      which float, type size and column widths hold it, and into which blocks of columns it is cut: latex_fit.go
//	parts    into which floats its rows are cut: latex_parts.go
//	cells    what a field looks like, and how wide it is: latex_cells.go
type sheet struct {
	Typesetter
	table   *Table
	heads   []field
	rows    [][]field
	numbers map[int]format      // of the S columns, by grid column
	bodies  map[bodyKey]float64 // widths below the heads, once they were measured
}

// Latex writes a table for \input. Without options it needs booktabs and nothing else. With a style it fits the style's page: in
// one column or over both, in smaller type, with wrapped labels, cut into blocks of columns or floats of rows; the error is
// ErrTooWide where nothing of that helps.
func (t *Table) Latex(w io.Writer, o LatexOptions) error {
	if err := o.Check(); err != nil {
		return err
	}
	s := newSheet(t, o)
	l, parts, err := s.layOut()
	if err != nil {
		return err
	}
	var out bytes.Buffer
	for i, p := range parts {
		s.float(&out, l, p, i, len(parts))
	}
	if t.Hypotheses != nil {
		t.Hypotheses.latex(&out, s)
	}
	if _, err := io.WriteString(w, s.Preamble(s.options.needs())); err != nil {
		return err
	}
	_, err = w.Write(out.Bytes())
	return err
}

func newSheet(t *Table, o LatexOptions) *sheet {
	s := &sheet{Typesetter: *NewTypesetter(o), table: t, bodies: map[bodyKey]float64{}}
	s.heads, s.rows = t.grid()
	if o.Style != NoStyle {
		s.dropEmpty()
	}
	s.numbers = s.formats()
	return s
}

// layOut fits the table to its page, in the smallest type of the style where that takes fewer floats.
func (s *sheet) layOut() (layout, []part, error) {
	l, err := s.fit()
	if err != nil {
		return l, nil, err
	}
	parts := s.parts(l)
	if len(parts) == 1 || len(s.page.sizes) == 1 {
		return l, parts, nil
	}
	s.page.sizes = []size{s.page.smallest()}
	if smaller, err := s.fit(); err == nil {
		if fewer := s.parts(smaller); len(fewer) < len(parts) {
			return smaller, fewer, nil
		}
	}
	return l, parts, nil
}

// dropEmpty leaves out differences and p-values of metrics for which there are none: room is short.
func (s *sheet) dropEmpty() {
	empty := func(c int) bool {
		second := c > 0 && s.heads[c].number && s.heads[c].column >= 0 && s.heads[c].column == s.heads[c-1].column
		return second && !slices.ContainsFunc(s.rows, func(row []field) bool { return row[c].text != "" })
	}
	for c := len(s.heads) - 1; c > 0; c-- {
		if !empty(c) {
			continue
		}
		s.heads = slices.Delete(s.heads, c, c+1)
		for i := range s.rows {
			s.rows[i] = slices.Delete(s.rows[i], c, c+1)
		}
	}
}

// Untypeset lists the characters of the table for which LaTeX output needs another font: for pdflatex they are printed as question
// marks.
func (t *Table) Untypeset() []string {
	s := newSheet(t, LatexOptions{})
	for _, row := range append(s.rows, s.heads) {
		for _, f := range row {
			s.tex(f.text)
		}
	}
	for _, text := range slices.Concat(t.Caption, t.Notes) {
		s.tex(text)
	}
	if t.Hypotheses != nil {
		t.Hypotheses.latex(io.Discard, s)
	}
	return s.Untypeset()
}

// float writes part i of n.
func (s *sheet) float(out io.Writer, l layout, p part, i, n int) {
	place := "t"
	if n > 1 {
		place = "tp"
	}
	fmt.Fprintf(out, "\\begin{%s}[%s]\n", l.span.env, place)
	if s.options.Style != NoStyle {
		fmt.Fprintln(out, "\\sloppy")
	}
	fmt.Fprintln(out, "\\centering")
	above := s.options.Style == NoStyle || s.page.above
	if above {
		s.Caption(out, i, s.captionText(), s.table.Name)
	}
	if l.size.command != "" {
		fmt.Fprintln(out, l.size.command)
	}
	if l.sep != defaultSep && s.options.Env == Tabular {
		fmt.Fprintf(out, "\\setlength{\\tabcolsep}{%gpt}\n", l.sep)
	}
	if len(s.numbers) > 0 {
		fmt.Fprint(out, s.siSetup())
	}
	for k, columns := range p.blocks {
		if k > 0 {
			fmt.Fprintln(out, "\\par\\medskip")
		}
		s.block(out, l, columns, p.rows)
	}
	s.notes(out, p.rows)
	if !above {
		s.Caption(out, i, s.captionText(), s.table.Name)
	}
	fmt.Fprintf(out, "\\end{%s}\n", l.span.env)
}

// block writes some columns of some rows, with the columns on the left.
func (s *sheet) block(out io.Writer, l layout, columns, rows []int) {
	all := slices.Concat(s.leadColumns(), columns)
	env := "tabular"
	if s.options.Env == Tabularray {
		env = "tblr"
	}
	fmt.Fprintf(out, "\\begin{%s}{%s}\n\\toprule\n", env, s.columnSpec(l, all))
	s.line(out, all, func(c int) string { return s.head(l, c) })
	fmt.Fprintln(out, "\\midrule")
	for i, r := range rows {
		if s.table.ruleBefore(r) {
			if i > 0 {
				fmt.Fprintln(out, "\\midrule")
			}
			s.title(out, s.table.title(r), len(all))
		}
		s.row(out, l, all, r)
	}
	fmt.Fprintf(out, "\\bottomrule\n\\end{%s}\n", env)
}

func (s *sheet) line(out io.Writer, columns []int, cell func(column int) string) {
	cells := make([]string, len(columns))
	for i, c := range columns {
		cells[i] = cell(c)
	}
	fmt.Fprintf(out, "%s \\\\\n", strings.Join(cells, " & "))
}

// row writes a row; a name without values on the axes stands over all columns on the left.
func (s *sheet) row(out io.Writer, l layout, columns []int, r int) {
	leads := len(s.table.Heads)
	if !s.isOver(r) {
		s.line(out, columns, func(c int) string { return s.cell(l, c, s.rows[r][c]) })
		return
	}
	name := s.lead(l, s.rows[r][0], l.over)
	if s.options.Env == Tabularray {
		name = fmt.Sprintf("\\SetCell[c=%d]{l} %s%s", leads, name, strings.Repeat(" &", leads-1))
	} else {
		name = fmt.Sprintf("\\multicolumn{%d}{%sl}{%s}", leads, s.edge(), name)
	}
	s.line(out, columns[leads-1:], func(c int) string {
		if c == columns[leads-1] {
			return name
		}
		return s.cell(l, c, s.rows[r][c])
	})
}

// title writes what stands above the rows of a kind, over all columns.
func (s *sheet) title(out io.Writer, title string, columns int) {
	if s.options.Env == Tabularray {
		fmt.Fprintf(out, "\\SetCell[c=%d]{l} \\textit{%s}%s \\\\\n", columns, s.tex(title), strings.Repeat(" &", columns-1))
		return
	}
	fmt.Fprintf(out, "\\multicolumn{%d}{%sl}{\\textit{%s}} \\\\\n", columns, s.edge(), s.tex(title))
}

// edge takes the room beside the outermost columns away where the table must fit.
func (s *sheet) edge() string {
	if s.options.Style == NoStyle {
		return ""
	}
	return "@{}"
}

// columnSpec declares the columns: text on the left, numbers centred or aligned at the point.
func (s *sheet) columnSpec(l layout, columns []int) string {
	var b strings.Builder
	for _, c := range columns {
		switch number, ok := s.numbers[c]; {
		case !s.heads[c].number:
			b.WriteString("l")
		case ok:
			b.WriteString(number.column(s.meter(l)))
		default:
			b.WriteString("c")
		}
	}
	switch {
	case s.options.Env != Tabularray:
		return s.edge() + b.String() + s.edge()
	case s.options.Style == NoStyle:
		return "colspec={" + b.String() + "},rowsep=1pt"
	}
	return fmt.Sprintf("colspec={%s},rowsep=1pt,colsep=%gpt,column{1}={leftsep=0pt},column{%d}={rightsep=0pt}", b.String(), l.sep, len(columns))
}

// notes writes the footnotes that the rows refer to.
func (s *sheet) notes(out io.Writer, rows []int) {
	marks := s.marksOf(rows)
	if len(marks) == 0 {
		return
	}
	styled := s.options.Style != NoStyle
	fmt.Fprintln(out, "\\par\\smallskip"+map[bool]string{true: "{"}[styled]+"\\footnotesize\\raggedright")
	for _, m := range marks {
		fmt.Fprintf(out, "\\textsuperscript{%s} %s\\par\n", letter(m), s.Prose(s.table.Notes[m]))
	}
	if styled {
		fmt.Fprintln(out, "}")
	}
}

// marksOf lists the footnotes that stand below some rows: all that these refer to and, below the first, those on the whole table.
func (s *sheet) marksOf(rows []int) []int {
	var marks []int
	for i := range s.table.Notes {
		referred := func(row []field) bool {
			return slices.ContainsFunc(row, func(f field) bool { return slices.Contains(f.marks, i) })
		}
		inRows := slices.ContainsFunc(rows, func(r int) bool { return referred(s.rows[r]) })
		if inRows || len(rows) > 0 && rows[0] == 0 && !slices.ContainsFunc(s.rows, referred) {
			marks = append(marks, i)
		}
	}
	return marks
}
