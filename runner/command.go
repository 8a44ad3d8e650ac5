package runner

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// Placeholder is a ${…} that a command may contain.
type Placeholder struct {
	Name  string // such as ${args}
	Means string
}

// Placeholders lists all of them. ${envvar:NAME} stands for one a variable. $${ is a literal ${.
var Placeholders = []Placeholder{
	{"${args}", "the parameters, each a word --key=value"},
	{"${args_no_hyphens}", "the parameters, each a word key=value"},
	{"${args_no_equals}", "the parameters, each two words --key value"},
	{"${args_append_hydra}", "the parameters, each a word +key=value"},
	{"${args_override_hydra}", "the parameters, each a word ++key=value"},
	{"${args_no_boolean_flags}", "as ${args}, but true is --key and false is nothing"},
	{"${args_separate}", "as ${args_no_boolean_flags}, but each value a word behind --key, a list several"},
	{"${args_python}", "the parameters, each a word key=value with a literal of Python, as Sacred takes them"},
	{"${args_json}", "the parameters as JSON, one word"},
	{"${args_json_file}", "path of a file with the parameters as JSON"},
	{"${config}", "the same path"},
	{"${seed}", "the seed"},
	{"${trial_dir}", "the trial's folder, which outlives attempts"},
	{"${attempt_dir}", "the folder of this attempt"},
	{"${events}", "path of a file that takes metric lines"},
	{"${threads}", "how many threads the trial is to use"},
	{"${interpreter}", "python3, or python where there is no python3"},
	{"${program}", "the file's program:"},
	{"${env}", "/usr/bin/env"},
	{envvarName, "the environment variable NAME"},
	{"${args:py}", "as ${args}, but values as Python prints them"},
	{"${args_no_hyphens:py}", "so are those of the other forms"},
	{"${args_no_equals:py}", "the same"},
	{"${args_append_hydra:py}", "the same"},
	{"${args_override_hydra:py}", "the same"},
	{"${args_no_boolean_flags:py}", "the same"},
}

const envvarName = "${envvar:NAME}"

// placeholder finds ${…}, and $${…}, which is none.
var placeholder = regexp.MustCompile(`\$?\$\{[^{}]*\}`)

func takes(command []string, names ...string) bool {
	for _, word := range command {
		for _, name := range placeholder.FindAllString(word, -1) {
			if slices.Contains(names, name) {
				return true
			}
		}
	}
	return false
}

// isEnvvar reports whether name is ${envvar:X} with a name X that a shell could set; NAME itself would be one, too.
func isEnvvar(name string) bool {
	variable, ok := envvar(name)
	return ok && variableName.MatchString(variable)
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

func envvar(name string) (variable string, ok bool) {
	if variable, ok = strings.CutPrefix(name, "${envvar:"); ok {
		variable = strings.TrimSuffix(variable, "}")
	}
	return variable, ok
}

// values are what placeholders stand for in one attempt.
type values struct {
	lists map[string][]string // several words each
	one   map[string]string
}

// lookup returns what a placeholder stands for.
func (v values) lookup(name string) ([]string, error) {
	if words, ok := v.lists[name]; ok {
		return words, nil
	}
	if word, ok := v.one[name]; ok {
		return []string{word}, nil
	}
	if name == "${program}" {
		return nil, errors.New("the command has ${program}, but the file names no program")
	}
	if name == "${interpreter}" {
		return nil, errors.New("the command has ${interpreter}, but neither python3 nor python is on PATH")
	}
	if variable, ok := envvar(name); ok && isEnvvar(name) {
		value, set := os.LookupEnv(variable)
		if !set {
			return nil, fmt.Errorf("the command has %s, but this variable is not set", name)
		}
		return []string{value}, nil
	}
	return nil, fmt.Errorf("the command has %s, which is unknown", name)
}

// expandCommand replaces the placeholders of a command. A list such as ${args} that is a word by itself becomes several
// words. Within a longer word its arguments are quoted for a shell; in the script of "sh -c SCRIPT" so is all else.
func expandCommand(command []string, v values) ([]string, error) {
	var words []string
	for i, word := range command {
		if list, ok := v.lists[word]; ok {
			words = append(words, list...)
			continue
		}
		script := isScript(command, i)
		expanded, err := expandWord(word, v, script)
		if err != nil {
			return nil, err
		}
		words = append(words, expanded)
	}
	if len(words) == 0 || words[0] == "" {
		return nil, errors.New("the command is empty")
	}
	return words, nil
}

func expandWord(word string, v values, script bool) (string, error) {
	var out strings.Builder
	var shell quoting
	for at := 0; at < len(word); {
		found := placeholder.FindStringIndex(word[at:])
		if found == nil {
			out.WriteString(word[at:])
			break
		}
		before, name := word[at:at+found[0]], word[at+found[0]:at+found[1]]
		at += found[1]
		out.WriteString(before)
		shell.read(before)
		if literal, ok := strings.CutPrefix(name, "$$"); ok {
			out.WriteString("$" + literal)
			continue
		}
		list, err := v.lookup(name)
		if err != nil {
			return "", err
		}
		_, several := v.lists[name]
		if shell.after == '\\' && (several || script) {
			return "", fmt.Errorf(`the command has \%s: write $%s for the text itself`, name, name)
		}
		for i, text := range list {
			if i > 0 {
				out.WriteByte(' ')
			}
			if several || script {
				text = shell.quote(text)
			}
			out.WriteString(text)
		}
	}
	return out.String(), nil
}

// isScript reports whether word i of a command is what a shell gets as its script: bash -c SCRIPT.
func isScript(command []string, i int) bool {
	if i < 2 || !strings.HasPrefix(command[i-1], "-") || strings.HasPrefix(command[i-1], "--") || !strings.HasSuffix(command[i-1], "c") {
		return false
	}
	return slices.ContainsFunc(command[:i-1], func(word string) bool {
		return slices.Contains([]string{"sh", "bash", "dash", "zsh", "ksh", "ash"}, filepath.Base(word))
	})
}

// marshal is json.Marshal, but leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var out strings.Builder
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return []byte(strings.TrimSuffix(out.String(), "\n")), nil
}

// interpreter is Python's name on PATH, or "".
func interpreter() string {
	for _, name := range []string{"python3", "python"} {
		if _, err := exec.LookPath(name); err == nil {
			return name
		}
	}
	return ""
}
