package ptb

import "strings"

func matchOne(s []rune, i int) match { return ending(i + 1) }

// matchRun matches a run of the character at i.
func matchRun(s []rune, i int) match {
	k := i + 1
	for at(s, k) == s[i] {
		k++
	}
	return ending(k)
}

func isDash(c rune) bool {
	return c == 0x96 || c == 0x97 || c == 0x2013 || c == 0x2014 || c == 0x2015
}

func matchDash(s []rune, i int) match {
	if isDash(s[i]) {
		return ending(i + 1)
	}
	for _, name := range []string{"&md;", "&mdash;", "&ndash;"} {
		if e := entity(s, i, name); e > 0 {
			return ending(e)
		}
	}
	return match{}
}

func matchAmpersand(s []rune, i int) match { return ending(entity(s, i, "&amp;")) }

func matchPunctuationEntity(s []rune, i int) match {
	for _, name := range []string{"&ht;", "&tl;", "&ur;", "&lr;", "&qc;", "&ql;", "&qr;", "&odq;", "&cdq;"} {
		if e := entity(s, i, name); e > 0 {
			return ending(e)
		}
	}
	if e := entity(s, i, "&#"); e > 0 {
		k := e
		for isASCIIDigit(at(s, k)) {
			k++
		}
		if k > e && at(s, k) == ';' {
			return ending(k + 1)
		}
	}
	return match{}
}

func isQuestion(c rune) bool { return c == '?' || c == '!' }

func matchQuestion(s []rune, i int) match {
	for isQuestion(at(s, i)) {
		i++
	}
	return ending(i)
}

func isEllipsis(c rune) bool { return c == 0x85 || c == 0x2026 }

// dots matches an ellipsis: one character, three to five dots, or three to five dots with single spaces.
func dots(s []rune, i int) int {
	if isEllipsis(at(s, i)) {
		return i + 1
	}
	best := 0
	k := i
	for k-i < 5 && at(s, k) == '.' {
		k++
	}
	if k-i >= 3 {
		best = k
	}
	k = i
	for n := 0; at(s, k) == '.' && n < 5; n++ {
		if n >= 2 {
			best = max(best, k+1)
		}
		if c := at(s, k+1); c != ' ' && c != 0xA0 {
			break
		}
		k += 2
	}
	return best
}

func isFootnoteMark(c rune) bool { return c == '@' || c == '#' || c == '_' }

// asterisks matches a run of *, or up to three escaped ones.
func asterisks(s []rune, i int) int {
	if at(s, i) == '*' {
		return matchRun(s, i).total
	}
	k := i
	for n := 0; n < 3 && at(s, k) == '\\' && at(s, k+1) == '*'; n++ {
		k += 2
	}
	if k == i {
		return 0
	}
	return k
}

// doubleQuote matches " in its forms.
func doubleQuote(s []rune, i int) int { return charOrEntity(s, i, '"', "&quot;") }

func matchOpeningDouble(s []rune, i int) match {
	e := doubleQuote(s, i)
	if c := at(s, e); e > 0 && (isASCIIAlnum(c) || c == '$') {
		return before(e+1, e)
	}
	return match{}
}

// matchOpeningSingle takes ' before a letter and one more character of the line for an opening quote.
func matchOpeningSingle(s []rune, i int) match {
	if !isASCIILetter(at(s, i+1)) {
		return match{}
	}
	switch at(s, i+2) {
	case ' ', '\t', '\n', '\r', 0xA0, eof:
		return match{}
	}
	return before(i+3, i+1)
}

// quotes matches an apostrophe, two of them, or one or two quotation marks.
func quotes(s []rune, i int) int {
	if at(s, i) == '\'' && at(s, i+1) == '\'' {
		return i + 2
	}
	if isQuote(at(s, i)) {
		if isQuote(at(s, i+1)) {
			return i + 2
		}
		return i + 1
	}
	return apostrophe(s, i)
}

func matchDuckFeet(s []rune, i int) match {
	if at(s, i+1) == s[i] {
		return ending(i + 2)
	}
	return match{}
}

func isSymbol(c rune) bool { return in(symbols, c) }

// isBlank is what stands between tokens.
func isBlank(c rune) bool {
	return c == 0 || isSpaceOrNewline(c) || c == 0x200B || c == 0x200E || c == 0x200F || c == 0xFEFF
}

// matchBlank matches a run of spaces, or one other blank.
func matchBlank(s []rune, i int) match {
	k := i
	for isSpace(at(s, k)) {
		k++
	}
	return ending(max(k, i+1))
}

func isSmileyStart(c rune) bool { return strings.ContainsRune("<>:;=", c) }

// matchSmiley matches :-) and similar smileys before a character that is not an ASCII letter or digit.
func matchSmiley(s []rune, i int) match {
	k := i
	if s[k] == '<' || s[k] == '>' {
		k++
	}
	if c := at(s, k); c != ':' && c != ';' && c != '=' {
		return match{}
	}
	k++
	best := match{}
	try := func(k int) {
		if c := at(s, k); c != eof && strings.ContainsRune(`()DPdpO\{@|[]`, c) && k+1 < len(s) && !isASCIIAlnum(s[k+1]) {
			best = before(k+2, k+1)
		}
	}
	try(k)
	if c := at(s, k); c == '-' || c == 'o' || c == '*' || c == '\'' {
		try(k + 1)
	}
	return best
}

// isFacePart is an eye or a cheek of an Asian smiley.
func isFacePart(c rune) bool { return c == '-' || c == '\'' || isEye(c) }

func isEye(c rune) bool {
	switch c {
	case '^', 'x', '=', '~', '<', '>':
		return true
	}
	return false
}

// asianSmiley matches ^_^ (^.^) (--) (^-^).
func asianSmiley(s []rune, i int) int {
	if at(s, i) != '(' {
		if at(s, i+1) == '_' && isFacePart(at(s, i)) && isFacePart(at(s, i+2)) {
			return i + 3
		}
		return 0
	}
	best := 0
	if isFacePart(at(s, i+1)) {
		k := i + 2
		if isFacePart(at(s, k)) && at(s, k+1) == ')' {
			best = k + 2
		}
		if c := at(s, k); (c == '_' || c == '.') && isFacePart(at(s, k+1)) && at(s, k+2) == ')' {
			best = max(best, k+3)
		}
	}
	eye := at(s, i+1)
	if c := at(s, i+3); (isEye(eye) || eye == '\'') && at(s, i+2) == '-' && (isEye(c) || c == '\'' || c == '`') && at(s, i+4) == ')' {
		best = max(best, i+5)
	}
	return best
}
