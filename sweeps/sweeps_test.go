package sweeps

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/model/spec"
	"harness/sweeps/keys"
)

const gridFile = `version: 1
name: grid
base: {preset: smoke, data: {synthetic: {patients: 30}}, pretrain.lr: 2e-3}
parameters:
  resolution: {values: [448, 224]}
  pretrain.parallel_ratio: {values: [0, 0.25, 0.5], label: parallel}
  pretrain.tasks: {values: [[cap, aref, gcap, caref], [cap]], labels: [all, CAP only], when: "pretrain.parallel_ratio < 0.5"}
exclude: "resolution == 224 and pretrain.tasks == [cap]"
seeds: [3, 1]
baseline: {pretrain.parallel_ratio: 0.25}
`

func expand(t *testing.T, text string) *Plan {
	t.Helper()
	s, err := Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

func TestGridKeepsTheOrderOfTheFile(t *testing.T) {
	type line struct{ Label, Baseline, Control string }
	var got []line
	for _, row := range expand(t, gridFile).Rows {
		got = append(got, line{row.Name, row.Baseline, row.Control})
	}
	want := []line{
		{"resolution=448, parallel=0, all", "resolution=448, parallel=0.25, all", ""},
		{"resolution=448, parallel=0, CAP only", "resolution=448, parallel=0.25, CAP only", ""},
		{"resolution=448, parallel=0.25, all", "", ""},
		{"resolution=448, parallel=0.25, CAP only", "", ""},
		{"resolution=448, parallel=0.5", "resolution=448, parallel=0.25, all", ""},
		{"resolution=224, parallel=0, all", "resolution=224, parallel=0.25, all", ""},
		{"resolution=224, parallel=0.25, all", "", ""},
		{"resolution=224, parallel=0.5", "resolution=224, parallel=0.25, all", ""},
		{"untrained encoder, resolution=448", "resolution=448, parallel=0.25, all", "untrained"},
		{"untrained encoder, resolution=224", "resolution=224, parallel=0.25, all", "untrained"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestPackageComment expands the file in the package comment: it has every key.
func TestPackageComment(t *testing.T) {
	source, err := os.ReadFile("sweeps.go")
	if err != nil {
		t.Fatal(err)
	}
	_, example, found := strings.Cut(string(source), "A file with every key:\n//\n")
	example, _, ends := strings.Cut(example, "package sweeps\n")
	if !found || !ends {
		t.Fatal("there is no file in the package comment")
	}
	example = strings.ReplaceAll(example, "//\t", "")
	for _, k := range keys.File {
		if key := k.Path; k.Of == keys.Ours && !strings.Contains(key, ".") && !strings.Contains(example, key+":") && key != "method" {
			t.Errorf("the package comment does not show %s", key)
		}
	}
	if plan := expand(t, example); len(plan.Trials) != 27+9 {
		t.Errorf("%d trials, want 27 and 9 controls", len(plan.Trials))
	}
}

func TestTrialsAreWhatTheFileSays(t *testing.T) {
	plan := expand(t, gridFile)
	want, _ := spec.Default(spec.Smoke)
	want.Data.Synthetic.Patients, want.Pretrain.LR = 30, 2e-3
	want.Resolution, want.Pretrain.ParallelRatio, want.Pretrain.Tasks, want.Seed = 448, 0, spec.CAP, 1
	got := plan.Trials[3]
	if diff := cmp.Diff(want, got.Spec); diff != "" {
		t.Error(diff)
	}
	if got.Label != "resolution=448, parallel=0, CAP only, seed=1" || got.ID != want.ID() {
		t.Errorf("label %q, id %s", got.Label, got.ID)
	}
	var params []string
	for _, p := range plan.Params()[3] {
		params = append(params, p.Path+"="+p.Text)
	}
	wantParams := "resolution=448 pretrain.parallel_ratio=0 pretrain.tasks=CAP only seed=1"
	if strings.Join(params, " ") != wantParams {
		t.Errorf("params %q, want %q", params, wantParams)
	}
}

func TestAblationsBeginWithTheBaseline(t *testing.T) {
	plan := expand(t, `version: 1
name: tasks
base: {preset: smoke}
baseline: {pretrain.parallel_ratio: 0.5}
ablations:
  - {label: all tasks}
  - {label: w/o AREF, set: {pretrain.tasks: [cap, gcap, caref]}}
  - {label: low resolution, set: {resolution: 224, encoder: {patch: 16}}}
  - {label: unchanged, set: {pretrain.tasks: [caref, gcap, aref, cap]}}
`)
	var got []string
	for _, trial := range plan.Trials {
		got = append(got, trial.Label)
		if trial.Spec.Pretrain.ParallelRatio != 0.5 {
			t.Errorf("%s: the baseline's own setting is missing", trial.Label)
		}
	}
	want := []string{"all tasks; unchanged", "w/o AREF", "low resolution", "untrained encoder", "untrained encoder, low resolution"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	rows := plan.Rows
	if rows[0].Baseline != "" || rows[1].Baseline != "all tasks" || rows[3].Name != "unchanged" || rows[3].Baseline != "all tasks" {
		t.Errorf("baselines of %+v", rows)
	}
	if rows[3].Trials[0] != rows[0].Trials[0] {
		t.Error("a row that changes nothing is trained again")
	}
	if diff := cmp.Diff([]string{"all tasks", "w/o AREF", "unchanged"}, rows[4].Of); diff != "" {
		t.Errorf("the control stands beside other rows: %s", diff)
	}
	if p, ok := rows[1].Get("pretrain.tasks"); !ok || p.Text != "cap+gcap+caref" {
		t.Errorf("the changed field is not a parameter: %+v", rows[1].Params)
	}
	shared := plan.Shared()
	if len(shared) != 1 || shared[0].Row != "unchanged" || shared[0].String() != "the same training as all tasks: its settings come to the same" {
		t.Errorf("shared rows: %v", shared)
	}
}

func TestCommandSweepKeepsTypes(t *testing.T) {
	plan := expand(t, `version: 1
name: own
command: [python, train.py, "${args}"]
base: {model: {depth: 2}, beta: 1.0, on: true}
parameters:
  model.width: {values: [64, 128]}
  lr: {values: [1e-3, 0.010]}
exclude: ["model.width == 128 and lr > 0.005"]
`)
	var got []string
	for _, trial := range plan.Trials {
		got = append(got, string(trial.Spec.Args))
	}
	want := []string{
		`{"beta":1.0,"lr":0.001,"model":{"depth":2,"width":64},"on":true}`,
		`{"beta":1.0,"lr":0.01,"model":{"depth":2,"width":64},"on":true}`,
		`{"beta":1.0,"lr":0.001,"model":{"depth":2,"width":128},"on":true}`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestOverride(t *testing.T) {
	s, err := Parse("test.yaml", []byte("version: 1\nname: x\nbase: {preset: paper}\nparameters: {resolution: {values: [224, 448]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expand(nil); err == nil || !strings.Contains(err.Error(), "--set data.root=DIR") {
		t.Errorf("without data: %v", err)
	}
	if err := s.Override(spec.Nano, []string{"pretrain.steps=7", "seeds=[5]"}); err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	trials := plan.Trials
	if got := trials[0].Spec; got.Preset != spec.Nano || got.Pretrain.Steps != 7 || got.Seed != 5 || len(trials) != 4 {
		t.Errorf("%d trials, the first %+v", len(trials), got)
	}
	for set, want := range map[string]string{
		"resolution=448":      "--set resolution: an axis of test.yaml (line 4): its values stand there",
		"pretrain.step=3":     "--set pretrain.step: unknown field: did you mean pretrain.steps?",
		"pretrain.steps=many": `--set pretrain.steps: many: want a whole number`,
		"nothing":             `--set: "nothing": want PATH=VALUE`,
	} {
		if err := s.Override("", []string{set}); err == nil || err.Error() != want {
			t.Errorf("%s: %v\nwant %s", set, err, want)
		}
	}
	if err := s.Override("huge", nil); err == nil || !strings.Contains(err.Error(), "--preset: unknown preset") {
		t.Errorf("--preset: %v", err)
	}
	if err := s.Override("", []string{"pretrain.parallel_ratio=2"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expand(nil); err == nil || err.Error() != "--set pretrain.parallel_ratio: 2: want 0 … 1" {
		t.Errorf("an impossible value: %v", err)
	}
}

func TestRefusals(t *testing.T) {
	const head = "version: 1\nname: x\nbase: {preset: smoke}\n"
	for _, c := range []struct{ file, want string }{
		{"", "f.yaml: line 1: the file is empty: want version, name, parameters, …"},
		{"name: x", "f.yaml: line 1: version: missing: want version: 1"},
		{"version: 2\nname: x", `f.yaml: line 1: version: "2": this program reads version 1`},
		{"version: 1\nbase: {}", "f.yaml: line 1: name: missing: it names the sweep in the registry"},
		{"version: 1\nname: [x", "f.yaml: line 1: did not find expected ',' or ']'"},
		{head + "parameter: {}", "f.yaml: line 4: parameter: unknown key: did you mean parameters?"},
		{head + "name: y", "f.yaml: line 4: name: stands twice, first on line 2"},
		{"version: 1\nname: x\nbase:\n  preset: smoke\n  pretrain:\n    los: 3", "f.yaml: line 6: base.pretrain.los: unknown field: did you mean pretrain.lr?"},
		{"version: 1\nname: x\nbase: {preset: big}", `f.yaml: line 3: base.preset: unknown preset "big": want smoke, micro, nano, tiny, small or paper`},
		{head + "parameters:\n  parallel_ratio: {values: [1]}", "f.yaml: line 5: parameters.parallel_ratio.values: unknown field: did you mean pretrain.parallel_ratio?"},
		{head + "parameters:\n  resolution: {values: [300]}", "f.yaml: line 5: resolution: 300 is neither 224 nor 448"},
		{head + "parameters:\n  resolution: {values: [big]}", "f.yaml: line 5: parameters.resolution.values: big: want a whole number"},
		{head + "parameters:\n  pretrain.tasks: {values: [[cap, arf]]}", `f.yaml: line 5: parameters.pretrain.tasks.values: unknown task "arf": want cap, aref, gcap, caref; did you mean aref?`},
		{head + "parameters:\n  resolution: [224]", "f.yaml: line 5: parameters.resolution: want {values: [...]}"},
		{head + "parameters:\n  resolution: {values: []}", "f.yaml: line 5: parameters.resolution: no values: want {values: [...]}"},
		{head + "parameters:\n  resolution: {min: 1, max: 2}", "f.yaml: line 5: parameters.resolution: a range is searched, a grid lists its values: write method: random and run_cap: N at the top, or values: [...]"},
		{head + "parameters:\n  resolution: {values: [224, 224]}", `f.yaml: line 5: parameters.resolution: "224" stands twice`},
		{head + "parameters:\n  resolution: {values: [224], labels: [a, b]}", "f.yaml: line 5: parameters.resolution.labels: 2 labels for 1 values"},
		{head + "parameters:\n  pretrain.lr: {values: [.inf]}", "f.yaml: line 5: parameters.pretrain.lr.values: .inf: want a finite number"},
		{head + "parameters:\n  pretrain.lr: {values: [-1]}", "f.yaml: line 5: pretrain.lr: -1: want more than 0"},
		{head + "parameters:\n  seed: {values: [1]}", "f.yaml: line 5: parameters.seed.values: seeds are a key of their own at the top: seeds: [0, 1, 2]"},
		{head + "seeds: [1, one]", `f.yaml: line 4: seeds: "one": want whole numbers`},
		{head + "seeds: [1, 1]", "f.yaml: line 4: seeds: 1 stands twice"},
		{head + "seeds: []", "f.yaml: line 4: seeds: want a list such as [0, 1, 2]"},
		{head + "exclude: \"resolution = 224\"", `f.yaml: line 4: exclude: column 12 of "resolution = 224": write == to compare`},
		{head + "exclude: \"resolutio == 224\"", `f.yaml: line 4: exclude: unknown parameter "resolutio": did you mean resolution?`},
		{head + "exclude: \"resolution == 'x'\"", "f.yaml: line 4: exclude: 224 and x cannot be compared: one is a number, the other text"},
		{head + "exclude: \"resolution > 1\"", "f.yaml: exclude: no trials: every combination is excluded"},
		{head + "parameters:\n  resolution: {values: [224], when: \"pretrain.lr > 1\"}\n  pretrain.lr: {values: [1]}",
			"f.yaml: line 5: parameters.resolution.when: pretrain.lr stands later in the file: an axis can depend on those before it"},
		{head + "ablations:\n  - {set: {resolution: 448}}", "f.yaml: line 5: ablations[1].label: missing: it names the row"},
		{head + "baseline: all tasks", `f.yaml: line 4: baseline: want the values of a row, such as {lr: 0.01}; of ablations its label: {ablation: "all tasks"}`},
		{head + "baseline:", "f.yaml: line 4: baseline: want keys and values such as baseline: {lr: 0.01}"},
		{head + "metrics: [acc]", "f.yaml: line 4: metrics: want keys and values such as metrics: {acc: {goal: maximize}, loss: {goal: minimize}}"},
		{head + "baseline: {resolution: 448}", "f.yaml: line 4: baseline.resolution: is not an axis of this file"},
		{head + "parameters: {resolution: {values: [224]}}\nbaseline: {resolution: 448}", "f.yaml: line 5: baseline.resolution: 448 is not a value of that axis"},
		{head + "metrics: {probe/auc: {goal: up}}", `f.yaml: line 4: metrics.probe/auc.goal: "up": want maximize, minimize, none`},
		{head + "report: {show: [median]}", `f.yaml: line 4: report.show: "median": want some of mean, std, ci, n, delta, p`},
		{head + "report: {rows: [resolution]}", `f.yaml: line 4: report.rows: "resolution" is not an axis of this file`},
		{head + "metrics: {probe/auc: {}}\nreport: {columns: [probe/au]}", `f.yaml: line 5: report.columns: "probe/au" is not among metrics: did you mean probe/auc?`},
		{head + "resources: {timeout: soon}", `f.yaml: line 4: resources.timeout: "soon": want a time such as 90s, 30m or 4h`},
		{head + "run: {retries: -1}", "f.yaml: line 4: run.retries: -1: want at least 0"},
		{head + "report: {cases: 0}", "f.yaml: line 4: report.cases: 0: want at least 1"},
		{"version: 1\nname: x\ncommand: [x]\nbase: &a {preset: smoke}\nmetrics: *a", `f.yaml: line 4: metrics.preset: want keys and values`},
		{head + "parameters:\n  data.digest: {values: [x]}", "f.yaml: line 5: parameters.data.digest.values: computed, not set"},
		{"version: 1\nname: x\nbase: {lm: {weights_digest: x}}", "f.yaml: line 3: base.lm.weights_digest: computed, not set"},
		{"version: 1\nname: x\nbase: {project: x}", "f.yaml: line 3: base.project: computed, not set"},
		{head + "project: ''", "f.yaml: line 4: project: want a name of 1 to 200 bytes without control characters"},
		{head + "project: \"a\\nb\"", "f.yaml: line 4: project: want a name of 1 to 200 bytes without control characters"},
		{head + "metrics: {\"a\\eb\": {}}", `f.yaml: line 4: metrics: "a\x1bb": want a name of 1 to 200 bytes without control characters`},
		{head + "command: [x]\nmetrics: {acc: {at: best}}", "f.yaml: line 5: metrics.acc.at: best of what has no goal: give goal: maximize or minimize"},
		{head + "run: {retry_on: [oom, luck]}", `f.yaml: line 4: run.retry_on: "luck": want some of killed, oom, disk, timeout, error`},
		{head + "parameters: {resolution: {values: [224], when: \"seed == 1\"}}",
			"f.yaml: line 4: parameters.resolution.when: every axis has all seeds: exclude can leave some out"},
		{head + "exclude: \"seed == 0\"", "f.yaml: exclude: no trials: every seed is excluded"},
		{"version: 1\nname: a b", `f.yaml: line 2: name: "a b": want letters, digits, dots, dashes and underscores`},
		{"version: 1\nname: x\ncommand: []", `f.yaml: line 3: command: empty: want a command such as [python, train.py, "${args}"]`},
		{"version: 1\nname: x\nbase: {preset: paper}", "f.yaml: line 3: data.root: missing: the folder that holds MIMIC-CXR-JPG and its companion data sets: " +
			"give it with --set data.root=DIR, or try synthetic data with --preset nano"},
	} {
		s, err := Parse("f.yaml", []byte(c.file))
		if err == nil {
			_, err = s.Expand(nil)
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%q\n got %v\nwant %s", c.file, err, c.want)
		}
	}
}

// A 0 that would be read as a default other than 0 is refused; one that is the default, or means what it says, is not.
func TestZeroIsNoDefault(t *testing.T) {
	for field, refused := range map[string]bool{"data.synthetic.phrase_dropout": true, "data.synthetic.report_dropout": true, "init.token_std": true,
		"pretrain.parallel_ratio": false, "lm.dropout": false, "diffvqa.label_smoothing": false} {
		_, err := Parse("f.yaml", []byte("version: 1\nname: x\nbase: {preset: smoke, "+field+": 0}\nseeds: [0]\n"))
		if got := err != nil && strings.Contains(err.Error(), "0 would be read as not given"); got != refused {
			t.Errorf("%s: 0: error %v, want one: %v", field, err, refused)
		}
		// what holds instead is by the design, which may stand behind it
		if byDesign := strings.HasPrefix(field, "data."); refused && err != nil && strings.Contains(err.Error(), "which is the design's own number: ") != byDesign {
			t.Errorf("%s: %v", field, err)
		}
	}
}
