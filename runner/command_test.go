package runner

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/model/spec"
)

func TestArgumentForms(t *testing.T) {
	for _, c := range []struct {
		trial                   spec.Trial
		args, noHyphens, noFlag []string
	}{
		{spec.Trial{Project: "p"}, []string{"--seed=0"}, []string{"seed=0"}, []string{"--seed=0"}}, // 0 is a seed like any other
		{spec.Trial{Project: "p", Args: `{"b":{"y":1.0,"x":"a b"},"a":true,"f":false,"l":[1,"z"],"n":null}`},
			[]string{"--a=true", "--b.x=a b", "--b.y=1.0", "--f=false", `--l=[1,"z"]`, "--seed=0"},
			[]string{"a=true", "b.x=a b", "b.y=1.0", "f=false", `l=[1,"z"]`, "seed=0"},
			[]string{"--a", "--b.x=a b", "--b.y=1.0", `--l=[1,"z"]`, "--seed=0"}},
		{spec.Trial{Args: `{"lr":0.001}`, Seed: 3}, []string{"--lr=0.001", "--seed=3"}, []string{"lr=0.001", "seed=3"},
			[]string{"--lr=0.001", "--seed=3"}},
		{spec.Trial{Project: "p", SeedApart: true}, nil, nil, nil}, // the file has no seeds
		{spec.Trial{}, nil, nil, nil},                              // recorded when seed 0 was not told
		{spec.Trial{Args: `{"seed":9}`, Seed: 3}, []string{"--seed=9"}, []string{"seed=9"}, []string{"--seed=9"}},
		{spec.Trial{Command: spec.MakeWords("p", "${args}", "-s", "${seed}"), Seed: 3}, nil, nil, nil},
	} {
		got, err := argLists(c.trial)
		if err != nil {
			t.Fatal(err)
		}
		for form := range got { // the others: TestSeparateArguments, TestFormsOfOtherTools
			if form != "${args}" && form != "${args_no_hyphens}" && form != "${args_no_boolean_flags}" {
				delete(got, form)
			}
		}
		want := map[string][]string{"${args}": c.args, "${args_no_hyphens}": c.noHyphens, "${args_no_boolean_flags}": c.noFlag}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s:\n%s", c.trial.Args, d)
		}
	}
}

var someValues = values{
	lists: map[string][]string{"${args}": {"--a=1", "--b=x y", "--c=it's; touch ./INJ"}},
	one: map[string]string{"${config}": "/c d", "${trial_dir}": "/d", "${seed}": "3", "${args_json}": `{"a": "it's $(touch INJ)"}`,
		"${env}": "/usr/bin/env"},
}

func TestExpandCommand(t *testing.T) {
	t.Setenv("SOME_DATA", "/data/a b")
	got, err := expandCommand([]string{"${env}", "python", "${args}", "${config}", "--out=${trial_dir}/o", "$${HOME}", "$HOME",
		"x ${args} y", "${args_json}", "${envvar:SOME_DATA}/x"}, someValues)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"/usr/bin/env", "python", "--a=1", "--b=x y", "--c=it's; touch ./INJ", "/c d", "--out=/d/o", "${HOME}", "$HOME",
		`x --a=1 '--b=x y' '--c=it'\''s; touch ./INJ' y`, `{"a": "it's $(touch INJ)"}`, "/data/a b/x"}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	for word, want := range map[string]string{
		"${argz}":              "the command has ${argz}, which is unknown",
		"${program}":           "the command has ${program}, but the file names no program",
		"${envvar:NO_SUCH}":    "the command has ${envvar:NO_SUCH}, but this variable is not set",
		`a \${args}`:           `the command has \${args}: write $${args} for the text itself`,
		"${interpreter} -c ''": "the command has ${interpreter}, but neither python3 nor python is on PATH",
	} {
		if _, err := expandCommand([]string{"p", word}, someValues); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", word, err, want)
		}
	}
	if _, err := expandCommand([]string{"${args}"}, values{lists: map[string][]string{"${args}": nil}}); err == nil {
		t.Error("an empty command")
	}
}

// TestScriptsAreQuoted runs scripts of sh with placeholders in all kinds of places: the values arrive as they are, and
// nothing in them is run.
func TestScriptsAreQuoted(t *testing.T) {
	evil := []string{"it's; touch ./INJ", `"; touch ./INJ; "`, "$(touch ./INJ)", "`touch ./INJ`", `\`, "a\nb", "", " ", "-n", `\$(touch INJ)`, "#x", "'", `"`}
	for _, script := range []string{
		`printf '<%s>' ${args}`,
		`printf '<%s>' "${config}"`,
		`printf '<%s>' '${config}'`,
		`printf '<%s>' ${config}`,
		`printf '<%s>' x"$(printf '%s' ${config})"`,
		`printf '<%s>' "$(printf '%s' "${config}")"`,
		"# don't ${config}\nprintf '<%s>' ${config}",
		"printf '<%s>' \"`printf '%s' ${config}`\"",
		`a=(b); printf '<%s>' "it's" ${config}`,
	} {
		dir := t.TempDir()
		for _, value := range evil {
			v := values{lists: map[string][]string{"${args}": {value, "next"}}, one: map[string]string{"${config}": value}}
			words, err := expandCommand([]string{"bash", "-c", script}, v)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := exec.LookPath("bash"); err != nil {
				t.Skip("no bash")
			}
			cmd := exec.Command(words[0], words[1:]...)
			cmd.Dir = dir
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), strings.TrimRight(value, "\n")) {
				t.Errorf("%q with %q: %v: %s", script, value, err, out)
			}
			if _, err := os.Stat(filepath.Join(dir, "INJ")); err == nil {
				t.Fatalf("%q with %q runs it: %s", script, value, words[2])
			}
		}
	}
	// Without a shell, only what stands for several words is quoted.
	got, err := expandCommand([]string{"python", "-c", "${args_json}"}, someValues)
	if err != nil || got[2] != someValues.one["${args_json}"] {
		t.Error(got, err)
	}
}

func TestSeparateArguments(t *testing.T) {
	trial := spec.Trial{SeedApart: true, Args: `{"a":true,"b":false,"c":null,"d":"x y","e":{"f":1.5},"g":[16,"two"],"h":[]}`}
	got, err := argLists(trial)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"--a", "--d", "x y", "--e.f", "1.5", "--g", "16", "two", "--h"}
	if d := cmp.Diff(want, got["${args_separate}"]); d != "" {
		t.Error(d)
	}
}

// The other forms of W&B, and Sacred's.
func TestFormsOfOtherTools(t *testing.T) {
	trial := spec.Trial{SeedApart: true, Args: `{"a":true,"b":false,"c":null,"d":"it's \\ é\n","e":{"f":1.5,"g":{}},"h":[16,"two",null,{"k":1e-05}]}`}
	got, err := argLists(trial)
	if err != nil {
		t.Fatal(err)
	}
	for form, want := range map[string][]string{
		"${args_python}":              {"a=True", "b=False", "c=None", `d="it's \\ é\n"`, "e.f=1.5", "e.g={}", "h=[16, 'two', None, {'k': 1e-05}]"},
		"${args:py}":                  {"--a=True", "--b=False", "--c=None", "--d=it's \\ é\n", "--e.f=1.5", "--h=[16, 'two', None, {'k': 1e-05}]"},
		"${args_no_boolean_flags:py}": {"--a", "--c=None", "--d=it's \\ é\n", "--e.f=1.5", "--h=[16, 'two', None, {'k': 1e-05}]"},
		"${args_no_equals}":           {"--a", "true", "--b", "false", "--d", "it's \\ é\n", "--e.f", "1.5", "--h", `[16,"two",null,{"k":1e-05}]`},
		"${args_append_hydra}":        {"+a=true", "+b=false", "+d=it's \\ é\n", "+e.f=1.5", `+h=[16,"two",null,{"k":1e-05}]`},
		"${args_override_hydra}":      {"++a=true", "++b=false", "++d=it's \\ é\n", "++e.f=1.5", `++h=[16,"two",null,{"k":1e-05}]`},
	} {
		if d := cmp.Diff(want, got[form]); d != "" {
			t.Errorf("%s:\n%s", form, d)
		}
	}
}

// TestAgreesWithWandB compares the forms for files of W&B with what its own agent makes of the same parameters (testdata/record_wandb_args.py).
func TestAgreesWithWandB(t *testing.T) {
	data, err := os.ReadFile(filepath.Join("testdata", "wandb_args_golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Args  map[string]struct{ Value json.RawMessage }
		Forms map[string][]string
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	values := map[string]json.RawMessage{}
	for key, a := range golden.Args {
		values[key] = a.Value
	}
	encoded, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	trial := spec.Trial{SeedApart: true}
	if err := trial.Args.UnmarshalJSON(encoded); err != nil {
		t.Fatal(err)
	}
	got, err := argLists(trial)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range argForms {
		if d := cmp.Diff(golden.Forms[form.name], got["${"+form.name+":py}"]); d != "" {
			t.Errorf("%s:\n%s", form.name, d)
		}
	}
}
