package sweeps

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/model/spec"
)

// Macros are what ${…} may name in a command. Also, ${envvar:NAME} is an environment variable, and $${ is a literal ${.
// Behind those that W&B has, too, :py writes values as Python prints them.
var Macros = [...]string{"args:py", "args_no_hyphens:py", "args_no_boolean_flags:py", "args_no_equals:py", "args_append_hydra:py", "args_override_hydra:py",
	"args", "args_no_hyphens", "args_no_boolean_flags", "args_no_equals", "args_append_hydra", "args_override_hydra", "args_separate", "args_python", "args_json", "args_json_file", "seed", "trial_dir",
	"attempt_dir", "config", "interpreter", "program", "env", "events", "threads"}

// pythonMacros is how many of Macros end in :py.
const pythonMacros = 6

// command reads the program of a trial: a list of words, or one line that is split as a shell would.
func (p *parser) command(e entry) error {
	p.sweep.Command = spec.MakeWords("${program}") // whatever is wrong with it: the parameters are a program's
	p.sweep.scratch = spec.Trial{Command: p.sweep.Command}
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
	words := p.sweep.Command.List()
	var err error
	for i, word := range words {
		if err := checkMacros(word); err != nil {
			return p.refuse(e.value, e.key, "%v", err)
		}
		if words[i], err = p.withProgram(word); err != nil {
			return p.refuse(e.value, e.key, "%v", err)
		}
		words[i] = p.asPython(words[i])
	}
	p.sweep.Command = spec.MakeWords(words...)
	p.commandAt = e.value
	p.sweep.scratch = spec.Trial{Command: p.sweep.Command}
	return nil
}

// withProgram puts the file's program: in the place of ${program}.
func (p *parser) withProgram(word string) (string, error) {
	switch {
	case !slices.Contains(macroPattern.FindAllString(word, -1), "${program}"):
		return word, nil
	case p.program == "":
		return "", refuse("${program} stands for the file's program:, and it has none")
	case word != "${program}" && !plainPath.MatchString(p.program): // it may be read by a shell
		return "", refuse("%q: ${program} is %q: it must be a word of its own", word, p.program)
	}
	return macroPattern.ReplaceAllStringFunc(word, func(macro string) string {
		if macro == "${program}" {
			return p.program
		}
		return macro
	}), nil
}

// programAlone is W&B's default: the command of a file that gives a program and no command.
func (p *parser) programAlone() {
	if p.tool == toolWandB && p.program == "" { // refused by finishWandB
		p.sweep.scratch = spec.Trial{Command: spec.MakeWords("${program}")}
		p.sweep.Command = p.sweep.scratch.Command
	}
	if p.program != "" && p.sweep.Command == "" {
		p.sweep.Command = spec.MakeWords("${interpreter}", p.program, p.asPython("${args}"))
		p.sweep.scratch = spec.Trial{Command: p.sweep.Command}
	}
}

// asPython lets the parameters of a file of W&B be written as its agent writes them: --flag=True.
func (p *parser) asPython(word string) string {
	if p.tool != toolWandB {
		return word
	}
	return macroPattern.ReplaceAllStringFunc(word, func(macro string) string {
		if python := strings.TrimSuffix(macro, "}") + ":py}"; slices.Contains(Macros[:], strings.Trim(python, "${}")) && !strings.HasPrefix(macro, "$$") {
			return python
		}
		return macro
	})
}

var (
	macroPattern = regexp.MustCompile(`\$?\$\{([^}]*)(\}?)`)
	plainPath    = regexp.MustCompile(`^[\w./+-]*$`)
	envPattern   = regexp.MustCompile(`^envvar:[A-Za-z_][A-Za-z0-9_]*$`)
)

// checkMacros refuses an unknown ${…}.
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
			didYouMean(name, Macros[:]), strings.Join(Macros[pythonMacros:], "}, ${"))
	}
	return nil
}

// takesParameters reports whether a word of a command passes the parameters on.
func takesParameters(word string) bool {
	return strings.Contains(word, "${args") || strings.Contains(word, "${config}") || strings.Contains(word, "HARNESS_CONFIG")
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
	if p.commandAt == nil || len(given) == 0 || slices.ContainsFunc(s.Command.List(), takesParameters) {
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
	s := splitter{line: strings.TrimSpace(strings.ReplaceAll(line, "\\\n", " "))}
	for s.at < len(s.line) {
		if err := s.next(); err != nil {
			return nil, err
		}
	}
	s.end()
	switch {
	case s.quote != 0:
		return nil, refuse("%c without its end", s.quote)
	case len(s.words) > 0 && assignment.MatchString(s.words[0]):
		return nil, s.needsShell(assignment.FindString(s.words[0]))
	case len(s.words) == 0:
		return nil, refuse("empty: want a command such as [python, train.py, \"${args}\"]")
	}
	return s.words, nil
}

var (
	assignment = regexp.MustCompile(`^[A-Za-z_]\w*=`)
	variable   = regexp.MustCompile(`^\$\w+`)
)

// splitter is how far a line has been split.
type splitter struct {
	line  string
	at    int
	quote byte // that is open, or 0
	word  strings.Builder
	begun bool // a word may be empty: ""
	words []string
}

// next reads one character, or one ${…}.
func (s *splitter) next() error {
	c, rest := s.line[s.at], s.line[s.at:]
	switch {
	case s.quote == '\'' && c != s.quote:
		s.take(1)
	case s.quote != 0 && c == s.quote:
		s.quote = 0
		s.at++
	case c == '\\' && len(rest) > 1 && (s.quote == 0 || strings.IndexByte("\"\\$`", rest[1]) >= 0):
		s.at++
		s.take(1)
	case strings.HasPrefix(rest, "$${"): // the rest follows as ${…}
		s.take(1)
	case strings.HasPrefix(rest, "${"):
		end := strings.IndexByte(rest, '}')
		if end < 0 {
			return refuse("%q: ${ without }", rest)
		}
		s.take(end + 1)
	case c == '`', c == '$' && len(rest) > 1 && rest[1] != ' ':
		return s.needsShell(cmp.Or(variable.FindString(rest), rest[:min(2, len(rest))]))
	case s.quote == 0 && (c == '*' || !s.begun && (c == '#' || c == '~')): // file names, a comment, a home folder
		return s.needsShell(rest[:1])
	case s.quote == 0 && (c == '"' || c == '\''):
		s.quote, s.begun = c, true
		s.at++
	case s.quote == 0 && strings.IndexByte("&|;<>()\n", c) >= 0:
		if len(rest) > 1 && rest[1] == c {
			return s.needsShell(rest[:2])
		}
		return s.needsShell(rest[:1])
	case s.quote == 0 && strings.IndexByte(" \t\r", c) >= 0:
		s.end()
		s.at++
	default:
		s.take(1)
	}
	return nil
}

// take moves n bytes into the word.
func (s *splitter) take(n int) {
	s.word.WriteString(s.line[s.at : s.at+n])
	s.at, s.begun = s.at+n, true
}

// end ends the word, if one has begun.
func (s *splitter) end() {
	if s.begun {
		s.words = append(s.words, s.word.String())
	}
	s.word.Reset()
	s.begun = false
}

func (s *splitter) needsShell(what string) error {
	return refuse("%q needs a shell: write command: [bash, -c, %s]", what, strconv.Quote(s.line))
}
