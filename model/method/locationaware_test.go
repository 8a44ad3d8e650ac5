package method_test

import (
	"slices"
	"strings"
	"testing"

	"harness/model/corpus"
	"harness/model/engine/native"
	"harness/model/nn"
	"harness/model/spec"
)

// A region sample with a phrase that is far too long still ends in its box and EOS, predicted one after another and in parallel.
func TestLongPhraseKeepsItsBox(t *testing.T) {
	trial, err := spec.Default(spec.Smoke)
	if err != nil {
		t.Fatal(err)
	}
	c, err := corpus.Open(t.Context(), trial, t.TempDir(), silent{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range c.Set.Images {
		for k := range c.Set.Images[i].Regions {
			c.Set.Images[i].Regions[k].Phrase = strings.Repeat("effusion ", 200) + "seen."
		}
	}
	trial.Pretrain.BatchSize, trial.Pretrain.ParallelScope = 2, "all"
	for _, ratio := range []float64{0, 1} {
		for _, task := range []spec.Tasks{spec.AREF, spec.CAREF} {
			trial.Pretrain.Tasks, trial.Pretrain.ParallelRatio = task, ratio
			for _, targets := range predicted(t, trial, c) {
				text := c.Tok.Decode(nn.ToInt(targets[:len(targets)-1]))
				at := strings.LastIndex(text, " [")
				whole := at >= 0 && strings.Count(text[at:], ",") == 3 && strings.HasSuffix(text, "]")
				if len(targets) != trial.Pretrain.MaxPhrase+1-int(ratio) || !whole { // EOS is one of the masks, where there are some
					t.Errorf("%v, ratio %v: %d tokens, %q", task, ratio, len(targets), text)
				}
			}
		}
	}
}

// predicted lists the targets of each text of the first step of pretraining, up to its EOS.
func predicted(t *testing.T, trial spec.Trial, c *corpus.Corpus) [][]int32 {
	t.Helper()
	e := native.New(1)
	s := built(t, trial, c, e)
	session, err := e.New(s.Params)
	if err != nil {
		t.Fatal(err)
	}
	defer session.Close()
	batch, err := s.Batch(session, 1)
	if err != nil {
		t.Fatal(err)
	}
	in := batch.Parts[0].Inputs
	labels, weights := in["labels"].I32, in["weights"].F32
	var texts [][]int32
	for len(labels) > 0 && weights[0] != 0 {
		n := slices.Index(labels, c.EOS()) + 1
		if n == 0 {
			t.Fatalf("a text without EOS: %v", labels)
		}
		texts = append(texts, labels[:n])
		labels, weights = labels[n:], weights[n:]
	}
	if len(texts) != trial.Pretrain.BatchSize {
		t.Fatalf("%d texts of %d images", len(texts), trial.Pretrain.BatchSize)
	}
	return texts
}
