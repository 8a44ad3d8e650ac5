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
	if text != "0" {
		text = strings.TrimPrefix(text, "0")
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
		text := strings.TrimPrefix(strconv.FormatFloat(math.Abs(v*c.Scale), 'f', digits, 64), "0")
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
	parts := make([]string, 0, len(h.Lines)+1)
	switch h.Outcome {
	case Supported:
		parts = append(parts, fmt.Sprintf("“%s” was supported", h.Name))
	case Refuted:
		parts = append(parts, fmt.Sprintf("“%s” was refuted", h.Name))
	case NotSettled:
		parts = append(parts, fmt.Sprintf("“%s” was not settled", h.Name))
	default:
		parts = append(parts, fmt.Sprintf("“%s” was not measured", h.Name))
	}
	for i, l := range h.Lines {
		parts = append(parts, h.lineSentence(l, family, i == 0))
	}
	return parts[0] + ": " + strings.Join(parts[1:], "; ") + "."
}

// lineSentence is what it says of one comparison.
func (h *Hypothesis) lineSentence(l Comparison, family int, first bool) string {
	of := fmt.Sprintf("%s against %s, %s", l.Row, l.Against, h.Label)
	if !first {
		of = fmt.Sprintf("%s against %s", l.Row, l.Against)
	}
	if l.Outcome == NotMeasured {
		return escape.Line(of + ": not measured: " + l.Reason)
	}
	numbers := fmt.Sprintf("%s, n = %s, %s", h.column.difference(l), l.Test.over(), pSentence(l.Test.Holm))
	how := fmt.Sprintf("(%s)", l.Test.Method.name())
	if first {
		how = fmt.Sprintf("(%s, Holm over %s)", l.Test.Method.name(), hypothesesText(family))
	}
	text := fmt.Sprintf("%s: %s %s", of, numbers, how)
	if remark := h.remark(l, family); remark != "" {
		text += ": " + remark
	}
	return escape.Line(text)
}

func hypothesesText(n int) string {
	if n == 1 {
		return "1 hypothesis"
	}
	return fmt.Sprintf("%d hypotheses", n)
}

// remark says what the outcome of a comparison means where the numbers do not.
func (h *Hypothesis) remark(l Comparison, family int) string {
	lower := h.Expect == sweeps.ExpectLower
	against := l.Delta < 0 != lower && l.Delta != 0
	switch {
	case l.Outcome == Refuted && against && l.Test.Holm*float64(len(h.Lines)) < Level:
		return "the difference is significant in the other direction"
	case l.Outcome == Refuted && l.Test.Holm < Level:
		return fmt.Sprintf("there is a difference, and the interval excludes one of %s, the smallest that would matter", h.column.amount(h.AtLeast))
	case l.Outcome == Refuted:
		return fmt.Sprintf("the interval excludes a difference of %s, the smallest that would matter", h.column.amount(h.AtLeast))
	case l.Outcome == NotSettled:
		return "the two cannot be told apart; " + h.power(l, family)
	}
	return ""
}

// power says which difference would have been found.
func (h *Hypothesis) power(l Comparison, family int) string {
	switch {
	case math.IsInf(l.Detectable, 1):
		return fmt.Sprintf("%s among %s cannot show any difference: it takes %d seeds", l.Test.over(), hypothesesText(family), metrics.SeedsFor(family))
	case math.IsNaN(l.Detectable):
		return "the seeds show no spread, so that nothing is known of what they could have found"
	}
	return fmt.Sprintf("%s could have found %s (power 80%%)", l.Test.over(), h.column.amount(l.Detectable))
}

// remarks say what was written, changed or taken out of a plan while results were there, with both times.
func remarks(plan *sweeps.Plan) []string {
	list := []string{}
	for _, h := range plan.Hypotheses {
		w := h.Written
		changed := slices.ContainsFunc(plan.Withdrawn, func(o sweeps.Withdrawn) bool { return o.Changed && o.Name == h.Name && o.Until.At.Equal(w.At) })
		switch {
		case w.At.IsZero():
			list = append(list, fmt.Sprintf("“%s” is not in the plan as it was swept: it was written, or changed, afterwards", h.Name))
		case w.Late() && !changed:
			list = append(list, fmt.Sprintf("“%s” was written %s, %s", h.Name, stamp(w.At), afterText(w)))
		}
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
		text += " by at least " + column.amount(h.AtLeast)
	}
	return escape.Line(text + ")")
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }
