package tokenizer

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const tinyVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##chang\n##ed\nthe\n.\n,\n[\n]\n肺\ncafe\nCafé\na\n##a\n°"

func openTiny(t testing.TB, vocab, config string) *WordPiece {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"vocab.txt": vocab, "tokenizer_config.json": config} {
		if text == "" {
			continue
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	tok, err := OpenSentences(dir, "bert")
	if err != nil {
		t.Fatal(err)
	}
	return tok.(wordPieces).WordPiece
}

func TestWordPiece(t *testing.T) {
	tok := openTiny(t, tinyVocab, "")
	if tok.Size() != 19 || tok.CLS() != 2 || tok.SEP() != 3 || tok.UNK() != 1 {
		t.Errorf("size %d, ids %d %d %d", tok.Size(), tok.CLS(), tok.SEP(), tok.UNK())
	}
	for text, want := range map[string][]int{
		"":                         {2, 3},
		" \n\u2028":                {2, 3},
		"unchanged":                {2, 5, 6, 7, 3},
		"UNCHANGED.the,":           {2, 5, 6, 7, 9, 8, 10, 3},
		"un changedx":              {2, 5, 1, 3},
		"CAFÉ cafe\u0301 Café":     {2, 14, 14, 14, 3},
		"the肺the":                  {2, 8, 13, 8, 3},
		"th\u0000e\u200b\ufffd":    {2, 8, 3}, // control, format and replacement characters vanish
		"the\u00a0the\u2003the":    {2, 8, 8, 8, 3},
		"[SEP]the[MASK] [sep]":     {2, 3, 8, 4, 11, 1, 12, 3},
		"a°":                       {2, 1, 3}, // a symbol is no punctuation
		"° ° «the»":                {2, 18, 18, 1, 8, 1, 3},
		strings.Repeat("a", 100):   append(append([]int{2, 16}, repeat(17, 99)...), 3),
		strings.Repeat("a", 101):   {2, 1, 3},
		"the unchanged":            {2, 8, 5, 6, 7, 3},
		"the [UNK] [PAD] the[CLS]": {2, 8, 1, 0, 8, 2, 3},
	} {
		if diff := cmp.Diff(want, tok.Encode(text, 0)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	for max, want := range map[int][]int{2: {2, 3}, 3: {2, 8, 3}, 4: {2, 8, 5, 3}, 6: {2, 8, 5, 6, 7, 3}, 9: {2, 8, 5, 6, 7, 3}} {
		if diff := cmp.Diff(want, tok.Encode("the unchanged", max)); diff != "" {
			t.Errorf("max %d: %s", max, diff)
		}
	}
	cased := openTiny(t, tinyVocab, `{"do_lower_case": false}`)
	if diff := cmp.Diff([]int{2, 15, 14, 1, 3}, cased.Encode("Café cafe The", 0)); diff != "" {
		t.Errorf("cased: %s", diff)
	}
}

func repeat(id, n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = id
	}
	return out
}

func TestWordPieceRefuses(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"nothing":     {},
		"no specials": {"vocab.txt": "a\nb\n"},
		"bad config":  {"vocab.txt": tinyVocab, "tokenizer_config.json": "{"},
		"wrong type":  {"vocab.txt": tinyVocab, "tokenizer_config.json": `{"do_lower_case": 1}`},
	} {
		if _, err := OpenSentences(writeFiles(t, files), "bert"); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The ids that bert_score's tokenizer gave for 24 pairs.
func TestWordPieceGolden(t *testing.T) {
	dir := filepath.Join("..", "..", "testdata", "metrics", "tiny_bert")
	data, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Pairs []struct {
			Hyp     string   `json:"hyp"`
			Refs    []string `json:"refs"`
			HypIDs  []int    `json:"hyp_ids"`
			RefsIDs [][]int  `json:"refs_ids"`
		} `json:"pairs"`
		HiddenStates []struct {
			Text string `json:"text"`
			IDs  []int  `json:"ids"`
		} `json:"hidden_states"`
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	tok, err := OpenSentences(dir, "bert")
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	check := func(text string, want []int) {
		t.Helper()
		checked++
		if diff := cmp.Diff(want, tok.Encode(text, 128)); diff != "" {
			t.Errorf("%q: %s", text, diff)
		}
	}
	for _, p := range golden.Pairs {
		check(p.Hyp, p.HypIDs)
		for i, ref := range p.Refs {
			check(ref, p.RefsIDs[i])
		}
	}
	for _, h := range golden.HiddenStates {
		check(h.Text, h.IDs)
	}
	if checked < 48 {
		t.Errorf("only %d texts checked", checked)
	}
}

func FuzzWordPiece(f *testing.F) {
	tok := openTiny(f, tinyVocab, "")
	for _, text := range hardTexts {
		f.Add(text, 20)
	}
	f.Fuzz(func(t *testing.T, text string, max int) {
		ids := tok.Encode(text, max)
		if len(ids) < 2 || ids[0] != tok.CLS() || ids[len(ids)-1] != tok.SEP() || max >= 2 && len(ids) > max {
			t.Errorf("%q, max %d: %v", text, max, ids)
		}
		for _, id := range ids {
			if id < 0 || id >= tok.Size() {
				t.Errorf("%q: id %d", text, id)
			}
		}
	})
}
