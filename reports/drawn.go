package reports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"harness/sweeps"
)

// This file is what pictures show of a table, whoever draws them: package plots for print, package page for a browser. Numbers are
// those of the table times the Scale of their column.

// Largest bounds what is drawn: the difference of two numbers must be one, too.
const Largest = math.MaxFloat64 / 8

// CanDraw reports whether a number can be drawn.
func CanDraw(v float64) bool { return math.Abs(v) < Largest }

// CanDraw reports whether a cell can be drawn: its mean is a number, over seeds of which none has diverged or was stopped early.
func (c Cell) CanDraw(scale float64) bool {
	return !c.Blank() && c.Diverged == 0 && c.Stopped == 0 && CanDraw(c.Mean*scale)
}

// LeftOut counts the results of some columns that pictures leave out, since they have seeds that diverged or were stopped early.
func (t *Table) LeftOut(columns ...int) (diverged, stopped int) {
	for _, row := range t.Rows {
		for _, c := range columns {
			switch cell := row.Cells[c]; {
			case row.Kind == Published:
			case cell.Diverged > 0:
				diverged++
			case cell.Stopped > 0:
				stopped++
			}
		}
	}
	return diverged, stopped
}

// WhyNoDifference is why a row with numbers has no difference from its baseline.
const WhyNoDifference = "other data or scoring than the baseline, no seed in common with it, or one that diverged or was stopped early"

// Difference is how a row differs from its baseline in a column.
type Difference struct {
	Row, Base        string
	Delta, Low, High float64 // Low and High are not finite without an interval
	Test             Test    // the one that gives the interval; none was made where it has no method
}

// Differences are the rows whose difference from a baseline is known, with the 95% interval of the test that the marks of the table
// follow, and the names of those that have a baseline and no difference.
func (t *Table) Differences(c int) (list []Difference, without []string) {
	scale := t.Columns[c].Scale
	for _, row := range t.Rows {
		cell := row.Cells[c]
		if row.Kind != Model || row.Baseline == "" {
			continue
		}
		if !CanDraw(cell.Delta * scale) {
			without = append(without, row.Name)
			continue
		}
		one := Difference{Row: row.Name, Base: row.Baseline, Delta: cell.Delta * scale, Low: math.NaN(), High: math.NaN()}
		if test := cmp.Or(cell.Verdict, cell.Seeds, cell.Samples); test != nil {
			one.Test = *test
			if test.Low <= test.High {
				one.Low, one.High = min(test.Low*scale, test.High*scale), max(test.Low*scale, test.High*scale)
			}
		}
		list = append(list, one)
	}
	return list, without
}

// Bounded reports whether there is an interval to draw.
func (d Difference) Bounded() bool { return CanDraw(d.Low) && CanDraw(d.High) }

// Text is the difference with its interval, in the digits of its column.
func (d Difference) Text(digits int) string {
	text := signed(d.Delta, digits)
	if d.Bounded() {
		text += fmt.Sprintf(" [%s, %s]", signed(d.Low, digits), signed(d.High, digits))
	}
	return text
}

// signed is a difference with its sign; no zero has one.
func signed(v float64, digits int) string {
	text := fmt.Sprintf("%+.*f", digits, v)
	if strings.Trim(text, "+-0.") == "" {
		return text[1:]
	}
	return text
}

// IntervalOf says what the interval of a test ranges over.
func (t Test) IntervalOf() string {
	switch t.Method {
	case SignFlip:
		return "95% interval over seeds"
	case Bootstrap:
		return "95% interval over test samples"
	case Hierarchical:
		return "95% interval over seeds and test samples"
	}
	return "95% interval"
}

// Strip is the seeds of a row in a column.
type Strip struct {
	Row             string
	Seeds           []int     // which of the plan's seeds have a number
	Values          []float64 // theirs
	Mean, Low, High float64   // mean and its interval (Student's t over seeds); NaN where there is none
	Lost            string    // why there is no mean
}

// hasSeeds reports whether seeds of a row are results of trials of their own: those of models, and of encoders that are not trained.
func (r *Row) hasSeeds() bool { return r.Kind == Model || r.Control == untrainedName }

// Strips are the rows that have seeds to draw.
func (t *Table) Strips(c int) []Strip {
	var list []Strip
	scale := t.Columns[c].Scale
	for _, row := range t.Rows {
		if !row.hasSeeds() {
			continue
		}
		cell := row.Cells[c]
		s := Strip{Row: row.Name, Mean: math.NaN(), Low: math.NaN(), High: math.NaN()}
		for i, v := range cell.Values {
			if v != nil && CanDraw(float64(*v)*scale) {
				s.Seeds, s.Values = append(s.Seeds, i), append(s.Values, float64(*v)*scale)
			}
		}
		switch {
		case cell.CanDraw(scale):
			half := math.Abs(cell.CI * scale)
			s.Mean, s.Low, s.High = cell.Mean*scale, cell.Mean*scale-half, cell.Mean*scale+half
		case cell.Stopped > 0:
			s.Lost = "some stopped"
		default:
			s.Lost = "diverged"
		}
		if len(s.Values) > 0 {
			list = append(list, s)
		}
	}
	return list
}

// Text is the mean with its interval and the number of seeds, in the digits of its column.
func (s Strip) Text(digits int) string {
	switch fixed := func(v float64) string { return strconv.FormatFloat(v, 'f', digits, 64) }; {
	case !CanDraw(s.Mean):
		return fmt.Sprintf("%s, n = %d", s.Lost, len(s.Values))
	case !CanDraw(s.Low):
		return fmt.Sprintf("%s, n = %d", fixed(s.Mean), len(s.Values))
	default:
		return fmt.Sprintf("%s [%s, %s], n = %d", fixed(s.Mean), fixed(s.Low), fixed(s.High), len(s.Values))
	}
}

// LostSeeds names the rows of which a seed diverged or was stopped early: a sentence each.
func (t *Table) LostSeeds(c int, name func(string) string) []string {
	var notes []string
	for _, row := range t.Rows {
		cell := row.Cells[c]
		if !row.hasSeeds() {
			continue
		}
		if cell.Diverged > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of %d seeds diverged; they are not drawn, and there is no mean.", name(row.Name), cell.Diverged, cell.Want))
		}
		if cell.Stopped > 0 {
			notes = append(notes, fmt.Sprintf("%s: %d of %d seeds were stopped early; they are not drawn, and there is no mean.", name(row.Name), cell.Stopped, cell.Want))
		}
	}
	return notes
}

// Merge joins rows with the same curve, as those that share a stage of training have.
func Merge(lines []Line) []Line {
	var list []Line
	count := map[int]int{}
	for _, line := range lines {
		i := slices.IndexFunc(list, func(l Line) bool { return l.equal(line) })
		if i < 0 {
			count[len(list)] = 1
			list = append(list, line)
			continue
		}
		count[i]++
	}
	for i, n := range count {
		switch {
		case n == len(lines) && n > 1:
			list[i].Row = "all rows"
		case n > 1:
			list[i].Row = fmt.Sprintf("%s and %d equal", list[i].Row, n-1)
		}
	}
	return list
}

// equal reports whether two lines are drawn one on the other.
func (l Line) equal(o Line) bool {
	same := func(a, b Trace) bool { return slices.Equal(a.Step, b.Step) && slices.Equal(a.Mean, b.Mean) }
	return len(l.Step) > 0 && slices.Equal(l.Mean, o.Mean) && slices.Equal(l.Step, o.Step) && slices.EqualFunc(l.Lone, o.Lone, same) &&
		slices.EqualFunc(l.Stopped, o.Stopped, same)
}

// decades is the factor between the least and the greatest value from which on a logarithmic axis is chosen: the axis would have
// nearly two decades.
const decades = 50

// SpanDecades reports whether the values of a parameter are those of a logarithmic axis, such as learning rates: on a straight one
// all but the largest would fall together.
func SpanDecades(values []float64) bool {
	return len(values) > 0 && slices.Min(values) > 0 && slices.Max(values) >= decades*slices.Min(values)
}

// FallTogether reports whether the values of a metric are those of a logarithmic axis: they span decades, and on a straight axis
// half of them would lie in its lowest tenth, as a loss that falls from 1000 to 0.05. An accuracy that rises from 0.001 to 0.9 and
// stays there keeps its straight axis.
func FallTogether(values []float64) bool {
	if !SpanDecades(values) {
		return false
	}
	low, high := slices.Min(values), slices.Max(values)
	below := 0
	for _, v := range values {
		if v <= low+(high-low)/10 {
			below++
		}
	}
	return 2*below >= len(values)
}

// Numeric is the number that an option of an axis, or a parameter of a row, is.
func Numeric(value any) (float64, bool) {
	n, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	v, err := n.Float64()
	return v, err == nil && CanDraw(v)
}

// Numbers are the options of an axis as numbers; false where one of them is none, has a label of its own, or is there twice: such
// options stand evenly, as words do.
func Numbers(axis sweeps.Axis) (values []float64, all bool) {
	all = true
	for _, o := range axis.Options {
		v, ok := Numeric(o.Value)
		all = all && ok && !o.Labelled && !slices.Contains(values, v)
		if ok {
			values = append(values, v)
		}
	}
	return values, all
}

// OptionOf is the option of an axis that a row has; -1 where it has none.
func OptionOf(row Row, axis *sweeps.Axis) int {
	for _, p := range row.Params {
		if p.Path == axis.Path {
			return slices.IndexFunc(axis.Options, func(o sweeps.Option) bool { return o.Text == p.Text })
		}
	}
	return -1
}

// Plan is the plan that the table was made by.
func (t *Table) Plan() *sweeps.Plan { return t.plan }
