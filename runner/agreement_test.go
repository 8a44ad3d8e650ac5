package runner

import (
	"math"
	"testing"
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
