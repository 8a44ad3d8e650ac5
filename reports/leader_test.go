package reports

import (
	"context"
	"testing"

	"harness/registry"
)

// TestLeader compares the leading row with the table: the first primary column with a goal, and its best mean as printed.
func TestLeader(t *testing.T) {
	for _, file := range []string{gridFile, tasksFile, stoppedFile} {
		plan, results := planOf(t, file)
		if file == stoppedFile {
			stopSome(plan, results)
		}
		table, err := Compute(context.Background(), plan, results, Options{})
		if err != nil {
			t.Fatal(err)
		}
		column, ok := mainColumn(table.Columns)
		if !ok {
			t.Fatal("no column has a goal")
		}
		var want *Row
		at := 0
		for c := range table.Columns {
			if table.Columns[c].Metric == column.Metric {
				at = c
			}
		}
		for i := range table.Rows {
			row := &table.Rows[i]
			if row.Kind == Model && row.Cells[at].rankable() && (want == nil || isBetter(row.Cells[at].Mean, want.Cells[at].Mean, column.Goal)) {
				want = row
			}
		}
		got, ok := LeaderOf(plan, results)
		if value := table.number(column, Cell{N: want.Cells[at].N, Want: want.Cells[at].Want, Mean: want.Cells[at].Mean, Std: want.Cells[at].Std, CI: want.Cells[at].CI}).text; !ok ||
			got.Row != want.Name || got.Value != value {
			t.Errorf("%s: %+v, want %s with %s", plan.Name, got, want.Name, value)
		}
	}
}

// TestNoLeader is a program whose metrics have no goal, and a sweep without a result.
func TestNoLeader(t *testing.T) {
	plan, results := planOf(t, commandFile)
	if got, ok := LeaderOf(plan, results); ok {
		t.Errorf("%+v leads where no direction is better", got)
	}
	plan, results = planOf(t, gridFile)
	for id, r := range results {
		r.State = registry.Failed
		results[id] = r
	}
	if got, ok := LeaderOf(plan, results); ok {
		t.Errorf("%+v leads without a result", got)
	}
}
