package page

import (
	"fmt"
	"slices"

	"harness/internal/escape"
	"harness/metrics"
	"harness/reports"
	"harness/sweeps"
)

// Seeds is every seed of every row in a column of a table.
type Seeds struct {
	Head
	LogY bool    `json:"log_y"` // how the values lie asks for a logarithmic axis
	Rows []Strip `json:"rows"`
}

// Strip is the seeds of one row.
type Strip struct {
	Name   string  `json:"name"`
	Seeds  []int64 `json:"seeds"`
	Values Numbers `json:"values"`
	Mean   Number  `json:"mean"` // null where a seed diverged or was stopped early
	Low    Number  `json:"low"`  // of the 95% interval of the mean; null without one
	High   Number  `json:"high"`
	Text   string  `json:"text"` // as printed
}

// mostSeeds bounds how many seeds of a row are drawn.
const mostSeeds = 200

// mostLost bounds how many rows are said to have lost seeds.
const mostLost = 4

// NewSeeds takes the seeds of a column from a table; nil where there are none.
func NewSeeds(t *reports.Table, plan *sweeps.Plan, c int) *Seeds {
	strips := t.Strips(c)
	if len(strips) == 0 {
		return nil
	}
	s := &Seeds{Head: newHead(KindSeeds, t, c)}
	rows := len(strips)
	strips = most(strips, bestFirst(s.Goal))
	var all []float64
	longest, cut := 0, 0
	for _, strip := range strips {
		row := Strip{Name: escape.Line(strip.Row), Values: strip.Values, Mean: Number(strip.Mean), Low: Number(strip.Low), High: Number(strip.High),
			Text: strip.Text(t.Columns[c].Digits)}
		for _, i := range strip.Seeds {
			row.Seeds = append(row.Seeds, plan.Seeds[i])
		}
		longest, all = max(longest, len(row.Values)), append(all, row.Values...)
		if len(row.Values) > mostSeeds {
			row.Seeds, row.Values = row.Seeds[:mostSeeds], row.Values[:mostSeeds]
			cut++
		}
		s.Rows = append(s.Rows, row)
	}
	s.LogY = reports.FallTogether(all)
	s.say("A ring is a seed, the square the mean.")
	if longest > 1 {
		s.say("The whisker is the 95%% interval of the mean: Student's t over seeds.")
	}
	if cut > 0 {
		s.say("Of %s the first %d seeds are drawn; mean and interval are over all.", count(cut, "row"), mostSeeds)
	}
	if len(strips) < rows {
		s.say("Drawn are %d of %d rows: %s.", len(strips), rows, bestWord(s.Goal))
	}
	lost := t.LostSeeds(c, escape.Line)
	for _, note := range lost[:min(len(lost), mostLost)] {
		s.say("%s", note)
	}
	if more := len(lost) - mostLost; more > 0 {
		s.say("So it is with %s.", count(more, "more row"))
	}
	return s
}

// HasSeeds reports whether a column has seeds to draw.
func HasSeeds(t *reports.Table, c int) bool {
	return slices.ContainsFunc(t.Rows, func(r reports.Row) bool { return r.Kind == reports.Model && r.Cells[c].N > 0 })
}

// bestFirst ranks rows by their mean, the best one first; where no direction is better they keep their order.
func bestFirst(goal metrics.Goal) func(reports.Strip) float64 {
	return func(s reports.Strip) float64 {
		switch goal {
		case metrics.Maximize:
			return -s.Mean
		case metrics.Minimize:
			return s.Mean
		}
		return 0
	}
}

func bestWord(goal metrics.Goal) string {
	if goal == metrics.Maximize || goal == metrics.Minimize {
		return "those with the best means"
	}
	return "the first of the table"
}

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
