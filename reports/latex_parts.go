package reports

import "strings"

// rulesHeight is the room of the rules of a block and the space around them, in points.
const rulesHeight = 16

// parts cuts the rows into floats that fit a page; one where they all do, or where no page is known.
func (s *sheet) parts(l layout) [][]int {
	all := make([]int, len(s.rows))
	for i := range all {
		all[i] = i
	}
	if s.options.Style == NoStyle {
		return [][]int{all}
	}
	var parts [][]int
	var part []int
	height, noted := s.frame(l, 0), map[int]bool{}
	for _, r := range all {
		row := s.rowHeight(l, r) + s.noteHeight(l, r, noted)
		if len(part) > 0 && height+row > s.page.height {
			parts, part = append(parts, part), nil
			clear(noted)
			height = s.frame(l, len(parts))
			row = s.rowHeight(l, r) + s.noteHeight(l, r, noted)
		}
		part, height = append(part, r), height+row
		for _, f := range s.rows[r] {
			for _, mark := range f.marks {
				noted[mark] = true
			}
		}
	}
	return append(parts, part)
}

// frame is the height of a float without its rows: the caption, the heads and, in the first, notes on the whole table.
func (s *sheet) frame(l layout, part int) float64 {
	caption := meter{s.options.Engine, s.page.caption.points}
	text := "Table 1: (continued)"
	if part == 0 {
		text = "Table 1: " + s.captionText()
	}
	lines := caption.lines(text, l.span.width, 0)
	if s.page.capital {
		lines = caption.lines(strings.ToUpper(text), l.span.width, 0) + 1
	}
	height := float64(lines)*s.page.caption.line + 3*l.size.line
	heads := 1
	for _, h := range l.heads {
		heads = max(heads, len(h))
	}
	height += float64(len(l.blocks)) * (float64(heads)*l.size.line + rulesHeight)
	if part > 0 {
		return height
	}
	for _, m := range s.marksOf([]int{0}) {
		height += s.notesLines(l, m)
	}
	return height
}

// rowHeight is the height of a row in all blocks, with the title above it.
func (s *sheet) rowHeight(l layout, r int) float64 {
	lines := 1
	for c := range l.leads {
		if width := l.leads[c]; width > 0 {
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
	return height * float64(len(l.blocks))
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
	m := meter{s.options.Engine, s.page.notes.points}
	return float64(m.lines("aa "+s.table.Notes[mark], l.span.width, 0)) * s.page.notes.line
}
