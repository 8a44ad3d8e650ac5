package visible

import "strings"

// Cell is Text for a cell of a CSV file: a text that a spreadsheet would take for a formula gets an apostrophe in front.
func Cell(s string) string {
	s = Text(s)
	if s != "" && strings.IndexByte("=+-@", s[0]) >= 0 {
		return "'" + s
	}
	return s
}
