package reports

import (
	"bytes"
	"fmt"
	"hash/fnv"
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
)

// HTML writes a figure for a page: no script, no style sheet, ids that begin with the table's own. Every text is escaped.
func (t *Table) HTML(w io.Writer) error {
	var out bytes.Buffer
	id := t.htmlID()
	fmt.Fprintf(&out, "<figure class=\"harness-table\" id=\"%s\" %s>\n<figcaption %s>%s</figcaption>\n<table %s>\n", id, htmlFigure,
		htmlCaption, escape.HTML(strings.Join(t.Caption, " ")), htmlTable)
	heads, rows := t.grid()
	out.WriteString("<thead>\n<tr>")
	for _, h := range heads {
		fmt.Fprintf(&out, "<th scope=\"col\" %s>%s</th>", fmt.Sprintf(htmlHead, htmlAlign(h)), escape.HTML(h.text))
	}
	out.WriteString("</tr>\n</thead>\n<tbody>\n")
	for r, row := range rows {
		if t.ruleBefore(r) {
			if r > 0 {
				out.WriteString("</tbody>\n<tbody>\n")
			}
			fmt.Fprintf(&out, "<tr><th scope=\"rowgroup\" colspan=\"%d\" %s>%s</th></tr>\n", len(heads), htmlTitle,
				escape.HTML(t.title(r)))
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
			fmt.Fprintf(&out, "<li id=\"%s-note-%s\"><sup>%s</sup> %s</li>\n", id, letter(i), letter(i), escape.HTML(note))
		}
		out.WriteString("</ol>\n")
	}
	out.WriteString("</figure>\n")
	_, err := w.Write(out.Bytes())
	return err
}

// htmlID names the figure. Sweeps whose names differ in other characters than letters and digits get different ids.
func (t *Table) htmlID() string {
	name := t.Handle
	if name == "" {
		name = t.Name
	}
	id := LabelName(name)
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
	text := escape.HTML(f.signed())
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
