package tokenizer

import (
	"compress/gzip"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// recordedSentences is sentences.json.gz, made by testdata/sentences.py.
func recordedSentences(t *testing.T) (texts []string, ids map[string][][]int) {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", "sentences", "sentences.json.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	var in struct {
		Texts []string
		IDs   map[string][][]int
	}
	if err := json.NewDecoder(unzipped).Decode(&in); err != nil {
		t.Fatal(err)
	}
	return in.Texts, in.IDs
}

func mustParse(t testing.TB, name string) *pipeline {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "sentences", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := parsePipeline(data, sentenceConfig{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestRecordedSentences: the ids of Hugging Face's own library, tokenizer by tokenizer.
func TestRecordedSentences(t *testing.T) {
	texts, ids := recordedSentences(t)
	if len(texts) < 2000 || len(ids) < 12 {
		t.Fatalf("%d texts, %d tokenizers", len(texts), len(ids))
	}
	for name, want := range ids {
		t.Run(name, func(t *testing.T) {
			p := mustParse(t, name)
			wrong := 0
			for i, text := range texts {
				if strings.TrimFunc(text, isPythonSpace) == "" {
					continue
				}
				if got := p.Encode(text, 0); !slices.Equal(got, want[i]) {
					if wrong++; wrong <= 8 {
						t.Errorf("%q:\n got %v\nwant %v", text, got, want[i])
					}
				}
			}
			if wrong > 0 {
				t.Errorf("%d of %d texts differ", wrong, len(texts))
			}
		})
	}
}

// TestPipelineRefuses: what could change an id and is not known is refused by name.
func TestPipelineRefuses(t *testing.T) {
	const (
		pieces  = `"model":{"type":"WordPiece","unk_token":"[UNK]","vocab":{"[UNK]":0,"[CLS]":1,"[SEP]":2,"a":3}}`
		marks   = `"post_processor":{"type":"BertProcessing","sep":["[SEP]",2],"cls":["[CLS]",1]}`
		unigram = `"model":{"type":"Unigram","unk_id":0,"vocab":[["[UNK]",0],["[CLS]",0],["[SEP]",0],["a",-1]]}`
	)
	for text, want := range map[string]string{
		pieces + "," + marks:  "",
		unigram + "," + marks: "",
		pieces:                "puts no marks around a text",
		marks:                 "no model",
		pieces + `,"post_processor":{"type":"BertProcessing","sep":["[SEP]",9],"cls":["[CLS]",1]}`:                                                                                   "the mark 9 is not in the vocabulary",
		pieces + `,"post_processor":{"type":"Other"}`:                                                                                                                                `post_processor "Other" is not known`,
		pieces + "," + marks + `,"normalizer":{"type":"Nmt"}`:                                                                                                                        `normalizer "Nmt" is not known`,
		pieces + "," + marks + `,"normalizer":{"type":"StripAccents"}`:                                                                                                               `normalizer "StripAccents" is not known`,
		pieces + "," + marks + `,"normalizer":{"type":"Replace","pattern":{"Regex":"x+"}}`:                                                                                           `the pattern "x+" is not known`,
		pieces + "," + marks + `,"normalizer":{"type":"Precompiled","precompiled_charsmap":"AAAA"}`:                                                                                  "the table is too short",
		pieces + "," + marks + `,"pre_tokenizer":{"type":"Split"}`:                                                                                                                   `pre_tokenizer "Split" is not known`,
		pieces + "," + marks + `,"pre_tokenizer":{"type":"ByteLevel"}`:                                                                                                               "read together only",
		pieces + "," + marks + `,"pre_tokenizer":{"type":"Punctuation","behavior":"Removed"}`:                                                                                        `the behavior "Removed" is not known`,
		unigram + "," + marks + `,"pre_tokenizer":{"type":"Metaspace","replacement":"__"}`:                                                                                           "is not one character",
		unigram + "," + marks + `,"pre_tokenizer":{"type":"Metaspace","replacement":"_","prepend_scheme":"x"}`:                                                                       `prepend_scheme "x" is not known`,
		unigram + "," + marks + `,"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"BertPreTokenizer"},{"type":"Metaspace","replacement":"_","prepend_scheme":"first"}]}`: "not read behind another splitter",
		`"model":{"type":"WordLevel"},` + marks:                                                                                                                                      `model "WordLevel" is not known`,
		`"model":{"type":"BPE","dropout":0.1,"vocab":{}},` + marks:                                                                                                                   "dropout makes ids random",
		`"model":{"type":"BPE","vocab":{"a":0}},` + marks:                                                                                                                            "not a byte-level vocabulary",
		`"model":{"type":"BPE","ignore_merges":true},` + marks:                                                                                                                       "ignore_merges are not read",
		`"model":{"type":"Unigram","vocab":[["a",0]]},` + marks:                                                                                                                      "without unk_id",
		`"model":{"type":"WordPiece","unk_token":"?","vocab":{}},` + marks:                                                                                                           `unk_token "?" is not in the vocabulary`,
	} {
		_, err := parsePipeline([]byte("{"+text+"}"), sentenceConfig{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestLimit: pieces are cut, marks stay, and model_max_length is read.
func TestLimit(t *testing.T) {
	p := mustParse(t, "roberta")
	long := p.Encode("the lungs are clear and the heart is normal", 0)
	for _, limit := range []int{2, 3, 5, len(long), len(long) + 1} {
		got := p.Encode("the lungs are clear and the heart is normal", limit)
		if len(got) != min(limit, len(long)) || got[0] != long[0] || got[len(got)-1] != long[len(long)-1] {
			t.Errorf("limit %d: %v", limit, got)
		}
	}
	dir := t.TempDir()
	for text, want := range map[string]int{`{"model_max_length": 512}`: 512, `{"model_max_length": 1000000000000000019884624838656}`: 0, `{}`: 0} {
		if err := os.WriteFile(filepath.Join(dir, "tokenizer_config.json"), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		config, err := readSentenceConfig(dir)
		if err != nil || config.limit() != want {
			t.Errorf("%s: %d, %v", text, config.limit(), err)
		}
	}
}

// TestSpaced: which texts get a space before them, as bert_score decides it.
func TestSpaced(t *testing.T) {
	for _, test := range []struct {
		class, family string
		want          bool
	}{{"", "roberta", true}, {"", "xlm-roberta", false}, {"", "deberta", false}, {"RobertaTokenizer", "roberta", true},
		{"GPT2Tokenizer", "deberta", true}, {"PreTrainedTokenizerFast", "roberta", false}, {"BertTokenizer", "bert", false}} {
		if got := (sentenceConfig{Class: test.class}).spaced(test.family); got != test.want {
			t.Errorf("class %q of %s: %t", test.class, test.family, got)
		}
	}
}

func FuzzPipeline(f *testing.F) {
	names, err := filepath.Glob(filepath.Join("testdata", "sentences", "*.json"))
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data, "Café [MASK] 漢字 x")
	}
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		p, err := parsePipeline(data, sentenceConfig{})
		if err != nil {
			return
		}
		for _, id := range p.Encode(text, 16) {
			if id < 0 || id >= p.Size() {
				t.Errorf("id %d of %d", id, p.Size())
			}
		}
	})
}

func FuzzCharsmap(f *testing.F) {
	f.Add([]byte("\x04\x00\x00\x00\x00\x04\x00\x00a\x00"), "abc")
	f.Fuzz(func(t *testing.T, blob []byte, text string) {
		if c, err := parseCharsmap(blob); err == nil {
			c.apply(text)
		}
	})
}
