package reports

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"strings"

	"harness/internal/escape"
)

// HTMLOptions say what a table has on a page that has style sheets and scripts of its own. The zero value is a fragment for any page.
type HTMLOptions struct {
	Classes bool // looks by classes (table.css) instead of style attributes, which a strict page forbids
	Explain bool // each cell says in its title what stands behind its number: Table.Explain
	// SortURL is where a click on a head leads: the table sorted by a name of Layout.Sort, and how it is sorted by that now ("",
	// "ascending" or "descending"). nil: heads are no links.
	SortURL func(name string) (url, sorted string)
	// RowURL is where the name of a row leads; "" = nowhere.
	RowURL func(row *Row) string
}

// looks are the attributes of the elements of a table on a page.
type looks struct {
	figure, caption, table, text, number, title, notes string
	headText, headNumber                               string
}

var (
	// inline looks are written into the elements: a fragment has no style sheet, and touches none.
	inline = looks{
		figure: `style="margin:1em 0;overflow-x:auto"`, caption: `style="padding-bottom:.5em"`,
		table: `style="border-collapse:collapse;border-top:2px solid;border-bottom:2px solid"`,
		text:  `style="text-align:left;font-weight:normal;padding:.15em .6em"`, number: `style="text-align:right;white-space:nowrap;padding:.15em .6em"`,
		title:      `style="text-align:left;font-weight:normal;font-style:italic;padding:.15em .6em;border-top:1px solid"`,
		notes:      `style="list-style:none;padding:0;font-size:smaller"`,
		headText:   `style="text-align:left;vertical-align:bottom;padding:.15em .6em;border-bottom:1px solid"`,
		headNumber: `style="text-align:right;vertical-align:bottom;padding:.15em .6em;border-bottom:1px solid"`,
	}
	// classes leave the looks to a style sheet.
	classes = looks{
		figure: `class="results"`, caption: `class="caption"`, table: `class="results"`, text: `class="lead"`, number: `class="num"`, title: `class="kind"`,
		notes: `class="notes"`, headText: `class="lead"`, headNumber: `class="num"`,
	}
)

// HTML writes a figure for a page: no script, no style sheet, ids that begin with the table's own. Every text is escaped. Hypotheses are
// a second figure.
func (t *Table) HTML(w io.Writer) error {
	return errors.Join(t.HTMLAs(w, HTMLOptions{}), t.HypothesesHTML(w, HTMLOptions{}))
}

// HTMLAs writes the figure as a page asks for it.
func (t *Table) HTMLAs(w io.Writer, o HTMLOptions) error {
	p := &htmlPage{table: t, options: o, looks: inline, id: t.htmlID()}
	class := `class="harness-table" `
	if o.Classes {
		p.looks, class = classes, ""
	}
	fmt.Fprintf(&p.out, "<figure %sid=\"%s\" %s>\n<figcaption %s>%s</figcaption>\n", class, p.id, p.looks.figure, p.looks.caption,
		escape.HTML(strings.Join(t.Caption, " ")))
	if o.Classes {
		fmt.Fprintf(&p.out, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">\n", escape.HTML("table "+t.Name))
	}
	fmt.Fprintf(&p.out, "<table %s>\n", p.looks.table)
	heads, rows := t.grid()
	p.head(heads)
	p.body(heads, rows)
	p.out.WriteString("</table>\n")
	if o.Classes {
		p.out.WriteString("</div>\n")
	}
	p.notes()
	p.out.WriteString("</figure>\n")
	_, err := w.Write(p.out.Bytes())
	return err
}

// htmlPage is a table on its way to a page.
type htmlPage struct {
	table   *Table
	options HTMLOptions
	looks   looks
	id      string // of the figure
	out     bytes.Buffer
}

// head writes the head: where parameters became columns, their values stand over the metrics.
func (p *htmlPage) head(heads []field) {
	p.out.WriteString("<thead>\n<tr>")
	grouped := false
	for _, h := range heads {
		grouped = grouped || h.group != ""
	}
	if grouped {
		for from := 0; from < len(heads); {
			to := from + 1
			for to < len(heads) && heads[from].group != "" && heads[to].group == heads[from].group {
				to++
			}
			if heads[from].group == "" {
				fmt.Fprintf(&p.out, "<td %s></td>", p.headLooks(heads[from]))
			} else {
				fmt.Fprintf(&p.out, `<th scope="colgroup" colspan="%d" %s>%s</th>`, to-from, p.looks.headText, escape.HTML(heads[from].group))
			}
			from = to
		}
		p.out.WriteString("</tr>\n<tr>")
	}
	for i, h := range heads {
		p.headCell(i, h)
	}
	p.out.WriteString("</tr>\n</thead>\n")
}

func (p *htmlPage) headLooks(h field) string {
	if h.number {
		return p.looks.headNumber
	}
	return p.looks.headText
}

// together keeps an arrow beside the last word of its label.
var together = strings.NewReplacer(" ↑", "\u00a0↑", " ↓", "\u00a0↓")

// headCell writes a heading, a link where the table can be sorted by it.
func (p *htmlPage) headCell(i int, h field) {
	text, sorted := together.Replace(p.long(h.short())), ""
	if name := p.sortName(i, h); name != "" && p.options.SortURL != nil {
		url, now := p.options.SortURL(name)
		if text == "" {
			text = "row"
		}
		text = fmt.Sprintf(`<a href="%s">%s</a>`, escape.HTML(url), text)
		if now != "" {
			sorted = fmt.Sprintf(` aria-sort="%s"`, now)
		}
	}
	fmt.Fprintf(&p.out, `<th scope="col" %s%s>%s</th>`, p.headLooks(h), sorted, text)
}

// sortName is the name by which the table is sorted by a column; "" for none.
func (p *htmlPage) sortName(i int, h field) string {
	switch {
	case h.column >= 0:
		return h.kind + "." + p.table.Columns[h.column].Key()
	case i < len(p.table.leads):
		return "params." + p.table.leads[i]
	case i == 0:
		return "row"
	}
	return ""
}

// body writes the rows, each kind and group by itself.
func (p *htmlPage) body(heads []field, rows [][]field) {
	t := p.table
	p.out.WriteString("<tbody>\n")
	for r, row := range rows {
		if t.ruleBefore(r) {
			if r > 0 {
				p.out.WriteString("</tbody>\n<tbody>\n")
			}
			fmt.Fprintf(&p.out, "<tr><th scope=\"rowgroup\" colspan=\"%d\" %s>%s</th></tr>\n", len(heads), p.looks.title, escape.HTML(t.title(r)))
		}
		p.out.WriteString("<tr>")
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
			attributes := p.looks.text
			if f.number {
				attributes = p.looks.number
			}
			fmt.Fprintf(&p.out, "<%s%s %s%s>%s</%s>", tag, scope, attributes, p.explained(r, heads[i], f), p.field(r, i, f), tag)
		}
		p.out.WriteString("</tr>\n")
	}
	p.out.WriteString("</tbody>\n")
}

// explained is the title of a cell: of the mean, not of what stands beside it.
func (p *htmlPage) explained(r int, head, f field) string {
	if !p.options.Explain || head.kind != "metrics" {
		return ""
	}
	lines := p.table.Explain(&p.table.Rows[r], f.column)
	if len(lines) == 0 {
		return ""
	}
	for i := range lines {
		lines[i] = escape.HTML(lines[i])
	}
	return ` title="` + strings.Join(lines, "&#10;") + `"`
}

// field is a field with its footnotes, which are links.
func (p *htmlPage) field(r, i int, f field) string {
	text := p.long(f.signed())
	if f.bold {
		text = "<strong>" + text + "</strong>"
	}
	if i == 0 && p.options.RowURL != nil {
		if url := p.options.RowURL(&p.table.Rows[r]); url != "" {
			text = fmt.Sprintf(`<a href="%s">%s</a>`, escape.HTML(url), text)
		}
	}
	if len(f.marks) == 0 {
		return text
	}
	links := make([]string, len(f.marks))
	for i, m := range f.marks {
		links[i] = fmt.Sprintf(`<a href="#%s-note-%s">%s</a>`, p.id, letter(m), letter(m))
	}
	return text + "<sup>" + strings.Join(links, ",") + "</sup>"
}

// longText is from how many bytes on a text is shown by its beginning only, where a style sheet can do that.
const longText = 160

// long is a text, marked where it is so long that it would push all else away.
func (p *htmlPage) long(text string) string {
	if len(text) < longText || !p.options.Classes {
		return escape.HTML(text)
	}
	return `<span class="long">` + escape.HTML(text) + `</span>`
}

// notes writes the footnotes.
func (p *htmlPage) notes() {
	if len(p.table.Notes) == 0 {
		return
	}
	fmt.Fprintf(&p.out, "<ol %s>\n", p.looks.notes)
	for i, note := range p.table.Notes {
		fmt.Fprintf(&p.out, "<li id=\"%s-note-%s\"><sup>%s</sup> %s</li>\n", p.id, letter(i), letter(i), escape.HTML(note))
	}
	p.out.WriteString("</ol>\n")
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
