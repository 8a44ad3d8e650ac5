package cli

import (
	"context"
	"errors"
	"fmt"
	"harness/internal/view"
)

// The exit codes of the program (DESIGN 3).
const (
	exitDone        = 0
	exitFailed      = 1
	exitMisused     = 2
	exitSomeFailed  = 3
	exitDisagreed   = 4
	exitInterrupted = 130
)

// commandError is an error that decides the exit code and may tell the user what to do next.
type commandError struct {
	code int
	hint string
	err  error
}

func (e *commandError) Error() string { return e.err.Error() }
func (e *commandError) Unwrap() error { return e.err }

// usageError reports that the command was called or configured wrongly: exit code 2.
func usageError(format string, args ...any) error {
	return &commandError{code: exitMisused, err: fmt.Errorf(format, args...)}
}

// withCode gives err an exit code of its own.
func withCode(code int, err error) error { return &commandError{code: code, err: err} }

// withHint adds a second line that says what the user can do next; the exit code stays that of err.
func withHint(err error, hint string) error {
	return &commandError{code: exitCodeOf(err), hint: hint, err: err}
}

// exitCodeOf maps an error to the exit code of the program.
func exitCodeOf(err error) int {
	var ce *commandError
	var misuse *view.MisuseError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &ce):
		return ce.code
	case errors.As(err, &misuse):
		return exitMisused
	case errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	return exitFailed
}

// hintOf returns the outermost hint in err's chain, or "".
func hintOf(err error) string {
	for err != nil {
		var ce *commandError
		if !errors.As(err, &ce) {
			return ""
		}
		if ce.hint != "" {
			return ce.hint
		}
		err = ce.err
	}
	return ""
}
