package experiments

import (
	"slices"
	"testing"
)

func TestNames(t *testing.T) {
	names := Names()
	for _, want := range []string{"smoke", "demo", "ablation", "omission", "difference", "subsets", "again", "table1-grounding", "table2-methods", "table3-cases", "table4-tasks",
		"table5-resolution", "table6-parallel"} {
		if !slices.Contains(names, want) {
			t.Errorf("no experiment %s", want)
		}
	}
	full, err := Find("table4")
	if err != nil || full != "table4-tasks" {
		t.Errorf("table4: %q, %v", full, err)
	}
	if data, err := Read("table4"); err != nil || len(data) == 0 {
		t.Errorf("table4: %d bytes, %v", len(data), err)
	}
	if _, err := Read("table"); err == nil {
		t.Error("half a name is accepted")
	}
}

// TestPublished holds the figures typed by hand against sums over the rows of the paper's tables.
func TestPublished(t *testing.T) {
	numbers, err := Published()
	if err != nil {
		t.Fatal(err)
	}
	count, sum := map[string]int{}, map[string]float64{}
	for _, n := range numbers {
		count[n.Table]++
		sum[n.Table] += n.Value
		if n.Source == "" || n.Value < 0 || n.Value > 3 {
			t.Errorf("%+v", n)
		}
	}
	for table, want := range map[string]struct {
		n   int
		sum float64
	}{
		"table1": {5, .476 + .501 + .593 + 1.201 + .698},
		"table2": {40, 5.735 + 2.398 + 2.754 + 3.031 + 2.829 + 4.766 + 5.038 + 4.349},
		"table4": {20, 4.763 + 1.756 + 2.137 + 2.142 + 2.146},
		"table5": {6, 1.244 + 1.766},
		"table6": {9, 1.053 + 1.766 + 1.181},
	} {
		if count[table] != want.n || sum[table]-want.sum > 1e-9 || want.sum-sum[table] > 1e-9 {
			t.Errorf("%s: %d figures with sum %.3f, want %d with %.3f", table, count[table], sum[table], want.n, want.sum)
		}
	}
}
