package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"harness/internal/escape"
)

// Markdown writes the table in GitHub's form. Rules become rows with the title of what follows.
func (t *Table) Markdown(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "**%s** — %s\n\n", escape.Markdown(t.Name), escape.Markdown(strings.Join(t.Caption, " ")))
	heads, rows := t.grid()
	line := func(cells []string) { fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | ")) }
	header, align := make([]string, len(heads)), make([]string, len(heads))
	for i, h := range heads {
		header[i], align[i] = escape.Markdown(h.text), ":---"
		if h.number {
			align[i] = "---:"
		}
	}
	line(header)
	line(align)
	for r, row := range rows {
		if t.ruleBefore(r) {
			title := make([]string, len(heads))
			title[0] = "*" + escape.Markdown(t.title(r)) + "*"
			line(title)
		}
		cells := make([]string, len(row))
		for i, f := range row {
			cells[i] = markdownField(f)
		}
		line(cells)
	}
	for i, note := range t.Notes {
		if i == 0 {
			fmt.Fprintln(&out)
		}
		fmt.Fprintf(&out, "<sup>%s</sup> %s  \n", letter(i), escape.Markdown(note))
	}
	if t.Hypotheses != nil {
		t.Hypotheses.markdown(&out)
	}
	_, err := w.Write(out.Bytes())
	return err
}

func markdownField(f field) string {
	text := escape.Markdown(f.text)
	if f.bold {
		text = "**" + text + "**"
	}
	if len(f.marks) > 0 {
		text += "<sup>" + letters(f.marks) + "</sup>"
	}
	return text
}
