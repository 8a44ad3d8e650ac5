package reports

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/metrics"
	"harness/registry"
)

const answersFile = `version: 1
name: answers
base: {preset: smoke}
ablations:
  - {label: good}
  - {label: bad, set: {pretrain.tasks: [cap]}}
  - {label: equal, set: {pretrain.tasks: [cap, caref]}}
controls: {untrained: false}
metrics:
  diffvqa/bleu4: {label: BLEU-4}
  diffvqa/f1: {label: finding F1}
report: {cases: 3, show: [mean, p]}
`

// writeAnswers writes predictions.jsonl of n questions; right tells which of them are answered rightly.
func writeAnswers(t *testing.T, n int, right func(i int) bool) string {
	t.Helper()
	findings := []string{"edema", "pneumonia", "atelectasis", "pleural effusion", "cardiomegaly"}
	var lines strings.Builder
	for i := range n {
		answer := func(k int) string {
			return "the main image has an additional finding of " + findings[k%len(findings)] + " than the reference image."
		}
		hyp := answer(i + 1)
		if right(i) {
			hyp = answer(i)
		}
		line, err := json.Marshal(Prediction{Task: "diffvqa", ID: fmt.Sprint("q", i), Question: "what has changed?", Hyp: hyp, Refs: []string{answer(i)}})
		if err != nil {
			t.Fatal(err)
		}
		lines.Write(append(line, '\n'))
	}
	path := filepath.Join(t.TempDir(), "predictions.jsonl")
	if err := os.WriteFile(path, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func computeAnswers(t *testing.T, seeds string) *Table {
	t.Helper()
	plan, results := planOf(t, answersFile+seeds)
	for row, right := range map[string]func(int) bool{
		"good":  func(i int) bool { return i%10 != 0 },
		"bad":   func(i int) bool { return i%3 == 0 },
		"equal": func(i int) bool { return i%10 != 1 },
	} {
		path := writeAnswers(t, 200, right)
		for _, trial := range plan.Trials {
			if trial.Row == row {
				results[trial.ID] = answering(t, path)
			}
		}
	}
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// answering is what a trial recorded that gave the answers of a file.
func answering(t *testing.T, path string) Result {
	t.Helper()
	list, err := ReadPredictions(path, "diffvqa")
	if err != nil {
		t.Fatal(err)
	}
	scores, err := metrics.Score(context.Background(), samplesOf(list), metrics.Options{Metrics: []string{"bleu", "finding"}})
	if err != nil {
		t.Fatal(err)
	}
	r := Result{State: registry.Done, Values: map[string]registry.Summary{}, Notes: map[string]string{}, Predictions: path}
	for _, key := range scores.Keys {
		v := scores.Corpus[key]
		r.Values["diffvqa/"+key] = registry.Summary{Last: v, Min: v, Max: v, N: 1}
	}
	return r
}

func TestSamplesTellRowsApart(t *testing.T) {
	table := computeAnswers(t, "")
	for _, row := range table.Rows {
		if row.Kind != Model {
			continue
		}
		for c, cell := range row.Cells {
			name := row.Name + " " + table.Columns[c].Metric
			switch row.Name {
			case "good":
				if cell.Samples != nil || cell.Within {
					t.Errorf("%s: the baseline is compared with itself", name)
				}
			case "bad":
				if cell.Samples == nil || cell.Samples.P > .01 || cell.Samples.Items != 200 || cell.Within {
					t.Errorf("%s: not told apart: %+v", name, cell.Samples)
				}
			case "equal":
				if cell.Samples == nil || cell.Samples.Holm < .05 || !cell.Within {
					t.Errorf("%s: told apart: %+v", name, cell.Samples)
				}
			}
			if cell.Samples != nil && cell.Samples.Holm < cell.Samples.P {
				t.Errorf("%s: the correction lowers p: %+v", name, cell.Samples)
			}
		}
	}
	if caption := strings.Join(table.Caption, " "); !strings.Contains(caption, "paired bootstrap over 200 test samples of one seed") ||
		!strings.Contains(caption, "Holm over 4 comparisons (each row with its baseline)") {
		t.Errorf("caption: %s", caption)
	}
}

// TestSeedsAndSamplesAreOneTest has three seeds whose answers were kept: one test judges seeds and samples, and three seeds that
// differ much outweigh two hundred samples.
func TestSeedsAndSamplesAreOneTest(t *testing.T) {
	for _, c := range []struct {
		shift [3]int // how many more questions of 200 the other row answers rightly, by seed
		want  string
	}{
		{[3]int{60, 64, 57}, "good b*"},
		{[3]int{60, -30, 10}, "good* b*~"}, // a bootstrap of the first seed alone would tell them apart
	} {
		plan, results := planOf(t, strings.Replace(strings.Replace(answersFile, "{label: bad", "{label: b", 1),
			"  - {label: equal, set: {pretrain.tasks: [cap, caref]}}\n", "seeds: [0, 1, 2]\n", 1))
		for _, trial := range plan.Trials {
			right := 100 + 2*int(trial.Seed)
			if trial.Row == "b" {
				right += c.shift[trial.Seed]
			}
			results[trial.ID] = answering(t, writeAnswers(t, 200, func(i int) bool { return i*73%200 < right }))
		}
		table, err := Compute(context.Background(), plan, results, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, column := range table.Columns {
			cell := table.Rows[1].Cells[i]
			if got := marksOf(table, i); got != c.want {
				t.Errorf("%v, %s: %s, want %s: %+v", c.shift, column.Label, got, c.want, cell.Verdict)
			}
			if v := cell.Verdict; v == nil || v.Method != Hierarchical || v.N != 3 || v.Items != 200 || cell.Samples != nil || !(v.Low < cell.Delta && cell.Delta < v.High) {
				t.Errorf("%v, %s: %+v of %v", c.shift, column.Label, v, cell.Delta)
			}
			if v := cell.Verdict; (v.Low > 0 || v.High < 0) != (v.P < Level) {
				t.Errorf("%v, %s: interval and p differ: %+v", c.shift, column.Label, v)
			}
		}
		if caption := strings.Join(table.Caption, " "); !strings.Contains(caption, "seeds × test samples (3 × 200)") {
			t.Errorf("caption: %s", caption)
		}
	}
}

// TestOtherTestSetsAreNotCompared gives two rows answers to other questions, other scorer settings, other data, and numbers that
// their answers do not give.
func TestOtherTestSetsAreNotCompared(t *testing.T) {
	right := func(i int) bool { return i%3 == 0 }
	for name, c := range map[string]struct {
		change func(r *Result)
		want   string
		delta  bool // whether the difference is shown nevertheless
	}{
		"another test set": {func(r *Result) { *r = answering(t, writeAnswers(t, 100, right)) },
			"BLEU-4; finding F1: not compared with good: other test samples (100, set ", false},
		"paraphrases": {func(r *Result) { r.Notes["diffvqa/scorer"] = "none; METEOR paraphrases 1a2b3c4d; no BERT" },
			"BLEU-4; finding F1: not compared with good: scored with none, that with ptb", false},
		"other data": {func(r *Result) { r.Predictions, r.DataHash = "", "0123456789" },
			"BLEU-4; finding F1: not compared with good: other data (01234567; that has d41d8cd9)", false},
		"another number": {func(r *Result) { r.Values["diffvqa/bleu4"] = registry.Summary{Last: .9, Min: .9, Max: .9, N: 1} },
			"BLEU-4: the kept answers of seed 0, scored again, give 0.8", true},
	} {
		plan, results := planOf(t, answersFile)
		for _, trial := range plan.Trials {
			r := answering(t, writeAnswers(t, 200, right))
			r.DataHash = "d41d8cd9"
			if trial.Row == "bad" {
				c.change(&r)
			}
			results[trial.ID] = r
		}
		table, err := Compute(context.Background(), plan, results, Options{})
		if err != nil {
			t.Fatal(err)
		}
		cell := table.Rows[1].Cells[0]
		if notes := table.notesOf(Row{}, cell); !strings.Contains(notes, c.want) {
			t.Errorf("%s: footnotes %q, want %q", name, notes, c.want)
		}
		if cell.Verdict != nil || math.IsNaN(cell.Delta) == c.delta || cell.Within || cell.Bold {
			t.Errorf("%s: compared nevertheless: %+v", name, cell)
		}
	}
}

// TestFewAnswersProveNothing has two test samples, on which no difference can be shown.
func TestFewAnswersProveNothing(t *testing.T) {
	plan, results := planOf(t, answersFile)
	for _, trial := range plan.Trials {
		results[trial.ID] = answering(t, writeAnswers(t, 2, func(int) bool { return trial.Row == "good" }))
	}
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := marksOf(table, 0); got != "good bad equal" {
		t.Errorf("marks: %s", got)
	}
	if caption := strings.Join(table.Caption, " "); !strings.Contains(caption, "No marks: with so few test samples no adjusted p below 1 can be reached.") {
		t.Errorf("caption: %s", caption)
	}
}

// TestMETEORSaysWhetherItHadParaphrases holds the label of METEOR without its table, whatever the file calls it.
func TestMETEORSaysWhetherItHadParaphrases(t *testing.T) {
	for note, want := range map[string]string{
		"": "METEOR (no paraphrases)", plainScorer: "METEOR (no paraphrases)", "ptb; METEOR paraphrases 1a2b3c4d; no BERT": "METEOR",
	} {
		plan, results := planOf(t, strings.Replace(answersFile, "metrics:", "metrics:\n  diffvqa/meteor: {label: METEOR}", 1))
		for id, r := range results {
			r.Values["diffvqa/meteor"] = registry.Summary{Last: .4, Min: .4, Max: .4, N: 1}
			if note != "" {
				r.Notes["diffvqa/scorer"] = note
			}
			results[id] = r
		}
		table, err := Compute(context.Background(), plan, results, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := table.Columns[0].Label; got != want {
			t.Errorf("%q: %q, want %q", note, got, want)
		}
	}
}

func TestBrokenPredictions(t *testing.T) {
	plan, results := planOf(t, answersFile)
	path := filepath.Join(t.TempDir(), "predictions.jsonl")
	if err := os.WriteFile(path, []byte("{\"task\":\"diffvqa\"}\n{\"task\""), 0o644); err != nil {
		t.Fatal(err)
	}
	for id, r := range results {
		r.Predictions = path
		results[id] = r
	}
	_, err := Compute(context.Background(), plan, results, Options{})
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("a cut file: %v", err)
	}
}

func TestMoments(t *testing.T) {
	mean, std, ci := moments([]float64{1, 2, 3})
	if mean != 2 || std != 1 || math.Abs(ci-2.4841377) > 1e-6 { // t(.975, 2) / sqrt(3)
		t.Errorf("mean %v, std %v, interval %v", mean, std, ci)
	}
	if mean, std, ci := moments([]float64{5}); mean != 5 || !math.IsNaN(std) || !math.IsNaN(ci) {
		t.Errorf("one value: %v %v %v", mean, std, ci)
	}
	if mean, _, _ := moments(nil); !math.IsNaN(mean) {
		t.Errorf("no value: %v", mean)
	}
}

// TestNothingIsDropped counts: each row of the sweep and each seed is in the table, with numbers or with a reason.
func TestNothingIsDropped(t *testing.T) {
	plan, results := planOf(t, tasksFile)
	clear(results)
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]bool{}
	for _, row := range plan.Rows {
		rows[row.Name] = true
	}
	if len(table.Rows) != len(rows) {
		t.Errorf("%d rows, want %d", len(table.Rows), len(rows))
	}
	for _, row := range table.Rows {
		if len(row.Marks) == 0 || !strings.Contains(table.Notes[row.Marks[0]], "0 of 3 seeds") {
			t.Errorf("%s has no numbers and no reason", row.Name)
		}
		for _, cell := range row.Cells {
			if !cell.Blank() || cell.Bold {
				t.Errorf("%s: %+v", row.Name, cell)
			}
		}
	}
}

// TestEqualRowsShareATrial checks that a row which turned out to equal another is printed with the same numbers.
func TestEqualRowsShareATrial(t *testing.T) {
	plan, results := planOf(t, strings.Replace(tasksFile, "[cap, gcap, caref]", "[caref, gcap, aref, cap]", 1))
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := table.Rows[0].Cells[0].Mean, table.Rows[2].Cells[0].Mean; a != b || table.Rows[2].Name != "w/o AREF & co_1" {
		t.Errorf("%s has %v, want %v", table.Rows[2].Name, b, a)
	}
	if got := table.Rows[2].Cells[0].Delta; got != 0 {
		t.Errorf("delta %v", got)
	}
}
