package reports

import (
	"fmt"
	"io"
	"strings"
)

// latex writes hypotheses as floats of one column of the page, or over both with --wide: under the name and the claim of each, its
// comparisons, each with a line of numbers. What is for the text of a paper stands in comments.
func (h *Hypotheses) latex(out io.Writer, s *sheet) {
	parts := h.latexParts(s)
	for i, part := range parts {
		env := "table"
		if s.options.Wide {
			env = "table*"
		}
		place := "t"
		if len(parts) > 1 {
			place = "tp"
		}
		fmt.Fprintf(out, "\\begin{%s}[%s]\n\\centering\n", env, place)
		above := s.options.Style == NoStyle || s.page.above
		caption := func() {
			s.Caption(out, i, "Hypotheses. "+strings.Join(h.caption(), " "), s.table.Name+"-hypotheses")
		}
		if above {
			caption()
		}
		fmt.Fprintf(out, "%s\\setlength{\\tabcolsep}{3pt}\n", h.latexSize(s))
		fmt.Fprintln(out, "\\begin{tabular*}{\\linewidth}{@{\\extracolsep{\\fill}}rrrrl@{}}\n\\toprule")
		fmt.Fprintln(out, "difference [95\\%] & n & p & could find & verdict \\\\")
		for k := range part {
			fmt.Fprintln(out, "\\midrule")
			part[k].latexRows(out, s)
		}
		fmt.Fprintln(out, "\\bottomrule\n\\end{tabular*}")
		if i == len(parts)-1 {
			h.latexRemarks(out, s)
		}
		if !above {
			caption()
		}
		fmt.Fprintf(out, "\\end{%s}\n", env)
	}
	for i := range h.List {
		fmt.Fprintf(out, "%% For the text: %s\n", s.tex(h.List[i].Sentence))
	}
}

// latexSize is the command of the type: the smallest of the style.
func (h *Hypotheses) latexSize(s *sheet) string {
	if command := s.page.smallestCommand(); command != "" {
		return command
	}
	return "\\small"
}

// smallestCommand chooses the smallest type of a page; "" where none is known.
func (p page) smallestCommand() string {
	if len(p.sizes) == 0 {
		return ""
	}
	return p.smallest().command
}

// latexParts cuts the list into what one page holds.
func (h *Hypotheses) latexParts(s *sheet) [][]Hypothesis {
	if s.options.Style == NoStyle {
		return [][]Hypothesis{h.List}
	}
	width := s.page.spans(s.options.Wide)[0].width
	room := int(0.7 * s.page.height / s.page.smallest().line) // the caption and the remarks take the rest
	var parts [][]Hypothesis
	used := 0
	for i, one := range h.List {
		lines := 1 + s.Lines(one.latexClaim(), width)
		for _, l := range one.Lines {
			lines += 1 + s.Lines(one.compared(l), width)
		}
		if i == 0 || used+lines > room {
			parts, used = append(parts, nil), 0
		}
		last := len(parts) - 1
		parts[last], used = append(parts[last], one), used+lines
	}
	if parts == nil {
		parts = [][]Hypothesis{nil}
	}
	return parts
}

func (h *Hypothesis) latexClaim() string {
	return h.Name + ": " + strings.TrimSuffix(h.Claim, ".") + "."
}

// compared names the two sides of a comparison, with the metric.
func (h *Hypothesis) compared(l Comparison) string {
	return fmt.Sprintf("%s: %s / %s", h.Label, l.Row, l.Against)
}

// latexRows writes a hypothesis.
func (h *Hypothesis) latexRows(out io.Writer, s *sheet) {
	over := func(text string) {
		fmt.Fprintf(out, "\\multicolumn{5}{@{}p{\\linewidth}@{}}{\\raggedright %s} \\\\\n", text)
	}
	claim := strings.TrimSuffix(h.Claim, ".") + "."
	over(fmt.Sprintf("\\textit{%s}: %s", s.Prose(h.Name), s.Prose(claim)))
	for _, l := range h.Lines {
		if l.Test == nil {
			over(s.Prose(h.compared(l) + ": " + string(l.Outcome) + ": " + l.Reason))
			continue
		}
		over(s.Prose(h.compared(l)))
		var cells []string
		for _, f := range h.numbers(l) {
			text := s.tex(f.text)
			if f.bold {
				text = "\\textbf{" + text + "}"
			}
			cells = append(cells, text)
		}
		fmt.Fprintf(out, "%s \\\\\n", strings.Join(cells, " & "))
	}
	if len(h.Lines) != 1 {
		verdict := s.tex(string(h.Outcome))
		if h.Outcome.field().bold {
			verdict = "\\textbf{" + verdict + "}"
		}
		fmt.Fprintf(out, "each of %d & & %s & & %s \\\\\n", len(h.Lines), s.tex(pShown(h.Holm)), verdict)
	}
}

// latexRemarks writes what was written, changed or taken out while results were there.
func (h *Hypotheses) latexRemarks(out io.Writer, s *sheet) {
	if len(h.Remarks) == 0 {
		return
	}
	fmt.Fprintln(out, "\\par\\smallskip{\\footnotesize\\raggedright")
	for _, remark := range h.Remarks {
		fmt.Fprintf(out, "%s.\\par\n", s.Prose(remark))
	}
	fmt.Fprintln(out, "}")
}
