package reports

import (
	"fmt"
	"io"
	"strings"
)

// answersWidth is the part of a line that questions and answers take where no page is known.
const answersWidth = `0.75\linewidth`

// cases writes the selected test cases: for each the question, the truth and the answers. With a style, a float holds as many as fit.
func (s *sheet) cases(out io.Writer, l layout) {
	if len(s.table.Cases) == 0 {
		return
	}
	if s.options.Style == NoStyle {
		s.caseFloat(out, casesLayout{env: "table"}, s.table.Cases, 0)
		return
	}
	widest := s.page.spans(true)[0]
	c := casesLayout{env: widest.env, meter: meter{s.options.Engine, s.page.sizes[len(s.page.sizes)-1].points}, size: s.page.sizes[len(s.page.sizes)-1]}
	for _, one := range s.table.Cases {
		for _, a := range one.Answers {
			c.left = max(c.left, c.meter.text(a.Row, false))
		}
	}
	c.left = min(max(c.left, c.meter.text("Case 100", false)), 0.25*widest.width)
	c.right = widest.width*safety - c.left - 2*defaultSep
	first, height := 0, 0.0
	for i, one := range s.table.Cases {
		h := c.height(one)
		if i > first && height+h > s.page.height-60 {
			s.caseFloat(out, c, s.table.Cases[first:i], first)
			first, height = i, 0
		}
		height += h
	}
	s.caseFloat(out, c, s.table.Cases[first:], first)
}

// casesLayout says how wide the labels and the texts of cases are; 0 where no page is known.
type casesLayout struct {
	env         string
	meter       meter
	size        size
	left, right float64
}

// height is that of one case.
func (c casesLayout) height(one Case) float64 {
	lines := c.meter.lines(one.Question, c.right, 0) + c.meter.lines(one.Truth, c.right, 0)
	for _, a := range one.Answers {
		lines += max(c.meter.lines(a.Row, c.left, c.meter.points), c.meter.lines(a.Text+" √", c.right, 0))
	}
	return float64(lines)*c.size.line + rulesHeight/2
}

// caseFloat writes some of the cases; before says how many stand in the floats above.
func (s *sheet) caseFloat(out io.Writer, c casesLayout, cases []Case, before int) {
	caption := s.prose(s.table.Name) + `: selected test cases. $\surd$ marks answers that say the same as the truth.`
	if before > 0 {
		caption = s.prose(s.table.Name) + ": selected test cases (continued)."
	}
	caption = "\\caption{" + caption + "}\n"
	fmt.Fprintf(out, "\\begin{%s}[t]\n", c.env)
	above := c.left == 0 || s.page.above
	if c.left > 0 {
		fmt.Fprint(out, "\\sloppy")
	}
	fmt.Fprint(out, "\\centering\n")
	if above {
		fmt.Fprint(out, caption)
	}
	if c.left > 0 {
		fmt.Fprintf(out, "%s\n\\begin{tabular}{@{}ll@{}}\n\\toprule\n", c.size.command)
	} else {
		fmt.Fprintf(out, "\\begin{tabular}{lp{%s}}\n\\toprule\n", answersWidth)
	}
	for i, one := range cases {
		if i > 0 {
			fmt.Fprintln(out, "\\midrule")
		}
		s.caseLine(out, c, fmt.Sprintf("Case %d", before+i+1), one.Question, "")
		s.caseLine(out, c, "Truth", one.Truth, "")
		for _, a := range one.Answers {
			s.caseLine(out, c, a.Row, a.Text, map[bool]string{true: " $\\surd$"}[a.Right])
		}
	}
	fmt.Fprintln(out, "\\bottomrule\n\\end{tabular}")
	if !above {
		fmt.Fprint(out, caption)
	}
	fmt.Fprintf(out, "\\end{%s}\n", c.env)
}

// caseLine writes a label with its text; mark is source.
func (s *sheet) caseLine(out io.Writer, c casesLayout, label, text, mark string) {
	left, right := s.tex(label), s.prose(text)+mark
	if c.left > 0 {
		left = fmt.Sprintf(`\parbox[t]{%.1fpt}{\raggedright\hangindent=1em %s\strut}`, c.left, s.prose(label))
		right = fmt.Sprintf(`\parbox[t]{%.1fpt}{\raggedright %s\strut}`, c.right, strings.TrimSpace(right))
	}
	fmt.Fprintf(out, "%s & %s \\\\\n", left, right)
}
