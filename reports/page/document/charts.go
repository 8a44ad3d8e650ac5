package document

import (
	"context"

	"harness/registry"
	"harness/reports"
	"harness/reports/page"
	"harness/sweeps"
)

// Chart is the data of one interactive chart.
type Chart struct {
	Kind   page.Kind
	Metric string
	Label  string
	JSON   []byte
}

// ReadCharts makes the interactive charts of a table and of curves: what each row gains over its baseline, every seed, the parameters
// that lead to the first metric, and each curve.
func ReadCharts(ctx context.Context, db *registry.DB, plan *sweeps.Plan, table *reports.Table, curves []reports.Curve) ([]Chart, error) {
	list, err := tableCharts(plan, table)
	if err != nil {
		return nil, err
	}
	for _, c := range curves {
		chart, err := page.ReadCurves(ctx, db, plan, page.CurveQuery{Metric: c.Metric})
		if err != nil {
			return nil, err
		}
		if len(chart.Lines) == 0 {
			continue
		}
		if list, err = appendChart(list, page.KindCurves, c.Metric, c.Metric, chart); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// tableCharts are those of the columns of a table.
func tableCharts(plan *sweeps.Plan, table *reports.Table) (list []Chart, err error) {
	for c, column := range table.Columns {
		if chart := page.NewForest(table, c); chart != nil && err == nil {
			list, err = appendChart(list, page.KindForest, column.Metric, column.Label, chart)
		}
	}
	if len(plan.Seeds) > 1 {
		for c, column := range table.Columns {
			if chart := page.NewSeeds(table, plan, c); chart != nil && err == nil {
				list, err = appendChart(list, page.KindSeeds, column.Metric, column.Label, chart)
			}
		}
	}
	for c, column := range table.Columns {
		if chart := page.NewParallel(table, plan, c); chart != nil && err == nil {
			return appendChart(list, page.KindParallel, column.Metric, column.Label, chart)
		}
	}
	return list, err
}

func appendChart(list []Chart, kind page.Kind, metric, label string, chart any) ([]Chart, error) {
	data, err := page.JSON(chart)
	return append(list, Chart{kind, metric, label, data}), err
}
