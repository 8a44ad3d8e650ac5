package spec

import "testing"

func TestRecords(t *testing.T) {
	own, _ := Default(Nano)
	control, pretrained, captions := own, own, own
	control.Method, pretrained.Until, captions.Pretrain.Tasks = Untrained, UntilRegions, CAP
	for _, c := range []struct {
		trial  Trial
		metric string
		want   bool
	}{
		{own, "caref/acc50", true}, {own, "diffvqa/bleu4", true}, {own, "controls/question-only/diffvqa/f1", true}, {own, "mine", true},
		{control, "caref/acc50", false}, {control, "gcap/cider", false}, {control, "diffvqa/f1", true}, {control, "probe/auc", true},
		{control, "pretrain/loss", false}, {control, "controls/mean-box/caref/acc50", false},
		{pretrained, "diffvqa/f1", false}, {pretrained, "gcap/bleu4", true}, {pretrained, "controls/most-frequent/diffvqa/f1", false},
		{captions, "caref/acc50", false}, {captions, "gcap/cider", false}, {captions, "probe/auc", true},
	} {
		if got := c.trial.Records(c.metric); got != c.want {
			t.Errorf("%s until %q, %s: %v", c.trial.Method, c.trial.Until, c.metric, got)
		}
	}
}
