package cli

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"harness/internal/escape"
)

// helpTimeout is how long a program may take to print its help: imports of large libraries take seconds.
const helpTimeout = 60 * time.Second

// readProgram looks at the program that the file is for: that it is there, and, where that is asked for, which options it has.
func (o newOptions) readProgram(cmd *cobra.Command, d *draft) error {
	info, err := os.Stat(d.Program)
	if err != nil {
		return usageError("new: program %s: %w", d.Program, err)
	}
	if info.IsDir() {
		return usageError("new: program %s is a folder", d.Program)
	}
	if d.Seeds = false; !o.options {
		d.Options = []string{"#   lr: {values: [0.1, 0.01]} # by the name of the program's option"}
		return nil
	}
	help, err := helpOf(cmd.Context(), d.Program)
	if err != nil {
		return err
	}
	for _, option := range optionsIn(help) {
		if option.name == "seed" {
			d.Seeds = true
			continue
		}
		d.Options = append(d.Options, option.line())
	}
	if len(d.Options) == 0 && !d.Seeds {
		return withHint(usageError("new: %s --help names no options of the form --NAME", d.Program), "leave --read-options out, and write the parameters yourself")
	}
	return nil
}

// helpOf calls the program with --help.
func helpOf(ctx context.Context, program string) (string, error) {
	ctx, stop := context.WithTimeout(ctx, helpTimeout)
	defer stop()
	words := append(programWords(program), "--help")
	c := exec.CommandContext(ctx, words[0], words[1:]...)
	c.Env = append(os.Environ(), "COLUMNS=200", "CUDA_VISIBLE_DEVICES=", "NO_COLOR=1", "PYTHON_COLORS=0")
	c.WaitDelay = time.Second
	out, err := c.Output()
	if ctx.Err() == context.DeadlineExceeded {
		return "", fmt.Errorf("new: %s took longer than %s", strings.Join(words, " "), helpTimeout)
	}
	if err != nil {
		return "", withHint(fmt.Errorf("new: %s: %w", strings.Join(words, " "), err), "call it yourself to see why, or leave --read-options out")
	}
	return string(out), nil
}

// programOption is an option as a program's help has it.
type programOption struct {
	name    string
	value   string   // how the help calls its value; empty: none
	choices []string // of {a,b,c}
	help    string
}

// optionLine is a line of argparse's help: "  -l LR, --lr LR  learning rate".
var optionLine = regexp.MustCompile(`^ {1,8}(?:-\w(?:[ =]\S+)?, )?--([A-Za-z][\w-]*)(?:[ =](\{[^}]*\}|\[?[A-Z][A-Z0-9_.|-]*\]?))?(?: \[.*\])?(?:, .*?)?(?:  +(.*))?$`)

// optionsIn finds the options in a text of help, in its order.
func optionsIn(help string) []programOption {
	var list []programOption
	for line := range strings.Lines(help) {
		line = strings.TrimRight(line, "\r\n")
		found := optionLine.FindStringSubmatch(line)
		switch {
		case found != nil && found[1] != "help" && found[1] != "version":
			one := programOption{name: found[1], value: found[2], help: strings.TrimSpace(found[3])}
			if inner, ok := strings.CutPrefix(found[2], "{"); ok {
				one.choices = strings.Split(strings.TrimSuffix(inner, "}"), ",")
			}
			list = append(list, one)
		case found == nil && len(list) > 0 && list[len(list)-1].help == "" && strings.HasPrefix(line, "        "): // the help follows on the next line
			list[len(list)-1].help = strings.TrimSpace(line)
		}
	}
	return list
}

// line is the option as a comment of the file.
func (o programOption) line() string {
	values := "..."
	switch {
	case o.choices != nil:
		for i, choice := range o.choices {
			o.choices[i] = quotedYAML(choice)
		}
		values = strings.Join(o.choices, ", ")
	case o.value == "":
		values = "true, false"
	}
	text := fmt.Sprintf("#   %s: {values: [%s]}", o.name, values)
	if o.help != "" {
		text += " # " + escape.Line(o.help)
	}
	return text
}
