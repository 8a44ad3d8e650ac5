package bert

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/metrics"
	"harness/model/checkpoint"
	"harness/model/engine/native"
)

// rescaled is what testdata/record_rescaled.py recorded.
func rescaled(t *testing.T) (in struct {
	Baseline, Line string
	Hyps           []string
	Refs           [][]string
	Rows           map[int][][3]float64
	Buckets        []struct {
		Span, Farthest int
		Rows           []int
	}
}) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "rescaled.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &in); err != nil {
		t.Fatal(err)
	}
	return in
}

// TestRescaled: the package's numbers with a baseline file, and a line of its form.
func TestRescaled(t *testing.T) {
	in := rescaled(t)
	var samples []metrics.Sample
	for i, hyp := range in.Hyps {
		samples = append(samples, metrics.Sample{ID: fmt.Sprint(i), Hyp: hyp, Refs: in.Refs[i]})
	}
	for layer, want := range in.Rows {
		m := mustOpen(t, filepath.Join("testdata", "deberta-v3"), layer)
		baseline, err := metrics.ReadBaseline("en/baseline.tsv", []byte(in.Baseline), layer)
		if err != nil {
			t.Fatal(err)
		}
		scores, err := metrics.Score(context.Background(), samples, metrics.Options{Metrics: []string{"bertscore"}, BERT: m, Baseline: baseline})
		if err != nil {
			t.Fatal(err)
		}
		for i, row := range want {
			for k, key := range scores.Keys {
				if got := scores.Sample[key][i]; math.Abs(got-row[k]) > 3e-6 { // float32, divided by 1 - 0.73
					t.Errorf("layer %d, sample %d, %s: %.7f, want %.7f", layer, i, key, got, row[k])
				}
			}
		}
		line := fmt.Sprintf("deberta-v3_L%d_no-idf_version=harness-1(weights=%.12s)-rescaled(baseline=%.12s)", layer, m.Digest(), baseline.Digest)
		if !strings.HasSuffix(scores.Notes[0], line) || !strings.Contains(scores.Notes[0], "rescaled with the baseline of en/baseline.tsv") {
			t.Errorf("note %q, want the line %q", scores.Notes[0], line)
		}
		if theirs := strings.SplitN(in.Line, "_version", 2)[0]; layer == 2 && "NAME"+strings.TrimPrefix(strings.SplitN(line, "_version", 2)[0], "deberta-v3") != theirs {
			t.Errorf("line %q, theirs %q", line, in.Line)
		}
		if _, err := metrics.Score(context.Background(), samples, metrics.Options{Metrics: []string{"bertscore"}, BERT: mustOpen(t, filepath.Join("testdata", "deberta-v3"), 3-layer), Baseline: baseline}); err == nil {
			t.Errorf("the baseline of layer %d was taken for layer %d", layer, 3-layer)
		}
	}
}

// TestRowOfDistance: the buckets of transformers, at every distance.
func TestRowOfDistance(t *testing.T) {
	for _, b := range rescaled(t).Buckets {
		limit := len(b.Rows) / 2
		for i, want := range b.Rows {
			r := checkpoint.RelativeConfig{Span: b.Span, Farthest: b.Farthest, Buckets: true}
			if got := rowOfDistance(r, i-limit); got != want {
				t.Errorf("span %d, farthest %d, distance %d: row %d, want %d", b.Span, b.Farthest, i-limit, got, want)
			}
		}
	}
}

// copyModel copies a recorded folder to one of that name, with changes to its config.json.
func copyModel(t *testing.T, from, to string, changes map[string]any) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), to)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", from))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "config.json")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	config := map[string]any{}
	if err := json.Unmarshal(data, &config); err != nil {
		t.Fatal(err)
	}
	for key, value := range changes {
		config[key] = value
	}
	if data, err = json.Marshal(config); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLayerIsNotGuessed: a layer comes from the package's table or from the user.
func TestLayerIsNotGuessed(t *testing.T) {
	open := func(dir string) (*Model, error) {
		m, err := Open(context.Background(), dir, 0, native.New(1))
		if m != nil {
			t.Cleanup(m.Close)
		}
		return m, err
	}
	_, err := open(filepath.Join("testdata", "roberta"))
	if err == nil || !strings.Contains(err.Error(), "give it with --bert-layer") {
		t.Errorf("an unknown model: %v", err)
	}
	m, err := open(copyModel(t, "roberta", "google/bert_uncased_L-2_H-768_A-12", nil))
	if err != nil || m.Layer() != 2 || m.Name() != "google/bert_uncased_L-2_H-768_A-12" {
		t.Errorf("by the folder's name: %v", err)
	}
	m, err = open(copyModel(t, "roberta", "mine", map[string]any{"_name_or_path": "google/bert_uncased_L-2_H-768_A-12"}))
	if err != nil || m.Layer() != 2 || m.Name() != "mine" {
		t.Errorf("by config.json: %v", err)
	}
	if _, err := open(copyModel(t, "roberta", "roberta-large", nil)); err == nil || !strings.HasSuffix(err.Error(), "no layer 17 in a model of 3") {
		t.Errorf("a small model of a large one's name: %v", err)
	}
}

func TestLayerOf(t *testing.T) {
	short := map[string]string{}
	for _, m := range published {
		name, base := m.name, filepath.Base(m.name)
		if short[base] != "" {
			t.Errorf("%s and %s have the same last name", name, short[base])
		}
		short[base] = name
	}
	for name, want := range map[string]int{"roberta-large": 17, "FacebookAI/roberta-large": 17, "bert-base-uncased": 9,
		"google-bert/bert-base-uncased": 9, "microsoft/deberta-xlarge-mnli": 40, "microsoft/deberta-v3-base": 9, "someone/roberta-large": 17,
		"deberta-xlarge-mnli": 40, "nothing": 0} {
		if got, known := LayerOf("", filepath.Join("/models", name)); got != want || known != (want > 0) {
			t.Errorf("%s: layer %d, want %d", name, got, want)
		}
		snapshot := filepath.Join("/c", "models--"+strings.ReplaceAll(name, "/", "--"), "snapshots", strings.Repeat("0", 40))
		if got, known := LayerOf("", snapshot); got != want || known != (want > 0) {
			t.Errorf("%s: layer %d, want %d", snapshot, got, want)
		}
		if name == "someone/roberta-large" || name == "deberta-xlarge-mnli" {
			want = 0 // a name of the hub is whole
		}
		if got, _ := LayerOf(name, "/models/x"); got != want {
			t.Errorf("_name_or_path %s: layer %d, want %d", name, got, want)
		}
	}
}
