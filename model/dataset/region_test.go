package dataset

import (
	"math"
	"slices"
	"testing"

	"harness/metrics"
)

func TestRegionNames(t *testing.T) {
	sorted := slices.Sorted(slices.Values(RegionNames))
	if len(slices.Compact(sorted)) != 29 {
		t.Errorf("%d regions, want 29 different ones", len(RegionNames))
	}
}

func TestQuantise(t *testing.T) {
	for _, c := range []struct {
		box  metrics.Box
		w, h int
		want [4]int
		ok   bool
	}{
		{metrics.Box{0, 0, 448, 448}, 448, 448, [4]int{0, 0, 447, 447}, true},
		{metrics.Box{395, 532, 1255, 1268}, 2544, 3056, [4]int{70, 78, 221, 186}, true},
		{metrics.Box{0.5, 1.5, 2.5, 3.5}, 448, 448, [4]int{1, 2, 3, 4}, true}, // halves away from zero
		{metrics.Box{10, 10, 10.4, 20}, 448, 448, [4]int{10, 10, 10, 20}, false},
		{metrics.Box{447.6, 0, 448, 20}, 448, 448, [4]int{447, 0, 447, 20}, false},
		{metrics.Box{-5, -5, 500, 20}, 448, 448, [4]int{0, 0, 447, 20}, true},
		{metrics.Box{math.NaN(), 0, 5, 5}, 448, 448, [4]int{}, false},
	} {
		if got, ok := Quantise(c.box, c.w, c.h); got != c.want || ok != c.ok {
			t.Errorf("Quantise(%v, %d, %d) = %v, %v; want %v, %v", c.box, c.w, c.h, got, ok, c.want, c.ok)
		}
	}
}

// FuzzQuantise checks that a quantised box comes back within half a bin, and is a fixed point.
func FuzzQuantise(f *testing.F) {
	f.Add(395.0, 532.0, 1255.0, 1268.0, 2544, 3056)
	f.Fuzz(func(t *testing.T, x1, y1, x2, y2 float64, w, h int) {
		if w < 1 || h < 1 || w > 1<<16 || h > 1<<16 {
			return
		}
		box, ok := clampBox(metrics.Box{x1, y1, x2, y2}, w, h)
		if !ok {
			return
		}
		q, ok := Quantise(box, w, h)
		if !ok {
			return
		}
		back := Dequantise(q, w, h)
		for i, side := range []int{w, h, w, h} {
			if d := math.Abs(back[i]-box[i]) * Bins / float64(side); d > 1+1e-9 {
				t.Fatalf("%v -> %v -> %v: coordinate %d is %.3f bins off", box, q, back, i, d)
			}
		}
		if again, ok := Quantise(back, w, h); !ok || again != q {
			t.Fatalf("%v quantised again is %v", q, again)
		}
	})
}
