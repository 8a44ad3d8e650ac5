package scenegraph

import (
	"bytes"
	"encoding/json"
	"math"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	got, err := Parse([]byte("\ufeff" + ` {"image_id": "x", "viewpoint": NaN,
		"objects": [{"bbox_name": "svc", "x1": 9, "original_x1": -1.5e1, "original_y1": 2, "original_x2": "3", "original_y2": null}, {}],
		"attributes": [{"svc": true, "bbox_name": "svc", "attributes": [["a|yes|]}"]], "phrases": ["A \"b\".", 4, null, ["c"]]},
			{"bbox_name": "carina", "phrases": "one"}, {"bbox_name": "svc", "phrases": ["again"]}], "relationships": []} `))
	if err != nil {
		t.Fatal(err)
	}
	nan := math.NaN()
	want := &Graph{
		Objects: []Object{
			{"svc", [4]float64{-15, 2, nan, nan}, [4]float64{9, nan, nan, nan}},
			{"", [4]float64{nan, nan, nan, nan}, [4]float64{nan, nan, nan, nan}},
		},
		Attributes: []Attribute{
			{"svc", []string{`A "b".`, "", "", ""}}, {"carina", []string{"one"}}, {"svc", []string{"again"}},
		},
	}
	if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	names, sentences := got.Sentences()
	if diff := cmp.Diff([]string{"svc", "carina"}, names); diff != "" || len(sentences["svc"]) != 5 {
		t.Errorf("regions %v, sentences %v", names, sentences)
	}
}

// TestParseRefuses cuts a graph anywhere, and tries what is no graph.
func TestParseRefuses(t *testing.T) {
	whole := `{"objects":[{"bbox_name":"s\"vc","original_x1":1}],"attributes":[]}`
	if _, err := Parse([]byte(whole)); err != nil {
		t.Fatal(err)
	}
	for n := range len(whole) {
		if _, err := Parse([]byte(whole[:n])); err == nil {
			t.Errorf("%q passes as a graph", whole[:n])
		}
	}
	for _, text := range []string{"[]", "3", `{"objects":{}}`, `{"objects":[3]}`, whole + "x", `{"a" 1}`, `{"a":}`, `{a:1}`, "{\x00}"} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q passes as a graph", text)
		}
	}
}

// FuzzJSON compares the scanner with encoding/json: it accepts all JSON objects, and finds the same names and sentences.
func FuzzJSON(f *testing.F) {
	f.Add([]byte(`{"objects":[{"bbox_name":"svc"}],"attributes":[{"svc":true,"bbox_name":"svc","phrases":["a\"b\\","é"]}]}`))
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
		got, err := Parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		name, _ := want.Attributes[0].Name.(string)
		if got.Attributes[0].Name != name || len(got.Objects) != len(want.Objects) {
			t.Fatalf("%s: %+v", raw, got)
		}
		for i, p := range want.Attributes[0].Phrases {
			sentence, _ := p.(string)
			if got.Attributes[0].Phrases[i] != sentence {
				t.Fatalf("%s: %q, want %q", raw, got.Attributes[0].Phrases[i], sentence)
			}
		}
	})
}
