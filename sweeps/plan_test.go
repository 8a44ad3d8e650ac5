package sweeps

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/experiments"
	"harness/metrics"
	"harness/model/spec"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// programFile has values of every type, numbers that must keep their digits, and text that must not act.
const programFile = `version: 1
name: program
description: values of every type
project: digits
command: [python, train.py, "${args}"]
base: &base {model: {depth: 2}, beta: 1.0, big: 9007199254740993, tiny: 1e-30}
parameters:
  value: {values: [1, 1.0, "1", true, null, [0.10, 2], {a: 1, b: [x]}], labels: [one, one point, text, yes, none, list, object]}
  "k\e[31m": {values: ["v\nw"], label: "L\e[5m"}
  flag: {values: [true, false]}
exclude: ["flag and seed == 7"]
seeds: [7, -1]
baseline: {value: 1.0}
metrics: {acc: {goal: maximize, digits: 1, scale: 100}, "loss/a b": , x: {at: min}}
resources: {gpus: 2, per_gpu: 1, cpus: 3, timeout: 90s}
run: {parallel: 2, retries: 1, retry_on: [timeout], max_failures: 3}
report: {caption: what it shows, rows: [value], columns: [acc], show: [mean, ci, n], bold: none, published: [table4], cases: 2, family: column}
`

// plans expands every built-in experiment and the files above.
func plans(t *testing.T) map[string]*Plan {
	t.Helper()
	all := map[string]*Plan{"small-grid": expand(t, gridFile), "program": expand(t, programFile)}
	for _, name := range experiments.Names() {
		data, err := experiments.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := Parse(name+".yaml", data)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Override(spec.Nano, []string{"pretrain.steps=7"}); err != nil {
			t.Fatal(err)
		}
		if all[name], err = s.Expand(nil); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestPlanSurvivesJSON(t *testing.T) {
	for name, plan := range plans(t) {
		first, err := plan.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := Decode(first)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(plan, got) {
			t.Errorf("%s: %s", name, cmp.Diff(plan, got))
		}
		second, err := got.Encode()
		if err != nil || !bytes.Equal(first, second) {
			t.Errorf("%s: encoded twice: %v\n%s\n%s", name, err, first, second)
		}
	}
}

// TestExperimentsDeclareKnownMetrics holds that the columns of our own experiments have labels and goals without saying so; what a stage
// computes is no aim.
func TestExperimentsDeclareKnownMetrics(t *testing.T) {
	for name, plan := range plans(t) {
		if plan.Command || name == "small-grid" {
			continue
		}
		if len(plan.Metrics) == 0 {
			t.Errorf("%s declares no metrics", name)
		}
		for _, m := range plan.Metrics {
			if effort := strings.HasSuffix(m.Key, "/"+metrics.StageFLOPs); !effort && m.Goal != metrics.Maximize && m.Goal != metrics.Minimize {
				t.Errorf("%s: %s has no goal", name, m.Key)
			}
		}
	}
}

// TestPlanGolden holds the encoding: registries keep plans for years.
func TestPlanGolden(t *testing.T) {
	for _, name := range []string{"small-grid", "program"} {
		encoded, err := plans(t)[name].Encode()
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		if err := json.Indent(&got, encoded, "", " "); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("testdata", "plan-"+name+".json")
		if *update {
			if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got.String()); diff != "" {
			t.Errorf("%s\n%s", path, diff)
		}
	}
}

func TestDecodeRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                         "decode plan: EOF",
		`{"version":1} {}`:         "decode plan: more than one value",
		`{"version":3,"name":"x"}`: "decode plan x: version 3: this program reads versions up to 2",
		`{"name":"x"}`:             "decode plan x: version 0: this program reads versions up to 2",
		`{"version":1,"seeds":[1],"rows":[{"name":"r","trials":[]}]}`:    `decode plan : row "r" has 0 trials for 1 seeds`,
		`{"version":1,"seeds":[1],"rows":[{"name":"r","trials":["a"]}]}`: `decode plan : row "r": trial a is not among the trials`,
	} {
		if _, err := Decode([]byte(text)); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", text, err, want)
		}
	}
}

func TestProgramPlan(t *testing.T) {
	plan := expand(t, programFile)
	if !plan.Command || len(plan.Rows) != 14 || len(plan.Trials) != 21 {
		t.Fatalf("%d rows, %d trials", len(plan.Rows), len(plan.Trials))
	}
	if yes := plan.Row("yes, flag=true"); yes.Trials[0] != "" || yes.Trials[1] == "" {
		t.Errorf("seed 7 of a row is excluded: %q", yes.Trials)
	}
	if got := plan.Axes[1]; got.Path != "k\x1b[31m" || got.Label != `L\x1b[5m` || got.Options[0].Value != "v\nw" || got.Options[0].Text != `v\nw` {
		t.Errorf("control characters: %+v", got)
	}
	if got := string(plan.Trials[0].Spec.Args); !strings.Contains(got, "9007199254740993") {
		t.Errorf("digits are lost: %s", got)
	}
	object, err := Object(plan.Params()[0])
	if err != nil || string(object) != `{"value":1,"k\u001b[31m":"v\nw","flag":true,"seed":-1}` {
		t.Errorf("%s, %v", object, err)
	}
	if got := plan.Row("one, flag=false").Baseline; got != "one point, flag=false" {
		t.Errorf("the baseline of 1 is %q", got)
	}
	params, err := ParamsOf(object)
	if err != nil || len(params) != 4 || params[1].Path != "k\x1b[31m" || params[1].Text != `v\nw` || params[0].Value != json.Number("1") {
		t.Errorf("%+v, %v", params, err)
	}
	for _, text := range []string{"[1]", "{", `{"a":1,`, "x"} {
		if params, err := ParamsOf(json.RawMessage(text)); err == nil {
			t.Errorf("%s: %+v", text, params)
		}
	}
	want := Run{Parallel: 2, Retries: 1, RetryOn: []string{"timeout"}, MaxFailures: 3}
	if diff := cmp.Diff(want, plan.Run); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(metrics.NoGoal, plan.Metrics[1].Goal); diff != "" {
		t.Errorf("a goal is guessed: %s", diff)
	}
}

// TestUnreadParameters crosses a method with a parameter that it does not read: one training, and a row for each value.
func TestUnreadParameters(t *testing.T) {
	plan := expand(t, `version: 1
name: grid
base: {preset: smoke}
parameters:
  method: {values: [location-aware, global-contrastive]}
  pretrain.parallel_ratio: {values: [0, 0.25, 0.5]}
controls: {untrained: false}
`)
	if len(plan.Rows) != 6 || len(plan.Trials) != 4 {
		t.Errorf("%d rows, %d trials", len(plan.Rows), len(plan.Trials))
	}
	var got []string
	for _, s := range plan.Shared() {
		got = append(got, s.Row+": "+s.String())
	}
	const same = "the same training as method=global-contrastive, parallel_ratio=0: global-contrastive does not read pretrain.parallel_ratio"
	want := []string{"method=global-contrastive, parallel_ratio=0.25: " + same, "method=global-contrastive, parallel_ratio=0.5: " + same}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if label := plan.Trials[3].Label; strings.Count(label, "; ") != 2 {
		t.Errorf("label %q", label)
	}
}

func TestProjectsAreToldApart(t *testing.T) {
	ids := map[string]bool{}
	for _, project := range []string{"", "project: a\n", "project: b\n"} {
		ids[expand(t, "version: 1\nname: x\ncommand: [a]\n"+project).Trials[0].ID] = true
	}
	if len(ids) != 3 {
		t.Errorf("%d IDs of three projects", len(ids))
	}
	s, err := Parse("test.yaml", []byte("version: 1\nname: x\nbase: {preset: smoke}\n"))
	if err != nil {
		t.Fatal(err)
	}
	s.Project = "elsewhere"
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Trials[0].Spec.Project != "" {
		t.Error("a trial of the built-in trainer belongs to a project")
	}
}

func TestSealIsCalledOnceForEachTrial(t *testing.T) {
	s, err := Parse("test.yaml", []byte(gridFile))
	if err != nil {
		t.Fatal(err)
	}
	sealed := map[spec.Trial]int{}
	plan, err := s.Expand(func(trial *spec.Trial) error {
		sealed[*trial]++
		trial.Data.Root = "sealed"
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, trial := range plan.Trials {
		if trial.Spec.Data.Root != "sealed" || trial.ID != trial.Spec.ID() {
			t.Errorf("%s is named before it was sealed", trial.Label)
		}
	}
	if len(sealed) < len(plan.Trials) {
		t.Errorf("%d of %d trials were sealed", len(sealed), len(plan.Trials))
	}
	for trial, n := range sealed {
		if n != 1 {
			t.Errorf("%s was sealed %d times", trial.ID(), n)
		}
	}
	fault := errors.New("no such folder")
	if _, err := s.Expand(func(*spec.Trial) error { return fault }); err != fault {
		t.Errorf("the error of seal: %v", err)
	}
}

func TestRelaid(t *testing.T) {
	plan := expand(t, gridFile)
	changed := strings.NewReplacer("label: parallel", "label: ratio", "CAP only", "captions", "baseline: {pretrain.parallel_ratio: 0.25}",
		"baseline: {pretrain.parallel_ratio: 0}\nmetrics: {probe/auc: }\nreport: {show: [mean, n]}", "seeds: [3, 1]", "seeds: [5]",
		"patients: 30", "patients: 40").Replace(gridFile)
	s, err := Parse("test.yaml", []byte(changed))
	if err != nil {
		t.Fatal(err)
	}
	got := plan.Relaid(s)
	if diff := cmp.Diff(plan.IDs(), got.IDs()); diff != "" {
		t.Errorf("other trials: %s", diff)
	}
	if got.Rows[1].Name != "resolution=448, ratio=0, captions" || got.Rows[1].Params[2].Text != "captions" || got.Axes[1].Label != "ratio" {
		t.Errorf("labels: %+v %+v", got.Rows[1], got.Axes[1])
	}
	if got.Rows[0].Baseline != "" || got.Rows[2].Baseline != "resolution=448, ratio=0, all" || got.Rows[8].Baseline != "resolution=448, ratio=0, all" {
		t.Errorf("baselines: %q %q %q", got.Rows[0].Baseline, got.Rows[2].Baseline, got.Rows[8].Baseline)
	}
	if len(got.Metrics) != 1 || len(got.Report.Show) != 2 || len(got.Seeds) != 2 {
		t.Errorf("%+v", got)
	}
	if got.Rows[8].Of[0] != got.Rows[0].Name || got.Trials[0].Label != "resolution=448, ratio=0, all, seed=3" {
		t.Errorf("%q, %q", got.Rows[8].Of, got.Trials[0].Label)
	}
	if diff := cmp.Diff(expand(t, gridFile), plan); diff != "" {
		t.Errorf("the plan itself is changed: %s", diff)
	}
	same, err := Parse("test.yaml", []byte(gridFile))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(plan, plan.Relaid(same)); diff != "" {
		t.Errorf("its own file changes it: %s", diff)
	}
}

// TestLegacyRebuildsThePlan turns plans into the members that older versions kept and back.
func TestLegacyRebuildsThePlan(t *testing.T) {
	for _, file := range []string{gridFile, programFile, "version: 1\nname: one\ncommand: [ls]\n", `version: 1
name: tasks
base: {preset: smoke}
ablations:
  - {label: all tasks}
  - {label: w/o AREF, set: {pretrain.tasks: [cap, gcap, caref]}}
  - {label: unchanged, set: {pretrain.tasks: [caref, gcap, aref, cap]}}
`} {
		want := expand(t, file)
		layout, err := Parse("test.yaml", []byte(file))
		if err != nil {
			t.Fatal(err)
		}
		params := want.Params()
		var members []LegacyMember
		for i, trial := range want.Trials {
			row := want.Row(trial.Row)
			members = append(members, LegacyMember{trial.ID, trial.Spec, trial.Label, trial.Row, row.Control, trial.Seed, params[i]})
		}
		for _, s := range []*Sweep{layout, nil} {
			if s == nil && want.Command && len(want.Rows) > 1 {
				continue // nothing tells in which order its seeds stand
			}
			got := Legacy(want.Name, members, s)
			name := fmt.Sprintf("%s, layout %v", want.Name, s != nil)
			if encoded, err := got.Encode(); err != nil {
				t.Errorf("%s: %v", name, err)
			} else if _, err := Decode(encoded); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want.Trials, got.Trials); diff != "" {
				t.Errorf("%s: trials: %s", name, diff)
			}
			for i, r := range want.Rows {
				other := got.Row(r.Name)
				if other == nil || !reflect.DeepEqual(other.Trials, r.Trials) || other.Control != r.Control {
					t.Errorf("%s: row %q: got %+v, want %+v", name, r.Name, other, want.Rows[i])
					continue
				}
				if s != nil && (other.Baseline != r.Baseline || !reflect.DeepEqual(other.Of, r.Of)) {
					t.Errorf("%s: row %q: got %+v, want %+v", name, r.Name, other, r)
				}
			}
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, file := range []string{"version: 1\nname: one\ncommand: [ls]\nparameters: {a: {values: [1]}}\n", programFile} {
		s, err := Parse("fuzz.yaml", []byte(file))
		if err != nil {
			f.Fatal(err)
		}
		plan, err := s.Expand(nil)
		if err != nil {
			f.Fatal(err)
		}
		encoded, err := plan.Encode()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(encoded)
	}
	f.Add([]byte(`{"version":1,"axes":[{"options":[{"value":[1e400,{}]}]}],"seeds":[],"rows":[],"trials":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		plan, err := Decode(data)
		if err != nil {
			return
		}
		encoded, err := plan.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(plan, again) {
			t.Error(cmp.Diff(plan, again))
		}
		plan.Shared()
		plan.Params()
	})
}

// TestPlanOfVersionOne reads what the version before wrote: bold was yes or no, and no column was primary.
func TestPlanOfVersionOne(t *testing.T) {
	for text, want := range map[string]Report{
		`{"version":1,"report":{"bold_best":true,"family":"table"},"metrics":[{"key":"diffvqa/bleu1","goal":"maximize"},{"key":"diffvqa/bleu4","goal":"maximize"}]}`: {
			Bold: BoldBest, Family: FamilyPrimary},
		`{"version":1,"report":{"family":"column"},"metrics":[{"key":"diffvqa/bleu1"},{"key":"diffvqa/bleu4"}]}`: {Bold: BoldNone, Family: FamilyColumn},
	} {
		plan, err := Decode([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, plan.Report); diff != "" || plan.Version != PlanVersion || plan.Metrics[0].Primary || !plan.Metrics[1].Primary {
			t.Errorf("%s: %s %+v", text, diff, plan)
		}
	}
}
