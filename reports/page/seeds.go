package page

import (
	"fmt"

	"harness/internal/escape"
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
	var all []float64
	most, cut := 0, 0
	for _, strip := range strips {
		row := Strip{Name: escape.Line(strip.Row), Values: strip.Values, Mean: Number(strip.Mean), Low: Number(strip.Low), High: Number(strip.High),
			Text: strip.Text(t.Columns[c].Digits)}
		for _, i := range strip.Seeds {
			row.Seeds = append(row.Seeds, plan.Seeds[i])
		}
		most, all = max(most, len(row.Values)), append(all, row.Values...)
		if len(row.Values) > mostSeeds {
			row.Seeds, row.Values = row.Seeds[:mostSeeds], row.Values[:mostSeeds]
			cut++
		}
		s.Rows = append(s.Rows, row)
	}
	s.LogY = reports.FallTogether(all)
	s.say("A ring is a seed, the square the mean.")
	if most > 1 {
		s.say("The whisker is the 95%% interval of the mean: Student's t over seeds.")
	}
	if cut > 0 {
		s.say("Of %s the first %d seeds are drawn; mean and interval are over all.", count(cut, "row"), mostSeeds)
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

// count is a number of things.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
