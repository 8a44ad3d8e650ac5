package journal

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"harness/internal/jsonfloat"
)

// TestRung: what a rule said is read as it was written, and tells at which step it stopped.
func TestRung(t *testing.T) {
	threshold := jsonfloat.Float(math.Inf(-1))
	rungs := []Rung{
		{Rule: "median", Metric: "acc", Goal: "maximize", Rung: 10, Step: 12, Value: 0.5, Threshold: &threshold, Compared: 7},
		{Rule: "asha", Metric: "loss", Goal: "minimize", Rung: 20, Step: 20, Value: jsonfloat.Float(math.Inf(1)), Compared: 3, Stop: true},
	}
	dir := attemptDir(t)
	w, err := Create(dir)
	must(t, err)
	must(t, w.Start(Start{Trial: "abc", Attempt: 1}))
	for _, r := range rungs {
		must(t, w.Rung(r))
	}
	must(t, w.Close())
	for i, e := range events(t, dir)[1:] {
		if d := cmp.Diff(rungs[i], *e.Rung); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
		step, stopped := StoppedAt(e.Rung.String())
		if stopped != e.Rung.Stop || stopped && step != e.Rung.Step {
			t.Errorf("%q: stopped %v, at %d", e.Rung, stopped, step)
		}
	}
	for _, text := range []string{"", "stopped", "stopped early", "stopped early at step : x", "stopped early at step 1e3: x"} {
		if step, ok := StoppedAt(text); ok {
			t.Errorf("%q: step %d", text, step)
		}
	}
}
