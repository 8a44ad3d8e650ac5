package reports

import (
	"fmt"
	"io"
	"strings"

	"harness/internal/escape"
)

// typst writes hypotheses as a figure with the label tab:NAME-hypotheses.
func (h *Hypotheses) typst(out io.Writer, name string) {
	fmt.Fprintf(out, "#[\n#show figure: set block(breakable: true)\n#figure(\n  kind: table,\n  caption: %s,\n  {\n", typstString("Hypotheses. "+strings.Join(h.caption(), " ")))
	fmt.Fprintf(out, "    table(\n      columns: %d,\n      align: (left, left, center, center, center, center, left,),\n      stroke: none,\n      table.hline(),\n      table.header(", len(claimHeads))
	for _, head := range claimHeads {
		fmt.Fprintf(out, "%s, ", typstField(head))
	}
	fmt.Fprintln(out, "),\n      table.hline(stroke: 0.5pt),")
	for _, row := range h.grid() {
		cells := make([]string, len(row))
		for i, f := range row {
			cells[i] = typstField(f)
		}
		fmt.Fprintf(out, "      %s,\n", strings.Join(cells, ", "))
	}
	fmt.Fprintln(out, "      table.hline(),\n    )\n    set align(left)\n    set text(size: 0.85em)")
	for i := range h.List {
		one := &h.List[i]
		fmt.Fprintf(out, "    par(strong(%s) + %s)\n", typstString(one.Name), typstString(": "+strings.Join(one.rules(), " ")))
	}
	for _, remark := range h.Remarks {
		fmt.Fprintf(out, "    par(%s)\n", typstString(remark+"."))
	}
	fmt.Fprintf(out, "  },\n) <tab:%s-hypotheses>\n]\n", LabelName(name))
}

// HypothesesHTML writes the claims of the experiment with what became of them, for a page; nothing where it has none. Every text is
// escaped.
func (t *Table) HypothesesHTML(w io.Writer, o HTMLOptions) error {
	if t.Hypotheses == nil {
		return nil
	}
	p := &htmlPage{table: t, options: o, looks: inline, id: t.htmlID() + "-hypotheses"}
	class := `class="harness-table" `
	if o.Classes {
		p.looks, class = classes, ""
	}
	h := t.Hypotheses
	fmt.Fprintf(&p.out, "<figure %sid=\"%s\" %s>\n<figcaption %s>%s</figcaption>\n", class, p.id, p.looks.figure, p.looks.caption, escape.HTML(strings.Join(h.caption(), " ")))
	if len(h.List) > 0 {
		if o.Classes {
			p.out.WriteString("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"hypotheses\">\n")
		}
		p.claims(h)
		if o.Classes {
			p.out.WriteString("</div>\n")
		}
	}
	fmt.Fprintf(&p.out, "<ul %s>\n", p.looks.notes)
	for i := range h.List {
		fmt.Fprintf(&p.out, "<li><strong>%s</strong>: %s</li>\n", escape.HTML(h.List[i].Name), escape.HTML(strings.Join(h.List[i].rules(), " ")))
	}
	for _, remark := range h.Remarks {
		fmt.Fprintf(&p.out, "<li>⚠ %s.</li>\n", escape.HTML(remark))
	}
	p.out.WriteString("</ul>\n</figure>\n")
	_, err := w.Write(p.out.Bytes())
	return err
}

// claims writes the table of hypotheses.
func (p *htmlPage) claims(h *Hypotheses) {
	fmt.Fprintf(&p.out, "<table %s>\n<thead>\n<tr>", p.looks.table)
	for _, head := range claimHeads {
		fmt.Fprintf(&p.out, `<th scope="col" %s>%s</th>`, p.headLooks(head), escape.HTML(head.text))
	}
	p.out.WriteString("</tr>\n</thead>\n<tbody>\n")
	for _, row := range h.grid() {
		p.out.WriteString("<tr>")
		for i, f := range row {
			tag, scope, looks := "td", "", p.looks.text
			if i == 0 {
				tag, scope = "th", ` scope="row"`
			}
			if f.number {
				looks = p.looks.number
			}
			text := escape.HTML(strings.TrimSpace(f.text))
			if f.bold {
				text = "<strong>" + text + "</strong>"
			}
			fmt.Fprintf(&p.out, "<%s%s %s>%s</%s>", tag, scope, looks, text, tag)
		}
		p.out.WriteString("</tr>\n")
	}
	p.out.WriteString("</tbody>\n</table>\n")
}
