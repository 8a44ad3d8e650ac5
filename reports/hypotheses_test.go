package reports

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"harness/registry"
	"harness/sweeps"
)

const claimsFile = `version: 1
name: claims
base: {preset: smoke, until: regions, data: {synthetic: {design: place}}}
ablations:
  - {label: all tasks}
  - {label: CAP only, set: {pretrain.tasks: [cap]}}
  - {label: w/o AREF, set: {pretrain.tasks: [cap, gcap, caref]}}
  - {label: w/o GCAP, set: {pretrain.tasks: [cap, aref, caref]}}
  - {label: boxes only, set: {data.synthetic.phrase_dropout: 1}}
seeds: [0, 1, 2, 3, 4, 5, 6, 7]
metrics:
  probe/auc: {label: probe AUC}
  caref/acc50: {label: "Acc@0.5"}
hypotheses:
  - name: boxes
    claim: The four tasks make findings more readable than captions alone at equal images.
    metric: probe/auc
    row: all tasks
    against: CAP only
    at_least: 0.02
  - name: words
    claim: The phrases add to the boxes.
    metric: probe/auc
    row: all tasks
    against: boxes only
    at_least: 0.02
    refuted_if: Phrases are worth less than .02.
  - name: each task
    claim: Every location task adds something.
    metric: probe/auc
    row: all tasks
    against: [w/o AREF, w/o GCAP]
  - name: place
    claim: The boxes are not those of the mean.
    metric: caref/acc50
    row: [all tasks, w/o GCAP]
    against: mean box
    at_least: 0.1
  - name: captions
    claim: Captions alone beat an untrained encoder.
    metric: probe/auc
    row: CAP only
    against: untrained
  - name: findings
    claim: Pneumothorax is read better.
    metric: probe/auc/pneumothorax
    row: {pretrain.tasks: [cap, aref, gcap, caref], data.synthetic.phrase_dropout: 0}
    against: CAP only
`

// claimed are results in which each row has its own mean.
func claimed(t *testing.T) (*sweeps.Plan, Results) {
	t.Helper()
	plan, results := planOf(t, claimsFile)
	means := map[string]float64{"all tasks": .90, "CAP only": .80, "w/o AREF": .87, "w/o GCAP": .899, "boxes only": .898, "untrained encoder": .84}
	rng := rand.New(rand.NewPCG(5, 6))
	for _, trial := range plan.Trials {
		name, _, _ := strings.Cut(trial.Row, ",")
		mean, known := means[name]
		if !known {
			t.Fatalf("no row %q", trial.Row)
		}
		r := Result{State: registry.Done, Values: map[string]registry.Summary{}, Notes: map[string]string{}, DataHash: fmt.Sprintf("%.1f0000000", trial.Spec.Data.Synthetic.PhraseDropout), Synthetic: true}
		set := func(metric string, v float64) { r.Values[metric] = registry.Summary{Last: v, Min: v, Max: v, N: 1} }
		set("probe/auc", mean+.004*rng.NormFloat64())
		set("caref/acc50", .8+.01*rng.NormFloat64())
		set("controls/mean-box/caref/acc50", .2+.001*rng.NormFloat64())
		results[trial.ID] = r
	}
	at := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	plan.KeepWritten(nil, sweeps.Written{At: at})
	return plan, results
}

func judged(t *testing.T, plan *sweeps.Plan, results Results) *Table {
	t.Helper()
	table, err := Compute(context.Background(), plan, results, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func TestHypotheses(t *testing.T) {
	plan, results := claimed(t)
	table := judged(t, plan, results)
	var got []Outcome
	for _, h := range table.Hypotheses.List {
		got = append(got, h.Outcome)
	}
	want := []Outcome{Supported, Refuted, NotSettled, Supported, Refuted, NotMeasured}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: %s, want %s: %s", table.Hypotheses.List[i].Name, got[i], want[i], table.Hypotheses.List[i].Sentence)
		}
	}
	for format, suffix := range goldenFormats {
		if strings.HasPrefix(string(format), "csv") {
			continue // a line a cell: hypotheses are none
		}
		var out bytes.Buffer
		if err := table.Render(&out, format, LatexOptions{}); err != nil {
			t.Fatal(err)
		}
		golden(t, filepath.Join("testdata", "claims."+suffix), out.Bytes())
	}
}

// TestHypothesesWait gives no verdict while seeds are missing, have failed, diverged or were stopped.
func TestHypothesesWait(t *testing.T) {
	for name, spoil := range map[string]func(r *Result){
		"all tasks: 7 of 8 seeds: seed 3 is running":                    func(r *Result) { r.State = registry.Running },
		"all tasks: 7 of 8 seeds: seed 3 failed: no error was recorded": func(r *Result) { r.State = registry.Failed },
		"7 of 8 seeds have a finite number": func(r *Result) {
			r.Values["probe/auc"] = registry.Summary{Last: math.NaN()}
		},
	} {
		plan, results := claimed(t)
		id := plan.Row("all tasks").Trials[3]
		r := results[id]
		spoil(&r)
		results[id] = r
		first := judged(t, plan, results).Hypotheses.List[0]
		if first.Outcome != NotMeasured || !strings.Contains(first.Lines[0].Reason, name) || !math.IsNaN(first.Holm) {
			t.Errorf("%s: %s: %q, p = %v", name, first.Outcome, first.Lines[0].Reason, first.Holm)
		}
	}
}
