package metrics

import "strings"

// porterStem returns the stem of a word of lower-case letters and digits by Porter's algorithm with NLTK's changes, which
// rouge_score uses when it stems.
func porterStem(word string) string {
	if stem, ok := porterIrregular[word]; ok {
		return stem
	}
	if len(word) <= 2 {
		return word
	}
	word = porterPlural(word)
	word = porterPast(word)
	if base, ok := strings.CutSuffix(word, "y"); ok && len(base) > 1 && consonant(base, len(base)-1) {
		word = base + "i"
	}
	word = porterDouble(word)
	word = applySuffixes(word, porterStep3, func(base, _ string) bool { return measure(base) > 0 })
	word = applySuffixes(word, porterStep4, func(base, from string) bool {
		return measure(base) > 1 && (from != "ion" || strings.HasSuffix(base, "s") || strings.HasSuffix(base, "t"))
	})
	if base, ok := strings.CutSuffix(word, "e"); ok {
		if m := measure(base); m > 1 || m == 1 && !endsShort(base) {
			word = base
		}
	}
	if base := strings.TrimSuffix(word, "l"); strings.HasSuffix(word, "ll") && measure(base) > 1 {
		word = base
	}
	return word
}

var porterIrregular = map[string]string{
	"sky": "sky", "skies": "sky", "dying": "die", "lying": "lie", "tying": "tie", "news": "news", "innings": "inning",
	"inning": "inning", "outings": "outing", "outing": "outing", "cannings": "canning", "canning": "canning", "howe": "howe",
	"proceed": "proceed", "exceed": "exceed", "succeed": "succeed",
}

// suffix is a suffix and what takes its place. Of several in a list the first that a word ends in decides.
type suffix struct{ from, to string }

var (
	porterStep2 = []suffix{
		{"ational", "ate"}, {"tional", "tion"}, {"enci", "ence"}, {"anci", "ance"}, {"izer", "ize"}, {"bli", "ble"}, {"alli", "al"},
		{"entli", "ent"}, {"eli", "e"}, {"ousli", "ous"}, {"ization", "ize"}, {"ation", "ate"}, {"ator", "ate"}, {"alism", "al"},
		{"iveness", "ive"}, {"fulness", "ful"}, {"ousness", "ous"}, {"aliti", "al"}, {"iviti", "ive"}, {"biliti", "ble"}, {"fulli", "ful"},
		{"logi", "log"},
	}
	porterStep3 = []suffix{
		{"icate", "ic"}, {"ative", ""}, {"alize", "al"}, {"iciti", "ic"}, {"ical", "ic"}, {"ful", ""}, {"ness", ""},
	}
	porterStep4 = []suffix{
		{"al", ""}, {"ance", ""}, {"ence", ""}, {"er", ""}, {"ic", ""}, {"able", ""}, {"ible", ""}, {"ant", ""}, {"ement", ""},
		{"ment", ""}, {"ent", ""}, {"ion", ""}, {"ou", ""}, {"ism", ""}, {"ate", ""}, {"iti", ""},
		{"ous", ""}, {"ive", ""}, {"ize", ""},
	}
)

// applySuffixes replaces the suffix of the list that comes first if what stands before it, the base, allows.
func applySuffixes(word string, list []suffix, allows func(base, from string) bool) string {
	for _, s := range list {
		if base, ok := strings.CutSuffix(word, s.from); ok {
			if allows(base, s.from) {
				return base + s.to
			}
			return word
		}
	}
	return word
}

// porterPlural is step 1a.
func porterPlural(word string) string {
	switch {
	case strings.HasSuffix(word, "ies") && len(word) == 4:
		return word[:3]
	case strings.HasSuffix(word, "ies"), strings.HasSuffix(word, "sses"):
		return word[:len(word)-len("es")]
	case strings.HasSuffix(word, "ss"):
		return word
	}
	return strings.TrimSuffix(word, "s")
}

// porterPast is step 1b: past tenses and participles.
func porterPast(word string) string {
	if base, ok := strings.CutSuffix(word, "ied"); ok {
		if len(word) == 4 {
			return base + "ie"
		}
		return base + "i"
	}
	if base, ok := strings.CutSuffix(word, "eed"); ok {
		if measure(base) > 0 {
			return base + "ee"
		}
		return word
	}
	base, ok := strings.CutSuffix(word, "ed")
	if !ok {
		base, ok = strings.CutSuffix(word, "ing")
	}
	if !ok || !hasVowel(base) {
		return word
	}
	last := base[len(base)-1]
	switch {
	case strings.HasSuffix(base, "at"), strings.HasSuffix(base, "bl"), strings.HasSuffix(base, "iz"):
		return base + "e"
	case len(base) >= 2 && last == base[len(base)-2] && consonant(base, len(base)-1):
		if last == 'l' || last == 's' || last == 'z' {
			return base
		}
		return base[:len(base)-1]
	case measure(base) == 1 && endsShort(base):
		return base + "e"
	}
	return base
}

// porterDouble is step 2: of two suffixes in a row the second one.
func porterDouble(word string) string {
	if base, ok := strings.CutSuffix(word, "alli"); ok && measure(base) > 0 {
		return porterDouble(base + "al")
	}
	return applySuffixes(word, porterStep2, func(base, from string) bool {
		if from == "logi" {
			base += "l"
		}
		return measure(base) > 0
	})
}

// isConsonant reports whether a letter is a consonant, given whether the letter before it is one: a y is at the beginning and after
// a vowel.
func isConsonant(letter byte, before bool) bool {
	switch letter {
	case 'a', 'e', 'i', 'o', 'u':
		return false
	case 'y':
		return !before
	}
	return true
}

// consonant reports whether the letter at a place of a word is a consonant.
func consonant(word string, place int) bool {
	is := false
	for i := range place + 1 {
		is = isConsonant(word[i], is)
	}
	return is
}

// measure is how often a consonant follows a vowel.
func measure(word string) int {
	m, before := 0, false
	for i := range len(word) {
		now := isConsonant(word[i], before)
		if i > 0 && now && !before {
			m++
		}
		before = now
	}
	return m
}

func hasVowel(word string) bool {
	is := false
	for i := range len(word) {
		if is = isConsonant(word[i], is); !is {
			return true
		}
	}
	return false
}

// endsShort reports whether a word ends in consonant, vowel and a consonant other than w, x and y, or is a vowel and a consonant.
func endsShort(word string) bool {
	n := len(word)
	switch {
	case n == 2:
		return !consonant(word, 0) && consonant(word, 1)
	case n < 3:
		return false
	}
	return consonant(word, n-3) && !consonant(word, n-2) && consonant(word, n-1) && strings.IndexByte("wxy", word[n-1]) < 0
}
