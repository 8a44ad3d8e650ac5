package reports

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"

	"harness/registry"
	"harness/sweeps"
)

const divergedFile = `version: 1
name: diverged
command: [python3, stats.py, "${args}"]
parameters: {row: {values: [base, nan, inf, gone, fine]}}
seeds: [1, 6, 7]
metrics: {acc: {goal: maximize}, loss: {goal: minimize}}
report: {show: [mean, std, delta, p, n], bold: mean}
`

// values gives the trials of a plan numbers: row -> metric -> by seed; a seed without one has none.
func values(t *testing.T, plan *sweeps.Plan, numbers map[string]map[string][]float64) Results {
	t.Helper()
	results := Results{}
	for _, trial := range plan.Trials {
		r := Result{State: registry.Done, Values: map[string]registry.Summary{}}
		for i, seed := range plan.Seeds {
			for metric, list := range numbers[trial.Row] {
				if seed == trial.Seed && i < len(list) {
					r.Values[metric] = registry.Summary{Last: list[i], Min: list[i], Max: list[i], N: 1}
				}
			}
		}
		results[trial.ID] = r
	}
	return results
}

func computeDiverged(t *testing.T) *Table {
	t.Helper()
	s, err := sweeps.Parse("test.yaml", []byte(divergedFile))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	nan, inf := math.NaN(), math.Inf(1)
	table, err := Compute(context.Background(), plan, values(t, plan, map[string]map[string][]float64{
		"row=base": {"acc": {.5, .51, .52}, "loss": {1, 1.1, 1.2}},
		"row=nan":  {"acc": {.9, nan, .92}, "loss": {.1, .1, -inf}},
		"row=inf":  {"acc": {inf, inf, inf}, "loss": {-inf, -inf, nan}},
		"row=gone": {"acc": {.6, .61}},
		"row=fine": {"acc": {.7, .71, .72}, "loss": {.8, .9, 1}},
	}), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestDivergedSeedsAreSaid(t *testing.T) {
	table := computeDiverged(t)
	for _, row := range table.Rows {
		for c, cell := range row.Cells {
			name := row.Name + " " + table.Columns[c].Metric
			if diverged := strings.HasSuffix(row.Name, "nan") || strings.HasSuffix(row.Name, "inf"); !diverged {
				if cell.Diverged != 0 {
					t.Errorf("%s: %+v", name, cell)
				}
				continue
			}
			if cell.Bold || cell.Within || cell.Seeds != nil || cell.Samples != nil || !math.IsNaN(cell.Delta) {
				t.Errorf("%s: a diverged cell is ranked or tested: %+v", name, cell)
			}
			if len(cell.Marks) == 0 || !strings.HasPrefix(table.Notes[cell.Marks[0]], "diverged: ") {
				t.Errorf("%s: no footnote", name)
			}
		}
		if row.Name == "row=fine" && (!row.Cells[0].Bold || !row.Cells[1].Bold || row.Cells[0].Seeds == nil) {
			t.Errorf("the best of what has not diverged: %+v", row.Cells)
		}
	}
	var text bytes.Buffer
	if err := table.Text(&text); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"0.910 ± 0.014 (2/3)  [", "diverged (0/3)  [", "0.605 ± 0.007 (2/3)",
		"diverged: 1 of 3 seeds: seed 6 (NaN); the mean is of the other seeds only, and is neither tested nor called best",
		"diverged: 1 of 3 seeds: seed 7 (-Inf)", "diverged: 3 of 3 seeds: seed 1 (+Inf), seed 6 (+Inf), seed 7 (+Inf)",
		"(m/n): the mean of m of the n seeds", "loss: not measured by these trials", "acc: not recorded by seed 7",
	} {
		if !strings.Contains(text.String(), want) {
			t.Errorf("no %q in\n%s", want, text.String())
		}
	}
}

// TestDivergedSeedsInFiles reads CSV and JSON back: the values are there as they were measured.
func TestDivergedSeedsInFiles(t *testing.T) {
	table := computeDiverged(t)
	var out bytes.Buffer
	if err := table.JSON(&out); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows []struct {
			Name  string
			Cells []struct {
				N, Of, Diverged int
				Mean            *float64
				Values          []any
			}
		}
	}
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	cell := got.Rows[1].Cells[0]
	if cell.N != 2 || cell.Of != 3 || cell.Diverged != 1 || cell.Mean == nil || cell.Values[1] != "NaN" || cell.Values[0] != .9 {
		t.Errorf("JSON: %+v", cell)
	}
	if cell := got.Rows[2].Cells[0]; cell.Mean != nil || cell.Diverged != 3 || cell.Values[0] != "+Inf" {
		t.Errorf("JSON: %+v", cell)
	}
	if cell := got.Rows[3].Cells[0]; cell.Values[2] != nil || cell.Diverged != 0 || cell.N != 2 {
		t.Errorf("JSON: %+v", cell)
	}
	out.Reset()
	if err := table.CSV(&out); err != nil {
		t.Fatal(err)
	}
	lines, err := csv.NewReader(&out).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range lines[0] {
		column[name] = i
	}
	for i, want := range []string{"0.9 NaN 0.92", "0.1 0.1 -Inf", "+Inf +Inf +Inf", "-Inf -Inf NaN"} {
		if got := lines[3+i][column["values"]]; got != want {
			t.Errorf("CSV: %q, want %q", got, want)
		}
		if n := lines[3+i][column["diverged"]]; n != strconv.Itoa([]int{1, 1, 3, 3}[i]) {
			t.Errorf("CSV: %s diverged", n)
		}
	}
}

// TestControlsOfDivergedSeeds keeps a control whose every seed diverged.
func TestControlsOfDivergedSeeds(t *testing.T) {
	plan, results := planOf(t, gridFile)
	for id, r := range results {
		r.Values["controls/question-only/diffvqa/bleu4"] = registry.Summary{Last: math.NaN(), N: 1}
		results[id] = r
	}
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range table.Rows {
		if row.Control != "question only" {
			continue
		}
		for c, column := range table.Columns {
			if column.Metric == "diffvqa/bleu4" && row.Cells[c].Diverged != len(plan.Seeds) {
				t.Errorf("%s: %+v", row.Name, row.Cells[c])
			}
		}
		return
	}
	t.Error("no row of the control")
}

func TestMomentsOfHugeNumbers(t *testing.T) {
	mean, std, _ := moments([]float64{1.6e308, 1.7e308})
	if math.Abs(mean/1.65e308-1) > 1e-12 || !math.IsNaN(std) && !finite(std) {
		t.Errorf("mean %v, deviation %v", mean, std)
	}
}
