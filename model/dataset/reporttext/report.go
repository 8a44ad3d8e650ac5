// Package reporttext turns the text of radiology reports into what a model learns to write: the caption of a study (report.go, with
// the official parser's exceptions in exceptions.go) and the phrase of a region (phrase.go). Both leave out the numbers of lists
// (list.go) and sentences on earlier studies, which a single image cannot show (FACTS 1.7).
package reporttext

import (
	"regexp"
	"slices"
	"strings"

	"harness/model/dataset/sniff"
)

// A section is one part of a report under its normalised name.
type section struct{ name, text string }

// sectionHead is the official header: upper case with a colon, one space after a line break. Python's \s is wider than Go's.
var sectionHead = regexp.MustCompile(`\n ([A-Z ()/,-]+):[\s\v\x1c-\x1f\x{85}\p{Z}]`)

// viewHeads are words in headers that name views; what follows is findings.
var viewHeads = regexp.MustCompile(`chest|portable|pa and lat|lateral and pa|ap and lateral|lateral and ap|frontal and|two views|frontal view|` +
	`pa view|ap view|one view|lateral view|bone window|frontal upright|frontal semi-upright|ribs`)

// sectionAliases are the headers with an exact meaning, misspellings included, as in MIT-LCP's section parser. The rest is
// decided by mainSections and viewHeads.
var sectionAliases = aliases(map[string]string{
	"preamble": "preamble",
	"impression": "impression; conclusion; findings and impression; findings/impression; findings/ impression; ndication; impresson; " +
		"imprression; imoression; impressoin; imprssion; impresion; imperssion; mpression; impession",
	"findings": "findings; chest, two views; finding; findins; findindgs; findgings; findngs; findnings; finidngs; reference findings",
	"comparison": "comparison; comparisons; reference exam; comparison exam; comparison film; comparision; comparsion; comparrison; " +
		"comparisions",
	"indication":      "indication; reason for examination; reason for exam; clinical indication; idication",
	"examination":     "examination; exam; type of examination",
	"technique":       "technique",
	"history":         "history; clinical history; clinical information; patient history; pfi",
	"notification":    "notification",
	"recommendations": "recommendations; recommendation; recommendation(s)",
	"addendum":        "addendum",
	"date":            "date",
	"comment":         "comment",
	"wet read":        "wet read; wetread",
})

func aliases(lists map[string]string) map[string]string {
	m := map[string]string{}
	for name, list := range lists {
		for alias := range strings.SplitSeq(list, "; ") {
			m[alias] = name
		}
	}
	return m
}

// mainSections are looked for inside a header that no alias takes, in this order.
var mainSections = []string{"impression", "findings", "history", "comparison", "addendum"}

func sectionName(header string) string {
	header = strings.TrimSpace(strings.ToLower(header))
	if name, ok := sectionAliases[header]; ok {
		return name
	}
	for _, name := range mainSections {
		if strings.Contains(header, name) {
			return name
		}
	}
	if viewHeads.MatchString(header) {
		return "findings"
	}
	return header
}

// splitReport cuts a report into sections by the official rules (FACTS 1.2). Empty findings and impressions are left out;
// where neither is there, what follows the first empty line of the last section is "last_paragraph".
func splitReport(text string) []section {
	var out []section
	at := sectionHead.FindStringSubmatchIndex(text)
	if at == nil {
		out = append(out, section{"full report", text})
	} else {
		out = append(out, section{"preamble", text[:at[2]]})
	}
	for at != nil {
		name, start := sectionName(text[at[2]:at[3]]), at[1]
		// The next header is looked for after the first line of this section only.
		from := start + max(strings.IndexByte(text[start:], '\n'), 0)
		end := len(text)
		if next := sectionHead.FindStringSubmatchIndex(text[from:]); next != nil {
			at = []int{next[0] + from, next[1] + from, next[2] + from, next[3] + from}
			end = at[0]
		} else {
			at = nil
		}
		out = append(out, section{name, text[start:end]})
	}
	out = slices.DeleteFunc(out, func(s section) bool {
		return (s.name == "findings" || s.name == "impression") && strings.TrimSpace(s.text) == ""
	})
	if lastSection(out, "findings") == "" && lastSection(out, "impression") == "" && len(out) > 0 {
		last := &out[len(out)-1]
		if head, rest, ok := strings.Cut(last.text, "\n \n"); ok {
			last.text = head
			out = append(out, section{"last_paragraph", rest})
		}
	}
	return out
}

// lastSection returns the text of the last section of a name, "" if there is none.
func lastSection(sections []section, name string) string {
	for _, s := range slices.Backward(sections) {
		if s.name == name {
			return s.text
		}
	}
	return ""
}

// LeastWords is the number of words below which a text is not a caption.
const LeastWords = 3

// Caption returns the text a study's images are captioned with: the last findings and the last impression, else the last
// paragraph, white space collapsed, without the numbers of lists, and without sentences on earlier studies unless keepPrior; "" when under three words are left.
func Caption(study string, raw []byte, keepPrior bool) string {
	text := decodeReport(raw)
	var caption string
	if span, ok := reportSpans[study]; ok {
		runes := []rune(text)
		caption = string(runes[min(span[0], len(runes)):min(span[1], len(runes))])
	} else {
		sections := splitReport(text)
		caption = lastSection(sections, reportSections[study])
		if caption == "" {
			caption = lastSection(sections, "findings") + "\n" + lastSection(sections, "impression")
		}
		if strings.TrimSpace(caption) == "" {
			caption = lastSection(sections, "last_paragraph")
		}
	}
	return Plain(dropListNumbers(caption, false), keepPrior)
}

// Sections reports whether a report has findings and an impression by the official rules.
func Sections(raw []byte) (findings, impression bool) {
	sections := splitReport(decodeReport(raw))
	return lastSection(sections, "findings") != "", lastSection(sections, "impression") != ""
}

// Plain returns a report that has no sections as a caption: white space collapsed, without sentences on earlier studies unless
// keepPrior; "" when under three words are left.
func Plain(text string, keepPrior bool) string {
	text = collapseSpace(text)
	if !keepPrior {
		text = dropPriorSentences(text)
	}
	if len(strings.Fields(text)) < LeastWords {
		return ""
	}
	return text
}

// decodeReport returns a report's text with LF line ends; bytes that are not UTF-8 are read as Latin-1.
func decodeReport(raw []byte) string {
	text := strings.TrimPrefix(sniff.Text(raw), "\ufeff")
	return strings.ReplaceAll(text, "\r\n", "\n")
}
