package sweeps

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/model/spec"
)

// Macros are what ${…} may name in a command; besides, ${envvar:NAME} is an environment variable, and $${ is a literal ${.
var Macros = [...]string{"args", "args_no_hyphens", "args_no_boolean_flags", "args_json", "args_json_file", "seed", "trial_dir",
	"attempt_dir", "config", "interpreter", "program", "env", "events", "threads"}

// command reads the program of a trial: a list of words, or one line that is split as a shell would.
func (p *parser) command(e entry) error {
	if e.value.Kind == yaml.ScalarNode && e.value.ShortTag() == "!!str" {
		words, err := shellWords(e.value.Value)
		if err != nil {
			return p.refuse(e.value, e.key, "%v", err)
		}
		p.sweep.Command = spec.MakeWords(words...)
	} else {
		value, err := p.value(e.value, e.key)
		if err != nil {
			return err
		}
		if err := assignWords(&p.sweep.Command, value); err != nil {
			return p.refuse(e.value, e.key, "%v", err)
		}
	}
	for _, word := range p.sweep.Command.List() {
		if err := checkMacros(word); err != nil {
			return p.refuse(e.value, e.key, "%v", err)
		}
	}
	p.commandAt = e.value
	p.sweep.scratch = spec.Trial{Command: p.sweep.Command}
	return nil
}

var (
	macroPattern = regexp.MustCompile(`\$?\$\{([^}]*)(\}?)`)
	envPattern   = regexp.MustCompile(`^envvar:[A-Za-z_][A-Za-z0-9_]*$`)
)

// checkMacros refuses a ${…} that nobody replaces.
func checkMacros(word string) error {
	for _, found := range macroPattern.FindAllStringSubmatch(word, -1) {
		name := found[1]
		switch {
		case strings.HasPrefix(found[0], "$$"):
			continue
		case found[2] == "":
			return refuse("%q: ${ without }", word)
		case slices.Contains(Macros[:], name) || envPattern.MatchString(name):
			continue
		}
		return refuse("unknown ${%s}%s; known are ${%s} and ${envvar:NAME}; a shell's own is written $NAME or $${NAME}", name,
			didYouMean(name, Macros[:]), strings.Join(Macros[:], "}, ${"))
	}
	return nil
}

// warnOfCommand warns where no word of the command takes the parameters that the file gives.
func (p *parser) warnOfCommand() {
	s := p.sweep
	var given []string
	for _, one := range s.base {
		given = append(given, one.path)
	}
	for _, a := range s.axes {
		given = append(given, a.path)
	}
	takes := func(word string) bool {
		return strings.Contains(word, "${args") || strings.Contains(word, "${config}") || strings.Contains(word, "HARNESS_CONFIG")
	}
	if s.Command == "" || len(given) == 0 || slices.ContainsFunc(s.Command.List(), takes) {
		return
	}
	if len(given) > 3 {
		given = append(given[:3], "…")
	}
	s.Warnings = append(s.Warnings, fmt.Sprintf("%s: line %d: command: no word takes the parameters (%s): \"${args}\" passes them as "+
		"--KEY=VALUE, \"${config}\" as the path of a JSON file; without either the program must read $HARNESS_CONFIG",
		s.File, p.commandAt.Line, strings.Join(given, ", ")))
}

// shellWords splits a command line at blanks, honours quotes and backslashes, and keeps ${…}. What only a shell can do is
// refused with the form that asks for one.
func shellWords(line string) ([]string, error) {
	line = strings.TrimSpace(strings.ReplaceAll(line, "\\\n", " "))
	needsShell := func(what string) error {
		return refuse("%s needs a shell: write command: [bash, -c, %s]", what, strconv.Quote(line))
	}
	var words []string
	var word strings.Builder
	inWord, quote := false, byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '\'' && c != quote:
			word.WriteByte(c)
		case quote != 0 && c == quote:
			quote = 0
		case c == '\\' && i+1 < len(line) && (quote == 0 || strings.IndexByte("\"\\$`", line[i+1]) >= 0):
			i++
			word.WriteByte(line[i])
			inWord = true
		case strings.HasPrefix(line[i:], "$${"): // the rest follows as ${…}
			word.WriteByte(c)
			inWord = true
		case strings.HasPrefix(line[i:], "${"):
			end := strings.IndexByte(line[i:], '}')
			if end < 0 {
				return nil, refuse("%q: ${ without }", line[i:])
			}
			word.WriteString(line[i : i+end+1])
			i, inWord = i+end, true
		case c == '`', c == '$' && i+1 < len(line) && line[i+1] != ' ':
			return nil, needsShell(strconv.Quote(line[i:min(i+2, len(line))]))
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, inWord = c, true
		case strings.IndexByte("&|;<>()\n", c) >= 0:
			operator := line[i : i+1]
			if i+1 < len(line) && line[i+1] == c {
				operator += string(c)
			}
			return nil, needsShell(strconv.Quote(operator))
		case c == ' ' || c == '\t' || c == '\r':
			if inWord {
				words = append(words, word.String())
			}
			word.Reset()
			inWord = false
		default:
			word.WriteByte(c)
			inWord = true
		}
	}
	if quote != 0 {
		return nil, refuse("%c without its end", quote)
	}
	if inWord {
		words = append(words, word.String())
	}
	if len(words) == 0 {
		return nil, refuse("empty: want a command such as [python, train.py, \"${args}\"]")
	}
	return words, nil
}
