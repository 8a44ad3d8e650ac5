package reports

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
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
	return claimedIn(t, claimsFile)
}

func claimedIn(t *testing.T, file string) (*sweeps.Plan, Results) {
	t.Helper()
	plan, results := planOf(t, file)
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

// TestHypothesesOfAnswers tests over seeds and samples where answers were kept, over samples where there is one seed.
func TestHypothesesOfAnswers(t *testing.T) {
	claims := `hypotheses:
  - {name: good, claim: good is better, metric: diffvqa/f1, row: good, against: bad}
  - {name: equal, claim: equal is better, metric: diffvqa/f1, row: equal, against: good, at_least: 0.2}
`
	for seeds, want := range map[string]struct {
		method Method
		text   string
	}{
		"seeds: [0]\n":    {Bootstrap, "n = 200 test samples of one seed, p = .0"},
		"seeds: [0, 1]\n": {Hierarchical, "n = 2 seeds × 200 test samples, p < .001"},
	} {
		list := computeAnswers(t, seeds+claims).Hypotheses.List
		good, equal := list[0], list[1]
		if good.Lines[0].Test.Method != want.method || good.Outcome != Supported || !strings.Contains(good.Sentence, want.text) {
			t.Errorf("%s: %s: %s", seeds, good.Outcome, good.Sentence)
		}
		if d := good.Lines[0].Detectable; !(d > 0 && d < .5) {
			t.Errorf("%s: could find %v", seeds, d)
		}
		if equal.Outcome != Refuted || equal.Lines[0].Test.Holm < Level {
			t.Errorf("%s: %s: %s", seeds, equal.Outcome, equal.Sentence)
		}
	}
}

// TestHypothesesDirections judges by the direction that is expected, which may be that of less.
func TestHypothesesDirections(t *testing.T) {
	file := `version: 1
name: directions
command: [x]
parameters: {a: {values: [x, y], labels: [x, y]}}
seeds: [` + seedList(8) + `]
metrics: {loss: {goal: minimize}, size: {}}
hypotheses:
  - {name: less, claim: c, metric: loss, row: y, against: x}
  - {name: much less, claim: c, metric: loss, row: y, against: x, at_least: 2}
  - {name: more, claim: c, metric: loss, row: y, against: x, expect: higher}
  - {name: size, claim: c, metric: size, row: x, against: y, expect: lower}
`
	table := computed(t, file, map[string]map[string][]float64{"x": {"loss": around(2, 8, 1), "size": around(5, 8, 3)}, "y": {"loss": around(1, 8, 2), "size": around(5, 8, 4)}})
	var got []Outcome
	for _, h := range table.Hypotheses.List {
		got = append(got, h.Outcome)
	}
	if want := []Outcome{Supported, Refuted, Refuted, NotSettled}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if s := table.Hypotheses.List[1].Sentence; !strings.Contains(s, "there is a difference, and the interval excludes one of 2") {
		t.Error(s)
	}
}

// TestHypothesesOfFewSeeds says that nothing could be shown, and how many seeds it takes.
func TestHypothesesOfFewSeeds(t *testing.T) {
	file := "version: 1\nname: few\ncommand: [x]\nparameters: {a: {values: [x, y], labels: [x, y]}}\nseeds: [0, 1, 2]\nmetrics: {m: {goal: maximize}}\n" +
		"hypotheses:\n  - {name: one, claim: c, metric: m, row: y, against: x}\n  - {name: two, claim: c, metric: m, row: y, against: x, at_least: 0.1}\n"
	table := computed(t, file, map[string]map[string][]float64{"x": {"m": around(2, 3, 1)}, "y": {"m": around(4, 3, 2)}})
	one := table.Hypotheses.List[0]
	if one.Outcome != NotSettled || !math.IsInf(one.Lines[0].Detectable, 1) ||
		!strings.Contains(one.Sentence, "3 seeds among 2 hypotheses cannot show any difference: it takes 7 seeds") {
		t.Errorf("%s: %s", one.Outcome, one.Sentence)
	}
}

// TestHypothesesOfOtherTexts compares rows that were trained on the same images with other texts, in metrics of images and findings.
func TestHypothesesOfOtherTexts(t *testing.T) {
	words := func(metric string) string {
		return strings.Replace(strings.ReplaceAll(claimsFile, "    metric: probe/auc\n    row: all tasks\n    against: boxes only\n",
			"    metric: "+metric+"\n    row: all tasks\n    against: boxes only\n"), "until: regions, ", "", 1)
	}
	for _, c := range []struct {
		metric, want string
		spoil        func(r *Result, row string)
	}{
		{metric: "probe/auc"},
		{metric: "caref/acc50", want: "not compared with boxes only: other data (0.000000; that has 1.000000)"},
		{metric: "probe/auc", want: "not compared with CAP only: other data", spoil: func(r *Result, row string) { r.DataHash = row + "........" }},
	} {
		plan, results := claimedIn(t, words(c.metric))
		for _, trial := range plan.Trials {
			if r := results[trial.ID]; c.spoil != nil {
				c.spoil(&r, trial.Row)
				results[trial.ID] = r
			}
		}
		list := judged(t, plan, results).Hypotheses.List
		one := list[1]
		if c.spoil != nil {
			one = list[0] // the settings say that the data are the same: other contents are another generator's
		}
		if got := one.Lines[0].Reason; !strings.HasPrefix(got, c.want) || (got == "") != (c.want == "") {
			t.Errorf("%s: %q, want %q", c.metric, got, c.want)
		}
	}
}
