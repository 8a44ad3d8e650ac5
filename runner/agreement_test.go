package runner

import (
	"math"
	"strings"
	"testing"

	"harness/registry"
)

func TestAgree(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, c := range []struct {
		a, b, tolerance float64
		want            bool
	}{
		{1, 1, 0, true}, {1, math.Nextafter(1, 2), 0, false}, {0, math.Copysign(0, -1), 0, false}, {nan, nan, 0, true},
		{nan, 1, 1, false}, {inf, inf, 0, true}, {inf, -inf, 1, false}, {inf, 1, 1, false}, {0.5, 0.51, 0.02, true},
		{100, 101, 0.02, true}, {100, 103, 0.02, false},
	} {
		if got := agree(c.a, c.b, c.tolerance); got != c.want {
			t.Errorf("agree(%v, %v, %v) = %v", c.a, c.b, c.tolerance, got)
		}
	}
}

// A number that only one of the two has does not agree, unless the rerun alone has it and earlier versions did not record it.
func TestCompareNumbersOfOneSide(t *testing.T) {
	original := map[string]registry.Summary{"acc": {Last: 1}, "gone": {Last: 2}, "gone/flops": {Last: 3}}
	again := map[string]float64{"acc": 1, "new": 4, "pretrain/flops": 5}
	want := map[string][2]bool{"acc": {true, false}, "gone": {}, "gone/flops": {}, "new": {}, "pretrain/flops": {true, true}}
	list := compare(original, again, 0, func(name string) bool { return strings.HasSuffix(name, "/flops") })
	if len(list) != len(want) {
		t.Errorf("%d numbers, want %d", len(list), len(want))
	}
	for _, a := range list {
		if got := [2]bool{a.Agree, a.Later}; got != want[a.Metric] {
			t.Errorf("%s: agree and later %v, want %v", a.Metric, got, want[a.Metric])
		}
	}
	for _, a := range compare(original, again, 0, nil) {
		if a.Agree != (a.Metric == "acc") {
			t.Errorf("%s: agrees: %v, where nothing is known to be later", a.Metric, a.Agree)
		}
	}
}
