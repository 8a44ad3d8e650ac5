package page

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"harness/internal/escape"
	"harness/reports"
)

// Forest is the difference of each row from its baseline in a column of a table.
type Forest struct {
	Head
	Baseline string       `json:"baseline,omitempty"` // of all rows; empty where they have several
	Rows     []Difference `json:"rows"`
}

// Difference is one row of a forest plot.
type Difference struct {
	Name   string         `json:"name"`
	Base   string         `json:"base"`
	Delta  Number         `json:"delta"`
	Low    Number         `json:"low"` // of the 95% interval; null without one
	High   Number         `json:"high"`
	Text   string         `json:"text"` // as printed
	Method reports.Method `json:"method,omitempty"`
	Over   string         `json:"over,omitempty"` // what the interval ranges over
	P      Number         `json:"p"`              // of the test that gives the interval; null without one
	Holm   Number         `json:"p_holm"`         // adjusted over the table's family; null outside of it
}

// NewForest takes a forest plot from a table; nil where no row has a difference.
func NewForest(t *reports.Table, c int) *Forest {
	list, without := t.Differences(c)
	if len(list) == 0 {
		return nil
	}
	f := &Forest{Head: newHead(KindForest, t, c)}
	all := len(list)
	list = most(list, func(d reports.Difference) float64 { return -math.Abs(d.Delta) })
	bare, overSamples := []string{}, false
	same := !slices.ContainsFunc(list, func(d reports.Difference) bool { return d.Base != list[0].Base })
	for _, d := range list {
		row := Difference{Name: escape.Line(d.Row), Base: escape.Line(d.Base), Delta: Number(d.Delta), Low: Number(d.Low), High: Number(d.High),
			Text: d.Text(t.Columns[c].Digits), P: unknown, Holm: unknown}
		if d.Test.Method != "" {
			row.Method, row.Over, row.P, row.Holm = d.Test.Method, d.Test.IntervalOf(), Number(d.Test.P), Number(d.Test.Holm)
			overSamples = overSamples || d.Test.Method == reports.Bootstrap
		}
		if !d.Bounded() {
			bare = append(bare, row.Name)
		}
		f.Rows = append(f.Rows, row)
	}
	if same {
		f.Baseline = f.Rows[0].Base
		f.say("Mean difference from %s over the seeds that both have, with the 95%% interval of the test that the marks of the table follow.", f.Baseline)
	} else {
		f.say("Mean difference from each row's baseline over the seeds that both have, with the 95%% interval of the test that the marks of the table follow.")
	}
	switch {
	case len(bare) == len(f.Rows):
		f.say("No row has an interval: too few seeds in common with the baseline, or their test gives none.")
	case len(bare) > 0:
		f.say("No interval of %s: too few seeds in common with the baseline, or their test gives none.", listed(bare))
	}
	if len(without) > 0 {
		f.say("Not drawn, since there is no difference: %s (%s).", listed(without), reports.WhyNoDifference)
	}
	if len(list) < all {
		f.say("Drawn are %d of %d rows: those with the largest differences.", len(list), all)
	}
	if overSamples {
		f.say("An interval over test samples is that of one seed: the mean over seeds need not lie in its middle.")
	}
	return f
}

// HasForest reports whether a column has differences.
func HasForest(t *reports.Table, c int) bool {
	return slices.ContainsFunc(t.Rows, func(r reports.Row) bool {
		return r.Kind == reports.Model && r.Baseline != "" && reports.CanDraw(r.Cells[c].Delta*t.Columns[c].Scale)
	})
}

// mostLanes bounds how many rows stand below one another in a chart.
const mostLanes = 100

// most are those of a list whose rank is lowest, as many as a chart shows, in their order.
func most[T any](list []T, rank func(T) float64) []T {
	if len(list) <= mostLanes {
		return list
	}
	ranks := make([]float64, len(list))
	for i, one := range list {
		if ranks[i] = rank(one); math.IsNaN(ranks[i]) {
			ranks[i] = math.Inf(1)
		}
	}
	order := make([]int, len(list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(ranks[a], ranks[b]) })
	order = order[:mostLanes]
	slices.Sort(order)
	some := make([]T, len(order))
	for i, at := range order {
		some[i] = list[at]
	}
	return some
}

// mostNamed bounds how many names a sentence lists.
const mostNamed = 12

// listed joins names; of many the first.
func listed(list []string) string {
	if len(list) <= mostNamed {
		return strings.Join(list, "; ")
	}
	return strings.Join(list[:mostNamed], "; ") + " and " + count(len(list)-mostNamed, "more row")
}
