package reports

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/experiments"
	"harness/metrics"
	"harness/registry"
)

// scoredByBERT gives what a trial recorded BERTScores: those of its answers, which are kept with them.
func scoredByBERT(t *testing.T, r Result, scorer string, of func(p Prediction) float64) Result {
	t.Helper()
	list, err := ReadPredictions(r.Predictions, "diffvqa")
	if err != nil {
		t.Fatal(err)
	}
	path, sum := filepath.Join(t.TempDir(), "predictions.jsonl"), 0.0
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := bufio.NewWriter(file)
	for _, p := range list {
		v := of(p)
		p.Task, p.BERTScore, sum = "diffvqa", &v, sum+v
		if err := json.NewEncoder(w).Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil || file.Close() != nil {
		t.Fatal(err)
	}
	mean := sum / float64(len(list))
	r.Predictions, r.Notes["diffvqa/scorer"] = path, "ptb; METEOR without paraphrases; "+scorer
	r.Values["diffvqa/bertscore"] = registry.Summary{Last: mean, Min: mean, Max: mean, N: 1}
	return r
}

// bertTable computes a table of one row that answers well, one that does not, and one that the case makes.
func bertTable(t *testing.T, other func(good, bad Result) Result) *Table {
	t.Helper()
	plan, results := planOf(t, strings.Replace(answersFile, "metrics:", "metrics:\n  diffvqa/bertscore: {label: BERTScore}", 1))
	like := func(p Prediction) float64 {
		if p.Hyp == p.Refs[0] {
			return 1
		}
		return 0.8
	}
	const scorer = "BERT 0123456789ab, layer 6, no idf, not rescaled"
	good := scoredByBERT(t, answering(t, writeAnswers(t, 200, func(i int) bool { return i%10 != 0 })), scorer, like)
	bad := scoredByBERT(t, answering(t, writeAnswers(t, 200, func(i int) bool { return i%3 == 0 })), scorer, like)
	for _, trial := range plan.Trials {
		switch trial.Row {
		case "good":
			results[trial.ID] = good
		case "bad":
			results[trial.ID] = bad
		case "equal":
			results[trial.ID] = other(good, bad)
		}
	}
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

// TestBERTScoreIsTested: the kept scores of samples tell rows apart as those of any text metric do, and the caption names the model.
func TestBERTScoreIsTested(t *testing.T) {
	table := bertTable(t, func(good, bad Result) Result { return bad })
	for _, row := range table.Rows[1:] {
		if row.Kind != Model {
			continue
		}
		cell := row.Cells[0]
		if cell.Samples == nil || cell.Samples.P > .01 || cell.Samples.Items != 200 || cell.Within || math.Abs(cell.Delta+0.2*(0.9-67.0/200)) > 1e-9 {
			t.Errorf("%s: %+v, difference %v", row.Name, cell.Samples, cell.Delta)
		}
	}
	if caption := strings.Join(table.Caption, " "); !strings.Contains(caption, "BERTScore: model 0123456789ab, layer 6, no idf, not rescaled.") {
		t.Errorf("caption: %s", caption)
	}
}

// TestOtherBERTScoresAreNotCompared: another model is another number, and no model is no number, which says how to get one; the
// other columns are compared all the same.
func TestOtherBERTScoresAreNotCompared(t *testing.T) {
	for name, c := range map[string]struct {
		other func(t *testing.T, r Result) Result
		want  string
	}{
		"another layer": {func(t *testing.T, r Result) Result {
			return scoredByBERT(t, r, "BERT 0123456789ab, layer 5, no idf, not rescaled", func(Prediction) float64 { return 0.5 })
		}, "BERTScore: not compared with good: scored with ptb; BERT 0123456789ab, layer 5, no idf, not rescaled, that with ptb; BERT 0123456789ab, layer 6"},
		"no model": {func(t *testing.T, r Result) Result {
			r = answering(t, r.Predictions)
			r.Notes["diffvqa/scorer"], r.Notes["diffvqa/bertscore/blank"] = plainScorer, metrics.NoBERT
			return r
		}, "BERTScore: no model was named: set test.bertscore.model to hf:ORG/NAME or to a model's folder"},
		"an older trial": {func(t *testing.T, r Result) Result { return answering(t, r.Predictions) }, "BERTScore: no model was named: set test.bertscore.model"},
	} {
		table := bertTable(t, func(good, bad Result) Result {
			r := bad
			r.Values, r.Notes = map[string]registry.Summary{}, map[string]string{}
			for key, v := range bad.Values {
				r.Values[key] = v
			}
			return c.other(t, r)
		})
		for _, row := range table.Rows {
			if row.Name != "equal" {
				continue
			}
			if notes := table.notesOf(Row{}, row.Cells[0]); !strings.Contains(notes, c.want) {
				t.Errorf("%s: footnotes %q, want %q", name, notes, c.want)
			}
			if row.Cells[0].Verdict != nil || row.Cells[1].Verdict == nil {
				t.Errorf("%s: BERTScore %+v, BLEU-4 %+v", name, row.Cells[0].Verdict, row.Cells[1].Verdict)
			}
		}
	}
}

// TestTable2SaysHowToGetBERTScore: the built-in table has the column, and without a model says how it is filled.
func TestTable2SaysHowToGetBERTScore(t *testing.T) {
	file, err := experiments.Read("table2")
	if err != nil {
		t.Fatal(err)
	}
	plan, results := planOf(t, strings.Replace(string(file), "preset: paper", "preset: nano", 1))
	for _, trial := range plan.Trials {
		r := answering(t, writeAnswers(t, 20, func(i int) bool { return i%2 == 0 }))
		r.Notes["diffvqa/bertscore/blank"] = metrics.NoBERT
		results[trial.ID] = r
	}
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	column := -1
	for c := range table.Columns {
		if table.Columns[c].Metric == "diffvqa/bertscore" {
			column = c
		}
	}
	if column < 0 || !strings.Contains(table.notesOf(Row{}, table.Rows[0].Cells[column]), "set test.bertscore.model to hf:ORG/NAME") {
		t.Errorf("column %d, notes %q", column, table.Notes)
	}
}
