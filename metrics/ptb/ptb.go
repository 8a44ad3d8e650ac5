// Package ptb splits English text into Penn Treebank tokens exactly as the official caption pipeline does: Stanford's
// PTBTokenizer 3.4.1 with -preserveLines -lowerCase, followed by the removal of punctuation.
//
// The map: ptb.go is the scanner (at each place the rule with the longest match wins, the earlier rule on a tie), rules.go
// the table of rules in order, words.go numbers.go symbols.go web.go what the rules match, abbreviations.go the word lists,
// chars.go the classes of characters, spelling.go how a matched text is written as a token.
//
// Only the behaviour is the same: the rules are our own code, checked against recorded output of that program.
package ptb

import "unicode/utf8"

// Lexer tokenises lines. The zero value is ready; a Lexer is not safe for concurrent use.
type Lexer struct {
	// KeepPunctuation keeps the tokens that the pipeline removes.
	KeepPunctuation bool

	text []rune // the line, a line feed and the beginning of what follows
}

// contextRunes is how much of the following lines the rules may look at; the longest context is a short word.
const contextRunes = 64

// Append appends the tokens of lines[i] to dst, with one space between them, and returns the extended slice. The lines are
// those of one file in order: the official program reads them as one text, so that an abbreviation at the end of a line
// depends on how the next one begins. Line feeds inside a line are spaces. Invalid UTF-8 is dropped, as any character is that the
// rules do not know.
func (l *Lexer) Append(dst []byte, lines []string, i int) []byte {
	end := l.load(lines, i)
	start := len(dst)
	for at := 0; at < end; {
		switch c := l.text[at]; {
		case c == ' ': // with which only white space begins
			at = min(matchBlank(l.text, at).next, end)
			continue
		case isASCIILetter(c):
			if k := l.plainWord(at); k > 0 {
				mark := len(dst)
				dst = separate(dst, start)
				for _, c := range l.text[at:k] {
					dst = append(dst, byte(c)|0x20)
				}
				if !l.KeepPunctuation && punctuation(dst, mark) {
					dst = dst[:mark]
				}
				at = k
				continue
			}
		}
		rule, m := longest(l.text, at)
		if rule == nil || m.token > end {
			at++ // no rule knows the character: it is dropped
			continue
		}
		if rule.write != nil {
			mark := len(dst)
			dst = separate(dst, start)
			dst = rule.write(dst, l.text[at:m.token])
			if !l.KeepPunctuation && punctuation(dst, mark) {
				dst = dst[:mark]
			}
		}
		at = m.next
	}
	return dst
}

// Tokens returns the tokens of one line that nothing follows.
func (l *Lexer) Tokens(line string) string { return string(l.Append(nil, []string{line}, 0)) }

// load fills l.text and returns the length of the line itself.
func (l *Lexer) load(lines []string, i int) int {
	l.text = appendRunes(l.text[:0], lines[i], len(lines[i]))
	end := len(l.text)
	for j := i + 1; j < len(lines) && len(l.text)-end < contextRunes; j++ {
		l.text = append(l.text, '\n')
		l.text = appendRunes(l.text, lines[j], contextRunes)
	}
	return end
}

// appendRunes appends at most n runes of text, with line ends as spaces.
func appendRunes(dst []rune, text string, n int) []rune {
	for _, c := range text {
		if n == 0 {
			break
		}
		n--
		if c == '\n' || c == '\r' {
			c = ' '
		}
		dst = append(dst, c)
	}
	return dst
}

// plainWord returns the end of the word of ASCII letters at i if it is a token under every rule, else 0. Nearly all words
// are, so that the rules need not be tried.
func (l *Lexer) plainWord(i int) int {
	s := l.text
	k := i + 1
	for k < len(s) && isASCIILetter(s[k]) {
		k++
	}
	switch next := at(s, k); {
	case next == ' ' || next == '\n' || next == eof:
	case (next == '.' || next == ',') && (at(s, k+1) == ' ' || at(s, k+1) == '\n' || at(s, k+1) == eof):
		if next == '.' && (k-i == 1 || abbreviation(s[i:k])) {
			return 0
		}
	default:
		return 0
	}
	if assimilated(s[i:k]) > 0 {
		return 0
	}
	return k
}

// longest returns the rule that wins at i and its match; nil when no rule knows the character.
func longest(s []rune, i int) (*rule, match) {
	var best *rule
	found := match{total: i}
	for _, r := range rulesFor(s[i]) {
		if !r.first(s[i]) {
			continue
		}
		if m := r.match(s, i); m.total > found.total {
			best, found = r, m
		}
	}
	return best, found
}

// separate appends the space between two tokens of the line that starts at start.
func separate(dst []byte, start int) []byte {
	if len(dst) > start {
		dst = append(dst, ' ')
	}
	return dst
}

// eof is what at returns behind the text.
const eof = rune(-1)

func at(s []rune, i int) rune {
	if i < len(s) {
		return s[i]
	}
	return eof
}

// punctuation reports whether the token that was written behind dst[mark] is one that the pipeline removes.
func punctuation(dst []byte, mark int) bool {
	token := dst[mark:]
	if len(token) > 0 && token[0] == ' ' {
		token = token[1:]
	}
	if len(token) > 3 || len(token) == 0 || token[0] >= utf8.RuneSelf {
		return false
	}
	switch string(token) {
	case "''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";":
		return true
	}
	return false
}
