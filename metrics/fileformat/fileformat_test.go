package fileformat

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"harness/metrics"
)

func TestParse(t *testing.T) {
	one := func(id string, texts ...string) map[string][]string { return map[string][]string{id: texts} }
	for _, c := range []struct {
		name, data string
		side       Side
		ids        string
		texts      map[string][]string
	}{
		// pycocoevalcap and COCO
		{"h.json", `{"b": ["x y"], "a": ["é", ""]}`, Either, "b a", map[string][]string{"b": {"x y"}, "a": {"é", ""}}},
		{"h.json", "\ufeff" + `{"1": "x", "2": [{"caption": "y"}]}`, Either, "1 2", map[string][]string{"1": {"x"}, "2": {"y"}}},
		{"r.json", `{"images": [], "annotations": [{"id": 7, "image_id": 3, "caption": "a"}, {"image_id": 3, "caption": "b"}]}`, Either, "3", one("3", "a", "b")},
		{"h", ` [{"image_id": 3, "caption": "a"}]`, Either, "3", one("3", "a")},
		{"r.json", `[{"image_id": 3, "id": 1, "caption": "a"}, {"image_id": 3, "id": 2, "caption": "b"}]`, References, "3", one("3", "a", "b")},
		{"r.json", `{"annotations": ["a"]}`, Either, "annotations", one("annotations", "a")},
		{"r.json", `{"3": [{"image_id": 3, "id": 9, "caption": "a"}, {"image_id": 3, "id": 10, "caption": "b"}]}`, References, "3", one("3", "a", "b")},
		{"h.json", `{"data": [{"id": 1, "caption": "a"}, {"id": 2, "caption": "b"}]}`, Hypotheses, "1 2", map[string][]string{"1": {"a"}, "2": {"b"}}},
		// JSON lines
		{"h", "{\"id\": \"x\", \"text\": \"a\"}\n\n{\"id\": 2, \"text\": \"\"}\n", Either, "x 2", map[string][]string{"x": {"a"}, "2": {""}}},
		{"h", `{"id": "x", "refs": ["a", "b"]}`, Either, "x", one("x", "a", "b")},
		{"h.jsonl", `{"image_id":1,"caption":"a cat"}` + "\n", Hypotheses, "1", one("1", "a cat")},
		{"h.json", `{"image_id":1,"caption":"a cat"}` + "\n", Hypotheses, "1", one("1", "a cat")},
		{"h.jsonl", `{"ID":7.0,"Prediction":"a","reference":"b"}`, Hypotheses, "7", one("7", "a")},
		{"h.jsonl", `{"id":"7","prediction":"a","references":["b","c"],"score":0.5}`, References, "7", one("7", "b", "c")},
		{"h.jsonl", "{\"prediction\":\"a\"}\n{\"prediction\":\"b\"}", Hypotheses, "1 2", map[string][]string{"1": {"a"}, "2": {"b"}}},
		{"h.ndjson", "\"a\"\r\n[\"b\", \"c\"]", References, "1 2", map[string][]string{"1": {"a"}, "2": {"b", "c"}}},
		{"h.jsonl", `{"question_id": 1e2, "question": "q", "answer": "edema"}`, Hypotheses, "100", one("100", "edema")},
		// lists
		{"h.json", `["a cat", "a dog runs"]`, Hypotheses, "1 2", map[string][]string{"1": {"a cat"}, "2": {"a dog runs"}}},
		{"r.json", `[["a cat", "one cat"], ["the dog runs"]]`, References, "1 2", map[string][]string{"1": {"a cat", "one cat"}, "2": {"the dog runs"}}},
		{"b.json", `{"predictions": ["a", "b"], "references": [["c"], ["d", "e"]]}`, References, "1 2", map[string][]string{"1": {"c"}, "2": {"d", "e"}}},
		{"b.json", `{"model": "m", "predictions": ["a", "b"], "references": ["c", "d"]}`, Hypotheses, "1 2", map[string][]string{"1": {"a"}, "2": {"b"}}},
		{"b.json", `{"id": [4, "x"], "caption": ["a", "b"]}`, Hypotheses, "4 x", map[string][]string{"4": {"a"}, "x": {"b"}}},
		// tables
		{"h.csv", "id,caption\n1,a cat\n2,\"a, \"\"big\"\"\n dog\"\r\n3,\n", Hypotheses, "1 2 3", map[string][]string{"1": {"a cat"}, "2": {"a, \"big\"\n dog"}, "3": {""}}},
		{"h", "\ufeffimage_id;Caption\n1;a, b\n", Hypotheses, "1", one("1", "a, b")},
		{"h.csv", "id\tprediction\n1\ta \"b\" c\n", Hypotheses, "1", one("1", `a "b" c`)},
		{"h.tsv", "id\tprediction\treference\n1\ta\tb\n", References, "1", one("1", "b")},
		{"h.csv", "prediction,reference\na,b\nc,d", References, "1 2", map[string][]string{"1": {"b"}, "2": {"d"}}},
		{"r.csv", "id,reference_1,reference_2\n1,a,b\n2,c,\n", References, "1 2", map[string][]string{"1": {"a", "b"}, "2": {"c"}}},
		{"r.csv", "image_id,caption\n1,a\n2,b\n1,c\n", References, "1 2", map[string][]string{"1": {"a", "c"}, "2": {"b"}}},
		{"r.csv", "id,references\n1,\"[\"\"a\"\", \"\"b\"\"]\"\n", References, "1", one("1", "a", "b")},
		// plain text
		{"h.txt", "a b\r\n\nc", Either, "1 2 3", map[string][]string{"1": {"a b"}, "2": {""}, "3": {"c"}}},
		{"-", "[1, 2, 3, 4]\n[5, 6, 7, 8]\n", Either, "1 2", map[string][]string{"1": {"[1, 2, 3, 4]"}, "2": {"[5, 6, 7, 8]"}}},
		{"h.txt", "1, 2\n3, 4\n", Either, "1 2", map[string][]string{"1": {"1, 2"}, "2": {"3, 4"}}},
		{"h.txt", "a cat, a dog\n1, 2 and 3\n\ta", Either, "1 2 3", map[string][]string{"1": {"a cat, a dog"}, "2": {"1, 2 and 3"}, "3": {"\ta"}}},
		{"h.txt", "a\u2028b\x85c\n", Either, "1", nil},
	} {
		f, err := ParseAs(c.name, []byte(c.data), Options{Side: c.side})
		if c.texts == nil { // \x85 alone is not UTF-8
			if err == nil {
				t.Errorf("%q was read", c.data)
			}
			continue
		}
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

func TestParseAs(t *testing.T) {
	for _, c := range []struct {
		name, data string
		opts       Options
		want       string // as IDS: TEXTS
	}{
		{"h.txt", "id,caption\n1,a", Options{Format: CSV}, "[1]: map[1:[a]]"},
		{"h.txt", "id,caption\n1,a", Options{Format: Text}, "[1 2]: map[1:[id,caption] 2:[1,a]]"},
		{"h.csv", "id,caption\n", Options{Format: Text}, "[1]: map[1:[id,caption]]"},
		{"h.csv", "k,words,caption\nx,a,b", Options{Texts: []string{"words"}, IDs: []string{"k"}}, "[x]: map[x:[a]]"},
		{"r.csv", "k,b,a\nx,1,2\ny,,3", Options{Texts: []string{"a", "b"}, IDs: []string{"k"}, Side: References}, "[x y]: map[x:[2 1] y:[3]]"},
		{"h.csv", "image,caption\nx,a\nx,b", Options{ByPosition: true}, "[1 2]: map[1:[a] 2:[b]]"},
		{"h.jsonl", `{"k": "x", "gen": "a"}`, Options{Texts: []string{"gen"}, IDs: []string{"k"}}, "[x]: map[x:[a]]"},
		{"h.json", `{"gen": ["a", "b"], "gold": ["c", "d"]}`, Options{Texts: []string{"gold"}, Side: References, ByPosition: true}, "[1 2]: map[1:[c] 2:[d]]"},
		{"h.jsonl", `{"id": 1, "text": "a", "image_id": 2}`, Options{IDs: []string{"image_id"}}, "[2]: map[2:[a]]"},
		{"h", `{"1": ["a"]}`, Options{Format: JSON}, "[1]: map[1:[a]]"},
		{"h.csv", "id,caption\n1,a", Options{IDs: []string{"study", "id"}}, "[1]: map[1:[a]]"},
		{"b.jsonl", `{"id": 1, "text": "prompt", "prediction": "a", "ref": "b"}`, Options{Side: References, Both: true}, "[1]: map[1:[b]]"},
	} {
		f, err := ParseAs(c.name, []byte(c.data), c.opts)
		if err != nil {
			t.Errorf("%s: %v", c.data, err)
		} else if got := fmt.Sprintf("%v: %v", f.IDs, f.Texts); got != c.want {
			t.Errorf("%s: got %s, want %s", c.data, got, c.want)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct {
		name, data string
		side       Side
		want       string
	}{
		{"h.json", ``, Either, "h.json: neither a JSON object nor a list"},
		{"h.json", `"a"`, Either, "h.json: neither a JSON object nor a list"},
		{"h.txt", ``, Either, "h.txt: no texts in the file"},
		{"h.csv", "id,caption\n", Either, "h.csv: no texts in the file"},
		{"h.csv", "", Either, "h.csv: no texts in the file"},
		{"h.json", `{}`, Either, "h.json: no texts in the file"},
		{"h.json", `{"a": ["x"], "a": ["y"]}`, Either, `h.json: id "a": the id comes twice`},
		{"h.json", `{"3": [{"image_id": 3, "caption": "a"}], "4": [{"image_id": 3, "caption": "a"}]}`, Hypotheses, `h.json: id "4": a text of it has the id "3"`},
		{"h.json", `{"data": [{"id": 1, "caption": "a"}], "meta": [{"id": 1, "caption": "a"}]}`, Hypotheses, `h.json: id "data": a text of it has the id "1"`},
		{"h.json", `{"a": []}`, Either, `h.json: id "a": the list of texts is empty`},
		{"h.json", `{"a": [1]}`, Either, `h.json: id "a": text 1 is a number, not a string`},
		{"h.json", `{"a": ["x", null]}`, Either, `h.json: id "a": text 2 is null, not a string`},
		{"h.json", `{"a": null}`, Either, `h.json: id "a": null is neither a text nor a list of texts`},
		{"h.json", `{"": "x"}`, Either, `h.json: the id is empty`},
		{"h.json", `{"a": "\ud800"}`, Either, `h.json: id "a": half of a pair of surrogates in the text`},
		{"h.json", `{"a": ["x"]`, Either, "h.json: byte 11: the JSON document ends too early"},
		{"h.json", `{"a": ["x"]} {}`, Either, "h.json: text after the end of the JSON document at byte 14"},
		{"h.json", `{"a": ["x"], "b": ["` + "\xff" + `"]}`, Either, `h.json: id "b": the text is not UTF-8 at byte 20 of the file`},
		{"r.json", `{"annotations": [{"image_id": 3, "caption": "a"}, {"image_id": 4, "caption": "` + "\xff" + `"}]}`, Either,
			`r.json: entry 2: the text is not UTF-8 at byte 78 of the file`},
		{"h.json", "\xff\xfe{\x00}\x00", Either, "h.json: the file is UTF-16, not UTF-8"},
		{"h.json", `[{"image_id": 3, "caption": "a"}, {"image_id": 3, "caption": "b"}]`, Hypotheses, `h.json: entry 2: id "3": the id comes twice`},
		{"h.json", `[{"image": 3, "caption": "a"}]`, Either,
			`h.json: entry 1: no id among "image", "caption": name its column or key with --id-column, or take the order with --by-position`},
		{"h.json", `[{"image_id": 4}]`, Hypotheses, `h.json: entry 1: no hypothesis among "image_id": name its column or key with --hyp-column`},
		{"h.json", `[1, 2]`, Either, `h.json: entry 1: a number is neither a text nor a list of texts nor an object`},
		{"h.json", `["a", {"id": 1, "text": "b"}]`, Either, `h.json: entry 2: an object, where the first entry is a text`},
		{"b.json", `{"predictions": ["a", "b"], "references": ["c"], "id": [1]}`, Hypotheses, `b.json: "id" has 1 entries, "predictions" has 2`},
		{"b.json", `{"predictions": "a.txt", "references": ["c"]}`, Hypotheses, ``},
		{"h.jsonl", "{\"id\": 1, \"text\": \"a\"}\n{\"id\": 1.0, \"text\": \"b\"}", Either, `h.jsonl: line 2: id "1": the id comes twice`},
		{"h.jsonl", "{\"id\": 1, \"refs\": []}", Either, `h.jsonl: line 1: "refs": the list of texts is empty`},
		{"h.jsonl", "{\"id\": 1}", Either, `h.jsonl: line 1: no text among "id": name its column or key with --hyp-column or --ref-column`},
		{"h.jsonl", "{\"id\": 1, \"text\": 5}", Either, `h.jsonl: line 1: "text": a number is neither a text nor a list of texts`},
		{"h.jsonl", "{\"id\": 1, \"text\": NaN}", Either, `h.jsonl: line 1: invalid character 'N' looking for beginning of value`},
		{"h.jsonl", "{\"id\": null, \"text\": \"a\"}", Either, `h.jsonl: line 1: "id": null is neither a string nor a number`},
		{"h.jsonl", "{\"id\": 1, \"text\": \"a\", \"text\": \"b\"}", Either, `h.jsonl: line 1: the key "text" comes twice`},
		{"h.jsonl", "{\"id\": 1, \"text\": \"a\", \"caption\": \"b\"}", Hypotheses, `h.jsonl: line 1: more than one of "text", "caption": choose with --hyp-column`},
		{"h.jsonl", "{\"id\": 1, \"image_id\": 2, \"caption\": \"b\"}", Hypotheses, `h.jsonl: line 1: more than one of "id", "image_id": choose with --id-column`},
		{"h.jsonl", "{\"id\": 1, \"text\": \"a\"}\n{\"id\": 2, \"caption\": \"b\"}", Either, `h.jsonl: line 2: no "text", which the first entry has, among "id", "caption"`},
		{"h.jsonl", "{\"id\": 1, \"text\": \"a\"}\nx", Either, "h.jsonl: line 2: invalid character 'x' looking for beginning of value"},
		{"h.jsonl", "{\"id\": 1, \"text\": \"a\"}\n{\"id\": 2, \"te", Either, "h.jsonl: line 2: the JSON document ends too early"},
		{"h.jsonl", "[1, 2]", Either, "h.jsonl: line 1: text 1 is a number, not a string"},
		{"h.txt", "a\n\xffb\n", Either, `h.txt: line 2: the text is not UTF-8 at byte 2 of the file`},
		// Tables.
		{"h.csv", "1,a cat\n2,a dog\n", Hypotheses, `h.csv: line 1: no hypothesis among "1", "a cat": name its column or key with --hyp-column`},
		{"h.csv", "id,name,words\n1,a,b", Hypotheses, `h.csv: line 1: no hypothesis among "id", "name", "words": name its column or key with --hyp-column`},
		{"h.csv", "id,caption\n1,a, b\n", Hypotheses, `h.csv: line 2: 3 columns, where the header has 2: a text that holds the separator stands in quotes`},
		{"h.csv", "id,caption\n1,a\n1,b\n", References, `h.csv: line 3: id "1": the id comes twice`},
		{"h.csv", "image_id,caption\n1,a\n1,b\n", Hypotheses, `h.csv: line 3: id "1": the id comes twice`},
		{"h.csv", "id,caption\n1,\"a\nb\"\n,c\n", Hypotheses, `h.csv: line 4: the id is empty`},
		{"h.csv", "id,caption\n1,\"a\n", Hypotheses, `h.csv: line 2: a quote is not closed`},
		{"h.csv", "id,caption\n1,\"a\" b\n", Hypotheses, `h.csv: line 2: text after a closing quote: quotes inside a quoted text are doubled`},
		{"h.csv", "id,caption\n1,a\n\n2,b\n", Hypotheses, `h.csv: line 3: the line is empty; an empty text is written ""`},
		{"h.csv", "id,caption\r1,a\r", Hypotheses, `h.csv: line 1: a carriage return within the line`},
		{"h.csv", "id,caption,caption\n", Hypotheses, `h.csv: line 1: the column "caption" comes twice`},
		{"h.csv", "id,caption,text\n", Hypotheses, `h.csv: line 1: more than one of "caption", "text": choose with --hyp-column`},
		{"h.csv", "id,caption\n1,a\n2,\xff\n", Hypotheses, `h.csv: line 3: the text is not UTF-8 at byte 17 of the file`},
		{"r.csv", "id,ref1,ref2\n1,,\n", References, `r.csv: line 2: "ref1", "ref2" are all empty`},
		{"r.csv", "id,refs\n1,\"['a', 'b']\"\n", References, `r.csv: line 2: "refs" holds a list: give every text a column, or write JSON lines`},
		// What is not plain text.
		{"h.txt", "id,caption\n1,a cat\n", Either, "h.txt: it looks like CSV: say --format csv or --format text"},
		{"h.txt", "image_id\tcaption\n1\ta cat\n", Either, "h.txt: it looks like TSV: say --format tsv or --format text"},
		{"h.txt", "1\ta cat\n2\ta dog\n", Either, "h.txt: every line has a tab, and the first is no known header: say --format tsv or --format text"},
		{"h", "1,a cat\n2,a dog\n", Either, "h: every line begins with a number and a separator, and the first is no header: say --format csv or --format text"},
		{"h", "caption\na cat\n", Either, `h: its first line, "caption", looks like the header of a table: say --format csv or --format text`},
		{"h.txt", `{"id": 1, "text": "a"}`, Either, "h.txt: it looks like JSON: say --format json or --format text"},
		{"h.txt", "[\"a\"]\n[\"b\"]\n", Either, "h.txt: it looks like JSONL: say --format jsonl or --format text"},
		{"h.yaml", "a: b\n", Either, "h.yaml: .yaml is not read; known are json, jsonl, csv, tsv, text: name one with --format"},
	} {
		_, err := ParseAs(c.name, []byte(c.data), Options{Side: c.side})
		if c.want == "" {
			continue
		}
		if err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.data, err, c.want)
		}
	}
}

func TestParseAsRefuses(t *testing.T) {
	for _, c := range []struct {
		name, data string
		opts       Options
		want       string
	}{
		{"h.txt", "a\n", Options{Texts: []string{"x"}}, `h.txt: the file has no columns or keys, and so no "x"`},
		{"h.json", `{"1": ["a"]}`, Options{Texts: []string{"x"}}, `h.json: the file has no columns or keys, and so no "x"`},
		{"h.json", `{"1": ["a"]}`, Options{ByPosition: true}, `h.json: the file is a map from ids to texts: its ids cannot be left aside`},
		{"h.csv", "id,caption\n1,a", Options{Texts: []string{"x"}}, `h.csv: line 1: no "x" among "id", "caption"`},
		{"h.csv", "id,caption\n1,a", Options{IDs: []string{"x"}}, `h.csv: line 1: no "x" among "id", "caption"`},
		{"b.csv", "id,prediction,text\n1,a,b", Options{Side: References, Both: true}, `b.csv: line 1: no reference among "id", "prediction", "text": name its column or key with --ref-column`},
		{"h", "x", Options{Format: "xml"}, `unknown format "xml"; known are json, jsonl, csv, tsv, text`},
	} {
		if _, err := ParseAs(c.name, []byte(c.data), c.opts); err == nil || err.Error() != c.want {
			t.Errorf("%s:\n got %v\nwant %s", c.data, err, c.want)
		}
	}
}

func TestNumbersAsIDs(t *testing.T) {
	for raw, want := range map[string]string{
		`7`: "7", `"7"`: "7", `7.0`: "7", `70e-1`: "7", `-3`: "-3", `1.5`: "1.5", `1e2`: "100", `"007"`: "007", `1e-999999999`: "1e-999999999",
		`12345678901234567890123`: "12345678901234567890123", `7.` + strings.Repeat("0", 70) + `1`: `7.` + strings.Repeat("0", 70) + `1`,
	} {
		if got, err := idOf([]byte(raw)); err != nil || got != want {
			t.Errorf("%s is %q, %v, want %q", raw, got, err, want)
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
		{`["z", "z"]`, `h.json: id "b" of r.json is missing, and 1 more (h.json has no ids: its entries count from 1)`},
		{`{"c": ["z"]}`, `h.json: id "b" of r.json is missing, and 1 more`},
		{`{"a": ["z"], "b": ["z"], "c": ["z"]}`, `h.json: id "c" is not in r.json`},
		{`{"a": ["z"], "b": ["z", "y"]}`, `h.json: id "b" has 2 hypotheses, not one`},
	} {
		if _, err := Pair(mustParse(t, "h.json", c.hyps), refs); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.hyps, err, c.want)
		}
	}
	both := `{"predictions": ["a", "b"], "references": ["a"]}`
	hyps, _ := ParseAs("b.json", []byte(both), Options{Side: Hypotheses, Both: true})
	others, _ := ParseAs("b.json", []byte(both), Options{Side: References, Both: true})
	if _, err := Pair(hyps, others); err == nil || err.Error() != "b.json has hypotheses of 2 samples and references of 1" {
		t.Errorf("got %v", err)
	}
	if _, err := Pair(mustParse(t, "h.txt", "a\nb\n"), mustParse(t, "r.txt", "a\n")); err == nil || err.Error() != "h.txt has 2 lines, r.txt has 1" {
		t.Errorf("got %v", err)
	}
}

func TestMerge(t *testing.T) {
	merge := func(files ...*File) (*File, int, error) { return Merge(files) }
	a, b := mustParse(t, "a.txt", "x\ny\n"), mustParse(t, "b.txt", "z\n\n")
	got, short, err := merge(a, b)
	if err != nil || short != 0 || got.Name != "a.txt + b.txt" {
		t.Fatalf("%+v, %d, %v", got, short, err)
	}
	if diff := cmp.Diff(map[string][]string{"1": {"x", "z"}, "2": {"y", ""}}, got.Texts); diff != "" {
		t.Error(diff)
	}
	if len(a.Texts["1"]) != 1 {
		t.Error("the first file was changed")
	}
	c, d := mustParse(t, "c.json", `{"1": "x", "2": "y"}`), mustParse(t, "d.json", `{"3": "z", "1": ["v", "w"]}`)
	got, short, err = merge(c, d)
	if err != nil || short != 2 {
		t.Fatalf("%d, %v", short, err)
	}
	if diff := cmp.Diff(map[string][]string{"1": {"x", "v", "w"}, "2": {"y"}, "3": {"z"}}, got.Texts); diff != "" {
		t.Error(diff)
	}
	for want, files := range map[string][]*File{
		"a.txt has 2 lines, e.txt has 1":    {a, mustParse(t, "e.txt", "x\n")},
		"a.txt has no ids, c.json has some": {a, c},
		"c.json has ids, a.txt has none":    {c, a},
		"a.txt has 2 lines, e.json has 1":   {a, mustParse(t, "e.json", `["x"]`)},
		"a.txt has 2 lines, e.csv has 3":    {a, mustParse(t, "e.csv", "ref\nx\ny\nz")},
	} {
		if _, _, err := Merge(files); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"id,caption\n1,\"a \"\"b\"\"\"\n", "id\tref1\tref2\n1\ta\t\n", `["a", ["b"]]`, `{"predictions": ["a"], "references": [["b"]]}`,
		`{"id": 7.0, "caption": "\ud800"}`, `{"a": ["x"]}`, `[{"image_id": 1, "caption": "x"}]`, `{"annotations": [{"image_id": 1, "caption": "x"}]}`, `{"id": 1, "text": "x"}`, "a\nb"} {
		for _, name := range []string{"f", "f.json", "f.jsonl", "f.txt", "f.csv", "f.tsv"} {
			f.Add(name, []byte(seed), 0, "", "")
		}
		f.Add("f", []byte(seed), 1, "caption", "id")
		f.Add("f", []byte(seed), 2, "a", "")
	}
	f.Fuzz(func(t *testing.T, name string, data []byte, side int, text, id string) {
		opts := Options{Side: Side(side % 3), ByPosition: side%7 == 6, Both: side%5 == 4}
		if id != "" {
			opts.IDs = []string{id}
		}
		if text != "" {
			opts.Texts = []string{text}
		}
		file, err := ParseAs(name, data, opts)
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
			if len(file.Texts[id]) == 0 || id == "" {
				t.Errorf("id %q without texts", id)
			}
		}
		if file.Plain && len(file.IDs) > 0 && file.IDs[len(file.IDs)-1] != strconv.Itoa(len(file.IDs)) {
			t.Errorf("positions end with %q of %d", file.IDs[len(file.IDs)-1], len(file.IDs))
		}
	})
}

// FuzzTable writes cells as CSV and reads them back.
func FuzzTable(f *testing.F) {
	f.Add("1", "a \"b\", c\r\nd", "x")
	f.Add("0", "", "\n")
	f.Fuzz(func(t *testing.T, id, first, second string) {
		if id == "" || !utf8.ValidString(id) || !utf8.ValidString(first) || !utf8.ValidString(second) || holdsList(first) || holdsList(second) {
			return
		}
		quote := func(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
		data := "id,caption\n" + quote(id) + "," + quote(first) + "\n" + quote(id+"'") + "," + quote(second)
		file, err := Parse("f.csv", []byte(data))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string][]string{id: {first}, id + "'": {second}}, file.Texts); diff != "" {
			t.Error(diff)
		}
	})
}

// FuzzScan compares what scan.go takes apart with encoding/json.
func FuzzScan(f *testing.F) {
	f.Add([]byte(`{"a": [1, "x]\\"", {"b": null}], "c" : -1e3 ,"a":"\u00e9"}`))
	f.Add([]byte(` [ true,[],{} , "" ] `))
	f.Fuzz(func(t *testing.T, data []byte) {
		data = bytes.TrimSpace(data)
		if !json.Valid(data) || !utf8.Valid(data) {
			return
		}
		switch data[0] {
		case '[':
			var want []json.RawMessage
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			var got []json.RawMessage
			for _, element := range elementsOf(data) {
				got = append(got, element.value)
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		case '{':
			var want map[string]json.RawMessage
			if err := json.Unmarshal(data, &want); err != nil {
				t.Fatal(err)
			}
			members, err := membersOf(data)
			if err != nil {
				return // half of a pair of surrogates in a key
			}
			got := map[string]json.RawMessage{}
			for _, m := range members {
				got[m.key] = m.value
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		}
	})
}
