package ptb

// This file holds the rules that decide whether a dot belongs to the word before it.

// letterRun returns the end of the ASCII letters at i, with the dots inside Ed.D, Ph.D and a.k.a where the list has them.
func listedWord(s []rune, i int, set map[string]bool) []int {
	k := i
	for isASCIILetter(at(s, k)) {
		k++
	}
	var ends []int
	if listed(set, s[i:k]) {
		ends = append(ends, k)
	}
	for _, w := range []string{"ed.d", "ph.d", "a.k.a"} {
		if set[w] {
			if e := entity(s, i, w); e > 0 {
				ends = append(ends, e)
			}
		}
	}
	return ends
}

// acronymEnds calls yield with every place at which an acronym of at least n letters that begins at i may end, without its last
// dot. An acronym is single letters with dots between, or a compound such as non-U.S.
func acronymEnds(s []rune, i, n int, yield func(end int)) {
	if isASCIILetter(at(s, i)) {
		for e, count := i+1, 1; ; e, count = e+2, count+1 {
			if count >= n {
				yield(e)
			}
			if at(s, e) != '.' || !isASCIILetter(at(s, e+1)) {
				break
			}
		}
	}
	for _, name := range nationAcronyms {
		if e := entity(s, i, name); e > 0 {
			yield(e)
		}
	}
}

// titleEnds calls yield with every place at which a title or an acronym at i may end, without its dot.
func titleEnds(s []rune, i int, yield func(end int)) {
	for _, e := range listedWord(s, i, titleAbbreviations) {
		yield(e)
	}
	acronymEnds(s, i, 1, yield)
}

// matchTitle keeps the dot of Dr. and U.S., whatever comes next.
func matchTitle(s []rune, i int) match {
	best := 0
	titleEnds(s, i, func(e int) {
		if at(s, e) == '.' {
			best = max(best, e+1)
		}
	})
	return ending(best)
}

func matchBareTitle(s []rune, i int) match {
	best := 0
	titleEnds(s, i, func(e int) {
		if isSpace(at(s, e)) {
			best = max(best, e)
		}
	})
	if best == 0 {
		return match{}
	}
	return before(best+1, best)
}

func matchBareAcronym(s []rune, i int) match {
	best := 0
	acronymEnds(s, i, 1, func(e int) {
		if isSpaceOrNewline(at(s, e)) {
			best = max(best, e)
		}
	})
	if best == 0 {
		return match{}
	}
	return before(best+1, best)
}

// matchFinalAcronym recognises an acronym that ends a sentence by the word after it: "in the U.S. The heart". Its dot is read
// again as the stop; a single letter loses it.
func matchFinalAcronym(s []rune, i int) match {
	best := match{}
	acronymEnds(s, i, 1, func(e int) {
		if at(s, e) != '.' {
			return
		}
		total := sentenceStart(s, e+1)
		if total <= best.total {
			return
		}
		best = match{total, e + 1, e}
		if e == i+1 {
			best.token = e
		}
	})
	return best
}

// sentenceStart matches white space, a word that starts sentences or a tag, and one more white space.
func sentenceStart(s []rune, i int) int {
	k := i
	for isSpaceOrNewline(at(s, k)) {
		k++
	}
	if k == i {
		return 0
	}
	e := tag(s, k)
	if e == 0 || !isSpaceOrNewline(at(s, e)) {
		e = k
		for e < len(s) && !isSpaceOrNewline(s[e]) && e-k <= longestListed {
			e++
		}
		if !isUpper(at(s, k)) || !listed(sentenceStarters, s[k:e]) {
			return 0
		}
	}
	if !isSpaceOrNewline(at(s, e)) {
		return 0
	}
	return e + 1
}

// matchNumberAbbreviation keeps the dot of fig. before a number.
func matchNumberAbbreviation(s []rune, i int) match {
	for _, e := range listedWord(s, i, numberAbbreviations) {
		if at(s, e) != '.' {
			continue
		}
		k := e + 1
		if isSpaceOrNewline(at(s, k)) {
			k++
		}
		if isDigit(at(s, k)) {
			return before(k+1, e+1)
		}
	}
	return match{}
}

// matchCompany keeps the dot of pty. and co. before Ltd.
func matchCompany(s []rune, i int) match {
	for _, name := range []string{"pte.", "pty.", "co."} {
		e := entity(s, i, name)
		if e == 0 || !isSpace(at(s, e)) {
			continue
		}
		for _, next := range []string{"ltd", "lim"} {
			if end := entity(s, e+1, next); end > 0 {
				return before(end, e)
			}
		}
	}
	return match{}
}

// sentenceAbbreviation matches an abbreviation that may end a sentence, with its dot.
func sentenceAbbreviation(s []rune, i int) int {
	best := 0
	for _, e := range listedWord(s, i, sentenceAbbreviations) {
		if at(s, e) == '.' {
			best = max(best, e+1)
		}
	}
	return best
}

// matchFinalAbbreviation recognises the abbreviation that ends a sentence, by two white spaces, a capital or a tag after it.
func matchFinalAbbreviation(s []rune, i int) match {
	e := sentenceAbbreviation(s, i)
	if e == 0 || !isSpaceOrNewline(at(s, e)) {
		return match{}
	}
	if end := tag(s, e+1); end > 0 {
		return match{end, e, e - 1}
	}
	if c := at(s, e+1); isSpaceOrNewline(c) || isUpperCase(c) {
		return match{e + 2, e, e - 1}
	}
	return match{}
}

func matchAbbreviation(s []rune, i int) match {
	if e := sentenceAbbreviation(s, i); e > 0 && e+2 <= len(s) {
		return before(e+2, e)
	}
	return match{}
}

// matchLastAbbreviation is the abbreviation at the very end of the text.
func matchLastAbbreviation(s []rune, i int) match {
	if e := sentenceAbbreviation(s, i); e > 0 {
		return match{e, e, e - 1}
	}
	return match{}
}

// matchYear matches '90 before white space.
func matchYear(s []rune, i int) match {
	e := apostrophe(s, i)
	if e > 0 && isASCIIDigit(at(s, e)) && isASCIIDigit(at(s, e+1)) && isSpaceOrNewline(at(s, e+2)) {
		return before(e+3, e+2)
	}
	return match{}
}

// matchFileName matches name.txt before white space or punctuation.
func matchFileName(s []rune, i int) match {
	s = s[:min(len(s), i+maxRun)]
	best := match{}
	e := wordRun(s, i)
	for e > i && at(s, e) == '.' {
		end := wordRun(s, e+1)
		if end == e+1 {
			break
		}
		if listed(fileExtensions, s[e+1:end]) {
			if c := at(s, end); isSpaceOrNewline(c) || c == '.' || c == '?' || c == '!' || c == ',' {
				best = before(end+1, end)
			}
		}
		e = end
	}
	return best
}
