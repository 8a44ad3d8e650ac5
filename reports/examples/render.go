package examples

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"harness/internal/escape"
)

// Format names a way to print examples.
type Format string

// The formats.
const (
	TextFormat     Format = "text"
	MarkdownFormat Format = "markdown"
	LatexFormat    Format = "latex"
	HTMLFormat     Format = "html"
	PNGFormat      Format = "png"
	PDFFormat      Format = "pdf"
	JSONFormat     Format = "json" // docs/examples.md
)

// Formats lists the formats.
var Formats = []Format{TextFormat, MarkdownFormat, LatexFormat, HTMLFormat, PNGFormat, PDFFormat, JSONFormat}

// Illustrated reports whether a format shows images.
func (f Format) Illustrated() bool { return f != TextFormat && f != MarkdownFormat }

// caption says in sentences what is shown and how it was chosen; legend says what the marks of the format mean.
func (e *Examples) caption(legend string) []string {
	list := []string{e.sentence()}
	if e.Synthetic {
		list = append(list, "Synthetic data.")
	}
	list = append(list, fmt.Sprintf("Answers of the trials of seed %d.", e.TrialSeed), legend)
	if e.illustrated {
		list = append(list, e.boxesSentence())
	}
	return append(list, e.Notes...)
}

// Caption says in sentences what is shown, how it was chosen and what ✓ and ✗ mean.
func (e *Examples) Caption() []string {
	return e.caption("Findings of an answer: ✓, the reference states them, too; ✗, it does not; left out, of the reference, not in the answer.")
}

// boxesSentence says which boxes are drawn.
func (e *Examples) boxesSentence() string {
	if e.BoxesOf == "" {
		return "Boxes are those of the reference: no row predicted any."
	}
	return fmt.Sprintf("Boxes: solid lines the reference, dashed lines as %s predicted them, for at most %d regions an image whose phrases name a finding of the reference or of that row's answer.",
		e.BoxesOf, mostRegions)
}

// colourLegend says what colours and faces mean.
const colourLegend = "Findings of an answer: green and bold, the reference states them, too; red and italic, it does not; left out, of the reference, not in the answer."

// title is the heading.
func (e *Examples) title() string { return e.Name + ": test pairs with the answer of every row" }

// verdict is what follows the text of an answer.
func (a Answer) verdict() string {
	if a.F1 == nil {
		return ""
	}
	return fmt.Sprintf("F1=%.2f", *a.F1)
}

// marked writes an answer with signs around its findings: what follows in brackets is left out.
func (a Answer) marked(clean func(string) string, right, wrong, left string) string {
	if a.Absent != "" {
		return clean("no result: " + a.Absent)
	}
	var b strings.Builder
	for _, p := range a.Pieces {
		switch text := clean(p.Text); p.Mark {
		case Right:
			fmt.Fprintf(&b, right, text)
		case Wrong:
			fmt.Fprintf(&b, wrong, text)
		default:
			b.WriteString(text)
		}
	}
	parts := []string{b.String()}
	if len(a.Pieces) == 0 {
		parts[0] = "(blank)"
	}
	if len(a.Left) > 0 {
		parts = append(parts, fmt.Sprintf(left, clean(strings.Join(a.Left, ", "))))
	}
	if v := a.verdict(); v != "" {
		parts = append(parts, "("+v+")")
	}
	return strings.Join(parts, " ")
}

// Text writes the pairs for a terminal.
func (e *Examples) Text(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintln(&out, escape.Line(e.title()))
	for _, sentence := range e.caption("Findings: [✓ right], [✗ wrong]; left out: of the reference, not in the answer.") {
		fmt.Fprintln(&out, escape.Line(sentence))
	}
	for i, p := range e.Pairs {
		fmt.Fprintf(&out, "\npair %d (%s)\n  question: %s\n  reference: %s\n", i+1, escape.Line(p.ID), escape.Line(p.Question), escape.Line(p.Reference))
		for _, a := range p.Answers {
			fmt.Fprintf(&out, "  %s: %s\n", escape.Line(a.Row), a.marked(escape.Line, "[✓ %s]", "[✗ %s]", "[left out: %s]"))
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// Markdown writes the pairs in GitHub's form.
func (e *Examples) Markdown(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "**%s** — %s\n", escape.Markdown(e.title()),
		escape.Markdown(strings.Join(e.caption("Findings: ✓ right, ✗ wrong; left out: of the reference, not in the answer."), " ")))
	for i, p := range e.Pairs {
		fmt.Fprintf(&out, "\n**Pair %d** (%s) %s\n\n- reference: %s\n", i+1, escape.Markdown(p.ID), escape.Markdown(p.Question), escape.Markdown(p.Reference))
		for _, a := range p.Answers {
			fmt.Fprintf(&out, "- %s: %s\n", escape.Markdown(a.Row), a.marked(escape.Markdown, "✓ **%s**", "✗ *%s*", "— left out: *%s*"))
		}
	}
	_, err := w.Write(out.Bytes())
	return err
}

// JSON writes all that is known of the pairs, indented.
func (e *Examples) JSON(w io.Writer) error {
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	out.SetEscapeHTML(false)
	return out.Encode(struct {
		*Examples
		Caption []string `json:"caption"`
	}{e, e.caption("Findings of an answer: right, the reference states them, too; wrong, it does not; left_out, of the reference, not in the answer.")})
}
