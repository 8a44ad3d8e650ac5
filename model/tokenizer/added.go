package tokenizer

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// addedToken is a token that is kept whole where a text spells it out.
type addedToken struct {
	ID         int    `json:"id"`
	Content    string `json:"content"`
	SingleWord bool   `json:"single_word"`
	LStrip     bool   `json:"lstrip"` // takes the white space before it along
	RStrip     bool   `json:"rstrip"`
	Normalized bool   `json:"normalized"` // is looked for in the normalised text
	Special    bool   `json:"special"`    // without effect here, but a file that has no boolean there is refused
}

// addedTokens are the added tokens of a vocabulary.
type addedTokens struct {
	raw, normal []addedToken
	size        int // one more than the largest id
}

func (a *addedTokens) add(t addedToken) {
	a.size = max(a.size, t.ID+1)
	if t.Content == "" {
		return
	}
	if t.Normalized {
		a.normal = append(a.normal, t)
	} else {
		a.raw = append(a.raw, t)
	}
}

// part is a stretch of text, or a token where id is not negative.
type part struct {
	text string
	id   int
}

// cut splits text at the added tokens: from the left, of several that begin at a place the longest.
func (a *addedTokens) cut(text string, normalized bool) []part {
	tokens := a.raw
	if normalized {
		tokens = a.normal
	}
	var parts []part
	from := 0 // of the text not yet given out
	for at := 0; at < len(text); {
		token, start, end := nextToken(tokens, text, at)
		if token == nil {
			break
		}
		if token.SingleWord && !standsAlone(text, start, end) {
			at = end
			continue
		}
		stop := start
		if token.LStrip {
			stop = max(from, len(strings.TrimRightFunc(text[:start], isSpace)))
		}
		if stop > from {
			parts = append(parts, part{text[from:stop], -1})
		}
		if token.RStrip {
			end = len(text) - len(strings.TrimLeftFunc(text[end:], isSpace))
		}
		parts = append(parts, part{id: token.ID})
		from, at = end, end
	}
	if from < len(text) {
		parts = append(parts, part{text[from:], -1})
	}
	return parts
}

// nextToken finds the first of tokens in text from at on, of several that begin there the longest; nil if there is none.
func nextToken(tokens []addedToken, text string, at int) (found *addedToken, start, end int) {
	start = len(text)
	for i := range tokens {
		t := &tokens[i]
		k := strings.Index(text[at:], t.Content)
		if k < 0 {
			continue
		}
		if at+k < start || at+k == start && found != nil && len(t.Content) > len(found.Content) {
			found, start = t, at+k
		}
	}
	if found == nil {
		return nil, 0, 0
	}
	return found, start, start + len(found.Content)
}

// standsAlone reports that no letter, digit or underscore touches text[start:end].
func standsAlone(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	word := func(r rune) bool {
		return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || unicode.Is(unicode.Pc, r)
	}
	return (start == 0 || !word(before)) && (end == len(text) || !word(after))
}
