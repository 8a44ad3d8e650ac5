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
	// Operations are printed as TFLOP, images as whole numbers: neither has digits that mean nothing.
	for name, want := range map[string]Metric{"diffvqa/flops": {Digits: 2, Scale: 1e-12}, "diffvqa/images": {Scale: 1}, "diffvqa/loss": {Digits: 3, Scale: 1}} {
		if m, ok := LookupRecorded(name); !ok || m.Digits != want.Digits || m.Scale != want.Scale {
			t.Errorf("%s: %d digits, scale %g", name, m.Digits, m.Scale)
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
