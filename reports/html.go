package reports

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"html"
	"io"
	"strings"

	"harness/internal/escape"
)

// The looks of a table on a page, written into its elements: a fragment has no style sheet, and touches none.
const (
	htmlTable   = `style="border-collapse:collapse;border-top:2px solid;border-bottom:2px solid"`
	htmlHead    = `style="text-align:%s;vertical-align:bottom;padding:.15em .6em;border-bottom:1px solid"`
	htmlFigure  = `style="margin:1em 0;overflow-x:auto"`
	htmlText    = `style="text-align:left;font-weight:normal;padding:.15em .6em"`
	htmlNumber  = `style="text-align:right;white-space:nowrap;padding:.15em .6em"`
	htmlCaption = `style="padding-bottom:.5em"`
	htmlTitle   = `style="text-align:left;font-weight:normal;font-style:italic;padding:.15em .6em;border-top:1px solid"`
	htmlNotes   = `style="list-style:none;padding:0;font-size:smaller"`
	htmlAnswer  = `style="text-align:left;vertical-align:top;font-weight:normal;padding:.15em .6em"`
)

// HTML writes a figure for a page: no script, no style sheet, ids that begin with the table's own. Every text is escaped.
func (t *Table) HTML(w io.Writer) error {
	var out bytes.Buffer
	id := t.htmlID()
	fmt.Fprintf(&out, "<figure class=\"harness-table\" id=\"%s\" %s>\n<figcaption %s>%s</figcaption>\n<table %s>\n", id, htmlFigure,
		htmlCaption, escapeHTML(strings.Join(t.Caption, " ")), htmlTable)
	heads, rows := t.grid()
	out.WriteString("<thead>\n<tr>")
	for _, h := range heads {
		fmt.Fprintf(&out, "<th scope=\"col\" %s>%s</th>", fmt.Sprintf(htmlHead, htmlAlign(h)), escapeHTML(h.text))
	}
	out.WriteString("</tr>\n</thead>\n<tbody>\n")
	for r, row := range rows {
		if t.ruleBefore(r) {
			fmt.Fprintf(&out, "</tbody>\n<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"%d\" %s>%s</th></tr>\n", len(heads), htmlTitle,
				escapeHTML(kindTitle(t.Rows[r].Kind)))
		}
		out.WriteString("<tr>")
		for i, f := range row {
			tag, scope := "td", ""
			switch {
			case i == 0 && t.namedOver(r):
				tag, scope = "th", fmt.Sprintf(` scope="row" colspan="%d"`, len(t.Heads))
			case i == 0:
				tag, scope = "th", ` scope="row"`
			case i < len(t.Heads) && t.namedOver(r):
				continue
			}
			fmt.Fprintf(&out, "<%s%s %s>%s</%s>", tag, scope, htmlLooks(f), htmlField(id, f), tag)
		}
		out.WriteString("</tr>\n")
	}
	out.WriteString("</tbody>\n</table>\n")
	if len(t.Notes) > 0 {
		fmt.Fprintf(&out, "<ol %s>\n", htmlNotes)
		for i, note := range t.Notes {
			fmt.Fprintf(&out, "<li id=\"%s-note-%s\"><sup>%s</sup> %s</li>\n", id, letter(i), letter(i), escapeHTML(note))
		}
		out.WriteString("</ol>\n")
	}
	out.WriteString("</figure>\n")
	t.htmlCases(&out, id)
	_, err := w.Write(out.Bytes())
	return err
}

func (t *Table) htmlCases(out io.Writer, id string) {
	if len(t.Cases) == 0 {
		return
	}
	fmt.Fprintf(out, "<figure class=\"harness-table\" id=\"%s-cases\" %s>\n<figcaption %s>%s</figcaption>\n<table %s>\n", id, htmlFigure,
		htmlCaption, escapeHTML(t.casesCaption()), htmlTable)
	line := func(label, text string) {
		fmt.Fprintf(out, "<tr><th scope=\"row\" %s>%s</th><td %s>%s</td></tr>\n", htmlAnswer, escapeHTML(label), htmlAnswer, escapeHTML(text))
	}
	for i, c := range t.Cases {
		fmt.Fprintf(out, "<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"2\" %s>%s</th></tr>\n", htmlTitle, escapeHTML(fmt.Sprintf("Case %d: %s", i+1, c.Question)))
		line("Truth", c.Truth)
		for _, a := range c.Answers {
			line(a.Row, a.Text+map[bool]string{true: " ✓"}[a.Right])
		}
		fmt.Fprintln(out, "</tbody>")
	}
	fmt.Fprint(out, "</table>\n</figure>\n")
}

// htmlID names the figure. Sweeps whose names differ in other characters than letters and digits get different ids.
func (t *Table) htmlID() string {
	name := t.Handle
	if name == "" {
		name = t.Name
	}
	id := labelName(name)
	if id != name {
		h := fnv.New32a()
		h.Write([]byte(name))
		id = fmt.Sprintf("%s-%08x", id, h.Sum32())
	}
	return "tab-" + id
}

func htmlAlign(f field) string {
	if f.number {
		return "right"
	}
	return "left"
}

func htmlLooks(f field) string {
	if f.number {
		return htmlNumber
	}
	return htmlText
}

// htmlField is a field with its footnotes, which are links.
func htmlField(id string, f field) string {
	text := escapeHTML(f.signed())
	if f.bold {
		text = "<strong>" + text + "</strong>"
	}
	if len(f.marks) == 0 {
		return text
	}
	links := make([]string, len(f.marks))
	for i, m := range f.marks {
		links[i] = fmt.Sprintf(`<a href="#%s-note-%s">%s</a>`, id, letter(m), letter(m))
	}
	return text + "<sup>" + strings.Join(links, ",") + "</sup>"
}

// escapeHTML shows a text as it is; control characters are escaped first.
func escapeHTML(text string) string { return html.EscapeString(escape.Line(text)) }
