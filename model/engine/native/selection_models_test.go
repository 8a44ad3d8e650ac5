package native

import (
	"testing"

	"harness/model/engine"
	"harness/model/nn"
	"harness/model/spec"
)

// TestModelsRestoreNothing: from where a model leaves out padding, and what is not read, to the rows that it reads, no operation wants all rows
// again, but for the slice that parts the text of an LM from the images.
func TestModelsRestoreNothing(t *testing.T) {
	const vocab, eos = 40, 1
	trial, err := spec.Default(spec.Smoke)
	if err != nil {
		t.Fatal(err)
	}
	decoder, encoder := nn.NewDecoder(trial, vocab), nn.NewEncoder(trial)
	captioner, tower := nn.Captioner{Encoder: encoder, Decoder: decoder}, nn.TextTower{Decoder: decoder}
	answerer := nn.Answerer{LM: nn.NewLanguageModel(trial, vocab, 0)}
	towerParams := &nn.Parameters{}
	tower.Params(towerParams, make([]float32, vocab*decoder.Width), 8)

	words := make([]int32, 9)
	causal := func(question, answer int) nn.Sequence {
		return nn.CausalSequence(0, eos, words[:question], words[:answer], 20)
	}
	inputs := func(group string, texts ...nn.Sequence) engine.Inputs {
		patches := make([]float32, encoder.Tokens*encoder.Pixels)
		in := engine.Inputs{"patches": engine.Floats(patches, 1, encoder.Tokens, encoder.Pixels), "dropout": engine.Ints([]int32{1}, 1)}
		targets, weights := nn.Collate(in, group, texts, eos, 4, 20)
		nn.SetTargets(in, targets, weights)
		return in
	}
	parallel := nn.ParallelSequence(0, eos, decoder.Mask(), words[:2], words[:3], 8)

	for _, model := range []struct {
		name     string
		params   []engine.Param
		program  engine.Program
		in       engine.Inputs
		restored int
	}{
		{"captioner", captioner.Params(0, make([]float32, (vocab+1)*decoder.Width)), captioner.Loss([]string{nn.CaptionGroup}),
			inputs(nn.CaptionGroup, causal(3, 9), parallel, causal(1, 2)), 0},
		{"text tower", towerParams.List, func(o engine.Ops) []engine.Value { return []engine.Value{tower.Forward(o)} },
			inputs("text", nn.TextSequence(eos, words, 20), nn.TextSequence(eos, words[:2], 20)), 0},
		{"LM", answerer.Params(0, make([]float32, vocab*answerer.LM.Width)), answerer.Loss,
			inputs("text", causal(4, 3), causal(2, 1)), 1},
	} {
		s, err := New(1).New(model.params)
		if err != nil {
			t.Fatal(err)
		}
		r := s.(*Session).start(model.in, true)
		model.program(r)
		if len(r.selections) != 2 || r.restored != model.restored {
			t.Errorf("%s: %d selections, %d values with all rows again, want 2 and %d", model.name, len(r.selections), r.restored, model.restored)
		}
		s.Close()
	}
}
