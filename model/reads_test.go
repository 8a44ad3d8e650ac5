package model

import (
	"os"
	"path/filepath"
	"testing"

	"harness/model/spec"
)

// changes give each field that some trial does not read another value.
var changes = map[string]func(*spec.Trial){
	"whole_vocabulary":        func(t *spec.Trial) { t.WholeVocabulary = !t.WholeVocabulary },
	"decoder.width":           func(t *spec.Trial) { t.Decoder.Width = 16 },
	"decoder.depth":           func(t *spec.Trial) { t.Decoder.Depth = 2 },
	"decoder.heads":           func(t *spec.Trial) { t.Decoder.Heads = 4 },
	"decoder.mlp":             func(t *spec.Trial) { t.Decoder.MLP = 32 },
	"decoder.positions":       func(t *spec.Trial) { t.Decoder.MaxPositionEmbeddings = 140 },
	"pretrain.tasks":          func(t *spec.Trial) { t.Pretrain.Tasks = spec.AREF },
	"pretrain.parallel_ratio": func(t *spec.Trial) { t.Pretrain.ParallelRatio = 0.75 },
	"pretrain.parallel_scope": func(t *spec.Trial) { t.Pretrain.ParallelScope = "all" },
	"pretrain.steps":          func(t *spec.Trial) { t.Pretrain.Steps = 3 },
	"pretrain.batch":          func(t *spec.Trial) { t.Pretrain.BatchSize = 3 },
	"pretrain.lr":             func(t *spec.Trial) { t.Pretrain.LR = 1e-2 },
	"pretrain.warmup":         func(t *spec.Trial) { t.Pretrain.Warmup = 1 },
	"pretrain.weight_decay":   func(t *spec.Trial) { t.Pretrain.WeightDecay = 0.5 },
	"pretrain.beta1":          func(t *spec.Trial) { t.Pretrain.Beta1 = 0.5 },
	"pretrain.beta2":          func(t *spec.Trial) { t.Pretrain.Beta2 = 0.5 },
	"pretrain.clip":           func(t *spec.Trial) { t.Pretrain.MaxGradNorm = 0.1 },
	"pretrain.max_report":     func(t *spec.Trial) { t.Pretrain.MaxReport = 5 },
	"pretrain.max_phrase":     func(t *spec.Trial) { t.Pretrain.MaxPhrase = 4 },
	"pretrain.equal":          func(t *spec.Trial) { t.Pretrain.Equal = spec.EqualSequences },
	"pretrain.per_image":      func(t *spec.Trial) { t.Pretrain.PerImage = spec.PerImageOne },
	"pretrain.chunk":          func(t *spec.Trial) { t.Pretrain.Chunk = 3 },
	"qformer.width":           func(t *spec.Trial) { t.QFormer.Width = 16 },
	"qformer.depth":           func(t *spec.Trial) { t.QFormer.Depth = 3 },
	"qformer.heads":           func(t *spec.Trial) { t.QFormer.Heads = 1 },
	"qformer.mlp":             func(t *spec.Trial) { t.QFormer.MLP = 24 },
	"qformer.queries":         func(t *spec.Trial) { t.QFormer.Queries = 3 },
	"diffvqa.pool":            func(t *spec.Trial) { t.DiffVQA.Pool = 7 },
	"test.regions":            func(t *spec.Trial) { t.Eval.Regions = 3 },
	"test.length_penalty":     func(t *spec.Trial) { t.Eval.LengthPenalty = 0 },
}

// What Reads says is not read changes no bit of any number: each trial is trained once as it is, and once with all that
// it does not read set to something else.
func TestWhatIsNotReadChangesNothing(t *testing.T) {
	cases := map[string]func(*spec.Trial){
		"captions only":       func(t *spec.Trial) { t.Pretrain.Tasks = spec.CAP },
		"phrases only":        func(t *spec.Trial) { t.Pretrain.Tasks = spec.GCAP | spec.CAREF },
		"nothing in parallel": func(t *spec.Trial) { t.Pretrain.ParallelRatio = 0 },
		"one task an image":   func(t *spec.Trial) { t.Pretrain.PerImage = spec.PerImageOne },
		"greedy":              func(t *spec.Trial) { t.Eval.NumBeams = 1 },
	}
	if !testing.Short() { // the vocabulary is whole
		cases["with an LM"] = func(trial *spec.Trial) { startLM(t, trial) }
	}
	for _, m := range spec.Methods {
		cases[string(m)] = func(t *spec.Trial) { t.Method = m }
	}
	homes := []string{t.TempDir()}
	for _, name := range []string{"data", "cache"} {
		if err := os.Mkdir(filepath.Join(homes[0], name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	for name, choose := range cases {
		t.Run(name, func(t *testing.T) {
			trial := smokeTrial(t)
			trial.Data.Synthetic.Patients = 10
			trial.Pretrain.Steps, trial.DiffVQA.Steps = 2, 2
			trial.Eval.Regions, trial.Eval.Pairs, trial.Eval.MaxNewTokens = 4, 4, 8
			trial.Encoder.Width = 16
			choose(&trial)
			other, changed := trial, 0
			for path, change := range changes {
				if !trial.Reads(path) {
					change(&other)
					changed++
				}
			}
			if changed == 0 && name != string(spec.LocationAware) || trial.ID() != other.ID() {
				t.Fatalf("%d fields changed; IDs %s and %s", changed, trial.ID(), other.ID())
			}
			homes = append(homes, t.TempDir(), t.TempDir()) // of their own: the stages have the same names
			a, b := homes[len(homes)-2], homes[len(homes)-1]
			sharedData(t, homes[0], a, b)
			want, wantText := runAt(t, trial, a, 2)
			got, text := runAt(t, other, b, 2)
			same(t, name, got, want)
			if text != wantText {
				t.Error("other predictions")
			}
		})
	}
}
