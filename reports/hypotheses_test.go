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

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/metrics"
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
		"all tasks: 7 of 8 seeds: seed 3 was stopped early at step 20": func(r *Result) {
			r.State, r.Error = registry.Stopped, "stopped early at step 20: probe/auc .1 at best, below the median .5 of 7 trials"
		},
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

// TestHypothesesOfStoppedRows says so where a rule stopped every seed of a row: nothing was recorded is not the reason.
func TestHypothesesOfStoppedRows(t *testing.T) {
	plan, results := claimed(t)
	for _, trial := range plan.Trials {
		r := results[trial.ID]
		r.State, r.Error = registry.Stopped, "stopped early at step 10: probe/auc .1 at best, below the median .5 of 7 trials"
		results[trial.ID] = r
	}
	j := newJury(&builder{results: results, table: &Table{}}, plan)
	for _, i := range []int{0, 3} { // against a row, and against a control of the same trials
		h, err := j.measure(context.Background(), plan.Hypotheses[i])
		if err != nil {
			t.Fatal(err)
		}
		if got := h.Lines[0].Reason; !strings.HasPrefix(got, "all tasks: 0 of 8 seeds: each was stopped early at step 10") {
			t.Errorf("%s: %q", h.Name, got)
		}
	}
}

// TestSmallestOfHypotheses is Holm's rule over what each test can reach: tests over samples leave the others no weaker.
func TestSmallestOfHypotheses(t *testing.T) {
	of := func(tests ...*Test) Hypothesis {
		h := Hypothesis{Smallest: math.NaN()}
		for _, test := range tests {
			h.Lines = append(h.Lines, Comparison{Test: test})
		}
		return h
	}
	seeds := func(n int) *Test { return &Test{Method: SignFlip, P: .5, SmallestP: metrics.SmallestSignFlip(n)} }
	samples := func() *Test { return &Test{Method: Hierarchical, P: .5} }
	all := &Hypotheses{List: []Hypothesis{of(samples()), of(seeds(6)), of(samples(), samples()), of(seeds(8), samples()), of((*Test)(nil))}}
	all.adjust()
	var got []float64
	for _, h := range all.List {
		got = append(got, h.Smallest)
	}
	want := []float64{0, 2. / 64 * 2, 0, 2. / 256 * 3, math.NaN()} // what was not measured stands behind all others
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Error(diff)
	}
	if s := all.List[3].Lines[1].smallest; s != 0 || all.List[1].overSeeds != 3 {
		t.Errorf("samples alone: %v; %d over seeds", s, all.List[1].overSeeds)
	}
}

// TestHypothesisRemarks has a sentence for each way to a verdict.
func TestHypothesisRemarks(t *testing.T) {
	test := func(m Method, p, holm float64) *Test { return &Test{Method: m, P: p, Holm: holm, N: 6, Items: 9} }
	flip := func(p, holm float64) *Test { return &Test{Method: SignFlip, P: p, Holm: holm, N: 6} }
	for name, c := range map[string]struct {
		lines   int
		over    int // hypotheses over seeds, of four
		atLeast float64
		line    Comparison
		want    string
	}{
		"other direction": {1, 4, 0, Comparison{Delta: -1, Low: -2, High: -.5, Test: flip(.01, .04)}, "the difference is significant in the other direction"},
		"other direction, of three": {3, 4, 0, Comparison{Delta: -1, Low: -2, High: -.5, Test: flip(.01, .04)},
			"the difference is in the other direction, but p times 3, for any of so many comparisons may refute the claim, is not below .05"},
		"other direction and too small, of three": {3, 4, .0125, Comparison{Delta: -1, Low: -2, High: -.5, Test: flip(.01, .04)},
			"the interval excludes a difference of .0125, the smallest that would matter"},
		"too small": {1, 4, .5, Comparison{Delta: .1, Low: -.1, High: .3, Test: flip(.1, .4)}, "the interval excludes a difference of .5, the smallest that would matter"},
		"too small and certain": {1, 4, .5, Comparison{Delta: .1, Low: .05, High: .15, Test: flip(.01, .04)},
			"there is a difference, and the interval excludes one of .5, the smallest that would matter"},
		"supported": {1, 4, 0, Comparison{Delta: 1, Low: .5, High: 2, Test: flip(.01, .04)}, ""},
		"too few seeds": {1, 4, 0, Comparison{Delta: 1, Low: .5, High: 2, Test: flip(.03, .12), smallest: .125, Detectable: math.Inf(1)},
			"6 seeds among 4 hypotheses cannot show any difference: it takes 8 seeds"},
		"too few seeds beside samples": {1, 2, 0, Comparison{Delta: 1, Low: .5, High: 2, Test: flip(.03, .06), smallest: .0625, Detectable: math.Inf(1)},
			"6 seeds among 4 hypotheses (2 of them over test samples) cannot show any difference: it takes 7 seeds"},
		"enough behind samples": {1, 1, 0, Comparison{Delta: 1, Low: -.5, High: 2, Test: flip(.2, .6), smallest: .031, Detectable: math.Inf(1)},
			"the test does not tell the two apart; 6 seeds among 4 hypotheses (3 of them over test samples) can show a difference only where others have a smaller p"},
		"not apart": {1, 4, 0, Comparison{Delta: 1, Low: -.5, High: 2, Test: flip(.2, .6), Detectable: .25}, "the test does not tell the two apart; 6 seeds could have found .25 (power 80%)"},
		"not after Holm": {1, 4, 0, Comparison{Delta: 1, Low: .5, High: 2, Test: test(Hierarchical, .04, .16), Detectable: .25},
			"after Holm the test does not tell the two apart; 6 seeds × 9 test samples could have found .25 (power 80%)"},
		"no spread": {1, 4, 0, Comparison{Test: flip(1, 1), Detectable: math.NaN()},
			"the test does not tell the two apart; the seeds show no spread, so that nothing is known of what they could have found"},
		"samples without spread": {1, 4, 0, Comparison{Test: test(Bootstrap, 1, 1), Detectable: math.NaN()},
			"the test does not tell the two apart; resampling shows no spread, so that nothing is known of what could have been found"},
	} {
		h := Hypothesis{AtLeast: c.atLeast, Expect: sweeps.ExpectHigher, Lines: make([]Comparison, c.lines), column: Column{Digits: 2, Scale: 1}, overSeeds: c.over}
		c.line.Outcome = h.outcome(c.line)
		if got := h.remark(c.line, 4); got != c.want {
			t.Errorf("%s: %s: %q, want %q", name, c.line.Outcome, got, c.want)
		}
	}
}

// TestHypothesisNumbers prints a zero of a column without digits, and at_least with all that the file says.
func TestHypothesisNumbers(t *testing.T) {
	whole, percent := Column{Scale: 1}, Column{Digits: 1, Scale: 100}
	if got := whole.difference(Comparison{Delta: 0, Low: -3, High: 3}); got != "0 [−3, 3]" {
		t.Error(got)
	}
	if got := whole.difference(Comparison{Delta: .2, Low: -3, High: 3.4}); got != "+0 [−3, 3]" {
		t.Error(got)
	}
	for v, want := range map[float64]string{.0125: "1.25", .07: "7", .00001: ".001", 0: "0", 1: "100"} {
		if got := percent.given(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
}

// TestHypothesesSayWhyNotOverSamples names the reason where answers were kept and cannot be resampled, or a seed kept none.
func TestHypothesesSayWhyNotOverSamples(t *testing.T) {
	file := answersFile + "seeds: [0, 1]\nhypotheses:\n  - {name: good, claim: c, metric: diffvqa/f1, row: good, against: bad}\n"
	for want, spoil := range map[string]func(r *Result){
		"n = 2 seeds, p = .5 (sign-flip, Holm over 1 hypothesis; not over test samples: seed 1 of bad kept no answers): 2 seeds among": func(r *Result) { r.Predictions = "" },
		"; not over test samples: the kept answers of seed 1 of bad, scored again, give ":                                              func(r *Result) { r.Values["diffvqa/f1"] = registry.Summary{Last: .001} },
		"2 seeds × 200 test samples": func(*Result) {},
	} {
		plan, results := planOf(t, file)
		for row, every := range map[string]int{"good": 10, "bad": 3, "equal": 10} {
			path := writeAnswers(t, 200, func(i int) bool { return i%every != 0 })
			for _, id := range plan.Row(row).Trials {
				results[id] = answering(t, path)
			}
		}
		id := plan.Row("bad").Trials[1]
		r := results[id]
		spoil(&r)
		results[id] = r
		if got := judged(t, plan, results).Hypotheses.List[0].Sentence; !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestHypothesesShareAnswers reads the answers of a trial once for the table and for all hypotheses.
func TestHypothesesShareAnswers(t *testing.T) {
	plan, results := planOf(t, answersFile+"hypotheses:\n  - {name: good, claim: c, metric: diffvqa/f1, row: good, against: bad}\n")
	id := plan.Row("good").Trials[0]
	results[id] = answering(t, writeAnswers(t, 20, func(int) bool { return true }))
	b := &builder{plan: plan, results: results, table: &Table{}}
	mine, err := b.answer("diffvqa", id)
	if err != nil || mine == nil {
		t.Fatal(mine, err)
	}
	if again, err := newJury(b, plan).answer("diffvqa", id); again != mine {
		t.Error("read once more", err)
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

// hostileClaims are hypotheses with the labels that once broke a format, of every outcome.
func hostileClaims(table *Table) *Hypotheses {
	all := &Hypotheses{Size: len(table.Rows), Remarks: []string{`“\input{x} <b>” was written 2026-11-26 09:00:00 UTC, after 12 trials had ended, the first /data/mimic-cxr-jpg/2.1.0/files/p10/p10000032/s50414267`}}
	for i, row := range table.Rows {
		h := Hypothesis{Name: row.Name, Claim: "It holds that " + row.Lead[0] + " is better than what stands elsewhere, in each of the rows that are there", Metric: "m", Label: row.Name,
			Expect: sweeps.ExpectHigher, Rule: "rule", RefutedIf: row.Name, column: table.Columns[i%3], Holm: .04}
		for k := range 1 + i%3 {
			l := Comparison{Row: row.Name, Against: table.Rows[(i+k)%len(table.Rows)].Name, N: 8, Want: 8, Delta: -1234.5, Low: -2345.678, High: -1000, Detectable: math.Inf(1),
				Test: &Test{Method: Hierarchical, P: .01, Holm: .0004, SmallestP: 0, Low: -2345.678, High: -1000, N: 8, Items: 1200}}
			if i%4 == 3 {
				l.Test, l.Reason = nil, row.Name
			}
			h.Lines = append(h.Lines, l)
		}
		h.judge(all.Size)
		all.List = append(all.List, h)
	}
	return all
}
