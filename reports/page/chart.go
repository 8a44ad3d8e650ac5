package page

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strconv"

	"harness/internal/escape"
	"harness/metrics"
	"harness/reports"
	"harness/sweeps"
)

// Kind is a kind of chart: data-chart of a figure.
type Kind string

// The kinds of charts.
const (
	KindCurves   Kind = "curves"
	KindSystem   Kind = "system"
	KindForest   Kind = "forest"
	KindSeeds    Kind = "seeds"
	KindParallel Kind = "parallel"
)

// Kinds are those of a sweep, in the order in which they are shown.
var Kinds = [...]Kind{KindForest, KindSeeds, KindCurves, KindParallel}

// Head is what all charts begin with.
type Head struct {
	Kind   Kind         `json:"kind"`
	Title  string       `json:"title"`  // of what: the name of the sweep, or the ID of the trial
	Metric string       `json:"metric"` // its key
	Label  string       `json:"label"`  // its name in the table
	Unit   string       `json:"unit,omitempty"`
	Goal   metrics.Goal `json:"goal"`
	Digits int          `json:"digits"` // behind the point, of numbers of the table
	Notes  []string     `json:"notes"`  // what the marks are, and what is not shown; sentences
}

// newHead begins a chart of a column of a table.
func newHead(kind Kind, t *reports.Table, c int) Head {
	column := t.Columns[c]
	h := Head{Kind: kind, Title: escape.Line(t.Name), Metric: column.Metric, Label: escape.Line(column.Label), Unit: escape.Line(column.Unit),
		Goal: column.Goal, Digits: column.Digits, Notes: []string{}}
	if known, ok := metrics.LookupRecorded(column.Metric); ok && h.Unit == "" && !t.Command {
		h.Unit = known.Unit
	}
	if t.Synthetic {
		h.say("Synthetic data.")
	}
	return h
}

// headOf begins a chart of a metric of a plan, which need not be in its table.
func headOf(kind Kind, plan *sweeps.Plan, metric string) Head {
	m := plan.Metric(metric)
	h := Head{Kind: kind, Title: escape.Line(plan.Name), Metric: metric, Label: escape.Line(metric), Unit: escape.Line(m.Unit), Goal: m.Goal,
		Digits: m.Digits, Notes: []string{}}
	if known, ok := metrics.LookupRecorded(metric); ok && h.Unit == "" && !plan.Command {
		h.Unit = known.Unit
	}
	return h
}

func (h *Head) say(format string, args ...any) {
	h.Notes = append(h.Notes, escape.Line(fmt.Sprintf(format, args...)))
}

// sayLeftOut says how many results of a column are not shown.
func (h *Head) sayLeftOut(t *reports.Table, c int) {
	diverged, stopped := t.LeftOut(c)
	for _, left := range []struct {
		n    int
		what string
	}{{diverged, "diverged"}, {stopped, "were stopped early"}} {
		switch {
		case left.n == 1:
			h.say("Not drawn: 1 result with seeds that %s.", left.what)
		case left.n > 1:
			h.say("Not drawn: %d results with seeds that %s.", left.n, left.what)
		}
	}
}

// Numbers are written as JSON with null for what cannot be drawn: NaN, the infinities, and what is as large as those.
type Numbers []float64

// MarshalJSON writes the shortest numbers that read back as the same bits.
func (n Numbers) MarshalJSON() ([]byte, error) {
	out := append(make([]byte, 0, 2+12*len(n)), '[')
	for i, v := range n {
		if i > 0 {
			out = append(out, ',')
		}
		out = appendNumber(out, v)
	}
	return append(out, ']'), nil
}

// Number is one of Numbers.
type Number float64

// MarshalJSON writes a number, or null.
func (n Number) MarshalJSON() ([]byte, error) { return appendNumber(nil, float64(n)), nil }

func appendNumber(out []byte, v float64) []byte {
	if !reports.CanDraw(v) {
		return append(out, "null"...)
	}
	if v == math.Trunc(v) && math.Abs(v) < 1e15 {
		return strconv.AppendInt(out, int64(v), 10)
	}
	return strconv.AppendFloat(out, v, 'g', -1, 64)
}

// JSON is a chart as a page loads it, or as it stands in a page: "<", ">" and "&" are escaped, so that no name ends the element around it.
func JSON(chart any) ([]byte, error) {
	var out bytes.Buffer
	if err := json.NewEncoder(&out).Encode(chart); err != nil {
		return nil, fmt.Errorf("write chart: %w", err)
	}
	return out.Bytes(), nil
}
