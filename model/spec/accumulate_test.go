package spec

import "testing"

// Parts must be equal, and losses that compare a whole batch have none; one part is no setting.
func TestAccumulateRefusals(t *testing.T) {
	for _, c := range []struct {
		method            Method
		pretrain, diffvqa int
		want              string
	}{
		{LocationAware, 2, 4, ""},
		{LocationAware, 3, 0, "pretrain.accumulate: pretrain.batch 4 cannot be divided into 3 equal parts"},
		{LocationAware, -1, 0, "pretrain.accumulate: -1: want at least 1"},
		{CapPa, 0, 3, "diffvqa.accumulate: diffvqa.batch 4 cannot be divided into 3 equal parts"},
		{Untrained, 3, 2, ""},
		{GlobalContrastive, 2, 0, "pretrain.accumulate: method global-contrastive compares all of a batch with all of it, which has no parts: set pretrain.chunk, which embeds it in parts"},
		{RegionalContrastive, 2, 0, "pretrain.accumulate: method regional-contrastive compares all of a batch with all of it, which has no parts: set pretrain.chunk, which embeds it in parts"},
		{ReAL, 2, 0, "pretrain.accumulate: method real compares all of a batch with all of it, which has no parts: set pretrain.chunk, which embeds it in parts"},
		{BLIP2, 2, 0, "pretrain.accumulate: method blip2 compares all of a batch with all of it, which has no parts: set pretrain.batch"},
		{BLIP2, 1, 2, ""},
	} {
		trial := presetTrial(t, Smoke, c.method)
		id := trial.ID()
		trial.Pretrain.Accumulate, trial.DiffVQA.Accumulate = c.pretrain, c.diffvqa
		got := ""
		if err := trial.Validate(); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s, %d and %d parts: %q, want %q", c.method, c.pretrain, c.diffvqa, got, c.want)
		}
		if trial.Pretrain.Accumulate, trial.DiffVQA.Accumulate = 1, 1; trial.ID() != id {
			t.Errorf("%s: one part renames the trial", c.method)
		}
		if trial.DiffVQA.Accumulate = 2; trial.ID() == id {
			t.Errorf("%s: two parts do not rename it", c.method)
		}
	}
}
