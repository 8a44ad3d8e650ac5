package runner

import (
	"strings"

	"harness/internal/escape"
)

// OneLine is oneLine, for who records ends of attempts elsewhere.
func OneLine(text string) string { return oneLine(text) }

// oneLine makes a text fit for a table of errors: white space becomes single blanks, control characters are escaped.
func oneLine(text string) string {
	return shorten(escape.Line(strings.Join(strings.Fields(text), " ")), 300)
}

// shorten cuts a text off after so many characters.
func shorten(text string, most int) string {
	if len(text) <= most {
		return text
	}
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + " …"
	}
	return text
}
