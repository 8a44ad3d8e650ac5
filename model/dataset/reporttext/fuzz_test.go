package reporttext

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzReport reads any bytes as a report: a caption is text with single spaces and enough words.
func FuzzReport(f *testing.F) {
	f.Add([]byte(" FINAL REPORT\n EXAM:  CHEST\n \n FINDINGS:\n \n Clear lungs here.\n \n IMPRESSION:  None. New.\n"), false)
	f.Add([]byte("\n \n \xff\n CHEST:\n"), true)
	f.Fuzz(func(t *testing.T, raw []byte, keep bool) {
		for _, study := range []string{"50000000", "59279892", "56579911"} {
			caption := Caption(study, raw, keep)
			if caption == "" {
				continue
			}
			if len(strings.Fields(caption)) < LeastWords || collapseSpace(caption) != caption || !utf8.ValidString(caption) {
				t.Fatalf("caption %q", caption)
			}
			if !keep && priorWords.MatchString(caption) {
				t.Fatalf("caption %q refers to an earlier study", caption)
			}
		}
	})
}

// FuzzPhrase cleans any text: what comes out has single spaces, ends in a stop and is in none of its parts on an earlier study.
func FuzzPhrase(f *testing.F) {
	f.Add("FINDINGS: 1. small effusion. 2. No edema", "no edema.")
	f.Add("WET READ: x 5 PM", "A: B: c")
	f.Fuzz(func(t *testing.T, a, b string) {
		for _, keep := range []bool{true, false} {
			phrase := Phrase([]string{a, b}, keep)
			if phrase == "" {
				continue
			}
			if collapseSpace(phrase) != phrase || !strings.ContainsAny(phrase[len(phrase)-1:], ".?!") {
				t.Fatalf("%q", phrase)
			}
			if !keep && priorWords.MatchString(phrase) {
				t.Fatalf("%q is on an earlier study", phrase)
			}
		}
	})
}
