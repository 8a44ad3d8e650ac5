package examples

import (
	"math"
	"slices"
	"strings"

	"harness/metrics"
)

// Verdict judges an answer as a whole.
type Verdict uint8

// The verdicts.
const (
	NoAnswer     Verdict = iota // the row has none to this sample
	AnsweredElse                // it has one to another question or reference of the same ID
	RightAnswer
	WrongAnswer
)

// String is the verdict as people read it.
func (v Verdict) String() string {
	switch v {
	case RightAnswer:
		return "right"
	case WrongAnswer:
		return "wrong"
	case AnsweredElse:
		return "other question or reference"
	}
	return "no answer"
}

// Measure is by what the answers to a task are judged.
type Measure string

// The measures.
const (
	ByFindings Measure = "findings" // of difference answers
	ByBoxes    Measure = "boxes"
	ByText     Measure = "text"
)

// boxTask is the task whose answers are boxes: a region's name is given.
const boxTask = "caref"

// Says explains when an answer is right.
func (m Measure) Says() string {
	switch m {
	case ByFindings:
		return "An answer is right where it states the findings and levels of the reference and no others; where the reference is no difference answer, where it is the same text."
	case ByBoxes:
		return "An answer is right where its box has an IoU of 0.5 or more with that of the reference, which is written in whole steps of the grid."
	}
	return "An answer is right where it is the text of a reference; upper and lower case, white space and a final stop do not matter."
}

// Score names the number that is shown beside an answer; "" where there is none.
func (m Measure) Score() string {
	switch m {
	case ByFindings:
		return "F1"
	case ByBoxes:
		return "IoU"
	}
	return ""
}

// assess judges an answer; score is its finding F1 or its IoU, NaN where there is none. want is what the first reference states, nil
// where it is no difference answer.
func (m Measure) assess(text string, refs []string, want *metrics.Answer) (Verdict, float64) {
	return m.assessRead(text, refs, want, metrics.ParseAnswer)
}

// assessRead is assess with a way to read difference answers, which may remember them.
func (m Measure) assessRead(text string, refs []string, want *metrics.Answer, read func(string) (metrics.Answer, error)) (Verdict, float64) {
	switch {
	case m == ByBoxes:
		got, ok := metrics.ParseBox(text)
		ref, known := metrics.ParseBox(refs[0])
		if !known {
			return verdictOf(sameText(text, refs)), math.NaN()
		}
		if !ok {
			return WrongAnswer, 0
		}
		iou := metrics.IoU(got, ref)
		return verdictOf(iou >= .5), iou
	case m == ByFindings && want != nil:
		got, _ := read(text) // what cannot be read states nothing
		return verdictOf(sameAnswer(got, *want)), findingF1(got, *want)
	}
	return verdictOf(sameText(text, refs)), math.NaN()
}

// findingF1 is that of metrics.CountFindings for an answer that was read already; NaN where the reference states no findings.
func findingF1(got, want metrics.Answer) float64 {
	if len(want.Added)+len(want.Missing) == 0 {
		return math.NaN()
	}
	var both metrics.Matches
	for _, pair := range [...][2][]string{{got.Added, want.Added}, {got.Missing, want.Missing}} {
		right := common(pair[0], pair[1])
		both.TP, both.FP, both.FN = both.TP+right, both.FP+distinct(pair[0])-right, both.FN+distinct(pair[1])-right
	}
	return both.F1()
}

func verdictOf(right bool) Verdict {
	if right {
		return RightAnswer
	}
	return WrongAnswer
}

// sameAnswer reports whether two answers state the same.
func sameAnswer(a, b metrics.Answer) bool {
	return a.Nothing == b.Nothing && sameSet(a.Added, b.Added) && sameSet(a.Missing, b.Missing) && sameSet(a.Levels, b.Levels)
}

func sameSet[T comparable](a, b []T) bool {
	n := common(a, b)
	return n == distinct(a) && n == distinct(b)
}

// common is how many different members two short lists share.
func common[T comparable](a, b []T) int {
	n := 0
	for i, x := range a {
		if slices.Contains(b, x) && !slices.Contains(a[:i], x) {
			n++
		}
	}
	return n
}

func distinct[T comparable](a []T) int { return common(a, a) }

// sameText reports whether a text is that of a reference.
func sameText(text string, refs []string) bool {
	text = plainText(text)
	return slices.ContainsFunc(refs, func(ref string) bool { return plainText(ref) == text })
}

func plainText(text string) string {
	return strings.TrimRight(strings.Join(strings.Fields(strings.ToLower(text)), " "), ". ")
}
