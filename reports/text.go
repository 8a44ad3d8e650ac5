package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/mattn/go-runewidth"
	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"harness/internal/escape"
)

// Text writes the table for a terminal: the caption, the rows with a rule between the kinds, footnotes. Bold is a
// star behind the number.
func (t *Table) Text(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintln(&out, escape.Line(t.Name))
	for _, sentence := range t.Caption {
		fmt.Fprintln(&out, escape.Line(strings.Replace(sentence, "Bold:", "*:", 1)))
	}
	if err := t.textGrid(&out); err != nil {
		return err
	}
	for i, note := range t.Notes {
		fmt.Fprintf(&out, "[%s] %s\n", letter(i), escape.Line(note))
	}
	if t.Hypotheses != nil {
		if err := t.Hypotheses.text(&out); err != nil {
			return err
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

func (t *Table) textGrid(out io.Writer) error {
	heads, rows := t.grid()
	align := make([]tw.Align, len(heads))
	lines := make([][]string, len(rows))
	widths := make([]int, len(heads))
	header := make([]string, len(heads))
	for i, h := range heads {
		header[i] = h.text
		widths[i] = runewidth.StringWidth(h.text)
		align[i] = tw.AlignLeft
	}
	starred := starredColumns(rows, len(heads))
	for r, row := range rows {
		if t.Rows[r].Group != "" { // the titles of kinds can do without words, those of groups cannot
			widths[0] = max(widths[0], runewidth.StringWidth(t.title(r))+4)
		}
		for i, f := range row {
			lines[r] = append(lines[r], plain(f, starred[i]))
			widths[i] = max(widths[i], runewidth.StringWidth(lines[r][i]))
		}
	}
	table := plainTable(out, align)
	table.Header(header)
	for r := range lines {
		if t.ruleBefore(r) {
			if err := table.Append(rule(widths, t.title(r))); err != nil {
				return err
			}
		}
		if err := table.Append(lines[r]); err != nil {
			return err
		}
	}
	return table.Render()
}

// plainTable has a rule below its head and none elsewhere; texts stand as they are.
func plainTable(out io.Writer, align []tw.Align) *tablewriter.Table {
	return tablewriter.NewTable(out,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders:  tw.Border{Left: tw.Off, Right: tw.Off, Top: tw.Off, Bottom: tw.Off},
			Symbols:  tw.NewSymbols(tw.StyleLight),
			Settings: tw.Settings{Separators: tw.Separators{BetweenColumns: tw.Off, BetweenRows: tw.Off}},
		})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithHeaderAutoWrap(tw.WrapNone),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithHeaderAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithRowAlignmentConfig(tw.CellAlignment{PerColumn: align}),
		tablewriter.WithTrimSpace(tw.Off),
	)
}

// plain is a field with its star and footnotes. Where a column has stars, numbers without one leave room for it.
func plain(f field, starred bool) string {
	text := f.text
	switch {
	case f.bold:
		text += "*"
	case starred && text != "" && len(f.marks) > 0:
		text += " "
	}
	if len(f.marks) > 0 {
		if text != "" {
			text += " "
		}
		text += "[" + letters(f.marks) + "]"
	}
	return text
}

func starredColumns(rows [][]field, n int) []bool {
	starred := make([]bool, n)
	for _, row := range rows {
		for i, f := range row {
			starred[i] = starred[i] || f.bold
		}
	}
	return starred
}

// rule is a row of dashes with a title in the first column.
func rule(widths []int, title string) []string {
	line := make([]string, len(widths))
	for i, w := range widths {
		line[i] = strings.Repeat("─", w)
	}
	if w := runewidth.StringWidth(title) + 4; w <= widths[0] {
		line[0] = "── " + title + " " + strings.Repeat("─", widths[0]-w)
	}
	return line
}
