package ptb

import "strings"

// Word lists of the reference, in lower case. A capital first letter in upperOnly must be a capital in the text.
var (
	// sentenceAbbreviations keep their dot; a capital after them starts a sentence.
	sentenceAbbreviations = wordSet(`jan feb mar apr jun jul aug sep sept oct nov dec
		mon tue tues wed thu thurs fri
		ala ariz az ark calif colo conn ct dak del fla ga ill ind kan kans ky la mass md mich minn miss mo mont neb nev okla ore
		pa penn tenn tex va vt wash wis wisc wyo
		inc co cos corp pty ptys pte ptes ppty pptys ppte pptes ltd plc rt bancorp bhd assn univ intl sys
		tel est ext sq jr sr bros ed.d ph.d blvd rd esq etc al seq bldg`)
	// titleAbbreviations keep their dot; what follows continues the sentence.
	titleAbbreviations = wordSet(`mr mrs ms miss dr drs prof profs sen sens rep reps atty attys lt col gen messrs gov govs adm rev maj
		sgt cpl pvt capt st ste ave pres lieut hon brig comdr cmdr pfc spc supt supts det mt ft adj adv asst assoc ens insp
		mlle mme msgr sfc vs alex wm jos cie a.k.a cf treas ph invt elec natl mfg mtg dept`)
	// numberAbbreviations keep their dot only before a number.
	numberAbbreviations = wordSet(`ca fig figs prop no nos art bldg pp op`)
	// upperOnly are the abbreviations above that are common words in lower case: their first letter must be a capital.
	upperOnly = wordSet(`az ark del ill la mass miss ore pa tex wash`)
	// lowerAt is the place of a letter that must be written small for the abbreviation to count.
	lowerAt = map[string]int{"mfg": 1, "mtg": 1, "pty": 2, "pte": 2, "ptys": 2, "ptes": 2, "ppty": 3, "ppte": 3, "pptys": 3, "pptes": 3}
	// fileExtensions make a name with a dot one token.
	fileExtensions = wordSet(`bat bmp c class cgi cpp dll doc docx exe gif gz h htm html jar java jpeg jpg mov mp3 pdf php pl png ppt
		ps py sql tar txt wav x xml zip`)
	// sentenceStarters are the words that, with a capital, show that the acronym before them ended a sentence.
	sentenceStarters = wordSet(`about according additionally after an a as at but earlier he her here however if in it last many more
		mr. ms. now once one other our she since so some such that the their then there these they this we when while what yet you`)
	// nationAcronyms are the compounds with U.S. that count as an acronym.
	nationAcronyms = strings.Fields("canada-u.s sino-u.s korean-u.s eu-u.s japan-u.s non-u.s u.s.-u.k u.s.-u.s.s.r")
)

func wordSet(list string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(list) {
		set[word] = true
	}
	return set
}

// listed reports whether word is in the set, written with the capital that upperOnly and the small letter that lowerAt ask for.
func listed(set map[string]bool, word []rune) bool {
	var buf [longestListed]byte
	lower := lowerASCII(buf[:0], word)
	if !set[string(lower)] || upperOnly[string(lower)] && !isUpper(word[0]) {
		return false
	}
	i, small := lowerAt[string(lower)]
	return !small || !isUpper(word[i])
}

// longestListed is the length of the longest listed word, "additionally".
const longestListed = 12

// lowerASCII appends word in lower case to dst; it returns nil for words that no list can hold.
func lowerASCII(dst []byte, word []rune) []byte {
	if len(word) == 0 || len(word) > longestListed {
		return nil
	}
	for _, c := range word {
		if c >= 0x80 {
			return nil
		}
		if isUpper(c) {
			c |= 0x20
		}
		dst = append(dst, byte(c))
	}
	return dst
}

// abbreviation reports whether a word of ASCII letters may keep a dot after it, in some writing.
func abbreviation(word []rune) bool {
	var buf [longestListed]byte
	lower := lowerASCII(buf[:0], word)
	return sentenceAbbreviations[string(lower)] || titleAbbreviations[string(lower)] || numberAbbreviations[string(lower)]
}

// assimilated returns where a word that is written as one but counts as two is cut, or 0.
func assimilated(word []rune) int {
	if len(word) < 5 || len(word) > 6 {
		return 0
	}
	switch strings.ToLower(string(word)) {
	case "cannot", "gonna", "gotta", "lemme", "gimme", "wanna":
		return 3
	}
	return 0
}
