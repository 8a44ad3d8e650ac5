package reports

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"harness/registry"
	"harness/sweeps"
)

// TestNothingExpands reads our sources: a report comes from the plan that the registry keeps and never from expanding a file.
func TestNothingExpands(t *testing.T) {
	var paths []string
	for _, pattern := range []string{"*.go", "*/*.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	paths = slices.DeleteFunc(paths, func(path string) bool { return strings.HasSuffix(path, "_test.go") })
	if len(paths) < 20 {
		t.Fatalf("only %d sources", len(paths))
	}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && slices.Contains([]string{"Expand", "Parse", "Override"}, s.Sel.Name) {
				if of, ok := s.X.(*ast.Ident); !ok || of.Name != "condition" { // a reader's filter is no experiment file
					t.Errorf("%s: %s", path, s.Sel.Name)
				}
			}
			return true
		})
	}
}

// TestDecodedPlanGivesTheSameTable renders a plan before and after the registry.
func TestDecodedPlanGivesTheSameTable(t *testing.T) {
	for _, file := range []string{tasksFile, gridFile, commandFile} {
		plan, results := planOf(t, file)
		encoded, err := plan.Encode()
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := sweeps.Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		var texts [2]bytes.Buffer
		for i, p := range []*sweeps.Plan{plan, decoded} {
			table, err := Compute(context.Background(), p, results, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if err := table.JSON(&texts[i]); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Equal(texts[0].Bytes(), texts[1].Bytes()) {
			t.Errorf("%s: the tables differ", plan.Name)
		}
	}
}

// TestSharedRows checks that rows of one training say so, and that their comparison counts once.
func TestSharedRows(t *testing.T) {
	plan, results := planOf(t, strings.Replace(tasksFile, "seeds:", "  - {label: again, set: {pretrain.tasks: [cap]}}\n"+
		"  - {label: the same, set: {pretrain.tasks: [cap, aref, gcap, caref]}}\nseeds:", 1))
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	notes := map[string]string{}
	tests := map[string]*Test{}
	for _, row := range table.Rows {
		for _, mark := range row.Marks {
			notes[row.Name] += table.Notes[mark]
		}
		if row.Kind == Model {
			tests[row.Name] = row.Cells[0].Seeds
		}
	}
	if got := notes["again"]; got != "the same training as CAP only: its settings come to the same" {
		t.Errorf("footnote %q", got)
	}
	if tests["again"] == nil || tests["again"] != tests["CAP only"] {
		t.Errorf("two tests of one comparison: %+v, %+v", tests["again"], tests["CAP only"])
	}
	if tests["the same"] != nil {
		t.Errorf("a training is tested against itself: %+v", tests["the same"])
	}
}

func TestStaleResultsAreSaid(t *testing.T) {
	plan, results := planOf(t, commandFile)
	const text = "made by other code: train.py changed since"
	table, err := Compute(context.Background(), plan, results, Options{Stale: map[string]string{plan.Trials[0].ID: text, plan.Trials[1].ID: text}})
	if err != nil {
		t.Fatal(err)
	}
	if len(table.Rows[0].Marks) != 1 || table.Notes[table.Rows[0].Marks[0]] != text || len(table.Rows[1].Marks) != 0 {
		t.Errorf("%v, marks %v and %v", table.Notes, table.Rows[0].Marks, table.Rows[1].Marks)
	}
}

// TestSmallNumbersAreNotZero is a program that reports learning rates.
func TestSmallNumbersAreNotZero(t *testing.T) {
	const file = `version: 1
name: small
command: [python3, p.py, "${args}"]
parameters: {row: {values: [a, b], labels: [a, b]}}
`
	table := computed(t, file, map[string]map[string][]float64{"a": {"lr": {1e-5}, "acc": {.5}, "none": {0}}, "b": {"lr": {.01}, "acc": {.6}, "none": {0}}})
	var text bytes.Buffer
	if err := table.Text(&text); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(text.String(), "a    0.500  0.000010  0.000") {
		t.Errorf("%s", text.String())
	}
}

// manyPlan is a program that records n metrics and declares none.
func manyPlan(t *testing.T, n int) (*sweeps.Plan, Results) {
	t.Helper()
	plan, results := planOf(t, commandFile)
	for id, r := range results {
		r.Values = map[string]registry.Summary{}
		for i := range n {
			r.Values[fmt.Sprintf("m%02d", i)] = registry.Summary{Last: float64(i), N: 1}
		}
		results[id] = r
	}
	return plan, results
}

func TestDroppedMetricsAreNamed(t *testing.T) {
	for n, want := range map[int][]string{12: {}, 14: {"not shown: m12, m13; declare them under metrics"}} {
		plan, results := manyPlan(t, n)
		table, err := Compute(context.Background(), plan, results, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(table.Notes, want) || len(table.Columns) != 12 {
			t.Errorf("%d metrics: %d columns, notes %q", n, len(table.Columns), table.Notes)
		}
	}
}

// TestNoGoalIsGuessed looks at a program's metrics without goals: no arrow, nothing bold, no plus.
func TestNoGoalIsGuessed(t *testing.T) {
	plan, results := planOf(t, strings.Replace(commandFile, "show: [mean, ci]", "show: [mean, delta, p]", 1))
	for id, r := range results {
		for _, metric := range []string{"val/perplexity", "rmse", "wer", "loss", "diffvqa/bleu4"} {
			r.Values[metric] = r.Values["accuracy"]
		}
		results[id] = r
	}
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := table.Text(&text); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(text.String(), "↑↓*+") {
		t.Errorf("a goal is guessed:\n%s", text.String())
	}
}

func TestNoMetricsIsSaid(t *testing.T) {
	plan, results := planOf(t, strings.Replace(commandFile, "report:", "metrics: {acc: , f1: }\nreport:", 1))
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	err = results.check(plan, table)
	const want = "none of the metrics was recorded: 4 trials are done without acc, f1; recorded are accuracy, val_loss: name them under metrics"
	if !errors.Is(err, ErrNoMetrics) || err.Error() != want {
		t.Errorf("%v\nwant %s", err, want)
	}
	one := plan.Trials[0].ID
	results[one].Values["f1"] = registry.Summary{Last: math.NaN(), N: 1}
	if table, err = Compute(context.Background(), plan, results, Options{}); err != nil {
		t.Fatal(err)
	}
	if err := results.check(plan, table); err != nil {
		t.Errorf("one trial has one of them: %v", err)
	}
}

const hostileFile = `version: 1
name: hostile
command: [python3, esc.py, "${args}"]
parameters:
  "k\e[31mred": {values: ["v\e]0;OWNED\a\e[2J", "new\nline", "=cmd|'/c calc'!A1", "-1.5", "@x", "<script>"], label: "L\e[5m=1+1\nX"}
`

// TestTextCannotAct renders hostile labels, names and errors in every format.
func TestTextCannotAct(t *testing.T) {
	plan, results := planOf(t, hostileFile)
	for id, r := range results {
		r.Values = map[string]registry.Summary{"=1+1": {Last: 1, N: 1}, "m\x1b]0;META\a\n": {Last: 2, N: 1}}
		results[id] = r
	}
	failed := results[plan.Trials[1].ID]
	failed.State, failed.Error = registry.Failed, "Err \x1b]0;FAIL\a boom"
	results[plan.Trials[1].ID] = failed
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, format := range Formats {
		var out bytes.Buffer
		if err := table.Render(&out, format, LatexOptions{}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(strings.ReplaceAll(out.String(), "\n", ""), "\x1b\a\r\x00") {
			t.Errorf("%s: a control character:\n%q", format, out.String())
		}
		if format == "text" && strings.Count(out.String(), "\n") != 12 {
			t.Errorf("a line end in a name makes a line:\n%s", out.String())
		}
		if format != "csv" && format != "csv-wide" {
			continue
		}
		lines, err := csv.NewReader(&out).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			for _, cell := range line {
				if strings.HasPrefix(cell, "=") || strings.HasPrefix(cell, "@") {
					t.Errorf("a formula: %q", cell)
				}
			}
		}
	}
	for text, want := range map[string]string{"=1": "'=1", "-1.5": "-1.5", "+1e3": "+1e3", "-x": "'-x", "\tx": `\tx`, "@a": "'@a", "a=b": "a=b", "": ""} {
		if got := cellText(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}
