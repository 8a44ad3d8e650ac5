package browsertest

import (
	"encoding/json"
	"strings"
	"unicode"

	"harness/internal/escape"
)

// readable is a text as a page shows it: on one line, its control characters written out.
func readable(text string) string { return escape.Line(text) }

// contains reports whether shown holds text, or as much of a long one as a page shows; blanks do not count.
func contains(shown, text string) bool {
	const most = 60
	squeeze := func(s string) string {
		return strings.Map(func(r rune) rune {
			if unicode.IsSpace(r) {
				return -1
			}
			return r
		}, s)
	}
	text = squeeze(text)
	if len([]rune(text)) > most {
		text = string([]rune(text)[:most])
	}
	return strings.Contains(squeeze(shown), text)
}

// jsonText is a text as JSON, and so as a literal of JavaScript.
func jsonText(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err) // every text can be written
	}
	return string(data)
}
