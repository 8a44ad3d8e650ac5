package reports

import (
	"fmt"
	"io"
	"strings"
)

// claimSheet is the table of hypotheses on its way to LaTeX.
type claimSheet struct {
	*sheet
	width float64 // of the float; 0 where no page is known
	prose bool    // numbers stand in a sentence: side by side they would be wider than the float
}

// latex writes hypotheses as floats of one column of the page, or over both with --wide: under the name and the claim of each its
// comparisons, each with its numbers. What is for the text of a paper stands in comments.
func (h *Hypotheses) latex(out io.Writer, s *sheet) {
	c := &claimSheet{sheet: s}
	if s.options.Style != NoStyle {
		c.width = s.page.spans(s.options.Wide)[0].width
		c.prose = c.tooWide(h)
	}
	parts := c.parts(h)
	for i, part := range parts {
		c.float(out, h, part, i, len(parts))
	}
	for i := range h.List {
		fmt.Fprintf(out, "%% For the text: %s\n", s.tex(h.List[i].Sentence))
	}
}

// claimNumbers are the heads of the numbers of a comparison.
func claimNumbers() []string {
	var heads []string
	for _, head := range claimHeads[2:] {
		heads = append(heads, head.text)
	}
	return heads
}

// claimGap is the room between two columns in points.
const claimGap = 6

// tooWide reports whether the numbers do not fit beside one another.
func (c *claimSheet) tooWide(h *Hypotheses) bool {
	m, total := c.meterOf(c.page.smallest()), 0.0
	for i, head := range claimNumbers() {
		widest := m.text(head, false)
		for k := range h.List {
			for _, l := range h.List[k].Lines {
				f := h.List[k].numbers(l)[i]
				widest = max(widest, m.text(f.text, f.bold))
			}
		}
		total += widest + claimGap
	}
	return total > c.width
}

// parts cuts the list into what one page holds.
func (c *claimSheet) parts(h *Hypotheses) [][]Hypothesis {
	if c.width == 0 || len(h.List) == 0 {
		return [][]Hypothesis{h.List}
	}
	room := int(0.6 * c.page.height / c.page.smallest().line) // the caption and the remarks take the rest
	var parts [][]Hypothesis
	used := 0
	for i, one := range h.List {
		lines := 2 + c.Lines(one.Name+": "+one.Claim, c.width)
		for _, l := range one.Lines {
			lines += 1 + c.Lines(c.compared(&one, l), c.width)
		}
		if i == 0 || used+lines > room {
			parts, used = append(parts, nil), 0
		}
		last := len(parts) - 1
		parts[last], used = append(parts[last], one), used+lines
	}
	return parts
}

// float writes part i of n.
func (c *claimSheet) float(out io.Writer, h *Hypotheses, part []Hypothesis, i, n int) {
	env, place := "table", "t"
	if c.options.Wide {
		env = "table*"
	}
	if n > 1 {
		place = "tp"
	}
	fmt.Fprintf(out, "\\begin{%s}[%s]\n", env, place)
	above := c.options.Style == NoStyle || c.page.above
	if c.options.Style != NoStyle {
		fmt.Fprintln(out, "\\sloppy")
	}
	caption := func() { c.Caption(out, i, "Hypotheses. "+strings.Join(h.caption(), " "), c.table.Name+"-hypotheses") }
	fmt.Fprintln(out, "\\centering")
	if above {
		caption()
	}
	size := "\\small"
	if c.width > 0 {
		size = c.page.smallest().command
	}
	fmt.Fprintf(out, "%s\\setlength{\\tabcolsep}{%dpt}\n\\begin{tabular*}{\\linewidth}{@{\\extracolsep{\\fill}}rrrrl@{}}\n\\toprule\n", size, claimGap/2)
	if !c.prose {
		heads := claimNumbers()
		for k := range heads {
			heads[k] = c.tex(heads[k])
		}
		fmt.Fprintf(out, "%s \\\\\n\\midrule\n", strings.Join(heads, " & "))
	}
	for k := range part {
		if k > 0 {
			fmt.Fprintln(out, "\\midrule")
		}
		c.hypothesis(out, &part[k])
	}
	fmt.Fprintln(out, "\\bottomrule\n\\end{tabular*}")
	if i == n-1 && len(h.Remarks) > 0 {
		fmt.Fprintln(out, "\\par\\smallskip{\\footnotesize\\raggedright")
		for _, remark := range h.Remarks {
			fmt.Fprintf(out, "%s.\\par\n", c.Prose(remark))
		}
		fmt.Fprintln(out, "}")
	}
	if !above {
		caption()
	}
	fmt.Fprintf(out, "\\end{%s}\n", env)
}

// compared is a comparison in words, with its numbers where they stand in a sentence.
func (c *claimSheet) compared(h *Hypothesis, l Comparison) string {
	text := h.Label + ": " + l.versus()
	switch {
	case l.Test == nil:
		return text + ": " + string(l.Outcome) + ": " + l.Reason
	case c.prose:
		numbers := h.numbers(l)
		text += fmt.Sprintf(": %s, n = %s, %s", numbers[0].text, numbers[1].text, pSentence(l.Test.Holm))
		if find := numbers[3].text; find != "" {
			text += ", could find " + find
		}
		return text + ": " + string(l.Outcome)
	}
	return text
}

// over is a line over all columns.
func over(out io.Writer, source string) {
	fmt.Fprintf(out, "\\multicolumn{5}{@{}p{\\linewidth}@{}}{\\raggedright %s} \\\\\n", source)
}

// hypothesis writes one hypothesis.
func (c *claimSheet) hypothesis(out io.Writer, h *Hypothesis) {
	over(out, fmt.Sprintf("\\textit{%s}: %s", c.Prose(h.Name), c.Prose(strings.TrimSuffix(h.Claim, ".")+".")))
	for _, l := range h.Lines {
		over(out, c.Prose(c.compared(h, l)))
		if l.Test == nil || c.prose {
			continue
		}
		var cells []string
		for _, f := range h.numbers(l) {
			cells = append(cells, c.claimCell(f))
		}
		fmt.Fprintf(out, "%s \\\\\n", strings.Join(cells, " & "))
	}
	switch each := fmt.Sprintf("each of %d", len(h.Lines)); {
	case len(h.Lines) == 1:
	case c.prose:
		text := each
		if p := pShown(h.Holm); p != "" {
			text += ": " + pSentence(h.Holm)
		}
		over(out, c.tex(text+": ")+c.claimCell(h.Outcome.field()))
	default:
		fmt.Fprintf(out, "%s & & %s & & %s \\\\\n", each, c.tex(pShown(h.Holm)), c.claimCell(h.Outcome.field()))
	}
}

func (c *claimSheet) claimCell(f field) string {
	if f.bold {
		return "\\textbf{" + c.tex(f.text) + "}"
	}
	return c.tex(f.text)
}
