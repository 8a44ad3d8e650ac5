package metrics

import (
	"math"
	"strings"
	"testing"
)

func TestReadBaseline(t *testing.T) {
	const file = "LAYER,P,R,F\n0,0.3,0.31,0.32\n1,0.81,0.82,0.825\n"
	for _, text := range []string{file, strings.ReplaceAll(file, ",", "\t"), "\ufeff" + strings.ReplaceAll(file, "\n", "\r\n") + "\r\n"} {
		b, err := ReadBaseline("b.tsv", []byte(text), 1)
		if err != nil || b.P != 0.81 || b.R != 0.82 || b.F != 0.825 || b.Layer != 1 || len(b.Digest) != 64 {
			t.Errorf("%q: %+v, %v", text, b, err)
		}
	}
	b, err := ReadBaseline("b.tsv", []byte(file), 1)
	if err != nil {
		t.Fatal(err)
	}
	row := []float64{1, 0.82, 0}
	b.rescale(row)
	if row[0] != 1 || row[1] != 0 || math.Abs(row[2]+0.825/0.175) > 1e-12 {
		t.Errorf("rescaled to %v", row)
	}
	for text, want := range map[string]string{
		file:                                  "b.tsv: no baseline of layer 17",
		"":                                    "b.tsv: no baseline of layer 17",
		"P,R,F\n":                             "b.tsv: line 1: want LAYER,P,R,F: not a baseline file of bert_score",
		"LAYER,P,R,F\n17,0.8,0.8\n":           "b.tsv: line 2: 3 fields, want LAYER,P,R,F",
		"LAYER,P,R,F\n17,0.8,x,0.8\n":         `b.tsv: line 2: "x" is not a number`,
		"LAYER,P,R,F\n17,nan,.1,0.8\n":        `b.tsv: line 2: "nan" is not a number`,
		"LAYER,P,R,F\n17,1,0.8,0.8\n":         "b.tsv: line 2: a baseline of 1 leaves nothing to rescale",
		"LAYER,P,R,F\n17,0,0,0\n17.0,0,0,0\n": "b.tsv: line 3: layer 17 a second time",
	} {
		if _, err := ReadBaseline("b.tsv", []byte(text), 17); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func FuzzReadBaseline(f *testing.F) {
	f.Add([]byte("LAYER,P,R,F\n0,0.3,0.31,0.32\n1,0.81,0.82,0.825\n"), 1)
	f.Fuzz(func(t *testing.T, data []byte, layer int) {
		if b, err := ReadBaseline("b", data, layer); err == nil && (b.P >= 1 || b.R >= 1 || b.F >= 1 || math.IsNaN(b.P+b.R+b.F)) {
			t.Errorf("%+v was let through", b)
		}
	})
}
