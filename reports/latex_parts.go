package reports

import "strings"

// rulesHeight is the room of the rules of a block and the space around them, in points.
const rulesHeight = 16

// part is what one float holds.
type part struct {
	blocks [][]int
	rows   []int
}

// parts cuts the table into floats that fit a page: one where all fits or no page is known; else each block of columns by itself, with as
// many rows as there is room for.
func (s *sheet) parts(l layout) []part {
	all := make([]int, len(s.rows))
	for i := range all {
		all[i] = i
	}
	whole := part{l.blocks, all}
	if s.options.Style == NoStyle || len(s.cut(l, whole, 0)) == 1 {
		return []part{whole}
	}
	var parts []part
	for _, block := range l.blocks {
		parts = append(parts, s.cut(l, part{[][]int{block}, all}, len(parts))...)
	}
	return parts
}

// cut fills floats with the rows of a part; before is the number of floats above.
func (s *sheet) cut(l layout, p part, before int) []part {
	var parts []part
	var rows []int
	blocks := float64(len(p.blocks))
	height, noted := s.frame(l, blocks, before), map[int]bool{}
	for _, r := range p.rows {
		row := blocks*s.rowHeight(l, r) + s.noteHeight(l, r, noted)
		if len(rows) > 0 && height+row > s.page.height {
			parts, rows = append(parts, part{p.blocks, rows}), nil
			clear(noted)
			height = s.frame(l, blocks, before+len(parts))
			row = blocks*s.rowHeight(l, r) + s.noteHeight(l, r, noted)
		}
		rows, height = append(rows, r), height+row
		for _, f := range s.rows[r] {
			for _, mark := range f.marks {
				noted[mark] = true
			}
		}
	}
	return append(parts, part{p.blocks, rows})
}

// frame is the height of a float without its rows: the caption, the heads and, in the first, notes on the whole table.
func (s *sheet) frame(l layout, blocks float64, part int) float64 {
	caption := s.meterOf(s.page.caption)
	text := "Table 1: (continued)"
	if part == 0 {
		text = "Table 1: " + s.captionText()
	}
	if s.page.capital {
		text = strings.ToUpper(text)
	}
	lines := caption.lines(text, l.span.width, 0)
	if s.page.capital {
		lines++ // "Table 1" stands on a line of its own
	}
	height := float64(lines)*s.page.caption.line + 3*l.size.line
	heads := 1
	for _, h := range l.heads {
		heads = max(heads, len(h))
	}
	height += blocks * (float64(heads)*l.size.line + rulesHeight)
	if part > 0 {
		return height
	}
	for _, m := range s.marksOf([]int{0}) {
		height += s.notesLines(l, m)
	}
	return height
}

// rowHeight is the height of a row of one block, with the title above it.
func (s *sheet) rowHeight(l layout, r int) float64 {
	lines := 1
	for c := range l.leads {
		width := l.leads[c]
		if s.isOver(r) {
			width = l.over
		}
		if width > 0 {
			f := s.rows[r][c]
			lines = max(lines, s.meter(l).lines(f.text+letters(f.marks), width, s.meter(l).points))
		}
	}
	height := float64(lines) * l.size.line
	if s.options.Env == Tabularray {
		height += 2
	}
	if s.table.ruleBefore(r) {
		height += l.size.line + rulesHeight/2
	}
	return height
}

// noteHeight is the height of the footnotes that a row adds.
func (s *sheet) noteHeight(l layout, r int, noted map[int]bool) float64 {
	height := 0.0
	for _, f := range s.rows[r] {
		for _, mark := range f.marks {
			if !noted[mark] {
				height += s.notesLines(l, mark)
			}
		}
	}
	return height
}

func (s *sheet) notesLines(l layout, mark int) float64 {
	m := s.meterOf(s.page.notes)
	return float64(m.lines("aa "+s.table.Notes[mark], l.span.width, 0)) * s.page.notes.line
}
