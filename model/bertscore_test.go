package model

import (
	"bufio"
	"context"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"harness/metrics"
	"harness/model/bert"
	"harness/model/checkpoint/hub"
	"harness/model/engine/native"
	"harness/model/spec"
)

// testBERT is a model with random weights, of two layers.
const testBERT = "../testdata/metrics/tiny_bert"

const testBaseline = "LAYER,P,R,F\n1,0.25,0.25,0.25\n2,0.5,0.5,0.5\n"

// cachedAs copies a folder into a cache as huggingface_hub lays it out, as the commit that main is of a repository.
func cachedAs(t *testing.T, cache, repository, folder string) (commit string) {
	t.Helper()
	commit = strings.Repeat("0a", 20)
	root := filepath.Join(cache, "models--"+strings.ReplaceAll(repository, "/", "--"))
	if err := os.CopyFS(filepath.Join(root, "snapshots", commit), os.DirFS(folder)); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(root, "refs"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root, "refs", "main"), []byte(commit), 0o644); err != nil {
		t.Fatal(err)
	}
	return commit
}

// TestBERTScore holds that a trial's texts are scored with its model, sample by sample, that it says which, and that nothing else
// changes.
func TestBERTScore(t *testing.T) {
	plain := smokeTrial(t)
	plain.Data.Synthetic.Patients = 10
	plain.Pretrain.Steps, plain.DiffVQA.Steps = 2, 2
	plain.Eval.Regions, plain.Eval.Pairs, plain.Eval.MaxNewTokens, plain.Eval.NumBeams = 4, 4, 8, 1
	home, cache := t.TempDir(), t.TempDir()
	commit := cachedAs(t, cache, "org/bert", testBERT)
	from := hub.New(hub.Options{Cache: cache})
	baseline := filepath.Join(t.TempDir(), "baseline.tsv")
	if err := os.WriteFile(baseline, []byte(testBaseline), 0o644); err != nil {
		t.Fatal(err)
	}
	seal := func(b spec.BERTScore) spec.Trial {
		t.Helper()
		trial := plain
		trial.Eval.BERTScore = b
		if err := Seal(t.Context(), home, from, &trial); err != nil {
			t.Fatal(err)
		}
		if err := Preflight(t.Context(), home, from, trial, ""); err != nil {
			t.Fatal(err)
		}
		return trial
	}
	named := seal(spec.BERTScore{Model: "hf:org/bert", Layer: 2})
	rescaled := seal(spec.BERTScore{Model: testBERT, Layer: 1, IDF: true, Rescale: spec.BaselineFile(baseline)})
	if folder := seal(spec.BERTScore{Model: testBERT, Layer: 2}); folder.ID() != named.ID() || folder.ID() == plain.ID() || rescaled.ID() == named.ID() {
		t.Errorf("IDs %s, %s, %s, %s", folder.ID(), named.ID(), plain.ID(), rescaled.ID())
	}
	sum := named.Eval.BERTScore.ModelDigest
	var others []point
	for _, c := range []struct {
		trial  spec.Trial
		scorer string
	}{
		{plain, "no BERT"},
		{named, "BERT " + sum[:12] + ", layer 2, no idf, not rescaled"},
		{rescaled, "BERT " + sum[:12] + ", layer 1, idf, rescaled by " + rescaled.Eval.BERTScore.RescaleDigest[:12]},
	} {
		rec, dir := &tape{}, t.TempDir()
		if err := Run(context.Background(), c.trial, Env{Home: home, Dir: dir, Hub: from, Threads: 2}, rec); err != nil {
			t.Fatal(err)
		}
		if want := map[bool]string{true: "hf:org/bert@main is commit " + commit}[c.trial == named]; rec.notes["test.bertscore.model"] != want {
			t.Errorf("note %q, want %q", rec.notes["test.bertscore.model"], want)
		}
		var rest []point
		found := map[string]float64{}
		for _, p := range rec.points {
			if task, ok := strings.CutSuffix(p.Metric, "/bertscore"); ok {
				found[task] = p.Value
			} else {
				rest = append(rest, p)
			}
			if !metrics.IsRecorded(p.Metric) {
				t.Errorf("recorded %s", p.Metric)
			}
		}
		if others == nil {
			others = rest
		}
		same(t, "all but BERTScore", rest, others)
		for _, task := range []string{"gcap", "diffvqa", "controls/question-only/diffvqa", "controls/most-frequent/diffvqa"} {
			if got, want := rec.notes[task+"/scorer"], "ptb; METEOR without paraphrases; "+c.scorer; got != want {
				t.Errorf("%s/scorer: %q, want %q", task, got, want)
			}
			checkKept(t, filepath.Join(dir, "predictions.jsonl"), task, c.trial.Eval.BERTScore, found, rec.notes)
		}
	}

	if err := os.WriteFile(baseline, []byte(testBaseline+"3,0.5,0.5,0.5\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, rescaled, home, "the baseline "+baseline+" changed since this trial was planned", "harness sweep plans it again")
	copied := filepath.Join(t.TempDir(), "bert")
	if err := os.CopyFS(copied, os.DirFS(testBERT)); err != nil {
		t.Fatal(err)
	}
	other := seal(spec.BERTScore{Model: copied, Layer: 2})
	if other.ID() != named.ID() {
		t.Error("a copied model makes another trial")
	}
	if err := os.WriteFile(filepath.Join(copied, "tokenizer_config.json"), []byte(`{"do_lower_case": false}`), 0o644); err != nil {
		t.Fatal(err)
	}
	refused(t, other, home, "the weights in "+copied+" changed since this trial was planned") // its tokenizer counts
}

// checkKept compares the recorded BERTScore of a task with those kept beside its predictions, and these with what the model gives.
func checkKept(t *testing.T, path, task string, b spec.BERTScore, recorded map[string]float64, notes map[string]string) {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var samples []metrics.Sample
	var kept []float64
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		var p prediction
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			t.Fatal(err)
		}
		name := p.Task
		if p.Control != "" {
			name = "controls/" + p.Control + "/" + p.Task
		}
		switch {
		case (p.BERTScore != nil) != (b.Model != "" && p.Task != "caref"):
			t.Fatalf("%s %s: BERTScore %v", name, p.ID, p.BERTScore)
		case name == task:
			samples = append(samples, metrics.Sample{ID: p.ID, Hyp: p.Hyp, Refs: p.Refs})
			if p.BERTScore != nil {
				kept = append(kept, *p.BERTScore)
			}
		}
	}
	blank := notes[task+"/bertscore/blank"]
	if b.Model == "" {
		want := metrics.NoBERT
		if strings.HasPrefix(task, "controls/") {
			want = ""
		}
		if _, have := recorded[task]; have || blank != want || len(samples) == 0 {
			t.Errorf("%s without a model: %v, %q, %d samples", task, recorded, blank, len(samples))
		}
		return
	}
	model, err := bert.Open(t.Context(), testBERT, b.Layer, native.New(1))
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	options := metrics.Options{Metrics: []string{"bertscore"}, BERT: model, IDF: b.IDF}
	if b.Rescale != "" {
		if options.Baseline, err = metrics.ReadBaseline("b", []byte(testBaseline), b.Layer); err != nil {
			t.Fatal(err)
		}
	}
	want, err := metrics.Score(t.Context(), samples, options)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range want.Sample["bertscore"] {
		if math.Abs(kept[i]-v) > 1e-9 {
			t.Errorf("%s %s: %v, want %v", task, samples[i].ID, kept[i], v)
		}
	}
	if got := recorded[task]; blank != "" || math.Abs(got-want.Corpus["bertscore"]) > 1e-9 || got == 0 {
		t.Errorf("%s: %v, want %v, blank %q", task, got, want.Corpus["bertscore"], blank)
	}
}

func TestBERTScoreIsRefused(t *testing.T) {
	baseline := filepath.Join(t.TempDir(), "baseline.tsv")
	if err := os.WriteFile(baseline, []byte("LAYER,P,R,F\n0,0.1,0.1,0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut")
	if err := os.CopyFS(cut, os.DirFS(testBERT)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(cut, "model.safetensors"), 100000); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		b    spec.BERTScore
		want []string
	}{
		"no folder":     {spec.BERTScore{Model: "none", Layer: 1}, []string{"test.bertscore.model none", "none"}},
		"no layer":      {spec.BERTScore{Model: testBERT, Layer: 3}, []string{"test.bertscore.model " + testBERT, "no layer 3 in a model of 2"}},
		"unknown layer": {spec.BERTScore{Model: testBERT}, []string{"which of its 2 layers", "test.bertscore.layer"}},
		"cut weights":   {spec.BERTScore{Model: cut, Layer: 1}, []string{"truncated"}},
		"no baseline":   {spec.BERTScore{Model: testBERT, Layer: 1, Rescale: "none.tsv"}, []string{"test.bertscore.rescale: open none.tsv"}},
		"no row":        {spec.BERTScore{Model: testBERT, Layer: 1, Rescale: spec.BaselineFile(baseline)}, []string{"test.bertscore.rescale: " + baseline + ": no baseline of layer 1"}},
		"other weights": {spec.BERTScore{Model: "hf:org/bert", Layer: 1}, []string{"test.bertscore.model hf:org/bert: there is no Hugging Face cache"}},
		"layer alone":   {spec.BERTScore{Layer: 1}, []string{"test.bertscore.layer: of which model?"}},
	} {
		trial := smokeTrial(t)
		trial.Eval.BERTScore = c.b
		err := Preflight(t.Context(), t.TempDir(), nil, trial, "")
		t.Run(name, func(t *testing.T) { hasParts(t, err, c.want...) })
		refused(t, trial, t.TempDir(), c.want...)
	}
}
