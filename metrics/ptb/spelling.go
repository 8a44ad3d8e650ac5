package ptb

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// The write functions append the token that a matched text is written as, in lower case.

func writeLower(dst []byte, text []rune) []byte {
	for i, c := range text {
		dst = appendLower(dst, text, i, c)
	}
	return dst
}

// appendLower appends the lower case of c = text[i] as Java has it, which knows the final sigma and the dotted I.
func appendLower(dst []byte, text []rune, i int, c rune) []byte {
	switch {
	case c < 0x80:
		if isUpper(c) {
			c |= 0x20
		}
		return append(dst, byte(c))
	case c == 0x0130:
		return append(dst, "i\u0307"...)
	case c == 0x03A3 && casedNear(text, i, -1) && !casedNear(text, i, 1):
		c = 0x03C2
	default:
		c = unicode.ToLower(c)
	}
	return utf8.AppendRune(dst, c)
}

// casedNear reports whether a letter that has a case stands on one side of text[i] in the same word: a sigma with one before it and
// none after it is final. A hyphen, dot or apostrophe between two letters is part of the word.
func casedNear(text []rune, i, direction int) bool {
	for k := i + direction; k >= 0 && k < len(text); k += direction {
		c := text[k]
		switch {
		case unicode.IsUpper(c) || unicode.IsLower(c) || unicode.IsTitle(c):
			return true
		case unicode.IsLetter(c) || unicode.IsDigit(c):
		case strings.ContainsRune("-.'", c) && unicode.IsLetter(text[k-direction]) && k+direction >= 0 && k+direction < len(text) && unicode.IsLetter(text[k+direction]):
		default:
			return false
		}
	}
	return false
}

func writeFixed(token string) func([]byte, []rune) []byte {
	return func(dst []byte, _ []rune) []byte { return append(dst, token...) }
}

// writeNoSoftHyphen leaves out soft hyphens; a token of nothing else is a hyphen.
func writeNoSoftHyphen(dst []byte, text []rune) []byte {
	mark := len(dst)
	for i, c := range text {
		if c != softHyphen {
			dst = appendLower(dst, text, i, c)
		}
	}
	if len(dst) == mark {
		dst = append(dst, '-')
	}
	return dst
}

// writeReplaced writes text with some characters replaced; replace returns "" for the others.
func writeReplaced(dst []byte, text []rune, replace func(c rune) string) []byte {
	for i, c := range text {
		if r := replace(c); r != "" {
			dst = append(dst, r...)
		} else {
			dst = appendLower(dst, text, i, c)
		}
	}
	return dst
}

// writeNoBreak writes the spaces inside a token as no-break spaces.
func writeNoBreak(dst []byte, text []rune) []byte {
	return writeReplaced(dst, text, func(c rune) string {
		if c == ' ' {
			return "\u00a0"
		}
		return ""
	})
}

func paren(c rune) string {
	switch c {
	case '(':
		return "-lrb-"
	case ')':
		return "-rrb-"
	}
	return ""
}

func writeParens(dst []byte, text []rune) []byte { return writeReplaced(dst, text, paren) }

func writeNoBreakParens(dst []byte, text []rune) []byte {
	return writeReplaced(dst, text, func(c rune) string {
		if c == ' ' {
			return "\u00a0"
		}
		return paren(c)
	})
}

// writeAmpersand writes the entity &amp; as &.
func writeAmpersand(dst []byte, text []rune) []byte {
	for i := 0; i < len(text); i++ {
		dst = appendLower(dst, text, i, text[i])
		if e := entity(text, i, "&amp;"); e > 0 {
			i = e - 1
		}
	}
	return dst
}

func writeLeftQuote(dst []byte, text []rune) []byte  { return writeQuotes(dst, text, "`", "``") }
func writeRightQuote(dst []byte, text []rune) []byte { return writeQuotes(dst, text, "'", "''") }

// writeQuotes writes quotes in the manner of LaTeX; single and double are what the undirected ones become.
func writeQuotes(dst []byte, text []rune, single, double string) []byte {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case '\'':
			dst = append(dst, single...)
		case '"':
			dst = append(dst, double...)
		case 0x91, 0x2018, 0x201B, 0x2039:
			dst = append(dst, '`')
		case 0x92, 0x2019, 0x203A:
			dst = append(dst, '\'')
		case 0x93, 0x201C, 0xAB:
			dst = append(dst, "``"...)
		case 0x94, 0x201D, 0xBB:
			dst = append(dst, "''"...)
		case '&':
			if e := exactEntity(text, i, "&apos;"); e > 0 {
				dst = append(dst, single...)
				i = e - 1
			} else if e := exactEntity(text, i, "&quot;"); e > 0 {
				dst = append(dst, double...)
				i = e - 1
			} else {
				dst = append(dst, '&')
			}
		default:
			dst = appendLower(dst, text, i, c)
		}
	}
	return dst
}

// exactEntity matches an entity in lower case only: the reference recognises it in any case, but rewrites no other.
func exactEntity(s []rune, i int, name string) int {
	if i+len(name) > len(s) || string(s[i:i+len(name)]) != name {
		return 0
	}
	return i + len(name)
}

// writeHyphens writes three or four hyphens as a dash.
func writeHyphens(dst []byte, text []rune) []byte {
	if len(text) == 3 || len(text) == 4 {
		return append(dst, "--"...)
	}
	return writeLower(dst, text)
}

func writeFraction(dst []byte, text []rune) []byte {
	return writeReplaced(dst, text, func(c rune) string {
		switch c {
		case 0xBC:
			return "1/4"
		case 0xBD:
			return "1/2"
		case 0xBE:
			return "3/4"
		case 0x2153:
			return "1/3"
		case 0x2154:
			return "2/3"
		}
		return ""
	})
}

func writeCurrency(dst []byte, text []rune) []byte {
	return writeReplaced(dst, text, func(c rune) string {
		switch c {
		case 0xA2:
			return "cents"
		case 0xA3:
			return "#"
		case 0x80, 0xA4, 0x20A0, 0x20AC:
			return "$"
		}
		return ""
	})
}

// isUpperCase is a capital of any script.
func isUpperCase(c rune) bool {
	if c < 0x80 {
		return isUpper(c)
	}
	return unicode.IsUpper(c)
}

// AppendLower appends text in lower case, as the reference programs have it.
func AppendLower(dst []byte, text []rune) []byte { return writeLower(dst, text) }
