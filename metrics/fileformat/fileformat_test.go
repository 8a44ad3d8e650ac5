package fileformat

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/metrics"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, data string
		ids        string
		texts      map[string][]string
	}{
		{"h.json", `{"b": ["x y"], "a": ["é", ""]}`, "b a", map[string][]string{"b": {"x y"}, "a": {"é", ""}}},
		{"h.json", "\ufeff" + `{"1": "x", "2": [{"caption": "y"}]}`, "1 2", map[string][]string{"1": {"x"}, "2": {"y"}}},
		{"r.json", `{"images": [], "annotations": [{"id": 7, "image_id": 3, "caption": "a"}, {"image_id": 3, "caption": "b"}]}`, "3",
			map[string][]string{"3": {"a", "b"}}},
		{"h", ` [{"image_id": 3, "caption": "a"}]`, "3", map[string][]string{"3": {"a"}}},
		{"r.json", `{"annotations": ["a"]}`, "annotations", map[string][]string{"annotations": {"a"}}},
		{"h", "{\"id\": \"x\", \"text\": \"a\"}\n\n{\"id\": 2, \"text\": \"\"}\n", "x 2", map[string][]string{"x": {"a"}, "2": {""}}},
		{"h", `{"id": "x", "refs": ["a", "b"]}`, "x", map[string][]string{"x": {"a", "b"}}},
		{"h.txt", "a b\r\n\nc", "1 2 3", map[string][]string{"1": {"a b"}, "2": {""}, "3": {"c"}}},
		{"-", "[1, 2, 3, 4]\n[5, 6, 7, 8]\n", "1 2", map[string][]string{"1": {"[1, 2, 3, 4]"}, "2": {"[5, 6, 7, 8]"}}},
	} {
		f, err := Parse(c.name, []byte(c.data))
		if err != nil {
			t.Errorf("%s: %v", c.data, err)
			continue
		}
		if got := strings.Join(f.IDs, " "); got != c.ids {
			t.Errorf("%s: ids %s, want %s", c.data, got, c.ids)
		}
		if diff := cmp.Diff(c.texts, f.Texts); diff != "" {
			t.Errorf("%s: (-want +got)\n%s", c.data, diff)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, data, want string }{
		{"h.json", ``, "h.json: neither a JSON object nor a list"},
		{"h.txt", ``, "h.txt: no texts in the file"},
		{"h.json", `{}`, "h.json: no texts in the file"},
		{"h.json", `{"a": ["x"], "a": ["y"]}`, `h.json: id "a": the id comes twice`},
		{"h.json", `{"a": []}`, `h.json: id "a": the list of texts is empty`},
		{"h.json", `{"a": [1]}`, `h.json: id "a": text 1 is not a string`},
		{"h.json", `{"a": null}`, `h.json: id "a": its value is not a list of texts`},
		{"h.json", `{"a": ["x"]`, "h.json: byte 11: the JSON document ends too early"},
		{"h.json", `{"a": ["x"]} {}`, "h.json: text after the end of the JSON document at byte 14"},
		{"h.json", `{"a": ["x"], "b": ["` + "\xff" + `"]}`, `h.json: id "b": the text is not UTF-8 at byte 20 of the file`},
		{"r.json", `{"annotations": [{"image_id": 3, "caption": "a"}, {"image_id": 4, "caption": "` + "\xff" + `"}]}`,
			`r.json: id "4": the text is not UTF-8 at byte 78 of the file`},
		{"h.json", `[{"image_id": 3, "caption": "a"}, {"image_id": 3, "caption": "b"}]`, `h.json: id "3": the id comes twice`},
		{"h.json", `[{"caption": "a"}]`, "h.json: entry 1: no id"},
		{"h.json", `[{"image_id": 4}]`, `h.json: id "4": neither "caption" nor "text"`},
		{"h.jsonl", "{\"id\": 1, \"text\": \"a\"}\n{\"id\": 1, \"text\": \"b\"}", `h.jsonl: id "1": the id comes twice`},
		{"h.jsonl", "{\"id\": 1, \"refs\": []}", `h.jsonl: id "1": line 1: the list of references is empty`},
		{"h.jsonl", "{\"id\": 1}", `h.jsonl: id "1": line 1: neither "text" nor "refs"`},
		{"h.jsonl", "{\"id\": 1, \"text\": 5}", `h.jsonl: line 1: "text" is a number`},
		{"h.jsonl", "{\"id\": 1, \"text\": \"a\"}\nx", "h.jsonl: line 2: invalid character 'x' looking for beginning of value"},
		{"h.jsonl", "{\"text\": \"a\"}", "h.jsonl: line 1: no id"},
		{"h.txt", "a\n\xffb\n", `h.txt: id "2": the text is not UTF-8 at byte 2 of the file`},
	} {
		if _, err := Parse(c.name, []byte(c.data)); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.data, err, c.want)
		}
	}
}

func mustParse(t *testing.T, name, data string) *File {
	t.Helper()
	f, err := Parse(name, []byte(data))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPair(t *testing.T) {
	refs := mustParse(t, "r.json", `{"b": ["x", "y"], "a": [""]}`)
	got, err := Pair(mustParse(t, "h.json", `{"a": [""], "b": ["z"]}`), refs)
	if err != nil {
		t.Fatal(err)
	}
	want := []metrics.Sample{{ID: "b", Hyp: "z", Refs: []string{"x", "y"}}, {ID: "a", Hyp: "", Refs: []string{""}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	got, err = Pair(mustParse(t, "h.txt", "[1, 2, 3, 4]"), mustParse(t, "r.jsonl", `{"id": 1, "text": "[1, 2, 3, 4]", "region": "carina"}`))
	if err != nil || got[0].Region != "carina" {
		t.Errorf("got %+v, %v", got, err)
	}
	for _, c := range []struct{ hyps, want string }{
		{`{"b": ["z"]}`, `h.json: id "a" of r.json is missing`},
		{`{"c": ["z"]}`, `h.json: id "b" of r.json is missing, and 1 more`},
		{`{"a": ["z"], "b": ["z"], "c": ["z"]}`, `h.json: id "c" is not in r.json`},
		{`{"a": ["z"], "b": ["z", "y"]}`, `h.json: id "b" has 2 hypotheses, not one`},
	} {
		if _, err := Pair(mustParse(t, "h.json", c.hyps), refs); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.hyps, err, c.want)
		}
	}
	if _, err := Pair(mustParse(t, "h.txt", "a\nb\n"), mustParse(t, "r.txt", "a\n")); err == nil || err.Error() != "h.txt has 2 lines, r.txt has 1" {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{`{"a": ["x"]}`, `[{"image_id": 1, "caption": "x"}]`, `{"annotations": [{"image_id": 1, "caption": "x"}]}`, `{"id": 1, "text": "x"}`, "a\nb"} {
		for _, name := range []string{"f", "f.json", "f.jsonl", "f.txt"} {
			f.Add(name, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		file, err := Parse(name, data)
		if err != nil {
			if strings.Contains(err.Error(), "\n") && !strings.Contains(name, "\n") {
				t.Errorf("error of several lines: %q", err)
			}
			return
		}
		if len(file.IDs) == 0 || len(file.IDs) != len(file.Texts) {
			t.Errorf("%d ids, %d texts", len(file.IDs), len(file.Texts))
		}
		for _, id := range file.IDs {
			if len(file.Texts[id]) == 0 {
				t.Errorf("id %q without texts", id)
			}
		}
	})
}
