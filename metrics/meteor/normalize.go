package meteor

import (
	"iter"
	"slices"
	"strings"
	"unicode/utf8"

	"harness/metrics/ptb"
)

// normalizer is the reference's -norm, punctuation kept: the steps of METEOR's own tokenisation in their order, then lower case. Its
// buffers are reused.
type normalizer struct {
	a, b  []rune
	lower []byte
	words []string
	parts []string
}

// dotRun marks a run of dots that later steps must not see; the number of dots is added to it. It lies above all characters.
const dotRun = utf8.MaxRune + 1

// cleanHypothesis does what the official wrapper does to a hypothesis before it is handed over.
func cleanHypothesis(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(text, "|||", ""), "  ", " ")
}

// tokens returns the tokens of a text; each is valid until the next.
func (n *normalizer) tokens(text string) iter.Seq[string] {
	if !plain(text) {
		text = n.normalize(text)
	} else {
		n.lower = appendLowerASCII(n.lower[:0], text)
		text = string(n.lower)
	}
	n.split(text)
	return slices.Values(n.words)
}

// isTokenBreak is the white space at which the reference splits; the vertical tab is not among it.
func isTokenBreak(c rune) bool { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }

func isBreak(c byte) bool { return c <= ' ' && isTokenBreak(rune(c)) }

// plain reports whether no step but lower case changes the text.
func plain(text string) bool {
	for i := range len(text) {
		if c := text[i]; c != ' ' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

func (n *normalizer) normalize(text string) string {
	var dot, comma, dash, quote bool
	n.a = append(n.a[:0], ' ')
	for _, c := range text { // characters outside words are tokens of their own
		switch {
		case isWordPart(c) || isSpace(c):
			n.a = append(n.a, c)
			continue
		case isInnerMark(c):
			n.a = append(n.a, c)
		default:
			n.a = append(n.a, ' ', c, ' ')
		}
		dot, comma = dot || c == '.', comma || c == ','
		dash = dash || c == '-' || c == 0x2013
		quote = quote || c == '\'' || c == '`' || 0x2018 <= c && c <= 0x201D
	}
	n.a = append(n.a, ' ')
	if dot {
		n.protectDots()
	}
	if comma {
		n.commas()
	}
	if quote {
		n.quotes()
	}
	if dash {
		n.dashes()
	}
	if quote {
		n.apostrophes()
	}
	if !dot {
		n.split(string(n.a))
		return n.finish(n.words)
	}
	n.split(n.restoreDots())
	return n.finish(n.fullStops())
}

// split sets words to those of a text.
func (n *normalizer) split(text string) {
	n.words = n.words[:0]
	for i := 0; i < len(text); i++ {
		if isBreak(text[i]) {
			continue
		}
		start := i
		for i < len(text) && !isBreak(text[i]) {
			i++
		}
		n.words = append(n.words, text[start:i])
	}
}

// isAlpha is a letter for this tokenisation.
func isAlpha(c rune) bool {
	switch {
	case c < 0x80:
		return 'a' <= c|0x20 && c|0x20 <= 'z'
	case c == 0x0160 || c == 0x017D || c == 0x0161 || c == 0x017E || c == 0x0178:
		return true
	}
	return 0xC0 <= c && c <= 0xD6 || 0xD8 <= c && c <= 0xF6 || 0xF8 <= c && c <= 0x17E || 0x400 <= c && c <= 0x4FF || 0x500 <= c && c <= 0x527 ||
		0xA640 <= c && c <= 0xA66E || 0xA67E <= c && c <= 0xA697 || 0x1D00 <= c && c <= 0x1D7F
}

func isDigit(c rune) bool    { return '0' <= c && c <= '9' }
func isWordPart(c rune) bool { return isAlpha(c) || isDigit(c) }
func isSpace(c rune) bool    { return c == ' ' || '\t' <= c && c <= '\r' }

// isInnerMark is punctuation that the later steps decide on.
func isInnerMark(c rune) bool {
	switch c {
	case '.', '\'', '`', ',', '-', 0x2018, 0x2019:
		return true
	}
	return false
}

func not(class func(rune) bool) func(rune) bool { return func(c rune) bool { return !class(c) } }

// protectDots makes a run of two or more dots one token that no step changes.
func (n *normalizer) protectDots() {
	n.b = n.b[:0]
	for i := 0; i < len(n.a); {
		k := i
		for k < len(n.a) && n.a[k] == '.' {
			k++
		}
		if k-i >= 2 {
			n.b = append(n.b, ' ', dotRun+rune(k-i), ' ')
			i = k
			continue
		}
		n.b = append(n.b, n.a[i])
		i++
	}
	n.a, n.b = n.b, n.a
}

// between replaces mark, where it stands between characters of two classes, from left to right without overlaps.
func (n *normalizer) between(before func(rune) bool, mark rune, after func(rune) bool, with string) {
	first := 1
	for first+1 < len(n.a) && !(n.a[first] == mark && before(n.a[first-1]) && after(n.a[first+1])) {
		first++
	}
	if first+1 >= len(n.a) {
		return
	}
	n.b = append(n.b[:0], n.a[:first-1]...)
	for i := first - 1; i < len(n.a); i++ {
		n.b = append(n.b, n.a[i])
		if i+2 < len(n.a) && n.a[i+1] == mark && before(n.a[i]) && after(n.a[i+2]) {
			for _, c := range with {
				n.b = append(n.b, c)
			}
			n.b = append(n.b, n.a[i+2])
			i += 2
		}
	}
	n.a, n.b = n.b, n.a
}

// replace replaces every occurrence of old by with, from left to right.
func (n *normalizer) replace(old, with string) {
	pattern := []rune(old)
	n.b = n.b[:0]
	for i := 0; i < len(n.a); {
		k := 0
		for k < len(pattern) && i+k < len(n.a) && n.a[i+k] == pattern[k] {
			k++
		}
		if k < len(pattern) {
			n.b = append(n.b, n.a[i])
			i++
			continue
		}
		for _, c := range with {
			n.b = append(n.b, c)
		}
		i += k
	}
	n.a, n.b = n.b, n.a
}

func (n *normalizer) commas() {
	n.between(not(isDigit), ',', not(isDigit), " , ")
	n.between(isDigit, ',', not(isDigit), " , ")
	n.between(not(isDigit), ',', isDigit, " , ")
}

func (n *normalizer) quotes() {
	for i, c := range n.a {
		if c == '`' || c == 0x2018 || c == 0x2019 {
			n.a[i] = '\''
		}
	}
	for _, quote := range []string{"“", "”", "''"} {
		if slices.Contains(n.a, []rune(quote)[0]) {
			n.replace(quote, ` " `)
		}
	}
}

func (n *normalizer) dashes() {
	for i, c := range n.a {
		if c == 0x2013 {
			n.a[i] = '-'
		}
	}
	n.replace("--", "-")
	n.between(func(c rune) bool { return isWordPart(c) || c == '.' }, '-', isWordPart, " ")
}

func (n *normalizer) apostrophes() {
	n.between(not(isAlpha), '\'', not(isAlpha), " ' ")
	n.between(not(isWordPart), '\'', isAlpha, " ' ")
	n.between(isAlpha, '\'', not(isAlpha), " ' ")
	n.between(isAlpha, '\'', isAlpha, " '")
	n.between(isDigit, '\'', func(c rune) bool { return c == 's' }, " '")
}

// restoreDots returns the text with the protected runs as dots again: behind this step two dots in a row are such a run.
func (n *normalizer) restoreDots() string {
	n.b = n.b[:0]
	for _, c := range n.a {
		for ; c > dotRun; c-- {
			n.b = append(n.b, '.')
		}
		if c != dotRun {
			n.b = append(n.b, c)
		}
	}
	return string(n.b)
}

// fullStops splits the stop off the words that keep none, and takes the dots out of acronyms.
func (n *normalizer) fullStops() []string {
	out, words := n.parts[:0], n.words
	for i, word := range words {
		stem, dotted := strings.CutSuffix(word, ".")
		if !dotted || strings.Trim(stem, ".") == "" {
			out = append(out, word)
			continue
		}
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case strings.Contains(stem, ".") && strings.ContainsFunc(stem, isAlpha):
			out = append(out, strings.ReplaceAll(word, ".", ""))
		case keepsDot[stem], next != "" && 'a' <= next[0] && next[0] <= 'z', keepsDotBeforeNumber[stem] && next != "" && isDigit(rune(next[0])):
			out = append(out, word)
		default:
			out = append(out, stem, ".")
		}
	}
	n.parts = out
	return out
}

// finish lower-cases the words and leaves out those that are wide spaces, which stand alone since the first step, and the control
// characters at both ends.
func (n *normalizer) finish(words []string) string {
	n.lower = n.lower[:0]
	for _, word := range words {
		if isASCII(word) {
			n.lower = append(appendLowerASCII(n.lower, word), ' ')
			continue
		}
		n.a = append(n.a[:0], []rune(word)...)
		if !isWideSpace(n.a[0]) {
			n.lower = append(ptb.AppendLower(n.lower, n.a), ' ')
		}
	}
	return strings.TrimFunc(string(n.lower), func(c rune) bool { return c <= ' ' })
}

func isASCII(text string) bool {
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

func appendLowerASCII(dst []byte, text string) []byte {
	for i := range len(text) {
		c := text[i]
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}

func isWideSpace(c rune) bool {
	return 0x2000 <= c && c <= 0x200A || c == 0x202F || c == 0x205F || c == 0x3000 || c == 0xA0
}

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// keepsDot are the words whose stop is never split off, keepsDotBeforeNumber those that keep it before a number.
var (
	keepsDot = wordSet(`A B C D E F G H I J K L M N O P Q R S T U V W X Y Z Adj Adm Adv Asst Bart Bldg Brig Bros Capt Cmdr Col Comdr Con
		Corp Cpl DR Dr Drs Ens Gen Gov Hon Hr Hosp Insp Lt MM MR MRS MS Maj Messrs Mlle Mme Mr Mrs Ms Msgr Op Ord Pfc Ph Prof Pvt Rep
		Reps Res Rev Rt Sen Sens Sfc Sgt Sr St Supt Surg v vs i.e rev e.g Nos Nr`)
	keepsDotBeforeNumber = wordSet(`No Art pp`)
)
