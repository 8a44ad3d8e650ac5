package iuxray

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const annotation = `{"train": [
  {"id": "CXR2384_IM-0942", "report": "The heart is normal.", "image_path": ["CXR2384_IM-0942/0.png", "CXR2384_IM-0942/1.png"], "split": "train"}],
 "val": [], "test": [{"id": "CXR7_IM-1", "report": "", "image_path": ["CXR7_IM-1/0.png"]}]}`

func TestAnnotation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "annotation.json")
	if err := os.WriteFile(path, []byte(annotation), 0o666); err != nil {
		t.Fatal(err)
	}
	a, err := ReadAnnotation(path)
	if err != nil {
		t.Fatal(err)
	}
	want := []Entry{
		{"train", "annotation.json:train[0]", "CXR2384_IM-0942", "CXR2384", "The heart is normal.", []string{"CXR2384_IM-0942/0.png", "CXR2384_IM-0942/1.png"}},
		{"test", "annotation.json:test[0]", "CXR7_IM-1", "CXR7", "", []string{"CXR7_IM-1/0.png"}},
	}
	if diff := cmp.Diff(want, a.Entries); diff != "" || a.Bad != nil || string(a.Raw) != annotation {
		t.Errorf("bad %v, entries (-want +got):\n%s", a.Bad, diff)
	}
}

// One bad entry costs itself alone.
func TestBadEntries(t *testing.T) {
	for name, entry := range map[string]string{
		"no id":              `{"report": "r", "image_path": ["0.png"]}`,
		"an empty id":        `{"id": "", "report": "r", "image_path": ["0.png"]}`,
		"no report":          `{"id": "a", "image_path": ["0.png"]}`,
		"no images":          `{"id": "a", "report": "r"}`,
		"an empty list":      `{"id": "a", "report": "r", "image_path": []}`,
		"a path, not a list": `{"id": "a", "report": "r", "image_path": "0.png"}`,
		"a number as report": `{"id": "a", "report": 3, "image_path": ["0.png"]}`,
		"another split":      `{"id": "a", "report": "r", "image_path": ["0.png"], "split": "test"}`,
		"a path outside":     `{"id": "a", "report": "r", "image_path": ["../../0.png"]}`,
		"an absolute path":   `{"id": "a", "report": "r", "image_path": ["/0.png"]}`,
		"no entry":           `7`,
		"null":               `null`,
	} {
		a, err := parseAnnotation([]byte(`{"train": [` + entry + `, {"id": "b", "report": "r", "image_path": ["0.png"]}], "val": [], "test": []}`))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(a.Entries) != 1 || len(a.Bad) != 1 || a.Bad[0].Place != "annotation.json:train[0]" || a.Bad[0].Cause == "" {
			t.Errorf("%s: entries %v, bad %v", name, a.Entries, a.Bad)
		}
	}
}

func TestBadAnnotation(t *testing.T) {
	for text, want := range map[string]string{
		"":                               "line 1, column 0: unexpected end of JSON input",
		"{\"train\": [\n{\"id\" 3}":      "line 2, column 7: invalid character '3'",
		"[]":                             "no JSON object: want",
		"{}":                             `no list "train": want`,
		`{"train": [], "val": []}`:       `no list "test": want`,
		`{"train": {}}`:                  `"train" is no list of reports`,
		`{"train": null}`:                `"train" is no list of reports`,
		`{"train": [{"subject_id": 1}]}`: "train[0]: the list is of MIMIC-CXR",
	} {
		if _, err := parseAnnotation([]byte(text)); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if _, err := ReadAnnotation(filepath.Join(t.TempDir(), "none.json")); !os.IsNotExist(err) {
		t.Errorf("no file: %v", err)
	}
}

const report = `<?xml version="1.0" encoding="utf-8"?>
<eCitation><meta type="rr"/><uId id="CXR1"/>
<MedlineCitation><Article><Abstract>
<AbstractText Label="COMPARISON">None.</AbstractText>
<AbstractText Label="FINDINGS">The heart is XXXX &amp; normal. </AbstractText>
<AbstractText Label="IMPRESSION">Normal chest x-XXXX.</AbstractText>
</Abstract></Article></MedlineCitation>
<parentImage id="CXR1_1_IM-0001-3001"><caption>Xray Chest PA and Lateral</caption></parentImage>
<parentImage id="CXR1_1_IM-0001-4001"/>
</eCitation>
`

func TestReport(t *testing.T) {
	path := filepath.Join(t.TempDir(), "1.xml")
	if err := os.WriteFile(path, []byte(report), 0o666); err != nil {
		t.Fatal(err)
	}
	got, err := ReadReport(path)
	if err != nil {
		t.Fatal(err)
	}
	want := &Report{"The heart is XXXX & normal.", "Normal chest x-XXXX.", []string{"CXR1_1_IM-0001-3001", "CXR1_1_IM-0001-4001"}, []byte(report)}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if text := got.Text(); text != "The heart is XXXX & normal. Normal chest x-XXXX." {
		t.Errorf("text %q", text)
	}
	if text := (&Report{Impression: "Clear."}).Text(); text != "Clear." {
		t.Errorf("without findings: %q", text)
	}
	for name, text := range map[string]string{
		"cut short": report[:200], "empty": "", "another document": "<html></html>", "two documents": report[39:] + report[39:], "text behind": report + "x",
	} {
		if _, err := parseReport([]byte(text)); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// FuzzAnnotation reads any bytes: it never panics, an entry has all that is needed, and a path stays below its folder.
func FuzzAnnotation(f *testing.F) {
	f.Add([]byte(annotation))
	f.Add([]byte(`{"train":[{"id":"a","report":"","image_path":["../x"]},null,[]],"val":[],"test":[]}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := parseAnnotation(raw)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Fatalf("error of several lines: %v", err)
			}
			return
		}
		for _, e := range a.Entries {
			if e.ID == "" || len(e.Images) == 0 || e.Place == "" {
				t.Fatalf("entry %+v", e)
			}
			for _, path := range e.Images {
				if joined := filepath.Join("/images", path); !strings.HasPrefix(joined+"/", "/images/") {
					t.Fatalf("%q leads to %q", path, joined)
				}
			}
		}
	})
}

// FuzzReport reads any bytes: it never panics, and what is read twice is the same.
func FuzzReport(f *testing.F) {
	f.Add([]byte(report))
	f.Add([]byte(`<eCitation><parentImage id=" a "/></eCitation><!-- x -->`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := parseReport(raw)
		if err != nil {
			return
		}
		if text := r.Text(); text != strings.TrimSpace(text) {
			t.Fatalf("text %q", text)
		}
		again, err := parseReport(raw)
		if diff := cmp.Diff(r, again); err != nil || diff != "" {
			t.Fatal(err, diff)
		}
	})
}
