package bert

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"harness/metrics"
	"harness/model/engine/native"
)

// recording is a golden.json.gz: what transformers and bert_score made of a tiny random encoder (testdata/record.py).
type recording struct {
	Texts  []string
	IDs    [][]int
	Hidden map[string][][][]float64 // by text: layers, tokens, width
	Pairs  [][2]json.RawMessage     // a hypothesis and its references
	Scores []struct {
		Layer int
		IDF   bool
		Rows  [][3]float64
	}
}

// recordings calls test for every folder of testdata.
func recordings(t *testing.T, test func(t *testing.T, dir string, r recording)) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", "golden.json.gz"))
	if err != nil || len(files) < 11 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	for _, name := range files {
		dir := filepath.Dir(name)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			file, err := os.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			defer file.Close()
			unzipped, err := gzip.NewReader(file)
			if err != nil {
				t.Fatal(err)
			}
			var r recording
			if err := json.NewDecoder(unzipped).Decode(&r); err != nil {
				t.Fatal(err)
			}
			test(t, dir, r)
		})
	}
}

// TestRecordedEncoders: every family, every variant of its configuration, every layer.
func TestRecordedEncoders(t *testing.T) {
	recordings(t, func(t *testing.T, dir string, r recording) {
		layers := len(r.Hidden["0"])
		worst := 0.0
		for layer := 1; layer <= layers; layer++ {
			m := mustOpen(t, dir, layer)
			for i, text := range r.Texts {
				if got := m.Tokenize(text); !slices.Equal(got, r.IDs[i]) {
					t.Fatalf("%q: ids %v, want %v", text, got, r.IDs[i])
				}
			}
			embedded, err := m.Embed(context.Background(), r.IDs, nil)
			if err != nil {
				t.Fatal(err)
			}
			for key, states := range r.Hidden {
				i, _ := strconv.Atoi(key)
				for k, want := range states[layer-1] {
					norm := 0.0
					for _, w := range want {
						norm += w * w
					}
					for j, w := range want {
						got := float64(embedded[i].Vectors[k*len(want)+j])
						worst = max(worst, math.Abs(got-w/math.Sqrt(norm)))
					}
				}
			}
		}
		if worst > 1e-5 {
			t.Errorf("hidden states differ by %.2g", worst)
		}
	})
}

// TestRecordedPairs: P, R and F of bert_score, pair by pair, at every layer, without and with idf.
func TestRecordedPairs(t *testing.T) {
	recordings(t, func(t *testing.T, dir string, r recording) {
		var samples []metrics.Sample
		for i, pair := range r.Pairs {
			var hyp int
			var refs []int
			if json.Unmarshal(pair[0], &hyp) != nil || json.Unmarshal(pair[1], &refs) != nil {
				t.Fatalf("pair %d: %s", i, pair)
			}
			s := metrics.Sample{ID: fmt.Sprint(i), Hyp: r.Texts[hyp]}
			for _, ref := range refs {
				s.Refs = append(s.Refs, r.Texts[ref])
			}
			samples = append(samples, s)
		}
		for _, want := range r.Scores {
			m := mustOpen(t, dir, want.Layer)
			scores, err := metrics.Score(context.Background(), samples,
				metrics.Options{Metrics: []string{"bertscore"}, BERT: m, IDF: want.IDF, Threads: 2})
			if err != nil {
				t.Fatal(err)
			}
			for i, row := range want.Rows {
				for k, key := range scores.Keys {
					if got := scores.Sample[key][i]; math.Abs(got-row[k]) > 1e-6 {
						t.Errorf("layer %d, idf %t, pair %d, %s: %.7f, want %.7f", want.Layer, want.IDF, i, key, got, row[k])
					}
				}
			}
		}
	})
}

// TestThreadsAndCompany: no bit of a vector depends on the threads, nor on the texts that share the call.
func TestThreadsAndCompany(t *testing.T) {
	recordings(t, func(t *testing.T, dir string, r recording) {
		var texts [][]int
		for range 12 {
			texts = append(texts, r.IDs...)
		}
		var first []metrics.Embedding
		for _, threads := range []int{1, 3} {
			m, err := Open(context.Background(), dir, 2, native.New(threads))
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			all, err := m.Embed(context.Background(), texts, nil)
			if err != nil {
				t.Fatal(err)
			}
			if first == nil {
				first = all
			}
			for i := range all {
				if !slices.Equal(all[i].Vectors, first[i%len(r.IDs)].Vectors) {
					t.Fatalf("%d threads: text %d differs", threads, i)
				}
			}
			alone, err := m.Embed(context.Background(), texts[:1], nil)
			if err != nil || !slices.Equal(alone[0].Vectors, first[0].Vectors) {
				t.Fatalf("%d threads: a text alone differs: %v", threads, err)
			}
		}
	})
}

// TestEmbedEnds: a cancelled context ends the work inside a batch.
func TestEmbedEnds(t *testing.T) {
	m := mustOpen(t, filepath.Join("testdata", "deberta-v3"), 2)
	ctx, cancel := context.WithCancel(context.Background())
	texts := make([][]int, 4000)
	for i := range texts {
		texts[i] = m.Tokenize("no pleural effusion or pneumothorax is seen")
	}
	calls := 0
	_, err := m.Embed(ctx, texts, func(done, total int) {
		calls++
		cancel()
	})
	if err != context.Canceled || calls != 1 {
		t.Errorf("%d batches, %v", calls, err)
	}
}

// TestPaddingInText: a text may spell RoBERTa's padding, whose position is its own.
func TestPaddingInText(t *testing.T) {
	var in struct {
		IDs    []int
		Hidden [][]float64
	}
	data, err := os.ReadFile(filepath.Join("testdata", "padding.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &in); err != nil {
		t.Fatal(err)
	}
	m := mustOpen(t, filepath.Join("testdata", "roberta"), 3)
	got, err := m.Embed(context.Background(), [][]int{in.IDs}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for k, want := range in.Hidden {
		norm := 0.0
		for _, w := range want {
			norm += w * w
		}
		for j, w := range want {
			if v := float64(got[0].Vectors[k*len(want)+j]); math.Abs(v-w/math.Sqrt(norm)) > 1e-5 {
				t.Fatalf("token %d: %v, want %v", k, v, w/math.Sqrt(norm))
			}
		}
	}
	if ids := m.Tokenize("a <pad> b"); !slices.Contains(ids, 1) {
		t.Errorf("<pad> became %v", ids)
	}
}
