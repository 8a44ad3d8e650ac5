package engine

import (
	"math"
	"testing"
)

func TestMix32(t *testing.T) {
	// The finaliser's values, computed apart; they must never change, or old trials give other bits.
	for _, c := range []struct{ in, want uint32 }{{0, 0}, {1, 0x514e28b7}, {2, 0x30f4c306}, {0xffffffff, 0x81f16f39}} {
		if got := Mix32(c.in); got != c.want {
			t.Errorf("Mix32(%d) = %#x, want %#x", c.in, got, c.want)
		}
	}
}

// TestKeepRate checks that calls, seeds and neighbouring elements are independent draws of the rate asked for.
func TestKeepRate(t *testing.T) {
	const n = 1 << 16
	for _, rate := range []float64{0, 0.1, 0.5, 0.9} {
		for seed := uint32(0); seed < 3; seed++ {
			for call := uint32(0); call < 3; call++ {
				kept, same, sameSeed := 0, 0, 0
				for i := uint32(0); i < n; i++ {
					k := Keep(seed, call, i, rate)
					if k {
						kept++
					}
					if k == Keep(seed, call+1, i, rate) {
						same++
					}
					if k == Keep(seed+1, call, i, rate) {
						sameSeed++
					}
				}
				within(t, "kept", float64(kept)/n, 1-rate, n)
				within(t, "equal in the next call", float64(same)/n, rate*rate+(1-rate)*(1-rate), n)
				within(t, "equal for the next seed", float64(sameSeed)/n, rate*rate+(1-rate)*(1-rate), n)
			}
		}
	}
}

// within fails when a share of n draws is more than five standard errors from p.
func within(t *testing.T, what string, got, p float64, n int) {
	t.Helper()
	if limit := 5 * math.Sqrt(p*(1-p)/float64(n)); math.Abs(got-p) > limit {
		t.Errorf("%s: %.4f, want %.4f ± %.4f", what, got, p, limit)
	}
}
