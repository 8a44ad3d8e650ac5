package live

import "harness/registry"

// Paint colours texts; its zero value leaves them as they are. Colour is never all that tells two things apart.
type Paint struct{ On bool }

const (
	red    = "31"
	green  = "32"
	yellow = "33"
	faint  = "2"
)

func (p Paint) with(code, text string) string {
	if !p.On || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// State colours a text by the state that it tells of.
func (p Paint) State(s registry.State, text string) string {
	switch s {
	case registry.Done:
		return p.with(green, text)
	case registry.Failed:
		return p.with(red, text)
	case registry.Interrupted, registry.Stopped:
		return p.with(yellow, text)
	}
	return text
}

// Faint takes a text back.
func (p Paint) Faint(text string) string { return p.with(faint, text) }
