package ptb

import "strings"

// The functions below return the end of the longest match that begins at s[i], or 0.

// entity matches a character entity, in any case.
func entity(s []rune, i int, name string) int {
	if i+len(name) > len(s) {
		return 0
	}
	for k, want := range name {
		c := s[i+k]
		if isUpper(c) {
			c |= 0x20
		}
		if c != want {
			return 0
		}
	}
	return i + len(name)
}

// charOrEntity matches c or the entity that stands for it.
func charOrEntity(s []rune, i int, c rune, name string) int {
	if at(s, i) == c {
		return i + 1
	}
	return entity(s, i, name)
}

// isApostropheStart is a character with which an apostrophe can begin.
func isApostropheStart(c rune) bool { return c == '\'' || c == '&' || c == 0x92 || c == 0x2019 }

// apostrophe matches ' in its forms.
func apostrophe(s []rune, i int) int {
	switch at(s, i) {
	case '\'', 0x92, 0x2019:
		return i + 1
	case '&':
		return entity(s, i, "&apos;")
	}
	return 0
}

// looseApostrophe also matches the quotes that are written for an apostrophe inside a word.
func looseApostrophe(s []rune, i int) int {
	switch at(s, i) {
	case '`', 0x91, 0x2018, 0x201B:
		return i + 1
	}
	return apostrophe(s, i)
}

// wordLetter matches a letter of a word, which may be written as an entity such as &eacute;.
func wordLetter(s []rune, i int) int {
	c := at(s, i)
	if isWordLetter(c) {
		return i + 1
	}
	if c == '&' && strings.ContainsRune("aeiouAEIOU", at(s, i+1)) {
		for _, accent := range []string{"acute;", "grave;", "uml;"} {
			if e := entity(s, i+2, accent); e > 0 {
				return e
			}
		}
	}
	return 0
}

// wordRun matches letters and digits of a word from i on; it may match nothing and then returns i.
func wordRun(s []rune, i int) int {
	for {
		switch e := wordLetter(s, i); {
		case e > 0:
			i = e
		case isDigit(at(s, i)):
			i++
		default:
			return i
		}
	}
}

// word matches letters and digits that begin with a letter; single stops inside a word belong to it.
func word(s []rune, i int) int {
	e := wordLetter(s, i)
	if e == 0 {
		return 0
	}
	e = wordRun(s, e)
	for {
		c := at(s, e)
		if c != '.' && c != '!' && c != '?' {
			return e
		}
		next := wordLetter(s, e+1)
		if next == 0 {
			return e
		}
		e = wordRun(s, next)
	}
}

// suffix matches 's 'm 'd 're 've 'll.
func suffix(s []rune, i int) int {
	e := apostrophe(s, i)
	if e == 0 {
		return 0
	}
	switch lower(at(s, e)) {
	case 'm', 's', 'd':
		return e + 1
	case 'r', 'v':
		if lower(at(s, e+1)) == 'e' {
			return e + 2
		}
	case 'l':
		if lower(at(s, e+1)) == 'l' {
			return e + 2
		}
	}
	return 0
}

// not matches n't.
func not(s []rune, i int) int {
	if lower(at(s, i)) != 'n' {
		return 0
	}
	if e := looseApostrophe(s, i+1); e > 0 && lower(at(s, e)) == 't' {
		return e + 1
	}
	return 0
}

func lower(c rune) rune {
	if isUpper(c) {
		return c | 0x20
	}
	return c
}

func matchWordBeforeSuffix(s []rune, i int) match {
	e := word(s, i)
	if e == 0 {
		return match{}
	}
	if total := suffix(s, e); total > 0 {
		return before(total, e)
	}
	return match{}
}

// matchWordBeforeNot cuts the word before n't; what is left must not end in another n.
func matchWordBeforeNot(s []rune, i int) match {
	k := i
	for isASCIILetter(at(s, k)) || at(s, k) == softHyphen {
		k++
	}
	total := 0
	if k > i+1 {
		total = not(s, k-1)
	}
	last := k - 2
	for last > i && s[last] == softHyphen {
		last--
	}
	if total == 0 || !isASCIILetter(s[last]) || lower(s[last]) == 'n' {
		return match{}
	}
	return before(total, k-1)
}

func matchLanguage(s []rune, i int) match {
	switch {
	case lower(s[i]) == 'c' && at(s, i+1) == '+' && at(s, i+2) == '+':
		return ending(i + 3)
	case (lower(s[i]) == 'c' || lower(s[i]) == 'f') && at(s, i+1) == '#':
		return ending(i + 2)
	}
	return match{}
}

func matchAssimilated(s []rune, i int) match {
	for n := 6; n >= 5; n-- {
		if i+n > len(s) {
			continue
		}
		if cut := assimilated(s[i : i+n]); cut > 0 {
			return match{i + n, i + cut, i + cut}
		}
	}
	return match{}
}

func matchTwas(s []rune, i int) match {
	if e := entity(s, i, "'twas"); e > 0 {
		return match{e, i + 2, i + 2}
	}
	if e := entity(s, i, "'tis"); e > 0 {
		return match{e, i + 2, i + 2}
	}
	return match{}
}

func matchYou(s []rune, i int) match {
	if lower(s[i]) != 'y' {
		return match{}
	}
	if e := apostrophe(s, i+1); e > 0 && isLetter(at(s, e)) {
		return before(e+1, e)
	}
	return match{}
}

// apostropheWord matches the words that keep an apostrophe: 'em, c'mon, l', O'Neil, Shi'ite.
func apostropheWord(s []rune, i int) int {
	best := 0
	if e := apostrophe(s, i); e > 0 {
		best = max(best, afterApostrophe(s, e))
	}
	for _, w := range []string{"'twas", "nor'easter", "c'mon", "e'er", "s'mores", "ev'ry", "li'l", "nat'l", "cont'd"} {
		if e := entity(s, i, w); e > 0 {
			if w == "cont'd" && at(s, e) == '.' {
				e++
			}
			best = max(best, e)
		}
	}
	for _, w := range []string{"l", "d", "j", "dunkin", "somethin", "ol"} {
		if e := entity(s, i, w); e > 0 {
			best = max(best, apostrophe(s, e))
		}
	}
	c := at(s, i)
	if e := looseApostrophe(s, i+1); e > 0 {
		if c == 'n' || isUpper(c) && c != 'I' && c != 'Y' {
			if end := letters(s, e); end >= e+2 {
				best = max(best, end)
			}
		}
		if lower(c) == 'o' && lower(at(s, e)) == 'o' {
			best = max(best, e+1)
		}
	}
	if k := letters(s, i); k >= i+2 && strings.ContainsRune("aeiouyAEIOUY", s[k-1]) {
		if e := looseApostrophe(s, k); e > 0 && (isUpper(at(s, e)) || strings.ContainsRune("aeiou", at(s, e))) {
			best = max(best, letters(s, e+1))
		}
	}
	return best
}

// afterApostrophe matches what makes a word with the apostrophe that ends at e.
func afterApostrophe(s []rune, e int) int {
	best := 0
	if lower(at(s, e)) == 'n' {
		best = e + 1
		if end := apostrophe(s, e+1); end > 0 {
			best = end
		}
	}
	for _, w := range []string{"em", "til", "till", "cause"} {
		best = max(best, entity(s, e, w))
	}
	if c := at(s, e); '2' <= c && c <= '9' {
		best = max(best, entity(s, e+1, "0s"))
	}
	return best
}

// letters returns the end of the run of letters at i, which may be empty.
func letters(s []rune, i int) int {
	for isLetter(at(s, i)) {
		i++
	}
	return i
}

func matchSuffixBeforeBreak(s []rune, i int) match { return beforeBreak(s, suffix(s, i)) }

func matchNotBeforeBreak(s []rune, i int) match { return beforeBreak(s, not(s, i)) }

// beforeBreak is a token that ends at e before a character that is not an ASCII letter.
func beforeBreak(s []rune, e int) match {
	if e > 0 && e < len(s) && !isASCIILetter(s[e]) {
		return before(e+1, e)
	}
	return match{}
}
