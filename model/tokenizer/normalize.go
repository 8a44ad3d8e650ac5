package tokenizer

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// isSpace is Unicode's White_Space.
func isSpace(r rune) bool { return unicode.IsSpace(r) }

// lowered is text in lower case, character by character.
func lowered(text string) string {
	var out strings.Builder
	for _, r := range text {
		if r == 'İ' { // the only character that becomes two
			out.WriteString("i\u0307")
		} else {
			out.WriteRune(unicode.ToLower(r))
		}
	}
	return out.String()
}

// withoutAccents is text decomposed and without its accents.
func withoutAccents(text string) string {
	return strings.Map(func(r rune) rune {
		if isFastAccent(r) {
			return -1
		}
		return r
	}, norm.NFD.String(text))
}

// trimmed is the normaliser Strip.
func trimmed(left, right bool) normaliser {
	return func(text string) string {
		if left {
			text = strings.TrimLeftFunc(text, isSpace)
		}
		if right {
			text = strings.TrimRightFunc(text, isSpace)
		}
		return text
	}
}

// squeezed replaces runs of two spaces or more, of any white space if all is set, by one string. Single line breaks and tabs
// go the same way if breaks is set.
type squeezed struct {
	all, breaks bool
	least       int
	by          string
}

func (s squeezed) apply(text string) string {
	var out strings.Builder
	for text != "" {
		n, count := 0, 0
		for i, r := range text {
			if !(r == ' ' || s.all && isSpace(r)) {
				break
			}
			n, count = i+len(string(r)), count+1
		}
		switch {
		case count >= s.least || count == 1 && s.breaks && strings.ContainsRune("\n\r\t", rune(text[0])):
			out.WriteString(s.by)
		case count > 0:
			out.WriteString(text[:n])
		default:
			n = strings.IndexFunc(text, func(r rune) bool { return r == ' ' || isSpace(r) && s.all })
			if n < 0 {
				n = len(text)
			}
			out.WriteString(text[:n])
		}
		text = text[n:]
	}
	return out.String()
}

// bertNormal is BertNormalizer.
type bertNormal struct{ clean, chinese, strip, lower bool }

func (b bertNormal) apply(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case b.clean && (r == 0 || r == unicode.ReplacementChar || isFastControl(r)):
		case b.clean && isSpace(r):
			out.WriteByte(' ')
		case b.chinese && isChinese(r):
			out.WriteByte(' ')
			out.WriteRune(r)
			out.WriteByte(' ')
		default:
			out.WriteRune(r)
		}
	}
	text = out.String()
	if b.strip {
		text = withoutAccents(text)
	}
	if b.lower {
		text = lowered(text)
	}
	return text
}
