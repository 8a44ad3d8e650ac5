package reportlabel

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// sentence is the words of one sentence in lower case; commas, semicolons, colons and leading question marks are words of their own.
type sentence struct {
	words []string
}

// heading finds the headings of sections that say why or how an image was taken, or name an earlier one, and of those that
// say what it shows.
var heading = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)\b(indications?|(?:clinical |patient )?history|clinical information|reason for (?:exam|examination|study)|` +
		`comparisons?|techniques?|exam|examination|procedure|findings?|impressions?|conclusions?|report)\s*:`)
})

// told finds the headings of the latter.
var told = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`(?i)^(findings?|impressions?|conclusions?|report)\b`)
})

// statements returns the parts of text that say what the image shows: all but the sections of history. Such a section ends at the next
// heading or blank line; in a text without a heading for what the image shows, at the latest with its first sentence.
func statements(text string) []string {
	if !strings.Contains(text, ":") {
		return []string{text}
	}
	marks := heading().FindAllStringIndex(text, -1)
	if marks == nil {
		return []string{text}
	}
	tells := func(m []int) bool { return told().MatchString(text[m[0]:m[1]]) }
	end := "."
	if slices.ContainsFunc(marks, tells) {
		end = "\n\n"
	}
	parts := []string{text[:marks[0][0]]}
	for i, m := range marks {
		body := text[m[1]:]
		if i+1 < len(marks) {
			body = text[m[1]:marks[i+1][0]]
		}
		if !tells(m) {
			body = strings.TrimLeft(body, " \t\r\n")
			_, afterLine, _ := strings.Cut(body, "\n\n")
			_, afterEnd, _ := strings.Cut(body, end)
			body = longer(afterLine, afterEnd)
		}
		parts = append(parts, body)
	}
	return parts
}

func longer(a, b string) string {
	if len(a) > len(b) {
		return a
	}
	return b
}

// shorthand spells out what holds a slash, and joins what a stop or a hyphen would part.
var shorthand = strings.NewReplacer("and/or", "or", "s/p", "status post", "h/o", "history of", "r/o", "rule out",
	"w/o", "without", "w/", "with ", "vs.", "vs", "a.m.", "am", "p.m.", "pm", "dr.", "dr", "st.", "st", "i.e.", "ie",
	"e.g.", "eg", "x-ray", "xray", "/", " or ", "n't", " not", "n’t", " not", "’", "'")

// splitSentences parts text into sentences of at least one word.
func splitSentences(text string) []sentence {
	var sentences []sentence
	for _, part := range statements(text) {
		var words []string
		end := func() {
			if hasLetter(words) {
				sentences = append(sentences, sentence{words: words})
			}
			words = nil
		}
		runes := []rune(shorthand.Replace(strings.ToLower(part)))
		for i := 0; i < len(runes); {
			r := runes[i]
			switch {
			case unicode.IsLetter(r) || unicode.IsDigit(r):
				j := i + 1
				for j < len(runes) && (unicode.IsLetter(runes[j]) || unicode.IsDigit(runes[j]) || inNumber(runes, j)) {
					j++
				}
				words = append(words, string(runes[i:j]))
				i = j
				continue
			case r == '.' || r == '!' || r == '?' && !startsWord(runes, i+1):
				end()
			case r == '?' || r == ',' || r == ';' || r == ':':
				words = append(words, string(r))
			case r == '\n' && blankLine(runes, i+1):
				end()
			case r == '\'' && startsWord(runes, i+1): // patient's: the s goes
				for i+1 < len(runes) && unicode.IsLetter(runes[i+1]) {
					i++
				}
			}
			i++
		}
		end()
	}
	return sentences
}

// inNumber reports whether the stop at j stands between two digits, as in 4.5.
func inNumber(runes []rune, j int) bool {
	return runes[j] == '.' && unicode.IsDigit(runes[j-1]) && j+1 < len(runes) && unicode.IsDigit(runes[j+1])
}

func startsWord(runes []rune, i int) bool { return i < len(runes) && unicode.IsLetter(runes[i]) }

// blankLine reports whether nothing but white space stands between i and the next line break.
func blankLine(runes []rune, i int) bool {
	for ; i < len(runes) && unicode.IsSpace(runes[i]); i++ {
		if runes[i] == '\n' {
			return true
		}
	}
	return false
}

// hasLetter reports whether there is more than numbers and punctuation: "1." is no sentence.
func hasLetter(words []string) bool {
	for _, w := range words {
		if unicode.IsLetter([]rune(w)[0]) {
			return true
		}
	}
	return false
}
