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
	fmt.Fprintf(&out, "**%s** — %s\n\n", escapeMarkdown(t.Name), escapeMarkdown(strings.Join(t.Caption, " ")))
	heads, rows := t.grid()
	line := func(cells []string) { fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | ")) }
	header, align := make([]string, len(heads)), make([]string, len(heads))
	for i, h := range heads {
		header[i], align[i] = escapeMarkdown(h.text), ":---"
		if h.number {
			align[i] = "---:"
		}
	}
	line(header)
	line(align)
	for r, row := range rows {
		if t.ruleBefore(r) {
			title := make([]string, len(heads))
			title[0] = "*" + kindTitle(t.Rows[r].Kind) + "*"
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
		fmt.Fprintf(&out, "<sup>%s</sup> %s  \n", letter(i), escapeMarkdown(note))
	}
	for i, c := range t.Cases {
		fmt.Fprintf(&out, "\n**Case %d** (%s) %s\n\n- truth: %s\n", i+1, escapeMarkdown(c.ID), escapeMarkdown(c.Question), escapeMarkdown(c.Truth))
		for _, a := range c.Answers {
			fmt.Fprintf(&out, "- %s %s: %s\n", map[bool]string{true: "✓", false: "✗"}[a.Right], escapeMarkdown(a.Row), escapeMarkdown(a.Text))
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

func markdownField(f field) string {
	text := escapeMarkdown(f.text)
	if f.bold {
		text = "**" + text + "**"
	}
	if len(f.marks) > 0 {
		text += "<sup>" + letters(f.marks) + "</sup>"
	}
	return text
}

var markdownEscapes = strings.NewReplacer(`\`, `\\`, "|", `\|`, "*", `\*`, "_", `\_`, "`", "\\`", "<", "&lt;", ">", "&gt;",
	"[", `\[`, "]", `\]`, "~", `\~`, "&", `\&`, "$", `\$`)

// escapeMarkdown shows text as it is, also where entities (&lt;) and formulas ($x$) are read; control characters are escaped first.
func escapeMarkdown(text string) string { return markdownEscapes.Replace(escape.Line(text)) }
