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
