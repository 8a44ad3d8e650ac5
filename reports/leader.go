package reports

import (
	"harness/metrics"
	"harness/sweeps"
)

// Leader is the row with the best mean in the main metric of a sweep, untested: what a list of sweeps has room for.
type Leader struct {
	Row    string
	Metric string // its label, with unit and arrow
	Value  string // as the table prints it
}

// LeaderOf finds the row that leads in the first primary metric that has a goal, or in the first that has one. It is false where there is no
// such metric, or no row has a number in it.
func LeaderOf(plan *sweeps.Plan, results Results) (Leader, bool) {
	b := &builder{plan: plan, results: results, table: &Table{Show: plan.Report.Show, plan: plan}}
	column, ok := mainColumn(b.columns())
	if !ok {
		return Leader{}, false
	}
	b.table.Columns = []Column{column}
	best := -1
	for i := range plan.Rows {
		r := &plan.Rows[i]
		if r.Control != "" {
			continue
		}
		cell := b.cell(&seeded{Row: r}, column)
		if !cell.rankable() {
			continue
		}
		b.table.Rows = append(b.table.Rows, Row{Name: r.Name, Kind: Model, Cells: []Cell{cell}})
		if at := len(b.table.Rows) - 1; best < 0 || isBetter(cell.Mean, b.table.Rows[best].Cells[0].Mean, column.Goal) {
			best = at
		}
	}
	if best < 0 {
		return Leader{}, false
	}
	b.showSmall()
	column = b.table.Columns[0]
	return Leader{Row: b.table.Rows[best].Name, Metric: headOf(column), Value: b.table.number(column, b.table.Rows[best].Cells[0]).text}, true
}

// mainColumn is the first primary column with a goal, else the first with one.
func mainColumn(columns []Column) (Column, bool) {
	for _, primary := range []bool{true, false} {
		for _, c := range columns {
			if c.Goal != metrics.NoGoal && c.Goal != "" && c.Primary == primary {
				return c, true
			}
		}
	}
	return Column{}, false
}
