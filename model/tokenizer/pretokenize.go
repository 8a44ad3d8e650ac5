package tokenizer

import (
	"strings"
	"unicode"
)

// bertWords splits at white space, which it drops, and makes every punctuation mark a word.
type bertWords struct{}

func (bertWords) split(word string, _ bool) []string {
	return cutWords(word, isFastPunctuation, isSpace)
}

// atSpaces splits at white space.
type atSpaces struct{}

func (atSpaces) split(word string, _ bool) []string {
	return cutWords(word, func(rune) bool { return false }, isSpace)
}

// atPunctuation makes every punctuation mark a word.
type atPunctuation struct{}

func (atPunctuation) split(word string, _ bool) []string {
	return cutWords(word, isFastPunctuation, func(rune) bool { return false })
}

// atDigits makes every number, or every digit if each is set, a word.
type atDigits struct{ each bool }

func (d atDigits) split(word string, _ bool) []string {
	if d.each {
		return cutWords(word, unicode.IsNumber, func(rune) bool { return false })
	}
	return runs(word, func(r rune) int {
		if unicode.IsNumber(r) {
			return 1
		}
		return 0
	})
}

// wordsAndMarks is the pre-tokenizer Whitespace: runs of word characters, and runs of anything else but white space.
type wordsAndMarks struct{}

func (wordsAndMarks) split(word string, _ bool) []string {
	var out []string
	for _, w := range (atSpaces{}).split(word, false) {
		out = append(out, runs(w, func(r rune) int {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || unicode.In(r, unicode.Pc, unicode.Nl, unicode.Other_Alphabetic, unicode.Join_Control) {
				return 1
			}
			return 0
		})...)
	}
	return out
}

// cutWords makes each character that alone says a word, and drops those that gap says.
func cutWords(text string, alone, gap func(rune) bool) []string {
	var words []string
	from := 0
	for i, r := range text {
		size := len(string(r))
		if !alone(r) && !gap(r) {
			continue
		}
		if i > from {
			words = append(words, text[from:i])
		}
		if alone(r) {
			words = append(words, text[i:i+size])
		}
		from = i + size
	}
	if from < len(text) {
		words = append(words, text[from:])
	}
	return words
}

// runs cuts text where the class of characters changes.
func runs(text string, classOf func(rune) int) []string {
	var words []string
	from, last := 0, -1
	for i, r := range text {
		if c := classOf(r); c != last {
			if i > from {
				words = append(words, text[from:i])
			}
			from, last = i, c
		}
	}
	return append(words, text[from:])
}

// byteLevel is GPT-2's pattern; prefix puts a space before a word that has none there.
type byteLevel struct{ prefix, whole bool }

func (b byteLevel) split(word string, _ bool) []string {
	if b.prefix && word != "" && word[0] != ' ' {
		word = " " + word
	}
	if b.whole {
		return []string{word}
	}
	var words []string
	for word != "" {
		n := nextWord(word)
		words, word = append(words, word[:n]), word[n:]
	}
	return words
}

// metaspace writes spaces as a mark, and splits before each mark.
type metaspace struct {
	mark   string
	scheme string // always, first or never: where a mark is put before a word that has none
	cut    bool
}

func (m metaspace) split(word string, first bool) []string {
	word = strings.ReplaceAll(word, " ", m.mark)
	if (m.scheme == "always" || m.scheme == "first" && first) && !strings.HasPrefix(word, m.mark) {
		word = m.mark + word
	}
	if !m.cut {
		return []string{word}
	}
	var words []string
	for word != "" {
		next := strings.Index(word[1:], m.mark)
		if next < 0 {
			break
		}
		words, word = append(words, word[:next+1]), word[next+1:]
	}
	return append(words, word)
}
