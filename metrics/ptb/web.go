package ptb

import "strings"

// Characters that end a web address or an e-mail address, and those that it cannot end with.
const (
	urlBreaks    = " \t\n\f\r\"<>|"
	pathBreaks   = urlBreaks + "()"
	finalBreaks  = urlBreaks + ".!?(){},-"
	mailBreaks   = urlBreaks + "(){}\u00a0"
	domainBreaks = urlBreaks + ".!?(){},"
)

func notIn(breaks string, c rune) bool { return c != eof && !strings.ContainsRune(breaks, c) }

// maxRun is the longest address, tag, compound or file name that is looked for: without a limit a long text without spaces would take
// quadratic time.
const maxRun = 2048

// run returns the end of the run of characters at i that are not in breaks, at most maxRun of them.
func run(s []rune, i int, breaks string) int {
	s = s[:min(len(s), i+maxRun)]
	for notIn(breaks, at(s, i)) {
		i++
	}
	return i
}

// tail returns the end of the longest text from i that has at least n characters, all outside breaks, and does not end in one
// of finalBreaks; 0 if there is none.
func tail(s []rune, i, n int, breaks string) int {
	for e := run(s, i, breaks); e >= i+n; e-- {
		if notIn(finalBreaks, s[e-1]) {
			return e
		}
	}
	return 0
}

// fullURL matches an address with http.
func fullURL(s []rune, i int) int {
	for _, scheme := range []string{"http://", "https://"} {
		if e := entity(s, i, scheme); e > 0 {
			return tail(s, e, 2, urlBreaks+"(){}")
		}
	}
	return 0
}

// likelyURL matches www.example.edu and example.com, with a path if there is one.
func likelyURL(s []rune, i int) int {
	s = s[:min(len(s), i+maxRun)]
	best := 0
	withPath := func(e int) {
		best = max(best, e)
		if at(s, e) == '/' {
			best = max(best, tail(s, e+1, 2, pathBreaks))
		}
	}
	if e := entity(s, i, "www."); e > 0 {
		for at(s, e) != eof {
			k := run(s, e, domainBreaks)
			if k == e || at(s, k) != '.' {
				break
			}
			e = k + 1
			for n := 2; n <= 4; n++ {
				if end := digits(s, e, n, n, isASCIILetter); end > 0 {
					withPath(end)
				}
			}
		}
	}
	for e := i; ; {
		k := e
		for isHostLetter(at(s, k)) {
			k++
		}
		if k == e || at(s, k) != '.' {
			break
		}
		e = k + 1
		for _, domain := range []string{"com", "net", "org", "edu"} {
			if end := entity(s, e, domain); end > 0 {
				withPath(end)
			}
		}
	}
	return best
}

// isHostLetter is a character of a host name without www: the reference leaves out digits and capitals.
func isHostLetter(c rune) bool {
	return c != eof && !strings.ContainsRune(" \t\n\f\r\"`'<>|.!?(){}$", c) && (c < ',' || c > '_')
}

// email matches an e-mail address, which may stand in angle brackets.
func email(s []rune, i int) int {
	k := i
	if e := charOrEntity(s, k, '<', "&lt;"); e > 0 {
		k = e
	}
	if !isASCIIAlnum(at(s, k)) {
		return 0
	}
	best := 0
	end := run(s, k, mailBreaks)
	for p := k + 1; p < end; p++ {
		if s[p] != '@' {
			continue
		}
		e := p + 1
		for e < end && s[e] != '.' || e < end-1 && e > p+1 && s[e-1] != '.' && s[e+1] != '.' {
			e++
		}
		if e == p+1 {
			continue
		}
		if close := charOrEntity(s, e, '>', "&gt;"); close > 0 {
			e = close
		}
		best = max(best, e)
		if e >= end {
			break
		}
	}
	return best
}

// handle matches @name and #topic.
func handle(s []rune, i int) int {
	k := i + 1
	if s[i] == '#' {
		for wordLetter(s, k) > 0 {
			k = wordLetter(s, k)
		}
	} else if c := at(s, k); isASCIILetter(c) || c == '_' {
		for isASCIIAlnum(at(s, k)) || at(s, k) == '_' {
			k++
		}
	}
	if k == i+1 {
		return 0
	}
	return k
}

// matchTag matches an SGML tag, comment or declaration in one line.
func matchTag(s []rune, i int) match { return ending(tag(s, i)) }

func tag(s []rune, i int) int {
	if at(s, i) != '<' {
		return 0
	}
	k := i + 1
	switch c := at(s, k); {
	case c == '!' || c == '?':
		if c := at(s, k+1); !isASCIILetter(c) && c != '-' {
			return 0
		}
		for k += 2; at(s, k) != '>'; k++ {
			if c := at(s, k); c == eof || c == '\n' || c == '\r' || k-i > maxRun {
				return 0
			}
		}
		return k + 1
	case c == '/':
		if k = tagName(s, k+1); k == 0 {
			return 0
		}
	default:
		if k = tagName(s, k); k == 0 {
			return 0
		}
		k = tagAttributes(s, k)
		if at(s, k) == '/' {
			k++
		}
	}
	k = skipSpaces(s, k)
	if at(s, k) != '>' {
		return 0
	}
	return k + 1
}

func tagName(s []rune, i int) int {
	if !isASCIILetter(at(s, i)) {
		return 0
	}
	for isASCIIAlnum(at(s, i)) || at(s, i) == '_' || at(s, i) == ':' || at(s, i) == '.' || at(s, i) == '-' {
		i++
	}
	return i
}

// tagAttributes skips name and name="value" pairs and the spaces after them.
func tagAttributes(s []rune, i int) int {
	for {
		start := skipSpaces(s, i)
		k := 0
		if start > i {
			k = tagName(s, start)
		}
		if k == 0 {
			return start
		}
		i = k
		if k = skipSpaces(s, k); at(s, k) != '=' {
			continue
		}
		k = skipSpaces(s, k+1)
		quote := at(s, k)
		if quote != '"' && quote != '\'' {
			return i
		}
		for from := k; ; {
			if k++; at(s, k) == quote {
				break
			}
			if at(s, k) == eof || at(s, k) == '\n' || k-from > maxRun {
				return i
			}
		}
		i = k + 1
	}
}

func skipSpaces(s []rune, i int) int {
	for at(s, i) == ' ' {
		i++
	}
	return i
}
