package ptb

// digits returns the end of a run of at least lo and at most hi digits at i that the class accepts, or 0.
func digits(s []rune, i, lo, hi int, class func(rune) bool) int {
	e := i
	for e-i < hi && class(at(s, e)) {
		e++
	}
	if e-i < lo {
		return 0
	}
	return e
}

// date matches 1/2/2003 and 01-02-03.
func date(s []rune, i int) int {
	sep := func(c rune) bool { return c == '-' || c == '/' }
	e := digits(s, i, 1, 2, isDigit)
	if e == 0 || !sep(at(s, e)) {
		return 0
	}
	e = digits(s, e+1, 1, 2, isDigit)
	if e == 0 || !sep(at(s, e)) {
		return 0
	}
	return digits(s, e+1, 2, 4, isDigit)
}

func isNumberStart(c rune) bool { return isDigit(c) || c == '+' || c == '-' || isNumberJoint(c) }

// isNumberJoint stands between the digits of one number.
func isNumberJoint(c rune) bool {
	switch c {
	case '.', ':', ',', softHyphen, 0x066B, 0x066C:
		return true
	}
	return false
}

// number matches 12, 1,234.5, .5 and +3: digits with single joints, an optional sign before them.
func number(s []rune, i int) int {
	e := i
	if c := at(s, e); c == '+' || c == '-' {
		e++
	}
	end := 0
	for isDigit(at(s, e)) {
		e++
		end = e
	}
	for isNumberJoint(at(s, e)) && isDigit(at(s, e+1)) {
		e++
		for isDigit(at(s, e)) {
			e++
		}
		end = e
	}
	return end
}

func isSuperDigit(c rune) bool {
	return c == 0x2070 || c == 0xB9 || c == 0xB2 || c == 0xB3 || 0x2074 <= c && c <= 0x2079
}
func isSubDigit(c rune) bool   { return 0x2080 <= c && c <= 0x2089 }
func isScriptSign(c rune) bool { return c == 0x207A || c == 0x207B || c == 0x208A || c == 0x208B }

func isScriptStart(c rune) bool { return isSuperDigit(c) || isSubDigit(c) || isScriptSign(c) }

// script matches superscript or subscript digits with an optional sign.
func script(s []rune, i int) int {
	if isScriptSign(at(s, i)) {
		i++
	}
	e := i
	class := isSuperDigit
	if isSubDigit(at(s, i)) {
		class = isSubDigit
	}
	for class(at(s, e)) {
		e++
	}
	if e == i {
		return 0
	}
	return e
}

// fraction matches 1/2 and 3 1/2, of at most four digits each.
func fraction(s []rune, i int) int {
	e := digits(s, i, 1, 4, isDigit)
	if e == 0 {
		return 0
	}
	if end := fractionTail(s, e); end > 0 {
		return end
	}
	if c := at(s, e); c == '-' || c == ' ' || c == 0xA0 {
		if e = digits(s, e+1, 1, 4, isDigit); e > 0 {
			return fractionTail(s, e)
		}
	}
	return 0
}

// fractionTail matches the slash and the denominator.
func fractionTail(s []rune, i int) int {
	switch c := at(s, i); {
	case c == 0x2044 || c == '/':
		i++
	case c == '\\' && at(s, i+1) == '/':
		i += 2
	default:
		return 0
	}
	return digits(s, i, 1, 4, isDigit)
}

func isFraction(c rune) bool { return 0xBC <= c && c <= 0xBE || 0x2153 <= c && c <= 0x215E }

func isCurrency(c rune) bool {
	switch c {
	case 0xA2, 0xA3, 0xA4, 0xA5, 0x80, 0x20A0, 0x20AC, 0x060B, 0x0E3F, 0x20A4, 0xFFE0, 0xFFE1, 0xFFE5, 0xFFE6:
		return true
	}
	return false
}

// dollar matches $, US$ and #.
func dollar(s []rune, i int) int {
	if at(s, i) == '#' {
		return i + 1
	}
	for isUpper(at(s, i)) {
		i++
	}
	if at(s, i) != '$' {
		return 0
	}
	return i + 1
}

// telephone matches the number patterns (617) 555 1234, 555-1234 and 617.555.1234. Three or two groups of digits that spaces
// part are one too, as in the reference.
func telephone(s []rune, i int) int {
	return max(spacedTelephone(s, i), dottedTelephone(s, i))
}

func isGroupBreak(c rune) bool { return c == '-' || c == ' ' || c == 0xA0 }

// skipPlus skips up to two plus signs.
func skipPlus(s []rune, i int) int {
	for n := 0; n < 2 && at(s, i) == '+'; n++ {
		i++
	}
	return i
}

func spacedTelephone(s []rune, i int) int {
	best := 0
	if at(s, i) == '(' {
		if e := digits(s, i+1, 2, 3, isASCIIDigit); e > 0 && at(s, e) == ')' {
			e++
			best = telephoneTail(s, e)
			if c := at(s, e); c == ' ' || c == 0xA0 {
				best = max(best, telephoneTail(s, e+1))
			}
		}
		return best
	}
	first := digits(s, skipPlus(s, i), 2, 4, isASCIIDigit)
	if first == 0 || !isGroupBreak(at(s, first)) {
		return 0
	}
	best = telephoneTail(s, first+1)
	if second := digits(s, first+1, 2, 4, isASCIIDigit); second > 0 && isGroupBreak(at(s, second)) {
		best = max(best, telephoneTail(s, second+1))
	}
	return best
}

// telephoneTail matches the last two groups of digits, which may stand together.
func telephoneTail(s []rune, i int) int {
	best := 0
	for n := 3; n <= 4; n++ {
		e := digits(s, i, n, n, isASCIIDigit)
		if e == 0 {
			break
		}
		best = max(best, digits(s, e, 3, 5, isASCIIDigit))
		if isGroupBreak(at(s, e)) {
			best = max(best, digits(s, e+1, 3, 5, isASCIIDigit))
		}
	}
	return best
}

func dottedTelephone(s []rune, i int) int {
	best := 0
	tail := func(i int) int { // a group of 2 to 4 digits, one of 3 to 4, one of 3 to 5
		e := digits(s, i, 2, 4, isASCIIDigit)
		if e == 0 || at(s, e) != '.' {
			return 0
		}
		e = digits(s, e+1, 3, 4, isASCIIDigit)
		if e == 0 || at(s, e) != '.' {
			return 0
		}
		return digits(s, e+1, 3, 5, isASCIIDigit)
	}
	best = tail(i)
	if e := digits(s, skipPlus(s, i), 2, 4, isASCIIDigit); e > 0 && at(s, e) == '.' {
		best = max(best, tail(e+1))
	}
	return best
}
