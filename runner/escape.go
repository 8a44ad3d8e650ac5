package runner

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// escape makes control characters visible: ESC becomes the four characters \x1b. What a program prints reaches
// terminals and tables through here. Bytes that are no UTF-8 become U+FFFD.
func escape(text string) string {
	if strings.IndexFunc(text, escaped) < 0 && utf8.ValidString(text) {
		return text
	}
	var out strings.Builder
	for _, r := range text {
		switch {
		case !escaped(r):
			out.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&out, `\x%02x`, r)
		default:
			fmt.Fprintf(&out, `\u%04x`, r)
		}
	}
	return out.String()
}

// escaped reports whether a character could move the cursor, end a line or change the direction of what follows.
func escaped(r rune) bool {
	return unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || '\u202a' <= r && r <= '\u202e' || '\u2066' <= r && r <= '\u2069'
}

// oneLine makes a text fit for a table of errors: white space becomes single blanks, control characters are escaped.
func oneLine(text string) string {
	return shorten(escape(strings.Join(strings.Fields(text), " ")), 300)
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
