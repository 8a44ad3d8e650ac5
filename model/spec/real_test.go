package spec

import "testing"

// ReAL's encoder is the global-contrastive method's; its difference VQA is its own.
func TestStagesOfReAL(t *testing.T) {
	for _, p := range Presets {
		real, contrastive := presetTrial(t, p, ReAL), presetTrial(t, p, GlobalContrastive)
		if a, b := real.StageID(StagePretrain), contrastive.StageID(StagePretrain); a != b {
			t.Errorf("%s: encoders %s and %s", p, a, b)
		}
		if real.StageID(StageDiffVQA) == contrastive.StageID(StageDiffVQA) || real.ID() == contrastive.ID() {
			t.Errorf("%s: ReAL has the names of the global-contrastive method", p)
		}
	}
}
