package page

import (
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
		f.say("Not drawn, since there is no difference: %s (no seed in common with the baseline, or one that diverged or was stopped early).", listed(without))
	}
	if overSamples {
		f.say("An interval over test samples is that of one seed: the mean over seeds need not lie in its middle.")
	}
	return f
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
