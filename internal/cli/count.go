package cli

import (
	"errors"
	"strconv"

	"github.com/spf13/pflag"
)

// count is a flag for how many of something, at least 1. It is 0 where it was not given: who writes 0 is refused, and not taken for who
// wrote nothing.
type count int

// countVar adds such a flag; the usage says what holds without it.
func countVar(f *pflag.FlagSet, to *int, name, usage string) { f.Var((*count)(to), name, usage) }

// String, Set and Type make it a flag.
func (c *count) String() string { return strconv.Itoa(int(*c)) }
func (c *count) Type() string   { return "int" }
func (c *count) Set(text string) error {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return errors.New("want a whole number of at least 1")
	}
	*c = count(n)
	return nil
}
