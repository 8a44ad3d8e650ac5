package sweeps

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const searchFile = `version: 1
name: search
command: [python3, train.py, "${args}"]
method: METHOD
run_cap: 8
search_seed: 5
parameters:
  optimizer: {values: [sgd, adam]}
  momentum: {min: 0.8, max: 0.99, when: "optimizer == 'sgd'"}
  lr: {distribution: log_uniform_values, min: 1e-4, max: 1e-1}
  layers: {min: 1, max: 64}
seeds: [0, 1]
`

func searched(method string, replace ...string) string {
	return strings.NewReplacer(append([]string{"METHOD", method}, replace...)...).Replace(searchFile)
}

func rowNames(p *Plan) []string {
	var names []string
	for _, r := range p.Rows {
		names = append(names, r.Name)
	}
	return names
}

// The plan is one value: the same file gives the same, another seed others, and each row has every seed.
func TestASearchIsPlanned(t *testing.T) {
	for _, method := range []string{"random", "latin-hypercube", "sobol"} {
		plan, again := expand(t, searched(method)), expand(t, searched(method))
		if diff := cmp.Diff(plan, again); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
		if len(plan.Rows) != 8 || len(plan.Trials) != 16 || plan.Search.Settings != 8 {
			t.Errorf("%s: %d rows, %d trials", method, len(plan.Rows), len(plan.Trials))
		}
		other := expand(t, searched(method, "search_seed: 5", "search_seed: 6"))
		if slices.Equal(rowNames(plan), rowNames(other)) {
			t.Errorf("%s: two seeds give the same settings", method)
		}
		for _, r := range plan.Rows {
			if r.Baseline != "" {
				t.Errorf("%s: %s is compared with %s", method, r.Name, r.Baseline)
			}
		}
		encoded, err := plan.Encode()
		if err != nil {
			t.Fatal(err)
		}
		decoded, err := Decode(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(plan, decoded); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
	}
}

// A larger run_cap begins with the same settings, which are the same trials.
func TestMoreOfASearchBeginsWithTheSame(t *testing.T) {
	for _, method := range []string{"random", "sobol"} {
		few, many := expand(t, searched(method)), expand(t, searched(method, "run_cap: 8", "run_cap: 20"))
		if diff := cmp.Diff(rowNames(few), rowNames(many)[:8]); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
		if diff := cmp.Diff(few.IDs(), many.IDs()[:16]); diff != "" {
			t.Errorf("%s: %s", method, diff)
		}
	}
}

// Axes that do not apply are left out of the setting and of what the program gets; ints are ints.
func TestConditionsOfASearch(t *testing.T) {
	with, without := 0, 0
	plan := expand(t, searched("random", "run_cap: 8", "run_cap: 40"))
	for _, r := range plan.Rows {
		var args map[string]json.RawMessage
		if err := json.Unmarshal([]byte(plan.Trial(r.Trials[0]).Spec.Args), &args); err != nil {
			t.Fatal(err)
		}
		_, has := args["momentum"]
		if sgd := string(args["optimizer"]) == `"sgd"`; sgd != has {
			t.Errorf("%s: momentum %v", r.Name, has)
		}
		if has {
			with++
		} else {
			without++
		}
		if _, err := strconv.Atoi(string(args["layers"])); err != nil {
			t.Errorf("layers %s", args["layers"])
		}
	}
	if with < 8 || without < 8 {
		t.Errorf("%d with, %d without", with, without)
	}
}

// What is excluded does not count, ablations are crossed with the settings, and the baseline is the first of them at the same setting.
func TestExcludeAndAblationsOfASearch(t *testing.T) {
	plan := expand(t, searched("random")+`exclude: ["lr > 0.01"]
ablations:
  - {label: full}
  - {label: w/o aug, set: {augment: false}}
`)
	if len(plan.Rows) != 16 {
		t.Fatalf("%d rows", len(plan.Rows))
	}
	for i, r := range plan.Rows {
		lr, _ := r.Get("lr")
		if x, err := lr.Value.(json.Number).Float64(); err != nil || x > 0.01 {
			t.Errorf("%s: lr %v", r.Name, lr.Value)
		}
		want := ""
		if i%2 == 1 {
			want = plan.Rows[i-1].Name
		}
		if r.Baseline != want {
			t.Errorf("%s: baseline %q, want %q", r.Name, r.Baseline, want)
		}
	}
}

// A space that has fewer settings gives all of them, each once, and says so.
func TestSmallSpaces(t *testing.T) {
	for _, method := range []string{"random", "latin-hypercube", "sobol"} {
		s, err := Parse("small.yaml", []byte("version: 1\nname: small\ncommand: [x, '${args}']\nmethod: "+method+
			"\nrun_cap: 50\nparameters: {a: {values: [1, 2, 3]}, b: {min: 0, max: 1}}\n"))
		if err != nil {
			t.Fatal(err)
		}
		plan, err := s.Expand(nil)
		if err != nil {
			t.Fatal(err)
		}
		names := rowNames(plan)
		slices.Sort(names)
		if len(slices.Compact(names)) != len(plan.Rows) || len(plan.Rows) != 6 {
			t.Errorf("%s: %v", method, names)
		}
		if len(s.Warnings) != 1 || !strings.Contains(s.Warnings[0], "6 settings instead of 50") {
			t.Errorf("%s: warnings %q", method, s.Warnings)
		}
	}
}

// The fields of the built-in trainer have types, which distributions must fit.
func TestSearchOfTheBuiltInTrainer(t *testing.T) {
	file := `version: 1
name: own
base: {preset: smoke}
method: latin-hypercube
run_cap: 5
parameters:
  encoder.width: {distribution: q_uniform, min: 32, max: 64, q: 16}
  pretrain.lr: {distribution: log_uniform_values, min: 1e-4, max: 1e-2}
controls: {untrained: false}
`
	plan := expand(t, file)
	if len(plan.Rows) != 5 {
		t.Fatalf("%d rows", len(plan.Rows))
	}
	for _, trial := range plan.Trials {
		if w := trial.Spec.Encoder.Width; w%16 != 0 || w < 32 || w > 64 {
			t.Errorf("width %d", w)
		}
		if lr := trial.Spec.Pretrain.LR; lr < 1e-4 || lr > 1e-2 {
			t.Errorf("lr %v", lr)
		}
	}
	for _, c := range []struct{ from, to, want string }{
		{"q_uniform, min: 32, max: 64, q: 16", "uniform, min: 32, max: 64", "own.yaml: line 7: parameters.encoder.width: uniform gives 32.0: want a whole number"},
		{"encoder.width", "encoder.widht", "own.yaml: line 7: parameters.encoder.widht: q_uniform gives unknown field: did you mean encoder.width?"},
	} {
		_, err := Parse("own.yaml", []byte(strings.Replace(file, c.from, c.to, 1)))
		if err == nil || err.Error() != c.want {
			t.Errorf("got %v\nwant %s", err, c.want)
		}
	}
}

// The command line may give run_cap and the seed; of a program without a search these are its own keys.
func TestSetOfASearch(t *testing.T) {
	s, err := Parse("f.yaml", []byte(strings.Replace(searched("random"), "run_cap: 8\n", "", 1)))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Expand(nil); err == nil || !strings.Contains(err.Error(), "f.yaml: line 4: run_cap: missing") {
		t.Errorf("without run_cap: %v", err)
	}
	if err := s.Override("", []string{"run_cap=3", "search_seed=9"}); err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil || len(plan.Rows) != 3 || plan.Search.Seed != 9 {
		t.Errorf("%d rows of seed %d, %v", len(plan.Rows), plan.Search.Seed, err)
	}
	for _, set := range []string{"run_cap=0", "run_cap=many", "run_cap=1000000", "search_seed=-1"} {
		if err := s.Override("", []string{set}); err == nil {
			t.Errorf("--set %s is not refused", set)
		}
	}
	grid, err := Parse("g.yaml", []byte("version: 1\nname: g\ncommand: [x, '${args}']\nparameters: {a: {values: [1]}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if err := grid.Override("", []string{"run_cap=3"}); err != nil {
		t.Error(err)
	}
}

// A report in the layout of the file as it is now keeps settings that the file does not name.
func TestRelaidSearch(t *testing.T) {
	plan := expand(t, searched("random"))
	s, err := Parse("f.yaml", []byte(searched("random", "values: [sgd, adam]", "values: [sgd, adam], labels: [SGD, Adam]")))
	if err != nil {
		t.Fatal(err)
	}
	relaid := plan.Relaid(s)
	if len(relaid.Rows) != 8 || relaid.Search != plan.Search {
		t.Fatalf("%d rows", len(relaid.Rows))
	}
	for _, r := range relaid.Rows {
		if o, _ := r.Get("optimizer"); !strings.Contains(r.Name, o.Text) || o.Text != "SGD" && o.Text != "Adam" || r.Baseline != "" {
			t.Errorf("%s: %q, baseline %q", r.Name, o.Text, r.Baseline)
		}
	}
}

// Methods of other tools are refused by their name, with what to write.
func TestMethodsOfOtherTools(t *testing.T) {
	for method, want := range map[string]string{
		"bayes": "write method: random", "tpe": "write method: random", "hyperband": "early_stop: {rule: asha", "ASHA": "early_stop: {rule: asha",
		"custom": "write method: random", "latin_hypercube": "did you mean latin-hypercube?", "quasi": "want grid, ablation, random, latin-hypercube, sobol",
	} {
		_, err := Parse("f.yaml", []byte(searched(method)))
		var one *Error
		if !errors.As(err, &one) || one.Line != 4 || one.Key != "method" || !strings.Contains(one.Reason, want) || !strings.Contains(one.Reason, method) {
			t.Errorf("%s: %v", method, err)
		}
	}
}

func TestTooLargeASearch(t *testing.T) {
	for _, text := range []string{searched("random", "run_cap: 8", "run_cap: 100001"), searched("random", "run_cap: 8", "run_cap: 60000")} {
		s, err := Parse("f.yaml", []byte(text))
		if err == nil {
			_, err = s.Expand(nil)
		}
		if err == nil || !strings.Contains(err.Error(), "100000") {
			t.Errorf("%v", err)
		}
	}
	var axes strings.Builder
	for i := range 51 {
		fmt.Fprintf(&axes, "  p%d: {min: 0.0, max: 1.0}\n", i)
	}
	s, err := Parse("f.yaml", []byte("version: 1\nname: f\ncommand: [x, '${args}']\nmethod: sobol\nrun_cap: 2\nparameters:\n"+axes.String()))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = s.Expand(nil); err == nil || !strings.Contains(err.Error(), "f.yaml: line 4: method: a Sobol sequence of 51 parameters") {
		t.Errorf("%v", err)
	}
}
