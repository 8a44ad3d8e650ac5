package sweeps

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestShellWords(t *testing.T) {
	for line, want := range map[string][]string{
		`python3 train.py ${args}`:                    {"python3", "train.py", "${args}"},
		`python  train.py --tag "a b" --x='$y && z'`:  {"python", "train.py", "--tag", "a b", "--x=$y && z"},
		`a "" b\ c "d\"e" "\n" 'f''g'`:                {"a", "", "b c", `d"e`, `\n`, "fg"},
		"a \\\n  ${envvar:HOME}/x \"${args_json}\"\n": {"a", "${envvar:HOME}/x", "${args_json}"},
		`a $${HOME}/x`:        {"a", "$${HOME}/x"},
		`price 5$ "5 $ each"`: {"price", "5$", "5 $ each"},
	} {
		got, err := shellWords(line)
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", line, diff)
		}
	}
	for _, operator := range []string{"&&", "||", "|", ";", ">", "<", "&", "`", "$(", "$H", "(", `"$H`} {
		_, err := shellWords("python train.py ${args} " + operator + "x")
		if err == nil || !strings.Contains(err.Error(), `needs a shell: write command: [bash, -c, "python train.py ${args} `) {
			t.Errorf("%s: %v", operator, err)
		}
	}
	for word, what := range map[string]string{"*.py": "*", "a*b": "*", "~/x": "~", "# no": "#", "$HOME/x": "$HOME", `"$HOME"`: "$HOME"} {
		line := "python " + word
		want := fmt.Sprintf("%q needs a shell: write command: [bash, -c, %q]", what, line)
		if _, err := shellWords(line); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
	for _, line := range []string{`python '*.py' "~/x" a~b a#b \*x`, `python A=1`} {
		if _, err := shellWords(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
	for line, want := range map[string]string{
		`LR=1 python x.py`: `"LR=" needs a shell: write command: [bash, -c, "LR=1 python x.py"]`,
		`a "b`:             `" without its end`,
		`a ${args`:         `"${args": ${ without }`,
		"  \n":             `empty: want a command such as [python, train.py, "${args}"]`,
		"a\nb":             `"\n" needs a shell: write command: [bash, -c, "a\nb"]`,
	} {
		if _, err := shellWords(line); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
}

// TestSuggestedCommandIsRead follows the advice of a refusal.
func TestSuggestedCommandIsRead(t *testing.T) {
	const file = "version: 1\nname: x\ncommand: %s\nparameters: {lr: {values: [0.1]}}\n"
	_, err := Parse("f.yaml", fmt.Appendf(nil, file, `python3 train.py ${args} --tag "a b" && echo done`))
	if err == nil {
		t.Fatal("a shell's operator is passed on")
	}
	_, advice, _ := strings.Cut(err.Error(), "write command: ")
	s, err := Parse("f.yaml", fmt.Appendf(nil, file, advice))
	if err != nil {
		t.Fatalf("%s: %v", advice, err)
	}
	want := []string{"bash", "-c", `python3 train.py ${args} --tag "a b" && echo done`}
	if diff := cmp.Diff(want, s.Command.List()); diff != "" {
		t.Error(diff)
	}
}

// TestSeedsOfPrograms: a file without seeds tells its program none among the arguments, and is another trial.
func TestSeedsOfPrograms(t *testing.T) {
	ids := map[string]bool{}
	for _, c := range []struct {
		more  string
		sets  []string
		apart bool
	}{{"", nil, true}, {"seeds: [0]\n", nil, false}, {"", []string{"seeds=[0]"}, false}} {
		s, err := Parse("f.yaml", []byte("version: 1\nname: x\ncommand: [a, \"${args}\"]\n"+c.more))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Override("", c.sets); err != nil {
			t.Fatal(err)
		}
		plan, err := s.Expand(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Trials[0].Spec.SeedApart; got != c.apart {
			t.Errorf("%q %v: SeedApart is %v", c.more, c.sets, got)
		}
		ids[plan.Trials[0].ID] = true
	}
	if len(ids) != 2 {
		t.Errorf("%d IDs, want 2", len(ids))
	}
}

func TestMacros(t *testing.T) {
	const file = "version: 1\nname: x\ncommand: [%q]\nprogram: train.py\n"
	for _, macro := range append(Macros[:], "envvar:HOME") {
		if _, err := Parse("f.yaml", fmt.Appendf(nil, file, "x=${"+macro+"} $${HOME}")); err != nil {
			t.Error(err)
		}
	}
	for word, want := range map[string]string{
		"${argz}":      "f.yaml: line 3: command: unknown ${argz}: did you mean args?; known are ${args}, ${args_no_hyphens}, ",
		"${envvar:1}":  "f.yaml: line 3: command: unknown ${envvar:1}",
		"a ${} b":      "f.yaml: line 3: command: unknown ${}",
		"${args":       `f.yaml: line 3: command: "${args": ${ without }`,
		"x ${HOME}/${": "f.yaml: line 3: command: unknown ${HOME}",
	} {
		if _, err := Parse("f.yaml", fmt.Appendf(nil, file, word)); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v\nwant %s", word, err, want)
		}
	}
}

func TestProgramMacro(t *testing.T) {
	for file, want := range map[string]string{
		"program: my train.py\ncommand: ['${interpreter}', '${program}', '$${program}', '${args}']": "${interpreter}|my train.py|$${program}|${args}",
		"command: python3 -u ./${program} ${args}\nprogram: src/train.py":                           "python3|-u|./src/train.py|${args}",
		"command: [python3, '${program}']":                                                          "f.yaml: line 3: command: ${program} stands for the file's program:, and it has none",
		"program: my train.py\ncommand: [sh, -c, 'python3 ${program}']":                             `f.yaml: line 4: command: "python3 ${program}": ${program} is "my train.py": it must be a word of its own`,
		"program: train.py": "${interpreter}|train.py|${args}", // as W&B
	} {
		s, err := Parse("f.yaml", []byte("version: 1\nname: x\n"+file))
		got := fmt.Sprint(err)
		if err == nil {
			got = strings.Join(s.Command.List(), "|")
		}
		if got != want {
			t.Errorf("%s:\n%s\nwant %s", file, got, want)
		}
	}
}

func TestMetricsOfTheTrainer(t *testing.T) {
	for file, want := range map[string]string{
		"metrics: {diffvqa/blue4: }":                   "f.yaml: line 3: metrics.diffvqa/blue4: the built-in trainer records no such metric: did you mean diffvqa/bleu4?",
		"report: {columns: [acc]}":                     "f.yaml: line 3: report.columns: \"acc\": the built-in trainer records no such metric",
		"metrics: {pretrain/lr: , probe/auc/edema: }":  "<nil>",
		"command: [a]\nmetrics: {diffvqa/blue4: }":     "<nil>",
		"metrics: {controls/mean-box/caref/acc50: {}}": "<nil>",
	} {
		_, err := Parse("f.yaml", []byte("version: 1\nname: x\n"+file+"\n"))
		if got := fmt.Sprint(err); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s\nwant %s", file, got, want)
		}
	}
}

func TestAxesAreToldApart(t *testing.T) {
	s, err := Parse("f.yaml", []byte("version: 1\nname: x\ncommand: [x, '${args}']\nparameters: "+
		"{enc.lr: {values: [0, 1]}, dec.lr: {values: [0, 1]}, a.wd: {values: [0, 1]}, b.wd: {values: [0, 1], label: decay}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := s.Expand(nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := plan.Trials[0].Row; got != "enc.lr=0, dec.lr=0, wd=0, decay=0" {
		t.Errorf("the first row is %s", got)
	}
}

func TestLargeNumbersAreNotRounded(t *testing.T) {
	for _, number := range []string{"123456789012345678901234567890", "-9223372036854775809", "18446744073709551615"} {
		_, err := Parse("f.yaml", []byte("version: 1\nname: x\ncommand: [x, '${args}']\nbase: {e: "+number+"}\n"))
		if want := "f.yaml: line 4: base.e: " + number + ": the number is too large"; err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestColumnsAreToldApart(t *testing.T) {
	_, err := Parse("f.yaml", []byte("version: 1\nname: x\ncommand: [x]\nmetrics:\n  a: {label: L}\n  b: {label: L}\n"))
	if want := `f.yaml: line 6: metrics.b.label: "L" stands twice: it is that of a`; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

func TestWarningWhereNothingTakesTheParameters(t *testing.T) {
	for file, warned := range map[string]bool{
		"command: [python, t.py]\nparameters: {lr: {values: [1]}}":                            true,
		"command: [python, t.py]\nbase: {lr: 1}":                                              true,
		"command: [python, t.py, '${seed}']\nablations: [{label: a, set: {x: 1}}]":            true,
		"command: [python, t.py]":                                                             false,
		"command: [python, t.py, '${args_no_hyphens}']\nparameters: {lr: {values: [1]}}":      false,
		"command: python t.py --config=${config}\nparameters: {lr: {values: [1]}}":            false,
		"command: [sh, -c, 'python t.py < $HARNESS_CONFIG']\nparameters: {lr: {values: [1]}}": false,
		"base: {preset: smoke}\nparameters: {resolution: {values: [224]}}":                    false,
	} {
		s, err := Parse("f.yaml", []byte("version: 1\nname: x\n"+file))
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		if got := len(s.Warnings) > 0; got != warned {
			t.Errorf("%s: warnings %q", file, s.Warnings)
		}
	}
}
