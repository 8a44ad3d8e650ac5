package reports

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/experiments"
	"harness/model/spec"
	"harness/registry"
	"harness/sweeps"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const tasksFile = `version: 1
name: table4-tasks
base: {preset: smoke}
ablations:
  - {label: all tasks}
  - {label: CAP only, set: {pretrain.tasks: [cap]}}
  - {label: w/o AREF & co_1, set: {pretrain.tasks: [cap, gcap, caref]}}
seeds: [0, 1, 2]
metrics:
  caref/acc50: {label: "Acc@0.5"}
  diffvqa/bleu4: {label: BLEU-4}
  diffvqa/cider: {label: CIDEr, digits: 2}
  diffvqa/loss: {label: loss, digits: 2}
  diffvqa/bertscore: {label: BERTScore}
report: {published: [table4], show: [mean, std, n, delta, p]}
`

const gridFile = `version: 1
name: grid
base: {preset: smoke}
parameters:
  resolution: {values: [224, 448]}
  pretrain.parallel_ratio: {values: [0, 0.25, 0.5], label: parallel}
baseline: {pretrain.parallel_ratio: 0.25}
seeds: [0, 1, 2, 3, 4, 5]
`

const commandFile = `version: 1
name: own-program
command: [python, train.py]
parameters:
  lr: {values: [0.1, 0.01]}
seeds: [0, 1]
report: {show: [mean, ci]}
`

// planOf expands a file and invents results for its trials: numbers that depend on the row and the seed only.
func planOf(t testing.TB, file string) (*sweeps.Plan, Results) {
	t.Helper()
	s, err := sweeps.Parse("test.yaml", []byte(file))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	results := Results{}
	for _, trial := range plan.Trials {
		results[trial.ID] = invented(trial, plan.Row(trial.Row).Control)
	}
	return plan, results
}

func invented(trial sweeps.Trial, control string) Result {
	r := Result{State: registry.Done, Values: map[string]registry.Summary{}, Notes: map[string]string{}, Commit: "abcdef0123456789",
		Engine: "native on AVX-512", DataHash: "d41d8cd98f00", Synthetic: trial.Spec.Command == ""}
	set := func(metric, salt string, mean, spread float64) {
		h := fnv.New64a()
		fmt.Fprint(h, metric, salt)
		rng := rand.New(rand.NewPCG(h.Sum64(), 1))
		value := mean + spread*rng.NormFloat64()
		r.Values[metric] = registry.Summary{Last: value, Min: value, Max: value, N: 1}
	}
	if trial.Spec.Command != "" {
		set("accuracy", trial.Label, .8, .02)
		set("val_loss", trial.Label, .5, .02)
		return r
	}
	gain := 0.1
	if control != "" {
		gain = 0
	}
	if trial.Row == "CAP only" {
		gain = .05
	}
	for metric, mean := range map[string]float64{"caref/acc50": .45, "diffvqa/bleu4": .3, "diffvqa/cider": .9, "diffvqa/f1": .35} {
		set(metric, trial.Label, mean+gain, .01)
		if metric == "caref/acc50" {
			set("controls/mean-box/"+metric, fmt.Sprint(trial.Seed), .42, 0)
			continue
		}
		set("controls/most-frequent/"+metric, "", mean-.2, .01)
		set("controls/question-only/"+metric, fmt.Sprint(trial.Seed), mean-.15, .01)
		set("controls/shuffled-images/"+metric, trial.Label, mean-.1, .01)
	}
	set("diffvqa/loss", trial.Label, 1.2-gain, .02)
	return r
}

// breakSome fails one seed, leaves another out and moves one to another commit.
func breakSome(trials []sweeps.Trial, results Results) {
	failed := results[trials[4].ID]
	failed.State, failed.Error = registry.Failed, "pretrain: step 3: loss is NaN"
	results[trials[4].ID] = failed
	delete(results, trials[8].ID)
	moved := results[trials[1].ID]
	moved.Commit = "0123456789abcdef+"
	results[trials[1].ID] = moved
}

// goldenFormats are the endings of the golden files.
var goldenFormats = map[Format]string{"text": "txt", "markdown": "md", "latex": "tex", "typst": "typ", "html-table": "html", "csv": "csv", "csv-wide": "wide.csv", "json": "json"}

func TestGolden(t *testing.T) {
	published, err := experiments.Published()
	if err != nil {
		t.Fatal(err)
	}
	for name, file := range map[string]string{"tasks": tasksFile, "grid": gridFile, "command": commandFile, "stopped": stoppedFile} {
		plan, results := planOf(t, file)
		if name == "stopped" {
			stopSome(plan, results)
		}
		if name == "tasks" {
			breakSome(plan.Trials, results)
		}
		table, err := Compute(context.Background(), plan, results, Options{Commit: "abcdef0123456789", Published: published})
		if err != nil {
			t.Fatal(err)
		}
		for format, suffix := range goldenFormats {
			var out bytes.Buffer
			if err := table.Render(&out, format, LatexOptions{}); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join("testdata", name+"."+suffix), out.Bytes())
		}
	}
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (make golden rewrites it)\n%s", path, diff)
	}
}

// TestExperiments expands every built-in experiment as it stands and at a small preset.
func TestExperiments(t *testing.T) {
	for _, name := range experiments.Names() {
		data, err := experiments.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, preset := range []spec.Preset{"", spec.Nano} {
			s, err := sweeps.Parse(name+".yaml", data)
			if err != nil {
				t.Fatal(err)
			}
			if s.Name != name {
				t.Errorf("%s.yaml is named %s", name, s.Name)
			}
			var sets []string
			if preset == "" && s.Preset == spec.Paper {
				sets = []string{"data.root=mimic"}
			}
			if err := s.Override(preset, sets); err != nil {
				t.Error(err)
			}
			plan, err := s.Expand(nil)
			if err != nil {
				t.Fatalf("%s at preset %s: %v", name, s.Preset, err)
			}
			checkCounts(t, name, string(data), plan)
		}
	}
}

var countsPattern = regexp.MustCompile(`(?m)^# (\d+) trials? and (\d+|no) controls?\b`)

// checkCounts holds the comment at the head of an experiment to what it expands to.
func checkCounts(t *testing.T, name, file string, plan *sweeps.Plan) {
	t.Helper()
	found := countsPattern.FindStringSubmatch(file)
	if found == nil {
		t.Errorf("%s: the head does not say how many trials and controls there are", name)
		return
	}
	controls := 0
	trials := plan.Trials
	for _, trial := range trials {
		if plan.Row(trial.Row).Control != "" {
			controls++
		}
	}
	if found[1] != fmt.Sprint(len(trials)-controls) || found[2] != inWords(controls) {
		t.Errorf("%s: the head says %s trials and %s controls, there are %d and %d", name, found[1], found[2], len(trials)-controls, controls)
	}
}

func inWords(n int) string {
	if n == 0 {
		return "no"
	}
	return fmt.Sprint(n)
}
