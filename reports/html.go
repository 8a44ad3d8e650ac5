package reports

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"harness/internal/escape"
)

// htmlLooks are the attributes by which the parts of a table get their looks.
type htmlLooks struct {
	figure, caption, table, notes   string
	headText, headNumber, rowsTitle string
	text, number                    string
}

// styled has the looks of a table in its elements: a fragment has no style sheet, and touches none.
var styled = htmlLooks{
	figure:     ` style="margin:1em 0;overflow-x:auto"`,
	caption:    `style="padding-bottom:.5em"`,
	table:      `style="border-collapse:collapse;border-top:2px solid;border-bottom:2px solid"`,
	notes:      `style="list-style:none;padding:0;font-size:smaller"`,
	headText:   `style="text-align:left;vertical-align:bottom;padding:.15em .6em;border-bottom:1px solid"`,
	headNumber: `style="text-align:right;vertical-align:bottom;padding:.15em .6em;border-bottom:1px solid"`,
	rowsTitle:  `style="text-align:left;font-weight:normal;font-style:italic;padding:.15em .6em;border-top:1px solid"`,
	text:       `style="text-align:left;font-weight:normal;padding:.15em .6em"`,
	number:     `style="text-align:right;white-space:nowrap;padding:.15em .6em"`,
}

// classed names the parts for the style sheet of a page that allows no styles in elements.
var classed = htmlLooks{
	caption: `class="caption"`, table: `class="numbers"`, notes: `class="footnotes"`,
	headText: `class="text"`, headNumber: `class="number"`, rowsTitle: `class="kind"`, text: `class="text"`, number: `class="number"`,
}

// HTML writes a figure for a page: no script, no style sheet, ids that begin with the table's own. Every text is escaped.
func (t *Table) HTML(w io.Writer) error { return t.html(w, styled) }

// ClassedHTML writes the same figure with classes in place of styles: caption, numbers, footnotes, text, number, kind.
func (t *Table) ClassedHTML(w io.Writer) error { return t.html(w, classed) }

func (t *Table) html(w io.Writer, looks htmlLooks) error {
	var out bytes.Buffer
	id := t.htmlID()
	fmt.Fprintf(&out, "<figure class=\"harness-table\" id=\"%s\"%s>\n<figcaption %s>%s</figcaption>\n<table %s>\n", id, looks.figure,
		looks.caption, escape.HTML(strings.Join(t.Caption, " ")), looks.table)
	heads, rows := t.grid()
	out.WriteString("<thead>\n<tr>")
	for _, h := range heads {
		fmt.Fprintf(&out, "<th scope=\"col\" %s>%s</th>", looks.head(h), escape.HTML(h.text))
	}
	out.WriteString("</tr>\n</thead>\n<tbody>\n")
	for r, row := range rows {
		if t.ruleBefore(r) {
			fmt.Fprintf(&out, "</tbody>\n<tbody>\n<tr><th scope=\"rowgroup\" colspan=\"%d\" %s>%s</th></tr>\n", len(heads), looks.rowsTitle,
				escape.HTML(kindTitle(t.Rows[r].Kind)))
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
			fmt.Fprintf(&out, "<%s%s %s>%s</%s>", tag, scope, looks.field(f), htmlField(id, f), tag)
		}
		out.WriteString("</tr>\n")
	}
	out.WriteString("</tbody>\n</table>\n")
	if len(t.Notes) > 0 {
		fmt.Fprintf(&out, "<ol %s>\n", looks.notes)
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

func (l htmlLooks) head(f field) string {
	if f.number {
		return l.headNumber
	}
	return l.headText
}

func (l htmlLooks) field(f field) string {
	if f.number {
		return l.number
	}
	return l.text
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
