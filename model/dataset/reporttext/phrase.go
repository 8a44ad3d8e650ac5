package reporttext

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// priorWords finds a reference to an earlier study: stems anywhere at the start of a word; again, new and newly as whole
// words only (FACTS 1.7, 6 #23).
var priorWords = regexp.MustCompile(`(?i)\b((compar|prior|previous|interval|unchanged|increas|decreas|improv|worsen|persist|stable|resol)\w*|(again|new|newly)\b)`)

// splitSentences cuts text after each '.', '?' or '!' that white space or the end follows; sentences keep their stop and lose
// the white space around them.
func splitSentences(text string) []string {
	var out []string
	start := 0
	add := func(end int) {
		if s := strings.TrimSpace(text[start:end]); s != "" {
			out = append(out, s)
		}
		start = end
	}
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '.', '?', '!':
			next, _ := utf8.DecodeRuneInString(text[i+1:])
			if i+1 == len(text) || unicode.IsSpace(next) {
				add(i + 1)
			}
		}
	}
	add(len(text))
	return out
}

// dropPriorSentences removes the sentences that refer to an earlier study. Where only the head before a sentence does, as in "AP
// chest compared to ___: Lungs are clear.", the head alone is removed.
func dropPriorSentences(text string) string {
	if !priorWords.MatchString(text) {
		return text
	}
	sentences := splitSentences(text)
	kept := sentences[:0]
	for _, s := range sentences {
		if s = behindPriorHead(s); s != "" {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, " ")
}

var (
	// examWords name an examination, as a head does: "PA and lateral chest, comparison ___:".
	examWords = regexp.MustCompile(`(?i)\b(ap|pa|lateral|frontal|chest|portable|radiographs?|radiography|films?|views?|cxr|x-rays?|exam|examination|study|studies|comparison)\b`)
	// findingVerbs tell a sentence from a head.
	findingVerbs = regexp.MustCompile(`(?i)\b(is|are|was|were|has|have|had|shows?|showed|demonstrates?|appears?|remains?|reveals?|there)\b`)
)

// behindPriorHead returns a sentence that does not refer to an earlier study as it is, one whose head alone does without the
// head, any other as "".
func behindPriorHead(s string) string {
	for priorWords.MatchString(s) {
		head, rest, found := strings.Cut(s, ": ")
		if !found || !examWords.MatchString(head) || findingVerbs.MatchString(head) || !strings.ContainsFunc(rest, unicode.IsLetter) {
			return ""
		}
		s = capitalised(strings.TrimSpace(rest))
	}
	return s
}

// capitalised returns s with its first letter in upper case.
func capitalised(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	if first == utf8.RuneError {
		return s
	}
	return string(unicode.ToUpper(first)) + s[n:]
}

func collapseSpace(s string) string { return strings.Join(strings.Fields(s), " ") }

var (
	wetRead    = regexp.MustCompile(`(?s)WET READ.*?\b[AP]M\b`)
	fixedHeads = regexp.MustCompile(`\b(FINAL REPORT|FINAL ADDENDUM|WET READ)\b`)
	// sentenceHeads are upper-case headers with a colon where a sentence starts, such as "PORTABLE AP CHEST RADIOGRAPH:".
	sentenceHeads = regexp.MustCompile(`(^|[.?!]\s+)([A-Z][A-Z0-9 ,/()&-]*[A-Z)]:(\s+|$))+`)
)

// cleanPhrase joins the report sentences of a region to one text: without headers, list numbers and repeated sentences, each
// sentence starting with a capital, with a stop at the end (FACTS 1.3). It may return "".
func cleanPhrase(phrases []string) string {
	parts := make([]string, 0, len(phrases))
	for _, p := range phrases {
		p = fixedHeads.ReplaceAllString(wetRead.ReplaceAllString(p, " "), " ")
		p = dropListNumbers(sentenceHeads.ReplaceAllString(collapseSpace(p), "$1"), true)
		if p != "" {
			parts = append(parts, p)
		}
	}
	sentences := splitSentences(strings.Join(parts, " "))
	seen := make(map[string]bool, len(sentences))
	kept := sentences[:0]
	for _, s := range sentences {
		key := strings.ToLower(strings.TrimRight(s, ".?!"))
		if !strings.ContainsFunc(s, unicode.IsLetter) || seen[key] {
			continue
		}
		seen[key] = true
		kept = append(kept, capitalised(s))
	}
	text := strings.Join(kept, " ")
	if text != "" && !strings.ContainsAny(text[len(text)-1:], ".?!") {
		text += "."
	}
	return text
}

// Phrase returns the text on a region: its report sentences joined and cleaned, without those on earlier studies unless
// keepPrior. It may return "".
func Phrase(sentences []string, keepPrior bool) string {
	phrase := cleanPhrase(sentences)
	if !keepPrior {
		phrase = dropPriorSentences(phrase)
	}
	return phrase
}
