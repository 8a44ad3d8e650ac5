package metrics

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// fullLower returns the lower case of a text by Unicode's full rules, as Python's str.lower: a sigma at the end of a word is ς, and
// the dotted I becomes two characters.
func fullLower(text string) string {
	if !strings.ContainsAny(text, "Σİ") { // every other letter has one lower case
		return strings.ToLower(text)
	}
	var out strings.Builder
	for i, r := range text {
		switch r {
		case 'Σ':
			if casedBefore(text[:i]) && !casedAfter(text[i+len("Σ"):]) {
				r = 'ς'
			} else {
				r = 'σ'
			}
			out.WriteRune(r)
		case 'İ':
			out.WriteString("i\u0307")
		default:
			out.WriteRune(unicode.ToLower(r))
		}
	}
	return out.String()
}

// casedBefore reports whether a text ends in a letter that has a case, marks and the like left out.
func casedBefore(text string) bool {
	for len(text) > 0 {
		r, n := utf8.DecodeLastRuneInString(text)
		if !caseIgnorable(r) {
			return cased(r)
		}
		text = text[:len(text)-n]
	}
	return false
}

// casedAfter reports whether a text begins with such a letter.
func casedAfter(text string) bool {
	for _, r := range text {
		if !caseIgnorable(r) {
			return cased(r)
		}
	}
	return false
}

func cased(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Ll, unicode.Lt, unicode.Other_Lowercase, unicode.Other_Uppercase)
}

// caseIgnorable is Unicode's property Case_Ignorable.
func caseIgnorable(r rune) bool {
	return unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf, unicode.Lm, unicode.Sk) || strings.ContainsRune("'.:·\u0387\u055f\u05f4‘’․‧︓﹒﹕＇．：", r)
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
