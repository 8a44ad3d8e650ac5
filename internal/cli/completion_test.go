package cli

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"harness/registry"
)

// shellHome makes a folder with two sweep files, and a home in which one of them was run with options; harness is on the PATH of the shells.
func shellHome(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range map[string]string{
		"study.yaml":     "version: 1\nname: study\ncommand: [sh, train.sh]\nparameters: {lr: {values: [0.1, 0.2], labels: [high, \"low, but\"]}}\nmetrics: {val/acc: , loss: }\n",
		"two words.yaml": "version: 1\nname: two\ncommand: [true]\n", "notes.txt": "", "sub/inner.yaml": "",
		"train.sh": "echo '{\"val/acc\": 1, \"loss\": 0, \"step\": 1}'\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	env = append(os.Environ(), "HARNESS_HOME="+filepath.Join(dir, "runs"), "TERM=dumb")
	run := exec.Command("harness", "sweep", "study.yaml", "--set", "depth=2", "--set", "seeds=[0,1]", "--quiet")
	run.Dir, run.Env = dir, env
	if out, err := run.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir, env
}

// typedWords are what people type up to the key, and what must come: the whole word behind what is typed.
var typedWords = []struct{ line, want string }{
	{"harness repo", "report"},
	{"harness report study@depth=2,se", "study@depth=2,seeds=[0,1]"},
	{"harness sweep stu", "study.yaml"},
	{"harness sweep sub/", "sub/inner.yaml"},
	{"harness report study.yaml --format mark", "markdown"},
	{"harness report study.yaml --format=mark", "--format=markdown"},
	{"harness sweep study.yaml --set data.splits=sub", "data.splits=subject"},
	{"harness ls --state done,inter", "done,interrupted"},
	{"harness ls --columns id,metrics.val", "id,metrics.val/acc"},
	{"harness ls --filter 'seed == 0 and metrics.los", "seed == 0 and metrics.loss"},
	{"harness trial tag x --add be", "best"},
	{"harness explain report.sho", "report.show"},
	{"harness plot study.yaml --kind bars,for", "bars,forest"},
	{"harness sweep $(touch evil) study.yaml --pre", "--preset"},
}

// bashDriver calls the function of completion with the words as readline splits them: at blanks, and at : = and @, quotes aside.
const bashDriver = `source <(harness completion bash)
while IFS= read -r COMP_LINE; do
  COMP_WORDS=() word="" quote=""
  for ((i = 0; i < ${#COMP_LINE}; i++)); do
    c=${COMP_LINE:i:1}
    if [[ -n $quote ]]; then word+=$c; [[ $c == "$quote" ]] && quote=""
    elif [[ $c == "'" ]]; then quote=$c word+=$c
    elif [[ $c == " " ]]; then COMP_WORDS+=("$word"); word=""
    elif [[ $c == [:=@] ]]; then [[ -n $word ]] && COMP_WORDS+=("$word"); COMP_WORDS+=("$c"); word=""
    else word+=$c; fi
  done
  last=$word; COMP_WORDS+=("$word"); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMP_POINT=${#COMP_LINE} COMP_TYPE=9 COMPREPLY=()
  [[ $last == [:=@] ]] && last=""
  _harness
  printf '%s\n' "${COMPREPLY[0]}"
done`

// The real bash completes what its readline would split in many ways, and runs nothing of what is typed.
func TestCompletionInBash(t *testing.T) {
	dir, env := shellHome(t)
	tag(t, dir, env)
	lines := make([]string, len(typedWords))
	for i, one := range typedWords {
		lines[i] = one.line
	}
	got := inShell(t, dir, env, strings.Join(lines, "\n")+"\n", "bash", "--norc", "--noprofile", "-c", bashDriver)
	for i, one := range typedWords {
		want := one.want
		quoted := strings.Count(one.line, "'") == 1
		if typed := one.line[strings.LastIndexByte(one.line, ' ')+1:]; !quoted { // readline replaces what is behind the last : = or @
			want = want[strings.LastIndexAny(typed, ":=@")+1:]
			if strings.ContainsAny(want, "[]") {
				want = strings.NewReplacer("[", `\[`, "]", `\]`, ",", `\,`).Replace(want)
			}
		}
		if i >= len(got) || got[i] != want {
			t.Errorf("%s: %q, want %q", one.line, got[min(i, len(got)-1)], want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil {
		t.Error("completion ran what was typed")
	}
}

func TestCompletionInFish(t *testing.T) {
	if _, err := exec.LookPath("fish"); err != nil {
		t.Skip("there is no fish here")
	}
	dir, env := shellHome(t)
	tag(t, dir, env)
	for _, one := range typedWords {
		if strings.Contains(one.line, "$(") { // fish refuses to complete behind it
			continue
		}
		program := "harness completion fish | source; complete -C " + `"` + one.line + `"`
		got := inShell(t, dir, env, "", "fish", "--no-config", "-c", program)
		word, _, _ := strings.Cut(got[0], "\t")
		if word != one.want {
			t.Errorf("%s: %q, want %q", one.line, got, one.want)
		}
	}
}

// zshDriver lets a real zsh complete a line in a terminal of its own, and prints what it came to.
const zshDriver = `zmodload zsh/zpty
zpty -b z zsh -f -i
zpty -w z 'PS1= PS2= RPS1=; unsetopt zle_bracketed_paste; autoload -U compinit && compinit -D -u; source <(harness completion zsh)'
zpty -w z 'report() { print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N report; bindkey "^X" report; stty columns 300; print rea""dy'
zpty -r -m z all '*ready*'
while IFS= read -r line; do
  zpty -w -n z "$line"$'\t'$'\x18'
  zpty -r -m z all '*<<*>>*'
  all=${all##*<<} all=${all%>>*}
  print -r -- "$all"
done
zpty -d z`

func TestCompletionInZsh(t *testing.T) {
	if _, err := exec.LookPath("zsh"); err != nil {
		t.Skip("there is no zsh here")
	}
	dir, env := shellHome(t)
	tag(t, dir, env)
	lines := make([]string, len(typedWords))
	for i, one := range typedWords {
		lines[i] = one.line
	}
	got := inShell(t, dir, env, strings.Join(lines, "\n")+"\n", "zsh", "-f", "-c", zshDriver)
	if len(got) != len(lines) {
		t.Fatalf("%q", got)
	}
	for i, one := range typedWords {
		typed := one.line[strings.LastIndexByte(one.line, ' ')+1:]
		want := strings.TrimSuffix(one.line, typed) + strings.NewReplacer("[", `\[`, "]", `\]`).Replace(one.want)
		if at := strings.IndexByte(one.line, '\''); at >= 0 {
			want = one.line[:at+1] + one.want
		}
		if !strings.HasPrefix(got[i], want) {
			t.Errorf("%s: %q, want %q", one.line, got[i], want)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "evil")); err == nil {
		t.Error("completion ran what was typed")
	}
}

// tag gives a trial the tag best.
func tag(t *testing.T, dir string, env []string) {
	t.Helper()
	ids := inShell(t, dir, env, "", "harness", "ls", "--columns", "id", "--csv")
	inShell(t, dir, env, "", "harness", "trial", "tag", ids[1], "--add", "best")
}

func inShell(t *testing.T, dir string, env []string, input string, words ...string) []string {
	t.Helper()
	c := exec.Command(words[0], words[1:]...)
	c.Dir, c.Env, c.Stdin = dir, env, strings.NewReader(input)
	var errors strings.Builder
	c.Stderr = &errors
	out, err := c.Output()
	if err != nil || errors.Len() > 0 {
		t.Fatalf("%v: %v, %s", words[0], err, errors.String())
	}
	return strings.Split(strings.TrimRight(string(out), "\n"), "\n")
}

// IDs come with label and state; a word that is unlike any is answered with nothing; nothing is made, and errors of a home stay unsaid.
func TestCompletionLeavesNoTrace(t *testing.T) {
	dir, env := shellHome(t)
	listed := func(home string) string {
		var all strings.Builder
		_ = filepath.Walk(filepath.Join(dir, home), func(path string, info os.FileInfo, err error) error {
			if err == nil {
				fmt.Fprintln(&all, path, info.Size(), info.ModTime())
			}
			return nil
		})
		return all.String()
	}
	complete := func(words ...string) string {
		t.Helper()
		c := exec.Command("harness", append([]string{"__complete"}, words...)...)
		c.Dir, c.Env = dir, env
		out, err := c.Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	before := listed("runs")
	if got := complete("show", ""); !strings.Contains(got, "\thigh, seed=0, done\n") || !strings.HasSuffix(got, ":36\n") {
		t.Errorf("IDs: %q", got)
	}
	if got := complete("show", "zzz"); got != ":36\n" {
		t.Errorf("an ID that is none: %q", got)
	}
	if after := listed("runs"); after != before {
		t.Errorf("completion changed the home:\n%s\n%s", before, after)
	}
	if got := complete("--home", "none", "report", "study"); got != "study.yaml\tsweep file\n:36\n" {
		t.Errorf("without a home: %q", got)
	}
	if listed("none") != "" {
		t.Error("completion made a home")
	}
	if err := os.MkdirAll(filepath.Join(dir, "broken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "broken", "registry.db"), []byte("not a database at all"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got := complete("--home", "broken", "ls", ""); got != ":36\n" {
		t.Errorf("a broken home: %q", got)
	}
	if _, err := registry.GlanceAt(filepath.Join(dir, "broken")); err == nil {
		t.Error("a broken registry was read")
	}
}
