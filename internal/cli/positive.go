package cli

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"
)

// positive is a flag for a whole number of at least 1. It is 0 where it was not given: who writes 0 is refused, and not taken for who
// wrote nothing.
type positive int

// positiveVar adds such a flag; the usage says what holds without it.
func positiveVar(f *pflag.FlagSet, to *int, name, usage string) { f.Var((*positive)(to), name, usage) }

// String, Set and Type make it a flag.
func (p *positive) String() string { return strconv.Itoa(int(*p)) }
func (p *positive) Type() string   { return "int" }
func (p *positive) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("want a whole number of at least 1")
	}
	*p = positive(n)
	return nil
}
