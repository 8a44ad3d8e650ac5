package metrics

import "strings"

// tokens13a returns the tokens of a text as mteval-v13a and sacrebleu's default tokenizer split it, with white space between them.
// The rules are passes over the whole text, and the places that a pass finds do not overlap.
func tokens13a(text string) string {
	text = trimRight(text)
	text = strings.ReplaceAll(text, "<skipped>", "")
	text = strings.ReplaceAll(text, "-\n", "")
	text = strings.ReplaceAll(text, "\n", " ")
	if strings.Contains(text, "&") {
		// One after the other: what the second leaves may be an entity of the third.
		text = strings.ReplaceAll(text, "&quot;", `"`)
		text = strings.ReplaceAll(text, "&amp;", "&")
		text = strings.ReplaceAll(text, "&lt;", "<")
		text = strings.ReplaceAll(text, "&gt;", ">")
	}
	b := spacePunctuation(" " + text + " ")
	b = spacePairs(b, func(x, y byte) bool { return !isDigit(x) && (y == '.' || y == ',') }, false)
	b = spacePairs(b, func(x, y byte) bool { return (x == '.' || x == ',') && !isDigit(y) }, true)
	b = spacePairs(b, func(x, y byte) bool { return isDigit(x) && y == '-' }, false)
	return string(b)
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// spacePunctuation puts spaces around ASCII punctuation other than ' , - and the full stop.
func spacePunctuation(text string) []byte {
	out := make([]byte, 0, len(text)+len(text)/4)
	for i := range len(text) {
		switch c := text[i]; {
		case c >= ' ' && c <= '&', c >= '(' && c <= '+', c == '/', c >= ':' && c <= '@', c >= '[' && c <= '`', c >= '{' && c <= '~':
			out = append(out, ' ', c, ' ')
		default:
			out = append(out, c)
		}
	}
	return out
}

// spacePairs puts spaces around the second character of every pair that is found or, with first, around the first one. A character of
// several bytes takes part by the byte that touches the mark.
func spacePairs(text []byte, found func(x, y byte) bool, first bool) []byte {
	out := make([]byte, 0, len(text)+len(text)/4)
	for i := 0; i < len(text); i++ {
		switch {
		case i+1 == len(text) || !found(text[i], text[i+1]):
			out = append(out, text[i])
		case first:
			out = append(out, ' ', text[i], ' ', text[i+1])
			i++
		default:
			out = append(out, text[i], ' ', text[i+1], ' ')
			i++
		}
	}
	return out
}
