package collect

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
)

// logged is what testdata/trackers/write.py logs with lr 0.1 and seed 1: steps 0 … 6 of a loss and an accuracy.
func logged(step int) (loss, acc float64) {
	const lr, seed = 0.1, 1.0
	switch step {
	case 5:
		return math.NaN(), math.Inf(1)
	case 6:
		return 0.25 + lr, 0.5 + lr + seed/128
	}
	loss = 1/(1+lr*float64(step)) + seed/64
	return loss, 1 - loss/2
}

// TestRecorded reads what the real code of each tool has written.
func TestRecorded(t *testing.T) {
	for _, test := range []struct {
		folder, loss, acc string
		every             int // steps of the accuracy
		float32           bool
		more              string // other points
	}{
		{"tensorboard", "train/loss", "val/acc", 1, true, "[]"},
		{"tensorboard2", "train/loss", "val/acc", 1, true, "[]"},
		{"tensorboardx", "train/loss", "val/acc", 1, true, "[{final/acc 0 0.6000000238418579}]"},
		{"lightning", "train/loss", "val/acc", 2, false, "[]"},
		{"trainer", "loss", "eval_acc", 1, false, "[]"},
		{"wandb", "train.loss", "val.acc", 1, false, "[{best 6 0.6}]"},
	} {
		w := Watch(Options{Roots: []Root{{filepath.Join("..", "..", "testdata", "trackers", test.folder), test.folder}}})
		w.before = map[string]stamp{}
		r := w.Poll(true)
		if len(r.Said) > 0 {
			t.Errorf("%s: %q", test.folder, r.Said)
		}
		curves := map[string]map[int64]float64{test.loss: {}, test.acc: {}}
		more := []Point{}
		for _, p := range r.Points {
			if curve := curves[p.Metric]; curve != nil {
				curve[p.Step] = p.Value
			} else if p.Metric != "train.nested" {
				more = append(more, p)
			}
		}
		if fmt.Sprint(more) != test.more {
			t.Errorf("%s: %v, want %s", test.folder, more, test.more)
		}
		if n, m := len(curves[test.loss]), len(curves[test.acc]); n != 7 || m != (6/test.every)+1 {
			t.Errorf("%s: %d losses, %d accuracies", test.folder, n, m)
		}
		for step := range 7 {
			loss, acc := logged(step)
			for metric, want := range map[string]float64{test.loss: loss, test.acc: acc} {
				got, there := curves[metric][int64(step)]
				if test.float32 {
					want = float64(float32(want))
				}
				if there && !same(got, want) {
					t.Errorf("%s: %s at step %d is %v, want %v", test.folder, metric, step, got, want)
				}
			}
		}
	}
}
