package spec

import (
	"encoding/json"
	"strings"
	"testing"
)

// A spec that an earlier version wrote has the batch as images; it is the same trial under the same name.
func TestBatchOfOldSpecs(t *testing.T) {
	want, _ := Default(Smoke)
	data, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	old := strings.Replace(string(data), `"batch":4,"lr":0.001,"warmup":2`, `"images":4,"lr":0.001,"warmup":2`, 1)
	if old == string(data) {
		t.Fatalf("no batch of pretraining in %s", data)
	}
	var got Trial
	if err := json.Unmarshal([]byte(old), &got); err != nil {
		t.Fatal(err)
	}
	if got != want || got.ID() != want.ID() {
		t.Errorf("got %+v, want %+v", got.Pretrain, want.Pretrain)
	}
}

// Rows of different tasks and methods draw equally many samples, in steps as in epochs; sequences follow from what an image gives.
func TestPretraining(t *testing.T) {
	trial, _ := Default(Smoke)
	trial.Pretrain.Steps, trial.Pretrain.BatchSize = 10, 8
	captions := trial
	captions.Pretrain.Tasks = CAP
	regions, control := trial, trial
	regions.Method, control.Method = RegionalContrastive, Untrained
	for _, c := range []struct {
		name      string
		trial     Trial
		change    func(*Pretrain)
		samples   int64
		sequences int64
	}{
		{"four tasks", trial, func(*Pretrain) {}, 80, 320},
		{"captions", captions, func(*Pretrain) {}, 80, 80},
		{"regions", regions, func(*Pretrain) {}, 80, 80 * RegionsPerImage},
		{"untrained", control, func(*Pretrain) {}, 0, 0},
		{"four tasks, equal sequences", trial, func(p *Pretrain) { p.Equal = EqualSequences }, 80, 80},
		{"captions, equal sequences", captions, func(p *Pretrain) { p.Equal = EqualSequences }, 80, 80},
		{"four tasks, one an image", trial, func(p *Pretrain) { p.PerImage = PerImageOne }, 80, 80},
		{"captions, one an image", captions, func(p *Pretrain) { p.PerImage = PerImageOne }, 80, 80},
		{"two epochs", trial, func(p *Pretrain) { p.Steps, p.Epochs = 0, 2 }, 200, 800},
		{"captions, two epochs", captions, func(p *Pretrain) { p.Steps, p.Epochs = 0, 2 }, 200, 200},
		{"two epochs, one an image", trial, func(p *Pretrain) { p.Steps, p.Epochs, p.PerImage = 0, 2, PerImageOne }, 800, 800},
		{"captions, two epochs, equal sequences", captions, func(p *Pretrain) { p.Steps, p.Epochs, p.Equal = 0, 2, EqualSequences }, 800, 800},
	} {
		c.change(&c.trial.Pretrain)
		if samples, sequences := c.trial.Pretraining(100); samples != c.samples || sequences != c.sequences {
			t.Errorf("%s: %d samples and %d sequences, want %d and %d", c.name, samples, sequences, c.samples, c.sequences)
		}
	}
}
