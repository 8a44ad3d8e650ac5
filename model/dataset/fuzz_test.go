package dataset

import (
	"bytes"
	"encoding/json"
	"math"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzTable reads any bytes as a table: it never panics, gives rows of the header's width only, and counts every other line.
func FuzzTable(f *testing.F) {
	f.Add("a,b\n1,2\n")
	f.Add("\ufeffa,b\r\n\"x,\"\"y\",2\r\n1\n\n\"open,2\n3,4")
	f.Fuzz(func(t *testing.T, text string) {
		tab, err := newTable(strings.NewReader(text), "t.csv", []string{"a", "missing?"})
		if err != nil {
			return
		}
		rows := 0
		for tab.next() {
			rows++
			tab.cell(0)
			if tab.cell(1) != "" {
				t.Fatal("an absent column has a value")
			}
			tab.id(0)
		}
		if tab.err != nil {
			t.Fatal(tab.err)
		}
		lines := 0
		for line := range strings.Lines(text) {
			if strings.TrimRight(line, "\r\n") != "" {
				lines++
			}
		}
		if rows+len(tab.bad)+1 != lines {
			t.Fatalf("%d rows and %d bad ones of %d lines", rows, len(tab.bad), lines)
		}
	})
}

// FuzzScene reads any bytes as a scene graph: whatever comes out can be trained on.
func FuzzScene(f *testing.F) {
	f.Add([]byte(sceneJSON([]string{object("left lung", 1, 2, 30, 20)}, []string{attribute("left lung", "Clear.")})))
	f.Add([]byte(`{"objects":[{"bbox_name":"svc","original_x1":NaN}],"attributes":[{"bbox_name":3,"phrases":"x"},{"bbox_name":"svc","phrases":[["a"],"b"]}]}`))
	f.Add([]byte(`{"a":"\"NaN`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := parseScene(raw)
		if err != nil {
			return
		}
		var r sceneResult
		r.collect(g, 40, 30, Options{})
		for _, region := range r.regions {
			b := region.Box
			if !(b[0] >= 0 && b[1] >= 0 && b[0] < b[2] && b[1] < b[3] && b[2] <= 40 && b[3] <= 30) || math.IsNaN(b[0]+b[1]+b[2]+b[3]) {
				t.Fatalf("box %v", b)
			}
			if region.Phrase == "" || strings.TrimSpace(region.Phrase) != region.Phrase {
				t.Fatalf("phrase %q", region.Phrase)
			}
		}
	})
}

// FuzzJSON compares the scanner with encoding/json: it accepts all JSON objects, and finds the same names and sentences.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(sceneJSON([]string{object("svc", 1, 2, 30, 20)}, []string{attribute("svc", `a"\\\"b`, "é\u00e9")})))
	f.Add([]byte(`{ "x" : [ 1 , {"y":"]"} , true ] , "attributes" : [ {"bbox_name":"a","phrases":["b", 3, null]} ] } `))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want struct {
			Attributes []struct {
				Name    any   `json:"bbox_name"`
				Phrases []any `json:"phrases"`
			} `json:"attributes"`
			Objects []map[string]any `json:"objects"`
		}
		if json.Unmarshal(raw, &want) != nil || !utf8.Valid(raw) || bytes.TrimSpace(raw)[0] != '{' {
			return
		}
		// encoding/json takes keys in any case, twice, escaped, and null for a list.
		for _, word := range []string{"attributes", "objects", "bbox_name", "phrases"} {
			if bytes.Count(bytes.ToLower(raw), []byte(word)) != 1 || !bytes.Contains(raw, []byte(`"`+word+`"`)) {
				return
			}
		}
		if bytes.Contains(raw, []byte("null")) || bytes.Contains(raw, []byte(`\u`)) || len(want.Attributes) != 1 {
			return
		}
		got, err := parseScene(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		name, _ := want.Attributes[0].Name.(string)
		if got.attributes[0].name != name || len(got.objects) != len(want.Objects) {
			t.Fatalf("%s: %+v", raw, got)
		}
		for i, p := range want.Attributes[0].Phrases {
			sentence, _ := p.(string)
			if got.attributes[0].phrases[i] != sentence {
				t.Fatalf("%s: %q, want %q", raw, got.attributes[0].phrases[i], sentence)
			}
		}
	})
}

// FuzzReport reads any bytes as a report: a caption is text with single spaces and enough words.
func FuzzReport(f *testing.F) {
	f.Add([]byte(" FINAL REPORT\n EXAM:  CHEST\n \n FINDINGS:\n \n Clear lungs here.\n \n IMPRESSION:  None. New.\n"), false)
	f.Add([]byte("\n \n \xff\n CHEST:\n"), true)
	f.Fuzz(func(t *testing.T, raw []byte, keep bool) {
		for _, study := range []string{"50000000", "59279892", "56579911"} {
			caption := reportCaption(study, raw, keep)
			if caption == "" {
				continue
			}
			if len(strings.Fields(caption)) < leastWords || collapseSpace(caption) != caption || !utf8.ValidString(caption) {
				t.Fatalf("caption %q", caption)
			}
			if !keep && priorWords.MatchString(caption) {
				t.Fatalf("caption %q refers to an earlier study", caption)
			}
		}
	})
}

// FuzzPhrase cleans any text: cleaning what is clean changes nothing.
func FuzzPhrase(f *testing.F) {
	f.Add("FINDINGS: 1. small effusion. 2. No edema", "no edema.")
	f.Add("WET READ: x 5 PM", "A: B: c")
	f.Fuzz(func(t *testing.T, a, b string) {
		once := cleanPhrase([]string{a, b})
		if !utf8.ValidString(a + b) {
			return
		}
		if collapseSpace(once) != once {
			t.Fatalf("%q", once)
		}
		dropPriorSentences(once)
	})
}
