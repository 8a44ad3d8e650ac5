package model

import (
	"math"
	"strings"
	"testing"
)

// A whole trial on GoMLX's Go backend records what the native engine does: training of all stages, encoding, generation
// with a cache, controls. Losses agree up to rounding; scores of generated text may not, since rounding decides ties.
func TestTrialOnBothEngines(t *testing.T) {
	got, want := runOnBoth(t, smokeTrial(t))
	if len(got) != len(want) {
		t.Fatalf("%d points, native %d", len(got), len(want))
	}
	compared := 0
	for i, w := range want {
		g := got[i]
		loss := strings.HasSuffix(w.Metric, "loss")
		if g.Metric != w.Metric || g.Step != w.Step || loss && math.Abs(g.Value-w.Value) > 1e-4*math.Abs(w.Value) {
			t.Errorf("%s at %d: %v, native %s at %d: %v", g.Metric, g.Step, g.Value, w.Metric, w.Step, w.Value)
		}
		if loss {
			compared++
		}
	}
	if compared == 0 {
		t.Error("no loss was compared")
	}
}
