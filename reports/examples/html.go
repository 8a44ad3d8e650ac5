package examples

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"harness/internal/escape"
)

// htmlStyle is the look of a page; its colours keep their contrast on dark pages.
const htmlStyle = `:root { color-scheme: light dark; --right: #116329; --wrong: #a40e26; --rule: #8886; --quiet: #59636e; }
@media (prefers-color-scheme: dark) { :root { --right: #57d364; --wrong: #ff8f85; --quiet: #9aa4af; } }
body { font: 16px/1.45 system-ui, sans-serif; max-width: 62rem; margin: 1.5rem auto; padding: 0 1rem; }
h1 { font-size: 1.3rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; border-top: 1px solid var(--rule); padding-top: 1rem; }
figure { margin: .5rem 0; }
img { max-width: 100%; height: auto; background: #fff; border-radius: 4px; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; border-top: 1px solid var(--rule); }
th { font-weight: 600; width: 11rem; }
.right { color: var(--right); font-weight: 600; }
.wrong { color: var(--wrong); font-style: italic; }
.left { color: var(--wrong); font-style: italic; text-decoration: underline dotted; }
.quiet { color: var(--quiet); font-size: .9em; }
.score { white-space: nowrap; }
`

// HTML writes one page that needs no other file: the pictures are inside, there is no script, and every text is escaped.
func (e *Examples) HTML(w io.Writer) error {
	var out bytes.Buffer
	title := escape.HTML(e.title())
	fmt.Fprintf(&out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n"+
		"<title>%s</title>\n<style>\n%s</style>\n</head>\n<body>\n<h1>%s</h1>\n", title, htmlStyle, title)
	fmt.Fprintf(&out, "<p>%s</p>\n", escape.HTML(strings.Join(e.caption(colourLegend), " ")))
	for i := range e.Pairs {
		if err := e.htmlPair(&out, i); err != nil {
			return err
		}
	}
	out.WriteString("</body>\n</html>\n")
	_, err := w.Write(out.Bytes())
	return err
}

func (e *Examples) htmlPair(out *bytes.Buffer, i int) error {
	p := e.Pairs[i]
	fmt.Fprintf(out, "<section>\n<h2>Pair %d <span class=\"quiet\">%s</span></h2>\n", i+1, escape.HTML(p.ID))
	if len(p.Images) > 0 {
		var picture bytes.Buffer
		if err := e.Images(&picture, i, 6.5*72, PNGFormat); err != nil {
			return err
		}
		fmt.Fprintf(out, "<figure><img alt=\"%s\" width=\"720\" src=\"data:image/png;base64,%s\"></figure>\n", escape.HTML(p.described()),
			base64.StdEncoding.EncodeToString(picture.Bytes()))
	}
	out.WriteString("<table>\n")
	line := func(head, text string) {
		fmt.Fprintf(out, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", head, text)
	}
	line("Question", escape.HTML(p.Question))
	line("Reference", escape.HTML(p.Reference))
	for _, a := range p.Answers {
		line(escape.HTML(a.Row), a.html())
	}
	out.WriteString("</table>\n</section>\n")
	return nil
}

func (a Answer) html() string {
	if a.Absent != "" {
		return `<span class="quiet">no result: ` + escape.HTML(a.Absent) + "</span>"
	}
	var b strings.Builder
	for _, p := range a.Pieces {
		if p.Mark == Plain {
			b.WriteString(escape.HTML(p.Text))
			continue
		}
		fmt.Fprintf(&b, `<span class="%s" title="%s">%s</span>`, p.Mark, p.Mark, escape.HTML(p.Text))
	}
	if len(a.Pieces) == 0 {
		b.WriteString(`<span class="quiet">(blank)</span>`)
	}
	if len(a.Left) > 0 {
		fmt.Fprintf(&b, ` <span class="left">left out: %s</span>`, escape.HTML(strings.Join(a.Left, ", ")))
	}
	if v := a.verdict(); v != "" {
		fmt.Fprintf(&b, ` <span class="quiet score">%s</span>`, v)
	}
	return b.String()
}

// Body is Markup without the score, which stands elsewhere.
func (a Answer) Body() string {
	a.F1 = nil
	return a.html()
}

// described says in words what the picture of a pair shows.
func (p Pair) described() string {
	var parts []string
	for _, image := range p.Images {
		parts = append(parts, image.described())
	}
	return strings.Join(parts, "; ")
}

// described says in words what an image shows.
func (i Image) described() string {
	var names []string
	for _, r := range i.Regions {
		name := r.Name
		if r.IoU != nil {
			name += fmt.Sprintf(" (IoU %.2f)", *r.IoU)
		}
		names = append(names, name)
	}
	text := "the " + i.Role + " image"
	if len(names) > 0 {
		text += " with boxes of " + strings.Join(names, ", ")
	}
	return text
}
