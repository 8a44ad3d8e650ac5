package bert

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"harness/metrics"
	"harness/model/engine/native"
)

// tinyFolder is the random BERT in testdata/metrics, or in $HARNESS_TINY, with recorded outputs.
func tinyFolder(t *testing.T) string {
	dir := os.Getenv("HARNESS_TINY")
	if dir == "" {
		dir = filepath.Join("..", "..", "testdata", "metrics")
	}
	dir = filepath.Join(dir, "tiny_bert")
	if _, err := os.Stat(dir); err != nil {
		t.Fatalf("no tiny model: %v", err)
	}
	return dir
}

type prf struct{ P, R, F float64 }

type golden struct {
	Pairs []struct {
		Hyp     string
		Refs    []string
		HypIDs  []int   `json:"hyp_ids"`
		RefsIDs [][]int `json:"refs_ids"`
		L1      prf     `json:"layers1_noidf"`
		L1IDF   prf     `json:"layers1_idf"`
		L2      prf     `json:"layers2_noidf"`
		L2IDF   prf     `json:"layers2_idf"`
	}
	Corpus map[string][3]float64
	Hidden []struct {
		Text   string
		IDs    []int
		Layer1 [][]float64
		Layer2 [][]float64
	} `json:"hidden_states"`
}

func readGolden(t *testing.T, dir string) golden {
	t.Helper()
	var g golden
	data, err := os.ReadFile(filepath.Join(dir, "golden.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

func mustOpen(t *testing.T, dir string, layer int) *Model {
	t.Helper()
	m, err := Open(context.Background(), dir, layer, native.New(2))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.Close)
	return m
}

func TestRecordedHiddenStates(t *testing.T) {
	dir := tinyFolder(t)
	g := readGolden(t, dir)
	var texts []string
	for _, h := range g.Hidden {
		texts = append(texts, h.Text)
	}
	for layer := 1; layer <= 2; layer++ {
		m := mustOpen(t, dir, layer)
		var ids [][]int
		for _, text := range texts {
			ids = append(ids, m.Tokenize(text))
		}
		hidden, err := m.Embed(context.Background(), ids, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, h := range g.Hidden {
			want := h.Layer1
			if layer == 2 {
				want = h.Layer2
			}
			if !slices.Equal(ids[i], h.IDs) {
				t.Errorf("%q: ids %v, want %v", h.Text, ids[i], h.IDs)
				continue
			}
			for k := range want {
				norm := 0.0
				for _, w := range want[k] {
					norm += w * w
				}
				for j, w := range want[k] {
					got := float64(hidden[i].Vectors[k*hidden[i].Width+j])
					if math.Abs(got-w/math.Sqrt(norm)) > 1e-5 {
						t.Fatalf("layer %d, %q, token %d: %v, want %v", layer, h.Text, k, got, w/math.Sqrt(norm))
					}
				}
			}
		}
	}
}

func TestRecordedScores(t *testing.T) {
	dir := tinyFolder(t)
	g := readGolden(t, dir)
	var samples []metrics.Sample
	for i, p := range g.Pairs {
		samples = append(samples, metrics.Sample{ID: strconv.Itoa(i), Hyp: p.Hyp, Refs: p.Refs})
	}
	for layer := 1; layer <= 2; layer++ {
		for _, idf := range []bool{false, true} {
			m := mustOpen(t, dir, layer)
			scores, err := metrics.Score(context.Background(), samples, metrics.Options{Metrics: []string{"bertscore"}, BERT: m, IDF: idf})
			if err != nil {
				t.Fatal(err)
			}
			name := map[bool]string{false: "_noidf", true: "_idf"}[idf]
			corpus := g.Corpus["layers"+strconv.Itoa(layer)+name]
			for k, key := range scores.Keys {
				if math.Abs(scores.Corpus[key]-corpus[k]) > 1e-5 {
					t.Errorf("layer %d%s %s: %v, want %v", layer, name, key, scores.Corpus[key], corpus[k])
				}
				for i, p := range g.Pairs {
					w := [][]prf{{p.L1, p.L1IDF}, {p.L2, p.L2IDF}}[layer-1][map[bool]int{false: 0, true: 1}[idf]]
					want := []float64{w.P, w.R, w.F}[k]
					if math.Abs(scores.Sample[key][i]-want) > 1e-5 {
						t.Errorf("layer %d%s %s %q: %v, want %v", layer, name, key, p.Hyp, scores.Sample[key][i], want)
					}
				}
			}
			if len(scores.Notes) == 0 || !strings.Contains(scores.Notes[0], "tiny_bert (model.safetensors), layer") {
				t.Errorf("notes %q", scores.Notes)
			}
		}
	}
}

func TestTokensAreCut(t *testing.T) {
	m := mustOpen(t, tinyFolder(t), 2)
	long, empty := m.Tokenize(strings.Repeat("image ", 500)), m.Tokenize("")
	if len(long) != 128 || len(empty) != 2 {
		t.Errorf("%d and %d tokens, want 128 and 2", len(long), len(empty))
	}
	if got := m.Describe(); got != "tiny_bert (model.safetensors), layer 2 of 2" {
		t.Errorf("described as %s", got)
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := tinyFolder(t)
	if _, err := Open(context.Background(), dir, 3, native.New(1)); err == nil || !strings.HasSuffix(err.Error(), "no layer 3 in a model of 2") {
		t.Errorf("got %v", err)
	}
	if _, err := Open(context.Background(), t.TempDir(), 1, native.New(1)); err == nil {
		t.Error("an empty folder was opened")
	}
}
