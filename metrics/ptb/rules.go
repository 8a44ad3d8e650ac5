package ptb

// match is what a rule found. The zero match is none.
type match struct {
	total int // end of the match with its context: the longest total wins
	token int // end of the text that is written as the token
	next  int // where scanning continues; less than token where a part of the text is read again
}

// ending is a match without context that ends at end; an end of 0 is no match.
func ending(end int) match { return match{end, end, end} }

// before is a token that ends at end and was recognised by context up to total.
func before(total, end int) match { return match{total, end, end} }

// rule is one kind of token: first tells with which characters it can begin, match where it ends, write how it is written (nil: it
// is dropped).
type rule struct {
	name  string
	first func(c rune) bool
	match func(s []rune, i int) match
	write func(dst []byte, text []rune) []byte
}

// rules are in order of precedence among matches of the same length.
var rules = []*rule{
	{"c++", isASCIILetter, matchLanguage, writeLower},
	{"cannot", isASCIILetter, matchAssimilated, writeLower},
	{"'twas", is('\''), matchTwas, writeLower},
	{"tag", is('<'), matchTag, writeNoBreak},
	{"dash", or(is('&'), isDash), matchDash, writeFixed("--")},
	{"&amp;", is('&'), matchAmpersand, writeAmpersand},
	{"punctuation entity", is('&'), matchPunctuationEntity, writeLower},
	{"word before 's", or(is('&'), isWordLetter), matchWordBeforeSuffix, writeNoSoftHyphen},
	{"word before n't", or(isASCIILetter, is(softHyphen)), matchWordBeforeNot, writeNoSoftHyphen},
	{"word", or(is('&'), isWordLetter), func(s []rune, i int) match { return ending(word(s, i)) }, writeNoSoftHyphen},
	{"apostrophe word", or(isApostropheStart, isLetter), func(s []rune, i int) match { return ending(apostropheWord(s, i)) }, writeLower},
	{"y'all", isASCIILetter, matchYou, writeLower},
	{"URL", isASCIILetter, func(s []rune, i int) match { return ending(fullURL(s, i)) }, writeLower},
	{"likely URL", anyRune, func(s []rune, i int) match { return ending(likelyURL(s, i)) }, writeLower},
	{"address", or(or(is('<'), is('&')), isASCIIAlnum), func(s []rune, i int) match { return ending(email(s, i)) }, writeLower},
	{"handle", or(is('@'), is('#')), func(s []rune, i int) match { return ending(handle(s, i)) }, writeLower},
	{"'s", isApostropheStart, matchSuffixBeforeBreak, writeRightQuote},
	{"n't", isASCIILetter, matchNotBeforeBreak, writeRightQuote},
	{"date", isDigit, func(s []rune, i int) match { return ending(date(s, i)) }, writeLower},
	{"number", isNumberStart, func(s []rune, i int) match { return ending(number(s, i)) }, writeNoSoftHyphen},
	{"superscript", isScriptStart, func(s []rune, i int) match { return ending(script(s, i)) }, writeLower},
	{"fraction", isDigit, func(s []rune, i int) match { return ending(fraction(s, i)) }, writeNoBreak},
	{"fraction character", isFraction, matchOne, writeFraction},
	{"treebank special", or(or(is('-'), isApostropheStart), isASCIILetter), func(s []rune, i int) match { return ending(special(s, i)) }, writeAmpersand},
	{"a/b", isASCIIAlnum, func(s []rune, i int) match { return ending(slashed(s, i)) }, writeLower},
	{"dollar", or(or(is('$'), is('#')), isUpper), func(s []rune, i int) match { return ending(dollar(s, i)) }, writeLower},
	{"currency", isCurrency, matchOne, writeCurrency},
	{"acronym before a sentence", isASCIILetter, matchFinalAcronym, writeLower},
	{"abbreviation before a number", isASCIILetter, matchNumberAbbreviation, writeLower},
	{"pty. ltd.", isASCIILetter, matchCompany, writeLower},
	{"abbreviation before a sentence", isASCIILetter, matchFinalAbbreviation, writeLower},
	{"abbreviation", isASCIILetter, matchAbbreviation, writeLower},
	{"abbreviation at the end", isASCIILetter, matchLastAbbreviation, writeLower},
	{"title", isASCIILetter, matchTitle, writeLower},
	{"title without dot", isASCIILetter, matchBareTitle, writeLower},
	{"acronym without dot", isASCIILetter, matchBareAcronym, writeLower},
	{"'90", isApostropheStart, matchYear, writeLower},
	{"file name", or(is('&'), or(isWordLetter, isDigit)), matchFileName, writeLower},
	{"word with dot", or(is('&'), isWordLetter), dotted(word), writeNoSoftHyphen},
	{"telephone", or(or(is('('), is('+')), isASCIIDigit), func(s []rune, i int) match { return ending(telephone(s, i)) }, writeNoBreakParens},
	{"opening quote", or(is('"'), is('&')), matchOpeningDouble, writeLeftQuote},
	{"closing quote", or(is('"'), is('&')), func(s []rune, i int) match { return ending(doubleQuote(s, i)) }, writeRightQuote},
	{"delete", is(0x7f), matchOne, nil},
	{"less", or(is('<'), is('&')), func(s []rune, i int) match { return ending(charOrEntity(s, i, '<', "&lt;")) }, writeFixed("<")},
	{"greater", or(is('>'), is('&')), func(s []rune, i int) match { return ending(charOrEntity(s, i, '>', "&gt;")) }, writeFixed(">")},
	{"smiley", isSmileyStart, matchSmiley, writeParens},
	{"Asian smiley", or(is('('), isFacePart), func(s []rune, i int) match { return ending(asianSmiley(s, i)) }, writeParens},
	{"{", is('{'), matchOne, writeFixed("-lcb-")},
	{"}", is('}'), matchOne, writeFixed("-rcb-")},
	{"[", is('['), matchOne, writeFixed("-lsb-")},
	{"]", is(']'), matchOne, writeFixed("-rsb-")},
	{"(", is('('), matchOne, writeFixed("-lrb-")},
	{")", is(')'), matchOne, writeFixed("-rrb-")},
	{"hyphens", is('-'), matchRun, writeHyphens},
	{"dots", or(is('.'), isEllipsis), func(s []rune, i int) match { return ending(dots(s, i)) }, writeFixed("...")},
	{"footnote mark", isFootnoteMark, matchRun, writeLower},
	{"asterisks", or(is('*'), is('\\')), func(s []rune, i int) match { return ending(asterisks(s, i)) }, writeLower},
	{"inner punctuation", isInner, matchOne, writeLower},
	{"question", isQuestion, matchQuestion, writeLower},
	{"stop", isStop, matchOne, writeLower},
	{"= /", or(is('='), is('/')), matchOne, writeLower},
	{"compound with dot", isASCIIAlnum, dotted(compound), writeNoSoftHyphen},
	{"compound", isASCIIAlnum, func(s []rune, i int) match { return ending(compound(s, i)) }, writeNoSoftHyphen},
	{"thing with dot", isAlnum, dotted(thing), writeLower},
	{"thing", isAlnum, func(s []rune, i int) match { return ending(thing(s, i)) }, writeLower},
	{"A&B with dot", isUpper, dotted(initials), writeAmpersand},
	{"A&B", isUpper, func(s []rune, i int) match { return ending(initials(s, i)) }, writeAmpersand},
	{"opening single quote", is('\''), matchOpeningSingle, writeLeftQuote},
	{"final 's", isApostropheStart, func(s []rune, i int) match { return ending(suffix(s, i)) }, writeRightQuote},
	{"final n't", isASCIILetter, func(s []rune, i int) match { return ending(not(s, i)) }, writeRightQuote},
	{"quote", or(isApostropheStart, isQuote), func(s []rune, i int) match { return ending(quotes(s, i)) }, writeRightQuote},
	{"duck feet", or(is('<'), is('>')), matchDuckFeet, writeLower},
	{"symbol", isSymbol, matchOne, writeLower},
	{"white space", isBlank, matchBlank, nil},
	{"&nbsp;", is('&'), func(s []rune, i int) match { return ending(entity(s, i, "&nbsp;")) }, nil},
}

// asciiRules holds, for each ASCII character, the rules that can begin with it.
var asciiRules = func() (table [0x80][]*rule) {
	for c := range table {
		for _, r := range rules {
			if r.first(rune(c)) {
				table[c] = append(table[c], r)
			}
		}
	}
	return table
}()

func rulesFor(c rune) []*rule {
	if c >= 0 && c < 0x80 {
		return asciiRules[c]
	}
	return rules
}

func is(want rune) func(rune) bool            { return func(c rune) bool { return c == want } }
func or(a, b func(rune) bool) func(rune) bool { return func(c rune) bool { return a(c) || b(c) } }
func anyRune(rune) bool                       { return true }

// dotted is a token of kind end with a dot, before inner punctuation.
func dotted(end func(s []rune, i int) int) func(s []rune, i int) match {
	return func(s []rune, i int) match {
		e := end(s, i)
		if e > 0 && at(s, e) == '.' && isInner(at(s, e+1)) {
			return before(e+2, e+1)
		}
		return match{}
	}
}
