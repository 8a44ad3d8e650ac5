package reports

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"harness/sweeps"
)

// computed is the table of a program's sweep with numbers by row, metric and seed.
func computed(t *testing.T, file string, numbers map[string]map[string][]float64) *Table {
	t.Helper()
	s, err := sweeps.Parse("test.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	table, err := Compute(context.Background(), plan, values(t, plan, numbers), Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// around are n numbers near a mean, others for each salt.
func around(mean float64, n, salt int) []float64 {
	list := make([]float64, n)
	for i := range list {
		list[i] = mean + .001*float64((i*7+salt*3)%5)
	}
	return list
}

func seedList(n int) string {
	text := "0"
	for i := 1; i < n; i++ {
		text += fmt.Sprint(", ", i)
	}
	return text
}

// marksOf tells the marks of a column: the row's name, then * for bold and ~ for no difference.
func marksOf(t *Table, c int) string {
	var list []string
	for _, row := range t.Rows {
		text := row.Name
		if row.Cells[c].Bold {
			text += "*"
		}
		if row.Cells[c].Within {
			text += "~"
		}
		list = append(list, text)
	}
	return strings.Join(list, " ")
}

// TestMarksOnlyWhereTestsCouldReject is the case of a program with .90 against .50 at six seeds: among nine comparisons no
// sign-flip test can reach .05, so that nothing is marked, and the caption says how many seeds it takes. With those many it is.
func TestMarksOnlyWhereTestsCouldReject(t *testing.T) {
	const file = `version: 1
name: eff
command: [python3, eff.py, "${args}"]
parameters: {row: {values: [base, ours, abl1, abl2], labels: [base, ours, abl1, abl2]}}
seeds: [%s]
metrics: {acc: {goal: maximize}, f1: {goal: maximize}, bleu: {goal: maximize}}
report: {show: [mean, p]}
`
	numbers := func(n int) map[string]map[string][]float64 {
		all := map[string]map[string][]float64{}
		for i, row := range []string{"base", "ours", "abl1", "abl2"} {
			mean := []float64{.5, .9, .5, .5}[i]
			all[row] = map[string][]float64{"acc": around(mean, n, i), "f1": around(mean, n, i+1), "bleu": around(mean, n, i+2)}
		}
		return all
	}
	for _, c := range []struct {
		seeds int
		marks string
		says  string
	}{
		{6, "base ours abl1 abl2", "No marks: with so few seeds no adjusted p below .28 can be reached; p < .05 takes 9 seeds."},
		{8, "base ours abl1 abl2", "p < .05 takes 9 seeds."},
		{9, "base ours* abl1~ abl2~", "The smallest adjusted p that can be reached is .035."},
	} {
		table := computed(t, fmt.Sprintf(file, seedList(c.seeds)), numbers(c.seeds))
		caption := strings.Join(table.Caption, " ")
		if got := marksOf(table, 0); got != c.marks {
			t.Errorf("%d seeds: %s, want %s", c.seeds, got, c.marks)
		}
		for _, want := range []string{c.says, "Holm over 9 comparisons (each row with its baseline).", fmt.Sprintf("exact paired sign-flip over %d seeds", c.seeds)} {
			if !strings.Contains(caption, want) {
				t.Errorf("%d seeds: no %q in %s", c.seeds, want, caption)
			}
		}
		if f := table.Family; f.Size != 9 || (f.Needed == 0) != (c.seeds >= 9) {
			t.Errorf("%d seeds: family %+v", c.seeds, f)
		}
	}
}

// TestBoldFollowsFromTheFamily walks the ways in which a column can be decided.
func TestBoldFollowsFromTheFamily(t *testing.T) {
	const file = `version: 1
name: bold
command: [python3, p.py, "${args}"]
parameters: {row: {values: [base, a, b], labels: [base, a, b]}}
seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
metrics: {acc: {goal: %s}}
report: {bold: %s}
`
	for _, c := range []struct {
		goal, bold string
		base, a, b float64
		want       string
	}{
		{"maximize", "best", .5, .7, .9, "base a b*"},     // both are better: the best of them
		{"maximize", "best", .9, .5, .7, "base* a b"},     // the baseline is better than all
		{"maximize", "best", .9, .9, .7, "base* a*~ b"},   // and one is not told from it
		{"maximize", "best", .5, .5, .9, "base a~ b*"},    // one is better
		{"maximize", "best", .5, .5, .5, "base* a*~ b*~"}, // nothing is told apart
		{"minimize", "best", .5, .7, .9, "base* a b"},
		{"minimize", "best", .9, .7, .5, "base a b*"},
		{"maximize", "mean", .5, .5, .9, "base a~ b*"},
		{"maximize", "none", .5, .5, .9, "base a~ b"},
		{"none", "best", .5, .5, .9, "base a~ b"},
	} {
		table := computed(t, fmt.Sprintf(file, c.goal, c.bold), map[string]map[string][]float64{
			"base": {"acc": around(c.base, 10, 0)}, "a": {"acc": around(c.a, 10, 1)}, "b": {"acc": around(c.b, 10, 2)}})
		if got := marksOf(table, 0); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
		for _, row := range table.Rows {
			if v := row.Cells[0].Verdict; v != nil && (row.Cells[0].Within != (v.Holm >= Level)) {
				t.Errorf("%+v: %s: ~ and p differ: %+v", c, row.Name, v)
			}
		}
	}
}

// TestFamilies counts what each family counts.
func TestFamilies(t *testing.T) {
	const file = `version: 1
name: families
command: [python3, p.py, "${args}"]
parameters: {row: {values: [base, a, b], labels: [base, a, b]}}
seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
metrics: {acc: {goal: maximize, primary: true}, f1: {goal: maximize}, loss: {goal: minimize}}
report: {family: %s, show: [mean, p]}
`
	for family, want := range map[string]struct {
		size  int
		marks [3]string
		says  string
	}{
		"primary": {2, [3]string{"base a b*", "base a b", "base a b"}, "No marks in f1, loss: not primary."},
		"table":   {6, [3]string{"base a b*", "base a b*", "base* a b"}, "Holm over 6 comparisons (each row with its baseline)."},
		"column":  {6, [3]string{"base a b*", "base a b*", "base* a b"}, "each column by itself"},
		"none":    {0, [3]string{"base a b", "base a b", "base a b"}, "Mean over n = 10 seeds"},
	} {
		means := func(m float64, salt int) map[string][]float64 {
			return map[string][]float64{"acc": around(m, 10, salt), "f1": around(m, 10, salt), "loss": around(m, 10, salt)}
		}
		table := computed(t, fmt.Sprintf(file, family), map[string]map[string][]float64{"base": means(.5, 0), "a": means(.7, 1), "b": means(.9, 2)})
		size := 0
		if table.Family != nil {
			size = table.Family.Size
		}
		if size != want.size {
			t.Errorf("%s: %d comparisons, want %d", family, size, want.size)
		}
		for c := range table.Columns {
			if got := marksOf(table, c); got != want.marks[c] {
				t.Errorf("%s, %s: %s, want %s", family, table.Columns[c].Metric, got, want.marks[c])
			}
			for _, row := range table.Rows {
				if v := row.Cells[c].Verdict; v != nil && math.IsNaN(v.Holm) == table.Columns[c].Primary {
					t.Errorf("%s, %s: adjusted outside of the family, or not in it: %+v", family, table.Columns[c].Metric, v)
				}
			}
		}
		if caption := strings.Join(table.Caption, " "); !strings.Contains(caption, want.says) {
			t.Errorf("%s: no %q in %s", family, want.says, caption)
		}
	}
}

// TestUndeclaredMetricsCarryNoMarks is a program that names no metrics: no arrow, no bold, no sign, no test.
func TestUndeclaredMetricsCarryNoMarks(t *testing.T) {
	const file = `version: 1
name: goals
command: [python3, p.py, "${args}"]
parameters: {row: {values: [base, a], labels: [base, a]}}
seeds: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
report: {show: [mean, delta, p]}
`
	table := computed(t, file, map[string]map[string][]float64{
		"base": {"perplexity": around(9, 10, 0), "rmse": around(2, 10, 0)}, "a": {"perplexity": around(3, 10, 1), "rmse": around(1, 10, 1)}})
	var text bytes.Buffer
	if err := table.Text(&text); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.String(), "↑↓*+~") || !strings.Contains(text.String(), "No marks: no metric is declared") {
		t.Errorf("marks:\n%s", text.String())
	}
}

// TestBLEUCountsOnce holds that the numbers of one group do not each count, unless the file asks for it.
func TestBLEUCountsOnce(t *testing.T) {
	file := func(report string) string {
		return "version: 1\nname: bleu\nbase: {preset: smoke}\nablations: [{label: a}, {label: b, set: {pretrain.tasks: [cap]}}]\n" +
			"controls: {untrained: false}\nseeds: [0, 1]\nmetrics: {diffvqa/bleu1: , diffvqa/bleu2: , diffvqa/bleu3: , diffvqa/bleu4: , diffvqa/cider: }\n" + report
	}
	for report, want := range map[string]int{"": 2, "report: {family: table}": 5} {
		numbers := map[string][]float64{}
		for _, name := range []string{"bleu1", "bleu2", "bleu3", "bleu4", "cider"} {
			numbers["diffvqa/"+name] = []float64{.1, .2}
		}
		table := computed(t, file(report), map[string]map[string][]float64{"a": numbers, "b": numbers})
		if table.Family == nil || table.Family.Size != want {
			t.Errorf("%q: family %+v, want %d", report, table.Family, want)
		}
	}
}
