package spec

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// Preset paper has what the paper states, and none of the aids of the small presets.
func TestPaperPreset(t *testing.T) {
	trial, err := Default(Paper)
	if err != nil {
		t.Fatal(err)
	}
	data, err := json.Marshal(trial)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		path string
		want any // nil: the field is absent
	}{
		// 3.4
		{"resolution", 448}, {"lm.weights", "hf:openai-community/gpt2-medium"}, {"diffvqa.label_smoothing", 0.11}, {"diffvqa.epochs", 10},
		{"diffvqa.lr", 2e-4}, {"diffvqa.weight_decay", 0.01}, {"diffvqa.warmup", 0.1}, {"diffvqa.pool", nil}, {"diffvqa.questions", nil},
		// 4.1
		{"encoder.depth", 27}, {"encoder.heads", 12}, {"encoder.width", 1152}, {"encoder.patch", 14}, {"encoder.weights", nil},
		{"decoder.depth", 12}, {"decoder.width", 1024}, {"init.positions", "random"}, {"init.coordinates", "random"},
		{"pretrain.epochs", 5}, {"pretrain.batch", 32}, {"pretrain.per_image", "one"}, {"pretrain.beta1", 0.9}, {"pretrain.beta2", 0.999},
		{"pretrain.warmup", 5000}, {"pretrain.lr", 1e-4}, {"pretrain.weight_decay", 0.01}, {"whole_vocabulary", true}, {"engine", "xla"}, {"precision", "bf16"},
		// 3.2.1, 4.4
		{"pretrain.parallel_ratio", 0.25}, {"pretrain.parallel_scope", nil}, {"pretrain.tasks", []any{"cap", "aref", "gcap", "caref"}}, {"test.beam", 10},
		// aids
		{"diffvqa.auxiliary", nil}, {"diffvqa.whiten", nil}, {"diffvqa.reversed", nil}, {"pretrain.steps", nil}, {"diffvqa.steps", nil},
		// all of the test split
		{"test.regions", nil}, {"test.pairs", nil}, {"data.keep_prior", nil},
	} {
		var got any = fields
		for name := range strings.SplitSeq(c.path, ".") {
			inside, _ := got.(map[string]any)
			got = inside[name]
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s is %v, want %v", c.path, got, c.want)
		}
	}
	// 12 heads where the width can be divided by 12 (FACTS 6 #1).
	for _, m := range []struct {
		name         string
		width, heads int
	}{{"encoder", trial.Encoder.Width, trial.Encoder.Heads}, {"decoder", trial.Decoder.Width, trial.Decoder.Heads}} {
		if m.width%12 == 0 && m.heads != 12 {
			t.Errorf("%s: width %d has %d heads", m.name, m.width, m.heads)
		}
	}
	// 4.1, FACTS 6 #25: five passes of each task over 237,000 images.
	if steps := trial.PretrainSteps(237_000); steps != 148_125 {
		t.Errorf("%d steps of pretraining", steps)
	}
	if steps := TotalSteps(trial.DiffVQA.Steps, trial.DiffVQA.Epochs, 131_556, trial.DiffVQA.BatchSize); steps != 41_111 {
		t.Errorf("%d steps of difference VQA", steps)
	}
}
