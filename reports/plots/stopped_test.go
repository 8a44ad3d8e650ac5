package plots

import (
	"math"
	"strings"
	"testing"

	"harness/reports"
)

// TestStoppedCurves: what was stopped early is drawn up to its end, with a cross, and the picture says what that is.
func TestStoppedCurves(t *testing.T) {
	table, plan := tableOf(t)
	c := curve()
	whole := svgOf(t, drawn(t, table, plan, []reports.Curve{c}, Options{Kinds: []Kind{Curves}, Format: "svg"})[0])
	c.Lines[1].Stopped = []reports.Trace{{Step: []float64{10, 20, 30}, Mean: []float64{5, 6, 7}, Low: []float64{5, 6, 7}, High: []float64{5, 6, 7}}}
	c.Lines[2] = reports.Line{Row: "w/o AREF", Averaged: 1, Stopped: []reports.Trace{{Step: []float64{10}, Mean: []float64{4}, Low: []float64{4}, High: []float64{4}}}}
	some := svgOf(t, drawn(t, table, plan, []reports.Curve{c}, Options{Kinds: []Kind{Curves}, Format: "svg"})[0])
	const says = "×: stopped early; these seeds are in no mean"
	if strings.Contains(whole, says) || !strings.Contains(some, says) {
		t.Errorf("whole says it: %v, stopped: %v", strings.Contains(whole, says), strings.Contains(some, says))
	}
	if strings.Contains(some, "nothing to draw") {
		t.Error("a row of which all seeds were stopped is not drawn")
	}
}

// TestStoppedResults: a mean that lacks seeds that were stopped early is in no picture, and each says so.
func TestStoppedResults(t *testing.T) {
	table, plan := tableOf(t)
	for i := range table.Rows {
		for c := range table.Rows[i].Cells {
			if cell := &table.Rows[i].Cells[c]; i == 1 {
				cell.Stopped, cell.N, cell.Delta, cell.Values[0] = 1, cell.N-1, math.NaN(), nil
			}
		}
	}
	said := 0
	for _, f := range drawn(t, table, plan, nil, Options{Kinds: []Kind{Bars, Seeds}, Format: "svg"}) {
		if strings.Contains(strings.Join(f.Notes, " ")+svgOf(t, f), "stopped early") {
			said++
		} else {
			t.Errorf("%s does not say it", f.Name)
		}
	}
	if said < 2 {
		t.Errorf("only %d pictures", said)
	}
	if drawable(table.Rows[1].Cells[0], 1) || !drawable(table.Rows[0].Cells[0], 1) {
		t.Error("a mean that lacks stopped seeds can be drawn")
	}
}
