package spec

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestBERTScoreIsValidated(t *testing.T) {
	for want, b := range map[string]BERTScore{
		"":                                  {Model: "x", Layer: 9, IDF: true, Rescale: "y", ModelDigest: "a", RescaleDigest: "b"},
		"test.bertscore.layer: -1":          {Model: "x", Layer: -1},
		"test.bertscore.layer: of":          {Layer: 9},
		"test.bertscore.idf: with":          {IDF: true},
		"test.bertscore.rescale: of":        {Rescale: "y"},
		"test.bertscore.model_digest: of":   {ModelDigest: "a"},
		"test.bertscore.rescale_digest: of": {Model: "x", RescaleDigest: "a"},
	} {
		trial := presetTrial(t, Smoke, LocationAware)
		trial.Eval.BERTScore = b
		err := trial.Validate()
		if (err == nil) != (want == "") || err != nil && !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%+v: error %v, want %q", b, err, want)
		}
	}
}

func TestBaselineFile(t *testing.T) {
	for text, want := range map[string]BaselineFile{`"a/b.tsv"`: "a/b.tsv", `false`: "", `""`: ""} {
		var b BaselineFile
		if err := json.Unmarshal([]byte(text), &b); err != nil || b != want {
			t.Errorf("%s: %q, %v, want %q", text, b, err, want)
		}
	}
	for _, text := range []string{"true", "1", "[]", "{}"} {
		var b BaselineFile
		if err := json.Unmarshal([]byte(text), &b); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q, %v", text, b, err)
		}
	}
}
