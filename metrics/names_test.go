package metrics

import "testing"

func TestIsRecorded(t *testing.T) {
	for name, want := range map[string]bool{
		"diffvqa/bleu4": true, "caref/acc50/left lung": true, "controls/mean-box/caref/acc50": true, "pretrain/lr": true,
		"question-only/grad_norm": true, "diffvqa/blue4": false, "acc": false, "controls/mean-box": false, "probe/lr": false, "": false,
	} {
		if got := IsRecorded(name); got != want {
			t.Errorf("IsRecorded(%q) = %v", name, got)
		}
	}
}

func TestIsEffort(t *testing.T) {
	for name, want := range map[string]bool{
		"pretrain/flops": true, "diffvqa/images": true, "question-only/sequences": true,
		"flops": false, "/flops": false, "pretrain/loss": false, "caref/acc50/images": false, "controls/x/diffvqa/images": false,
	} {
		if got := IsEffort(name); got != want {
			t.Errorf("IsEffort(%q) = %v", name, got)
		}
	}
	for _, m := range Recorded() {
		if IsEffort(m.Name) && m.Goal != NoGoal {
			t.Errorf("%s has a goal", m.Name)
		}
	}
}

func TestSplitRecorded(t *testing.T) {
	for name, want := range map[string]bool{
		"diffvqa/f1": true, "caref/acc75": true, "mine/bleu4": true, "probe/f1": false, "probe/tokens/f1": false, "probe/auc": false, "caref/parsed": false,
	} {
		if _, _, got := SplitRecorded(name); got != want {
			t.Errorf("SplitRecorded(%q): %v", name, got)
		}
	}
}
