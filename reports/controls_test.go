package reports

import (
	"strings"
	"testing"

	"harness/registry"
)

// The control raw pixels stands in the columns of the probe of all tokens, in one row for all trials that recorded the same of it.
func TestRawPixelsAreOneRow(t *testing.T) {
	plan, _ := expanded(t, `version: 1
name: pixels
base: {preset: smoke}
ablations:
  - {label: ours}
  - {label: other, set: {method: cappa}}
seeds: [0, 1, 2]
metrics: {probe/auc: , probe/tokens/auc: , probe/tokens/f1: }
`)
	rowsWith := func(another float64) []Row {
		results := Results{}
		for _, row := range plan.Rows {
			for i, id := range row.Trials {
				values := map[string]registry.Summary{}
				for name, value := range map[string]float64{"probe/auc": 0.6, "probe/tokens/auc": 0.9, "probe/tokens/f1": 0.5,
					"controls/raw-pixels/probe/tokens/auc": 0.75, "controls/raw-pixels/probe/tokens/f1": 0.25} {
					if strings.HasPrefix(name, "controls/") && row.Name == "other" {
						value += another
					}
					values[name] = registry.Summary{Last: value, N: 1}
				}
				if i == 0 { // of a version that had no such control
					delete(values, "controls/raw-pixels/probe/tokens/auc")
				}
				results[id] = Result{State: registry.Done, Values: values}
			}
		}
		table, err := Compute(t.Context(), plan, results, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var rows []Row
		for _, row := range table.Rows {
			if row.Control == "raw pixels" {
				rows = append(rows, row)
			}
		}
		return rows
	}
	rows := rowsWith(0)
	if len(rows) != 1 || rows[0].Name != "raw pixels" {
		t.Fatalf("got %d rows: %+v", len(rows), rows)
	}
	if c := rows[0].Cells; c[0].N != 0 || c[1].N != 2 || c[1].Mean != 0.75 || c[2].N != 3 || c[2].Mean != 0.25 {
		t.Errorf("got %+v", c)
	}
	if rows := rowsWith(0.01); len(rows) != 2 || rows[1].Name != "raw pixels, other" {
		t.Errorf("of other data: %+v", rows)
	}
}

// A control that models share is named by what they share, though other models have not run; where they share nothing, a few are named.
func TestSharedControlsHaveShortNames(t *testing.T) {
	plan, _ := expanded(t, `version: 1
name: shared
base: {preset: smoke}
parameters:
  resolution: {values: [224, 448]}
  pretrain.steps: {values: [1, 2, 3, 4, 5]}
seeds: [0]
metrics: {probe/tokens/auc: }
`)
	names := func(control func(row int) float64) string {
		results := Results{}
		for i, row := range plan.Rows[:9] { // of resolution 448 one has not run
			values := map[string]registry.Summary{"probe/tokens/auc": {Last: 0.9, N: 1}, "controls/raw-pixels/probe/tokens/auc": {Last: control(i), N: 1}}
			results[row.Trials[0]] = Result{State: registry.Done, Values: values}
		}
		table, err := Compute(t.Context(), plan, results, Options{})
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, row := range table.Rows {
			if row.Control == "raw pixels" {
				list = append(list, row.Name)
			}
		}
		return strings.Join(list, "\n")
	}
	byResolution := names(func(row int) float64 { return float64(row / 5) })
	if want := "raw pixels, resolution=224\nraw pixels, resolution=448"; byResolution != want {
		t.Errorf("by resolution:\n%s", byResolution)
	}
	want := `raw pixels, resolution=224, steps=1 and resolution=224, steps=3 and resolution=224, steps=5 and 2 more
raw pixels, resolution=224, steps=2 and resolution=224, steps=4 and resolution=448, steps=1 and 1 more`
	if mixed := names(func(row int) float64 { return float64(row % 2) }); mixed != want {
		t.Errorf("mixed:\n%s", mixed)
	}
}
