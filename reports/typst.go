package reports

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"harness/internal/escape"
)

// Typst writes a figure for #include, with the label tab:NAME. All texts are strings, in which no character has a meaning: nothing of a
// label is read as markup. The table may go on over pages.
func (t *Table) Typst(w io.Writer) error {
	var out bytes.Buffer
	heads, rows := t.grid()
	var align []string
	for _, h := range heads {
		if h.number {
			align = append(align, "center")
		} else {
			align = append(align, "left")
		}
	}
	fmt.Fprintf(&out, "#[\n#show figure: set block(breakable: true)\n#figure(\n  kind: table,\n  caption: %s,\n  {\n", typstString(strings.Join(t.Caption, " ")))
	fmt.Fprintf(&out, "    table(\n      columns: %d,\n      align: (%s,),\n      stroke: none,\n      table.hline(),\n      table.header(",
		len(heads), strings.Join(align, ", "))
	for _, h := range heads {
		fmt.Fprintf(&out, "%s, ", typstField(h))
	}
	fmt.Fprintln(&out, "),\n      table.hline(stroke: 0.5pt),")
	for r, row := range rows {
		if t.ruleBefore(r) {
			fmt.Fprintf(&out, "      table.hline(stroke: 0.5pt),\n      table.cell(colspan: %d, align: left, emph(%s)),\n", len(heads),
				typstString(t.title(r)))
		}
		cells := make([]string, len(row))
		for i, f := range row {
			cells[i] = typstField(f)
		}
		if leads := len(t.Heads); t.namedOver(r) {
			name := fmt.Sprintf("table.cell(colspan: %d, %s)", leads, cells[0])
			cells = append([]string{name}, cells[leads:]...)
		}
		fmt.Fprintf(&out, "      %s,\n", strings.Join(cells, ", "))
	}
	fmt.Fprintln(&out, "      table.hline(),\n    )")
	if len(t.Notes) > 0 {
		fmt.Fprintln(&out, "    set align(left)\n    set text(size: 0.85em)")
	}
	for i, note := range t.Notes {
		fmt.Fprintf(&out, "    par(super(%s) + %s)\n", typstString(letter(i)), typstString(" "+note))
	}
	fmt.Fprintf(&out, "  },\n) <tab:%s>\n", LabelName(t.Name))
	fmt.Fprintln(&out, "]")
	if t.Hypotheses != nil {
		t.Hypotheses.typst(&out, t.Name)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// typstField is a field as an expression.
func typstField(f field) string {
	source := typstString(f.signed())
	if f.bold {
		source = "strong(" + source + ")"
	}
	if len(f.marks) > 0 {
		source += " + super(" + typstString(letters(f.marks)) + ")"
	}
	return source
}

var typstEscapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// typstString is a text as a string; control characters are shown.
func typstString(text string) string { return `"` + typstEscapes.Replace(escape.Line(text)) + `"` }
