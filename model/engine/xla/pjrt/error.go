package pjrt

// #include "plugin.h"
import "C"

import (
	"strings"
	"unicode/utf8"
)

// Code is the kind of an error. It is an error itself, so that errors.Is(err, ResourceExhausted) asks for it.
type Code int

// The codes of absl::Status that callers ask for; the others have names too.
const (
	InvalidArgument   Code = C.PJRT_Error_Code_INVALID_ARGUMENT
	ResourceExhausted Code = C.PJRT_Error_Code_RESOURCE_EXHAUSTED // too little memory on the device
	Unimplemented     Code = C.PJRT_Error_Code_UNIMPLEMENTED
)

var codeNames = [...]string{
	"OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED",
	"RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS",
	"UNAUTHENTICATED",
}

// Error is the name of the code as XLA prints it.
func (c Code) Error() string {
	if c < 0 || int(c) >= len(codeNames) {
		return codeNames[C.PJRT_Error_Code_UNKNOWN]
	}
	return codeNames[c]
}

// Error is what a plugin says of a call that it did not do.
type Error struct {
	Code Code
	Text string // all of it, which may be pages
}

// Error is the code and the first line of the text, cut where it is very long.
func (e *Error) Error() string {
	const limit = 400
	line := ""
	for part := range strings.Lines(e.Text) {
		line = strings.TrimSpace(line + " " + strings.Join(strings.Fields(part), " "))
		if line != "" && !strings.HasSuffix(line, ":") {
			break
		}
	}
	if len(line) > limit {
		cut := limit
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		line = line[:cut] + " …"
	}
	if name := e.Code.Error(); !strings.HasPrefix(line, name) {
		return name + ": " + line
	}
	return line
}

// Is reports whether target is the code of e.
func (e *Error) Is(target error) bool {
	code, ok := target.(Code)
	return ok && code == e.Code
}

// failure makes a Go error of the plugin's and frees that; nil stays nil.
func (p *Plugin) failure(err *C.PJRT_Error) error {
	if err == nil {
		return nil
	}
	defer C.plugin_error_free(p.api, err)
	var code C.int
	var text *C.char
	var size C.size_t
	C.plugin_error(p.api, err, &code, &text, &size)
	return &Error{Code: Code(code), Text: C.GoStringN(text, C.int(size))}
}
