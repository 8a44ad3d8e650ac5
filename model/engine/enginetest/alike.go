package enginetest

import (
	"testing"

	"harness/model/engine"
)

// alike: two programs have the same loss, gradients and results.
func alike(t *testing.T, s engine.Session, want, got engine.Program, in engine.Inputs, tolerance float64) {
	t.Helper()
	wantLoss, wantGrads, err := s.Gradients("want", want, in)
	if err != nil {
		t.Fatal(err)
	}
	loss, grads, err := s.Gradients("got", got, in)
	if err != nil {
		t.Fatal(err)
	}
	if apart(loss, wantLoss) > tolerance {
		t.Errorf("loss %v, not %v", loss, wantLoss)
	}
	for _, name := range sortedNames(wantGrads) {
		if d := distance(grads[name].F32, wantGrads[name].F32); d > tolerance {
			t.Errorf("gradient of %s is %.2g apart", name, d)
		}
	}
	wantResults, err := s.Run("want", want, in)
	if err != nil {
		t.Fatal(err)
	}
	results, err := s.Run("got", got, in)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range wantResults {
		if d := distance(results[i].F32, w.F32); d > tolerance {
			t.Errorf("result %d is %.2g apart", i, d)
		}
	}
}
