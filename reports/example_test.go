package reports_test

import (
	"fmt"
	"os"

	"harness/metrics"
	"harness/reports"
)

// A table is numbers; renderers only place them.
func ExampleTable_Render() {
	table := reports.Table{
		Name:    "rates",
		Columns: []reports.Column{{Metric: "acc", Label: "accuracy", Goal: metrics.Maximize, Digits: 3, Scale: 1}},
		Rows: []reports.Row{
			{Name: "0.001", Kind: reports.Model, Cells: []reports.Cell{{N: 1, Want: 1, Mean: 0.9}}},
			{Name: "0.003", Kind: reports.Model, Cells: []reports.Cell{{N: 1, Want: 1, Mean: 0.8}}},
		},
	}
	if err := table.Render(os.Stdout, "markdown", reports.LatexOptions{}); err != nil {
		fmt.Println(err)
	}
}
