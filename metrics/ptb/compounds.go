package ptb

import "slices"

// This file matches the tokens that are joined of parts. The functions return the end of the longest match at s[i], or 0.

// thing matches letters and digits joined by hyphens; each part may begin like d'Or.
func thing(s []rune, i int) int {
	e := thingPart(s, i)
	for e > 0 && isHyphen(at(s, e)) {
		next := thingPart(s, e+1)
		if next == 0 {
			break
		}
		e = next
	}
	return e
}

func thingPart(s []rune, i int) int {
	run := func(i int) int {
		for isAlnum(at(s, i)) {
			i++
		}
		return i
	}
	best := 0
	if e := run(i); e > i {
		best = e
	}
	if c := lower(at(s, i)); c == 'd' || c == 'o' || c == 'l' {
		// The elided article needs one letter of its own before the word.
		if e := looseApostrophe(s, i+1); e > 0 && isAlnum(at(s, e)) {
			if end := run(e + 1); end > e+1 {
				best = max(best, end)
			}
		}
	}
	return best
}

// compound matches ASCII letters, digits, dots and commas with parts behind hyphens: 3.5-cm, non-U.S.
func compound(s []rune, i int) int {
	if !isASCIIAlnum(at(s, i)) {
		return 0
	}
	s = s[:min(len(s), i+maxRun)]
	k := i + 1
	for isASCIIAlnum(at(s, k)) || at(s, k) == '.' || at(s, k) == ',' || at(s, k) == softHyphen {
		k++
	}
	return compoundParts(s, k)
}

// compoundParts matches one or more parts that each begin with a hyphen: letters and digits, or an acronym with its last dot. A part
// can be read in both ways, so all places that are reached are followed, each once.
func compoundParts(s []rune, i int) int {
	best := 0
	reached := []int{i}
	for n := 0; n < len(reached); n++ {
		i := reached[n]
		if at(s, i) != '-' {
			continue
		}
		reach := func(end int) {
			best = max(best, end)
			if !slices.Contains(reached[max(0, len(reached)-maxReadings):], end) {
				reached = append(reached, end)
			}
		}
		k := i + 1
		for isASCIIAlnum(at(s, k)) || at(s, k) == softHyphen {
			k++
		}
		if k > i+1 {
			reach(k)
		}
		acronymEnds(s, i+1, 2, func(e int) {
			if at(s, e) == '.' {
				reach(e + 1)
			}
		})
	}
	return best
}

// maxReadings is more than the places that can be reached within the longest acronym.
const maxReadings = 16

// slashed matches words joined by one or two slashes, with up to two hyphenated parts each.
func slashed(s []rune, i int) int {
	e, best := slashedPart(s, i), 0
	for n := 0; n < 2 && e > 0; n++ {
		k := e
		if at(s, k) == '\\' {
			k++
		}
		if at(s, k) != '/' {
			break
		}
		if e = slashedPart(s, k+1); e > 0 {
			best = e
		}
	}
	return best
}

func slashedPart(s []rune, i int) int {
	e := i
	for isASCIIAlnum(at(s, e)) {
		e++
	}
	if e == i {
		return 0
	}
	for n := 0; n < 2 && at(s, e) == '-'; n++ {
		k := e + 1
		for isASCIILetter(at(s, k)) {
			k++
		}
		if k == e+1 {
			break
		}
		e = k
	}
	return e
}

// initials matches capitals joined by + or &.
func initials(s []rune, i int) int {
	run := func(i int) int {
		for isUpper(at(s, i)) {
			i++
		}
		return i
	}
	e, best := run(i), 0
	for e > i {
		k := 0
		switch at(s, e) {
		case '+':
			k = e + 1
		case '&':
			if k = entity(s, e, "&amp;"); k == 0 {
				k = e + 1
			}
		}
		if k == 0 || run(k) == k {
			break
		}
		e = run(k)
		best = e
	}
	return best
}

// special matches the fixed tokens of the treebank.
func special(s []rune, i int) int {
	best := 0
	for _, w := range []string{"-rrb-", "-lrb-", "-rcb-", "-lcb-", "-rsb-", "-lsb-", "c.d.s", "pro-", "anti-", "s&p-500", "s&amp;p-500", "s&ls", "s&amp;ls"} {
		best = max(best, entity(s, i, w))
	}
	if e := entity(s, i, "cap"); e > 0 {
		if e = apostrophe(s, e); e > 0 && lower(at(s, e)) == 'n' {
			best = max(best, e+1)
		}
	}
	if lower(at(s, i)) == 'c' {
		if e := apostrophe(s, i+1); e > 0 {
			best = max(best, entity(s, e, "est"))
		}
	}
	return best
}
