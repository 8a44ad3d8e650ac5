package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"harness/internal/escape"
	"harness/metrics"
	"harness/sweeps"
)

// amount is a size as it stands in a sentence, in the units of the column: .02, 1.5.
func (c Column) amount(v float64) string {
	text := strconv.FormatFloat(math.Abs(v*c.Scale), 'f', c.digitsOf(v), 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return withoutZero(text)
}

// given is a size that the file gives, in the units of the column and with all digits that it has there.
func (c Column) given(v float64) string {
	scaled, _ := strconv.ParseFloat(strconv.FormatFloat(v*c.Scale, 'g', 12, 64), 64) // .07 × 100 is 7
	return withoutZero(strconv.FormatFloat(math.Abs(scaled), 'f', -1, 64))
}

// withoutZero is a number without the 0 before its point.
func withoutZero(text string) string {
	if strings.HasPrefix(text, "0.") {
		return text[1:]
	}
	return text
}

// digitsOf are those of the column, and more where they would make a size zero.
func (c Column) digitsOf(v float64) int {
	if v = math.Abs(v * c.Scale); v > 0 && v < 0.5*math.Pow10(-c.Digits) && !math.IsInf(v, 0) {
		return min(maxDigits, 1-int(math.Floor(math.Log10(v))))
	}
	return c.Digits
}

// difference is that of a comparison with its interval, +.091 [.074, .108], in as many digits as the width of the interval needs.
func (c Column) difference(l Comparison) string {
	digits := c.digitsOf(l.High - l.Low)
	if !spreads(l.High-l.Low, l.Delta) {
		digits = c.digitsOf(l.Delta)
	}
	number := func(v float64) string {
		text := withoutZero(strconv.FormatFloat(math.Abs(v*c.Scale), 'f', digits, 64))
		if v < 0 {
			return "−" + text
		}
		return text
	}
	sign := ""
	if l.Delta > 0 {
		sign = "+"
	}
	return fmt.Sprintf("%s%s [%s, %s]", sign, number(l.Delta), number(l.Low), number(l.High))
}

// spreads reports whether a width is more than the rounding of numbers of a size.
func spreads(width, size float64) bool { return width > 1e-9*math.Abs(size) }

// pSentence is a probability in a sentence: p = .008, p < .001.
func pSentence(p float64) string {
	if p < 0.001 {
		return "p < .001"
	}
	return "p = " + pNumber(p)
}

func pNumber(p float64) string {
	if p < 0.001 {
		return "<.001"
	}
	return strings.TrimPrefix(strings.TrimRight(strings.TrimRight(strconv.FormatFloat(p, 'f', 3, 64), "0"), "."), "0")
}

// over says over what a test was made: 8 seeds, 8 seeds × 300 samples.
func (t *Test) over() string {
	switch t.Method {
	case Hierarchical:
		return fmt.Sprintf("%d seeds × %d test samples", t.N, t.Items)
	case Bootstrap:
		return fmt.Sprintf("%d test samples of one seed", t.Items)
	}
	return count(t.N, "seed")
}

// name is the test in a sentence.
func (m Method) name() string {
	switch m {
	case Hierarchical:
		return "seeds × samples"
	case Bootstrap:
		return "paired bootstrap over samples"
	}
	return "sign-flip"
}

// sentence is what a careful author would write of a hypothesis in a family of so many.
func (h *Hypothesis) sentence(family int) string {
	text := map[Outcome]string{Supported: "was supported", Refuted: "was refuted", NotSettled: "was not settled", NotMeasured: "was not measured"}[h.Outcome]
	text = fmt.Sprintf("“%s” %s: ", h.Name, text)
	other := func(l Comparison) bool { return l.Test != nil || l.Reason != h.Lines[0].Reason }
	if len(h.Lines) > 1 && !slices.ContainsFunc(h.Lines, other) {
		return escape.Line(fmt.Sprintf("%seach of %d comparisons in %s: %s.", text, len(h.Lines), h.Label, h.Lines[0].Reason))
	}
	parts := make([]string, len(h.Lines))
	for i, l := range h.Lines {
		parts[i] = h.lineSentence(l, family, i)
	}
	return escape.Line(text) + strings.Join(parts, "; ") + "."
}

// lineSentence is what it says of one comparison.
func (h *Hypothesis) lineSentence(l Comparison, family, i int) string {
	first := i == 0
	row, against, both := l.sides()
	of := row + " against " + against
	if first {
		of += ", " + h.Label
	}
	if both != "" {
		of += " (" + both + ")"
	}
	if l.Outcome == NotMeasured {
		return escape.Line(of + ": " + l.Reason)
	}
	how := l.Test.Method.name()
	if first {
		how += ", Holm over " + hypothesesText(family)
	}
	if l.Test.Method == Bootstrap {
		how += "; it says nothing about another training run"
	}
	if l.instead != "" && (first || l.instead != h.Lines[i-1].instead) {
		how += "; not over test samples: " + l.instead
	}
	text := fmt.Sprintf("%s: %s, n = %s, %s (%s)", of, h.column.difference(l), l.Test.over(), pSentence(l.Test.Holm), how)
	if remark := h.remark(l, family); remark != "" {
		text += ": " + remark
	}
	return escape.Line(text)
}

// sides are the names of the two rows, less the parts that both have.
func (l Comparison) sides() (row, against, both string) {
	mine, others := strings.Split(l.Row, ", "), strings.Split(l.Against, ", ")
	var common []string
	for _, part := range mine {
		if slices.Contains(others, part) {
			common = append(common, part)
		}
	}
	rest := func(parts []string) string {
		return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(part string) bool { return slices.Contains(common, part) }), ", ")
	}
	row, against = rest(mine), rest(others)
	if row == "" || against == "" {
		return l.Row, l.Against, ""
	}
	return row, against, strings.Join(common, ", ")
}

// versus is the comparison in short: all tasks / CAP only (resolution=448).
func (l Comparison) versus() string {
	row, against, both := l.sides()
	if both != "" {
		both = " (" + both + ")"
	}
	return row + " / " + against + both
}

func hypothesesText(n int) string {
	if n == 1 {
		return "1 hypothesis"
	}
	return fmt.Sprintf("%d hypotheses", n)
}

// remark says what the outcome of a comparison means where the numbers do not.
func (h *Hypothesis) remark(l Comparison, family int) string {
	against := l.Delta < 0 != (h.Expect == sweeps.ExpectLower) && l.Delta != 0
	significant := l.Test.Holm < Level
	each := l.Test.Holm*float64(len(h.Lines)) < Level // so that one of several comparisons may refute the claim
	switch {
	case l.Outcome == Refuted && against && each:
		return "the difference is significant in the other direction"
	case l.Outcome == Refuted && significant && !against:
		return fmt.Sprintf("there is a difference, and the interval excludes one of %s, the smallest that would matter", h.column.given(h.AtLeast))
	case l.Outcome == Refuted:
		return fmt.Sprintf("the interval excludes a difference of %s, the smallest that would matter", h.column.given(h.AtLeast))
	case l.Outcome == NotSettled && significant:
		return fmt.Sprintf("the difference is in the other direction, but p times %d, for any of so many comparisons may refute the claim, is not below .05", len(h.Lines))
	case l.Outcome == NotSettled && l.smallest >= Level:
		return h.power(l, family)
	case l.Outcome == NotSettled && l.Test.P < Level:
		return "after Holm the test does not tell the two apart; " + h.power(l, family)
	case l.Outcome == NotSettled:
		return "the test does not tell the two apart; " + h.power(l, family)
	}
	return ""
}

// power says which difference would have been found.
func (h *Hypothesis) power(l Comparison, family int) string {
	among := hypothesesText(family)
	if over := family - h.overSeeds; over > 0 {
		among += fmt.Sprintf(" (%d of them over test samples)", over)
	}
	switch {
	case l.smallest >= Level:
		return fmt.Sprintf("%s among %s cannot show any difference: it takes %d seeds", l.Test.over(), among, metrics.SeedsFor(h.overSeeds))
	case math.IsInf(l.Detectable, 1):
		return fmt.Sprintf("%s among %s can show a difference only where others have a smaller p", l.Test.over(), among)
	case math.IsNaN(l.Detectable) && l.Test.Method != SignFlip:
		return "resampling shows no spread, so that nothing is known of what could have been found"
	case math.IsNaN(l.Detectable):
		return "the seeds show no spread, so that nothing is known of what they could have found"
	}
	return fmt.Sprintf("%s could have found %s (power 80%%)", l.Test.over(), h.column.amount(l.Detectable))
}

// remarks say what was written, changed or taken out of a plan while results were there, with both times.
func remarks(plan *sweeps.Plan) []string {
	list := []string{}
	names := map[string][]string{} // by what is said of them
	say := func(name, what string) {
		if names[what] == nil {
			list = append(list, what)
		}
		names[what] = append(names[what], "“"+name+"”")
	}
	for _, h := range plan.Hypotheses {
		w := h.Written
		changed := slices.ContainsFunc(plan.Withdrawn, func(o sweeps.Withdrawn) bool { return o.Changed && o.Name == h.Name && o.Until.At.Equal(w.At) })
		switch {
		case w.At.IsZero():
			say(h.Name, "not in the plan as it was swept, but written or changed afterwards")
		case w.Late() && !changed:
			say(h.Name, fmt.Sprintf("written %s, %s", stamp(w.At), afterText(w)))
		}
	}
	for i, what := range list {
		verb := "was"
		if len(names[what]) > 1 {
			verb = "were"
		}
		list[i] = fmt.Sprintf("%s %s %s", strings.Join(names[what], ", "), verb, what)
	}
	for _, o := range plan.Withdrawn {
		verb := "taken out"
		if o.Changed {
			verb = "changed"
		}
		list = append(list, fmt.Sprintf("“%s” was %s %s, %s; before: %s", o.Name, verb, stamp(o.Until.At), afterText(o.Until), said(plan, o.Hypothesis)))
	}
	return list
}

// afterText says how many trials had ended when a hypothesis was written, and when the first did.
func afterText(w sweeps.Written) string {
	var parts []string
	if w.Ended > 0 {
		parts = append(parts, count(w.Ended, "trial")+" had ended")
	}
	if w.Former > 0 {
		parts = append(parts, count(w.Former, "trial")+" of earlier settings of this sweep had ended")
	}
	text := "after " + strings.Join(parts, " and ")
	if !w.First.IsZero() {
		text += ", the first " + stamp(w.First)
	}
	return text
}

// said is a hypothesis in a line.
func said(plan *sweeps.Plan, h sweeps.Hypothesis) string {
	column := columnOf(plan.Metric(h.Metric))
	text := fmt.Sprintf("%s (%s: %s against %s, %s", strings.TrimSuffix(h.Claim, "."), h.Metric, refsText(h.Row), refsText(h.Against), h.Expect)
	if h.AtLeast > 0 {
		text += " by at least " + column.given(h.AtLeast)
	}
	if h.Seeds != nil && !slices.Equal(h.Seeds, plan.Seeds) {
		text += ", over " + count(len(h.Seeds), "seed")
	}
	return escape.Line(text + ")")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
