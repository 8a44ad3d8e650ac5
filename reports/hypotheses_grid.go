package reports

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter/tw"

	"harness/internal/escape"
	"harness/metrics"
)

// claimHeads are the columns in which formats print hypotheses.
var claimHeads = []field{{text: "hypothesis"}, {text: "comparison"}, {text: "difference [95%]", number: true}, {text: "n", number: true},
	{text: "p", number: true}, {text: "could find", number: true}, {text: "verdict"}}

// grid is a line for each comparison. A hypothesis of several has a line above them with its own p and verdict.
func (h *Hypotheses) grid() (rows [][]field) {
	for i := range h.List {
		one := &h.List[i]
		name := field{text: escape.Line(one.Name)}
		if len(one.Lines) != 1 {
			rows = append(rows, []field{name, {text: fmt.Sprintf("%s: each of %d", one.Label, len(one.Lines))}, numeral("", -1), numeral("", -1),
				numeral(pShown(one.Holm), -1), numeral("", -1), one.Outcome.field()})
			name.text = ""
		}
		for _, l := range one.Lines {
			compared := fmt.Sprintf("%s: %s / %s", one.Label, l.Row, l.Against)
			if len(one.Lines) != 1 {
				compared = fmt.Sprintf("  %s / %s", l.Row, l.Against)
			}
			rows = append(rows, append([]field{name, {text: escape.Line(compared)}}, one.numbers(l)...))
		}
	}
	return rows
}

// numbers are what stands behind the names of a comparison.
func (h *Hypothesis) numbers(l Comparison) []field {
	number := func(text string) field { return field{text: text, number: true, column: -1} }
	if l.Test == nil {
		return []field{number(""), number(""), number(""), number(""), l.Outcome.field()}
	}
	seeds, find := strconv.Itoa(l.N), ""
	switch {
	case math.IsInf(l.Detectable, 1):
		find = "none"
	case !math.IsNaN(l.Detectable):
		find = h.column.amount(l.Detectable)
	}
	if l.Test.Items > 0 {
		seeds = fmt.Sprintf("%d × %d", l.N, l.Test.Items)
	}
	return []field{number(h.column.difference(l)), number(seeds), number(pShown(l.Test.Holm)), number(find), l.Outcome.field()}
}

// pShown is a p of the grid.
func pShown(p float64) string {
	if math.IsNaN(p) {
		return ""
	}
	return pNumber(p)
}

// field shows the outcomes that settle something in bold.
func (o Outcome) field() field { return field{text: string(o), bold: o == Supported || o == Refuted} }

// caption says what the grid shows.
func (h *Hypotheses) caption() []string {
	list := []string{fmt.Sprintf("Differences are the row's mean less that of what stands behind the stroke, over the same seeds; p is two-sided, Holm over %s.",
		hypothesesText(h.Size)),
		fmt.Sprintf("Could find: the smallest difference that the test finds with a chance of %.0f%%, given the spread that was seen, at the level of the first of Holm's steps.", 100*metrics.Power)}
	var smallest []string
	for i := range h.List {
		if s := h.List[i].Smallest; s >= 1e-3 && !slices.Contains(smallest, pNumber(s)) {
			smallest = append(smallest, pNumber(s))
		}
	}
	if len(smallest) > 0 {
		list = append(list, "The smallest adjusted p that could be reached: "+strings.Join(smallest, ", ")+".")
	}
	if stored := h.stored(); !stored.IsZero() {
		list = append(list, fmt.Sprintf("All were stored by %s, before any trial had ended.", stamp(stored)))
	}
	return list
}

// stored is when the last of the hypotheses was stored; zero where any trial had ended before, or one is not stored.
func (h *Hypotheses) stored() (last time.Time) {
	for _, one := range h.List {
		switch {
		case one.Written == nil || one.Written.Late() || len(h.Remarks) > 0:
			return time.Time{}
		case one.Written.At.After(last):
			last = one.Written.At
		}
	}
	return last
}

// rules are the lines that say of a hypothesis what it claims and by which rule it is judged.
func (h *Hypothesis) rules() []string {
	rule := "Rule: " + h.Rule + "."
	if h.RefutedIf != "" {
		rule += " The author would call it refuted if: " + strings.TrimSuffix(h.RefutedIf, ".") + "."
	}
	return []string{strings.TrimSuffix(h.Claim, ".") + ".", rule, h.Sentence}
}

// text writes hypotheses for a terminal.
func (h *Hypotheses) text(out io.Writer) error {
	fmt.Fprintf(out, "\nHypotheses\n")
	for _, sentence := range h.caption() {
		fmt.Fprintln(out, escape.Line(sentence))
	}
	if len(h.List) > 0 {
		if err := h.textGrid(out); err != nil {
			return err
		}
	}
	for i := range h.List {
		for k, line := range h.List[i].rules() {
			if k == 0 {
				line = h.List[i].Name + ": " + line
			} else {
				line = "  " + line
			}
			fmt.Fprintln(out, escape.Line(line))
		}
	}
	for _, remark := range h.Remarks {
		fmt.Fprintf(out, "! %s.\n", escape.Line(remark))
	}
	return nil
}

func (h *Hypotheses) textGrid(out io.Writer) error {
	rows := h.grid()
	header, align := make([]string, len(claimHeads)), make([]tw.Align, len(claimHeads))
	for i, head := range claimHeads {
		header[i], align[i] = head.text, tw.AlignLeft
	}
	lines := make([][]string, len(rows))
	for r, row := range rows {
		for _, f := range row {
			lines[r] = append(lines[r], f.text)
		}
	}
	table := plainTable(out, align)
	table.Header(header)
	for _, line := range lines {
		if err := table.Append(line); err != nil {
			return err
		}
	}
	return table.Render()
}

// markdown writes hypotheses in GitHub's form.
func (h *Hypotheses) markdown(out *bytes.Buffer) {
	fmt.Fprintf(out, "\n**Hypotheses** — %s\n\n", escape.Markdown(strings.Join(h.caption(), " ")))
	line := func(cells []string) { fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | ")) }
	if len(h.List) > 0 {
		header, align := make([]string, len(claimHeads)), make([]string, len(claimHeads))
		for i, head := range claimHeads {
			header[i], align[i] = head.text, ":---"
			if head.number {
				align[i] = "---:"
			}
		}
		line(header)
		line(align)
		for _, row := range h.grid() {
			cells := make([]string, len(row))
			for i, f := range row {
				f.text = strings.TrimSpace(f.text)
				cells[i] = markdownField(f)
			}
			line(cells)
		}
		fmt.Fprintln(out)
	}
	for i := range h.List {
		fmt.Fprintf(out, "- **%s**: %s\n", escape.Markdown(h.List[i].Name), escape.Markdown(strings.Join(h.List[i].rules(), " ")))
	}
	for _, remark := range h.Remarks {
		fmt.Fprintf(out, "- ⚠ %s.\n", escape.Markdown(remark))
	}
}
