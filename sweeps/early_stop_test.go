package sweeps

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const stopFile = `version: 1
name: s
command: [x, "${args}"]
parameters: {a: {values: [1, 2]}}
metrics: {acc: {goal: maximize}, loss: }
`

func TestEarlyStop(t *testing.T) {
	for text, want := range map[string]*Stop{
		"": nil,
		"early_stop: {rule: asha, metric: acc, first: 2}":                                  {Rule: StopASHA, Metric: "acc", Goal: "maximize", First: 2, Factor: 3},
		"early_stop: {rule: asha, metric: loss, goal: minimize, rungs: [1, 4], factor: 4}": {Rule: StopASHA, Metric: "loss", Goal: "minimize", Rungs: []int{1, 4}, Factor: 4},
		"early_stop: {rule: median, metric: acc, first: 1}":                                {Rule: StopMedian, Metric: "acc", Goal: "maximize", First: 1, Least: 5},
		"early_stop: {rule: median, metric: acc, first: 1, least: 3}":                      {Rule: StopMedian, Metric: "acc", Goal: "maximize", First: 1, Least: 3},
	} {
		if diff := cmp.Diff(want, expand(t, stopFile+text).Run.Stop); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

func TestEarlyStopRefusals(t *testing.T) {
	for text, want := range map[string]string{
		"{metric: acc, first: 1}":                                                              "early_stop.rule: missing: want median or asha",
		"{rule: asha, first: 1}":                                                               "early_stop.metric: missing: by which metric?",
		"{rule: asha, metric: accc, first: 1}":                                                 `early_stop.metric: "accc" is not among metrics: did you mean acc?`,
		"{rule: asha, metric: loss, first: 1}":                                                 "early_stop.goal: missing: want goal: maximize or minimize, here or under metrics",
		"{rule: asha, metric: acc, goal: minimize, first: 1}":                                  "early_stop.goal: minimize, but metrics says maximize of acc",
		"{rule: asha, metric: acc, goal: none, first: 1}":                                      `early_stop.goal: "none": want maximize, minimize`,
		"{rule: asha, metric: acc}":                                                            "early_stop.first: missing: want the first step at which trials are compared, or rungs: [...]",
		"{rule: asha, metric: acc, first: 1, rungs: [2]}":                                      "early_stop: first and rungs: want one of them",
		"{rule: asha, metric: acc, rungs: [2, 2]}":                                             "early_stop.rungs: 2: want each step larger than the one before",
		"{rule: asha, metric: acc, rungs: []}":                                                 "early_stop.rungs: want a list of steps such as [1, 3, 9]",
		"{rule: asha, metric: acc, first: 1, least: 2}":                                        "early_stop.least: asha has none: it is median's",
		"{rule: median, metric: acc, first: 1, factor: 3}":                                     "early_stop.factor: median has none: it is asha's",
		"{rule: asha, metric: acc, first: 1, factor: 1}":                                       "early_stop.factor: 1: want at least 2",
		"{rule: asha, metric: acc, first: 0.5}":                                                `early_stop.first: "0.5": want a whole number`,
		"[asha]":                                                                               "early_stop: want keys and values",
		"{rule: asha, metric: acc, first: 1}\nearly_terminate: {type: hyperband, min_iter: 1}": "early_terminate: early_stop says it already: want one of them",
	} {
		_, err := Parse("f.yaml", []byte(stopFile+"early_stop: "+text))
		if err == nil || !strings.Contains(err.Error(), ": "+want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}

// W&B's hyperband becomes asha: with min_iter each rung is eta times the one before, with max_iter and s they are counted back from it.
func TestEarlyTerminate(t *testing.T) {
	const file = "program: train.py\nmethod: grid\nmetric: {name: acc, goal: maximize}\nparameters: {a: {values: [1, 2]}}\nearly_terminate: "
	for text, want := range map[string]*Stop{
		"{type: hyperband, min_iter: 3}":                             {Rule: StopASHA, Metric: "acc", Goal: "maximize", First: 3, Factor: 3},
		"{type: hyperband, min_iter: 3, eta: 2, strict: true}":       {Rule: StopASHA, Metric: "acc", Goal: "maximize", First: 3, Factor: 2},
		"{type: hyperband, max_iter: 27, s: 2}":                      {Rule: StopASHA, Metric: "acc", Goal: "maximize", Rungs: []int{3, 9}, Factor: 3},
		"{type: hyperband, max_iter: 5, s: 4, eta: 2}":               {Rule: StopASHA, Metric: "acc", Goal: "maximize", Rungs: []int{1, 2}, Factor: 2},
		"{type: hyperband, max_iter: 100, s: 2, eta: 10}":            {Rule: StopASHA, Metric: "acc", Goal: "maximize", Rungs: []int{1, 10}, Factor: 10},
		"{type: hyperband, max_iter: 81, s: 9, eta: 3, min_iter: 2}": {Rule: StopASHA, Metric: "acc", Goal: "maximize", Rungs: []int{1, 3, 9, 27}, Factor: 3},
	} {
		if diff := cmp.Diff(want, expand(t, file+text).Run.Stop); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"{type: envelope, min_iter: 1}":                 `early_terminate.type: "envelope": W&B knows hyperband`,
		"{min_iter: 1}":                                 "early_terminate.type: missing: want hyperband",
		"{type: hyperband}":                             "early_terminate: want min_iter, or max_iter and s",
		"{type: hyperband, max_iter: 9}":                "early_terminate: want min_iter, or max_iter and s",
		"{type: hyperband, max_iter: 2, s: 1}":          "early_terminate: max_iter: 2 divided by eta: 3 is less than 1",
		"{type: hyperband, min_iter: 1, eta: 2.5}":      `early_terminate.eta: "2.5": want a whole number`,
		"{type: hyperband, min_iter: 1, strict: false}": "early_terminate.strict: false: trials are stopped as in the paper",
		"{type: hyperband, min_itr: 1}":                 "early_terminate.min_itr: unknown key: did you mean min_iter?",
	} {
		_, err := Parse("f.yaml", []byte(file+text))
		if err == nil || !strings.Contains(err.Error(), ": "+want) {
			t.Errorf("%s:\n got %v\nwant %s", text, err, want)
		}
	}
}
