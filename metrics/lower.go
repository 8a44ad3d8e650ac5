package metrics

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
)

// fullLower returns the lower case of a text by Unicode's full rules, as Python's str.lower: a sigma at the end of a word is ς, and
// the dotted I becomes two characters.
func fullLower(text string) string {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return cases.Lower(language.Und).String(text)
		}
	}
	return strings.ToLower(text)
}

// split returns the words of a text between white space, as Python's str.split.
func split(text string) []string {
	var words []string
	for at := 0; at < len(text); {
		end, width := nextSpace(text, at)
		if end > at {
			words = append(words, text[at:end])
		}
		at = end + width
	}
	return words
}

// trimRight removes the white space at the end of a text, as Python's str.rstrip.
func trimRight(text string) string {
	for len(text) > 0 {
		_, n := utf8.DecodeLastRuneInString(text)
		if _, width := nextSpace(text, len(text)-n); width == 0 {
			break
		}
		text = text[:len(text)-n]
	}
	return text
}
