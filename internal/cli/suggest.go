package cli

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"harness/experiments"
	"harness/internal/nearest"
	"harness/sweeps/condition"
)

// withNearest adds the known word that was probably meant as the hint of an error.
func withNearest(err error, word string, known []string) error {
	if meant := nearest.Meant(word, known); meant != "" {
		return withHint(err, "did you mean "+meant+"?")
	}
	return err
}

// unknownCommand refuses a command that is not there. A name that stands elsewhere in the tree is meant exactly.
func unknownCommand(err error, group *cobra.Command, name string) error {
	var here []string
	for _, cmd := range group.Commands() {
		if !cmd.Hidden {
			here = append(here, cmd.Name())
		}
	}
	var elsewhere string
	for _, cmd := range group.Root().Commands() {
		for _, sub := range append(cmd.Commands(), cmd) {
			if sub.Name() == name && !sub.Hidden {
				elsewhere = sub.CommandPath()
			}
		}
	}
	if elsewhere != "" {
		return withHint(err, "did you mean "+elsewhere+"?")
	}
	if meant := nearest.Meant(name, here); meant != "" {
		return withHint(err, "did you mean "+group.CommandPath()+" "+meant+"?")
	}
	return err
}

// flagError is the misuse of a flag; one that is not there is told with the one that was probably meant.
func flagError(cmd *cobra.Command, err error) error {
	misuse := usageError("%w", err)
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return misuse
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			known = append(known, f.Name)
		}
	})
	if meant := nearest.Meant(unknown.GetSpecifiedName(), known); meant != "" && len(unknown.GetSpecifiedName()) > 1 {
		return withHint(misuse, "did you mean --"+meant+"?")
	}
	return misuse
}

// suggested adds to an error the word that was probably meant: of a flag's value or an argument that the error names, the nearest of what
// a shell would complete there. IDs are like one another by chance alone.
func suggested(cmd *cobra.Command, err error) error {
	if code := exitCodeOf(err); code != exitMisused && code != exitFailed || strings.Contains(err.Error()+hintOf(err), "did you mean") {
		return err
	}
	meant := ""
	try := func(value string, of completer) {
		if meant != "" || of == nil || len(value) < 3 || !strings.Contains(err.Error(), value) || digits.MatchString(value) {
			return
		}
		var known []string
		for _, w := range of(typed{cmd: cmd}) {
			known = append(known, w.text)
		}
		if !slices.Contains(known, value) {
			meant = nearest.Meant(value, known)
		}
	}
	cmd.Flags().Visit(func(f *pflag.Flag) {
		of := wordsOf(cmd, f.Name)
		for _, value := range valuesOf(f) {
			try(strings.TrimPrefix(value, "-"), of)
		}
	})
	for i, arg := range cmd.Flags().Args() {
		if _, unknown := experiments.Find(arg); unknown != nil { // "table1" is no mistake for "table1-grounding"
			try(arg, argumentsOf(cmd, i))
		}
	}
	if meant == "" {
		return err
	}
	return withHint(err, strings.TrimSpace("did you mean "+meant+"? "+hintOf(err)))
}

// digits are those of an ID.
var digits = regexp.MustCompile(`^[0-9a-f]*$`)

// valuesOf are the words of a flag's value: of a list each, of a condition its names.
func valuesOf(f *pflag.Flag) []string {
	if f.Name == "set" || f.Name == "slurm" { // their keys are told by who reads them
		return nil
	}
	if list, ok := f.Value.(pflag.SliceValue); ok {
		return list.GetSlice()
	}
	if f.Name == "filter" || f.Name == "redo" {
		if expr, err := condition.Parse(f.Value.String()); err == nil {
			return expr.Names
		}
	}
	return []string{f.Value.String()}
}
