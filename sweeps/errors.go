package sweeps

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"harness/internal/nearest"
)

// Error refuses an experiment file: where, which key, and why, on one line.
type Error struct {
	File   string
	Line   int    // 0 where there is none, as for --set
	Key    string // dotted path of the key; may be empty
	Reason string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ": line %d", e.Line)
	}
	if e.Key != "" {
		b.WriteString(": " + e.Key)
	}
	return b.String() + ": " + e.Reason
}

// Errors are the mistakes of one file, in the order of its lines.
type Errors []*Error

// Error is one line for each mistake.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, one := range e {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Unwrap lets errors.As find the first of them.
func (e Errors) Unwrap() []error {
	list := make([]error, len(e))
	for i, one := range e {
		list[i] = one
	}
	return list
}

// keep remembers a mistake and lets the reading go on, so that all of a file are told at once.
func (p *parser) keep(err error) {
	var several Errors
	var one *Error
	switch {
	case err == nil:
	case errors.As(err, &several):
		p.mistakes = append(p.mistakes, several...)
	case errors.As(err, &one):
		p.mistakes = append(p.mistakes, one)
	default:
		p.mistakes = append(p.mistakes, &Error{File: p.sweep.File, Reason: err.Error()})
	}
}

// refused is the error of what was kept: an *Error where there is one, else Errors; nil where there is none.
func (p *parser) refused() error {
	slices.SortStableFunc(p.mistakes, func(a, b *Error) int { return a.Line - b.Line })
	said := map[string]bool{}
	list := slices.DeleteFunc(p.mistakes, func(e *Error) bool {
		again := said[e.Error()]
		said[e.Error()] = true
		return again
	})
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	return Errors(list)
}

// refusal is a reason without a place; the caller who knows the place makes it an Error.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, args ...any) error { return refusal(fmt.Sprintf(format, args...)) }

func (p *parser) refuse(n *yaml.Node, key, format string, args ...any) error {
	line := 1
	if n != nil && n.Line > 0 {
		line = n.Line
	}
	return &Error{File: p.sweep.File, Line: line, Key: key, Reason: fmt.Sprintf(format, args...)}
}

// didYouMean is ": did you mean X?" for the candidate nearest to a word or path, or "" when none is near.
func didYouMean(word string, candidates []string) string {
	return nearest.Hint(nearest.Path(word, candidates))
}
