package reports

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrTooWide means that a table cannot be made to fit the page of a style.
var ErrTooWide = errors.New("too wide for the page")

// defaultSep is what LaTeX leaves on each side of a column, in points.
const defaultSep = 6

// layout is how a table is fitted to a page.
type layout struct {
	span   span
	size   size
	sep    float64          // on each side of a column
	leads  []float64        // widths of the columns on the left that are wrapped; 0 where one is as wide as its widest text
	over   float64          // width of names that stand over all columns on the left; 0: that of the widest
	heads  map[int][]string // heads on more than one line
	blocks [][]int          // the columns of numbers; each block stands below the one before
}

// leadWidth is the width of a wrapped column, or 0.
func (l layout) leadWidth(c int) float64 {
	if c < len(l.leads) {
		return l.leads[c]
	}
	return 0
}

// safety is the share of a width that estimates leave free.
const safety = 0.99

// fit finds the layout: the narrowest float with the largest type that holds the table; else labels on several lines; else blocks of
// columns, one below the other.
func (s *sheet) fit() (layout, error) {
	numbers := s.numberColumns()
	l := layout{span: span{"table", 0}, sep: defaultSep, blocks: [][]int{numbers}}
	if s.options.Wide {
		l.span.env = "table*"
	}
	if s.options.Style == NoStyle {
		return l, nil
	}
	for _, l.span = range s.page.spans(s.options.Wide) {
		for _, try := range s.tries() {
			l.size, l.sep = try.size, try.sep
			m := s.meter(l)
			l.heads = s.stacked(m)
			room := l.span.width*safety - s.widthOf(m, l, numbers)
			natural := s.leadsWidth(m, l)
			if natural <= room {
				return l, nil
			}
			if wrapped, ok := s.wrapped(m, l, room); ok && room > natural/2 {
				return wrapped, nil
			}
		}
	}
	return s.inBlocks(l)
}

// try is a type size with the room beside columns.
type try struct {
	size size
	sep  float64
}

// tries are the sizes of a style from the most to the least comfortable.
func (s *sheet) tries() []try {
	var all []try
	for _, size := range s.page.sizes {
		all = append(all, try{size, defaultSep})
	}
	smallest := s.page.smallest()
	return append(all, try{smallest, 4}, try{smallest, 3})
}

func (s *sheet) meter(l layout) meter { return s.meterOf(l.size) }

// inBlocks wraps the labels and cuts the columns into blocks, in the last layout that was tried.
func (s *sheet) inBlocks(l layout) (layout, error) {
	m, width := s.meter(l), l.span.width*safety
	groups := s.groups()
	widest := 0.0
	for _, g := range groups {
		widest = max(widest, s.widthOf(m, l, g))
	}
	leads := s.leadsWidth(m, l)
	for _, limit := range []float64{max(0.4*width, width-s.widthOf(m, l, s.numberColumns())), width} {
		limit = min(limit, width-widest)
		if leads <= limit {
			break
		}
		if wrapped, ok := s.wrapped(m, l, limit); ok {
			l, leads = wrapped, limit
			break
		}
	}
	if leads > width-widest {
		return l, s.tooWide(m, widest, width)
	}
	l.blocks = s.balanced(m, l, groups, width-leads)
	for _, roomy := range []float64{defaultSep, 4} {
		wider := l
		wider.sep = roomy
		if !slices.ContainsFunc(l.blocks, func(b []int) bool { return s.widthOf(m, wider, b) > width-leads }) {
			return wider, nil
		}
	}
	return l, nil
}

// balanced is blocksOf with blocks of about the same width, but no more of them.
func (s *sheet) balanced(m meter, l layout, groups [][]int, width float64) [][]int {
	blocks := s.blocksOf(m, l, groups, width)
	for tighter := width; tighter > width/2; tighter -= width / 50 {
		narrower := s.blocksOf(m, l, groups, tighter)
		if len(narrower) > len(blocks) || slices.ContainsFunc(narrower, func(b []int) bool { return s.widthOf(m, l, b) > width }) {
			break
		}
		blocks = narrower
	}
	return blocks
}

func (s *sheet) tooWide(m meter, widest, width float64) error {
	words := max(sum(s.leastLeads(m)), s.widestOver(s.leastLead(m)))
	return fmt.Errorf("%w: %s: the longest words of the labels and the widest column take %.0f pt of the %.0f pt of %s: want shorter labels",
		ErrTooWide, s.table.Name, words+widest, width, s.options.Style)
}

// blocksOf fills blocks of a width with groups of columns. What belongs to one task is kept together where a block can hold it.
func (s *sheet) blocksOf(m meter, l layout, groups [][]int, width float64) [][]int {
	var blocks [][]int
	var block []int
	for i, g := range groups {
		together := g
		for j := i + 1; j < len(groups) && s.task(groups[j]) == s.task(g); j++ {
			together = slices.Concat(together, groups[j])
		}
		begins := i == 0 || s.task(groups[i-1]) != s.task(g)
		full := s.widthOf(m, l, slices.Concat(block, g)) > width
		apart := begins && s.widthOf(m, l, slices.Concat(block, together)) > width && s.widthOf(m, l, together) <= width
		if len(block) > 0 && (full || apart) {
			blocks, block = append(blocks, block), nil
		}
		block = append(block, g...)
	}
	return append(blocks, block)
}

// groups are the columns that stay together: a mean with its difference and its p. The number of seeds stands by itself.
func (s *sheet) groups() [][]int {
	var groups [][]int
	for _, c := range s.numberColumns() {
		last := len(groups) - 1
		if last >= 0 && s.heads[groups[last][0]].column == s.heads[c].column {
			groups[last] = append(groups[last], c)
			continue
		}
		groups = append(groups, []int{c})
	}
	return groups
}

// task is the stage of the metric of a group: diffvqa of diffvqa/bleu4.
func (s *sheet) task(group []int) string {
	column := s.heads[group[0]].column
	if column < 0 {
		return ""
	}
	task, _, _ := strings.Cut(s.table.Columns[column].Metric, "/")
	return task
}

// leadColumns are the columns on the left, numberColumns all others.
func (s *sheet) leadColumns() []int   { return s.columnsWhere(false) }
func (s *sheet) numberColumns() []int { return s.columnsWhere(true) }

func (s *sheet) columnsWhere(number bool) []int {
	var columns []int
	for c, h := range s.heads {
		if h.number == number {
			columns = append(columns, c)
		}
	}
	return columns
}

// widthOf is the width of columns of numbers with the room before each.
func (s *sheet) widthOf(m meter, l layout, columns []int) float64 {
	width := s.betweenLeads(l)
	for _, c := range columns {
		lines := l.heads[c]
		if len(lines) == 0 {
			lines = []string{s.heads[c].text}
		}
		w := s.body(m, c)
		for _, line := range lines {
			w = max(w, m.text(line, false))
		}
		width += w + 2*l.sep
	}
	return width
}

// bodyKey names a measurement: of a column, in a type.
type bodyKey struct {
	meter  meter
	column int
}

// body is the width of a column below its head. It is measured once in each type: fitting asks for it again and again.
func (s *sheet) body(m meter, c int) float64 {
	key := bodyKey{m, c}
	if w, known := s.bodies[key]; known {
		return w
	}
	w := 0.0
	format, aligned := s.numbers[c]
	if aligned && slices.ContainsFunc(s.rows, func(row []field) bool { return row[c].parts.value != "" }) {
		w = format.width(m, s.options.Spread)
	}
	for _, row := range s.rows {
		if !aligned || row[c].parts.value == "" {
			w = max(w, s.cellWidth(m, row[c]))
		}
	}
	s.bodies[key] = w
	return w
}

// stacked breaks heads that are wider than their columns into lines.
func (s *sheet) stacked(m meter) map[int][]string {
	heads := map[int][]string{}
	for _, c := range s.numberColumns() {
		text := s.heads[c].text
		for _, arrow := range []string{" ↑", " ↓"} {
			text = strings.Replace(text, arrow, "\u00a0"+strings.TrimSpace(arrow), 1)
		}
		if lines := stack(m, text, s.body(m, c)); len(lines) > 1 {
			heads[c] = lines
		}
	}
	return heads
}

// stack breaks a text into lines no wider than a width or its widest word.
func stack(m meter, text string, width float64) []string {
	pieces := strings.SplitAfter(strings.ReplaceAll(breakable(text), " ", " "+string(breakHere)), string(breakHere))
	for _, p := range pieces {
		width = max(width, m.text(strings.TrimSpace(p), false))
	}
	var lines []string
	line := ""
	for _, p := range pieces {
		p = strings.TrimSuffix(p, string(breakHere))
		if line != "" && m.text(strings.TrimRight(line+p, " "), false) > width {
			lines, line = append(lines, strings.TrimRight(line, " ")), ""
		}
		line += p
	}
	return append(lines, strings.TrimRight(line, " "))
}

// leadsWidth is the width of the columns on the left on one line, less the room between them.
func (s *sheet) leadsWidth(m meter, l layout) float64 {
	return max(sum(s.leadWidths(m)), s.widestOver(s.leadWidth(m))-s.betweenLeads(l))
}

// betweenLeads is the room between the columns on the left.
func (s *sheet) betweenLeads(l layout) float64 { return 2 * l.sep * float64(len(s.table.Heads)-1) }

// isOver reports whether the name of a row stands over all columns on the left.
func (s *sheet) isOver(r int) bool { return s.options.Style != NoStyle && s.table.namedOver(r) }

// leadWidth measures a field on one line, leastLead with every word on its own.
func (s *sheet) leadWidth(m meter) func(field) float64 {
	return func(f field) float64 { return m.text(f.text, false) + m.marks(f.marks) }
}

func (s *sheet) leastLead(m meter) func(field) float64 {
	return func(f field) float64 { return m.widest(f.text, false) + m.marks(f.marks) + m.points } // later lines are indented
}

func (s *sheet) leadWidths(m meter) []float64 { return s.leadsBy(s.leadWidth(m)) }
func (s *sheet) leastLeads(m meter) []float64 { return s.leadsBy(s.leastLead(m)) }

// leadsBy is the widest of each column on the left, names over all of them left out.
func (s *sheet) leadsBy(width func(field) float64) []float64 {
	var widths []float64
	for _, c := range s.leadColumns() {
		w := width(s.heads[c])
		for r, row := range s.rows {
			if !s.isOver(r) {
				w = max(w, width(row[c]))
			}
		}
		widths = append(widths, w)
	}
	return widths
}

// widestOver is the widest name over all columns on the left.
func (s *sheet) widestOver(width func(field) float64) float64 {
	w := 0.0
	for r, row := range s.rows {
		if s.isOver(r) {
			w = max(w, width(row[0]))
		}
	}
	return w
}

// wrapped shares room among the columns on the left: the widest are wrapped. It is false where single words need more.
func (s *sheet) wrapped(m meter, l layout, room float64) (layout, bool) {
	natural, least := s.leadWidths(m), s.leastLeads(m)
	at := func(limit float64) []float64 {
		widths := make([]float64, len(natural))
		for i := range widths {
			widths[i] = min(natural[i], max(limit, least[i]))
		}
		return widths
	}
	over := room + s.betweenLeads(l)
	if sum(at(0)) > room || s.widestOver(s.leastLead(m)) > over {
		return l, false
	}
	low, high := 0.0, room
	for range 30 {
		if middle := (low + high) / 2; sum(at(middle)) <= room {
			low = middle
		} else {
			high = middle
		}
	}
	l.leads, l.over = at(low), over
	for i := range l.leads {
		if l.leads[i] >= natural[i]-.01 {
			l.leads[i] = 0
		}
	}
	return l, true
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}
