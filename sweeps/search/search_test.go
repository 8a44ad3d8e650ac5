package search

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var names = []string{"lr", "depth", "dropout", "width", "optimizer"}

func draw(t *testing.T, m Method, seed uint64, names []string, n int) [][]float64 {
	t.Helper()
	s, err := New(m, seed, names, n)
	if err != nil {
		t.Fatal(err)
	}
	var points [][]float64
	for range n {
		points = append(points, s.Next())
	}
	return points
}

func column(points [][]float64, i int) []float64 {
	values := make([]float64, len(points))
	for j, p := range points {
		values[j] = p[i]
	}
	return values
}

// What a seed means stays: another version of this package must not plan other settings.
func TestPointsOfASeedStay(t *testing.T) {
	for m, want := range map[Method][]float64{Random: {0.5703986932793957, 0.36076540429625614},
		LatinHypercube: {0.22679806878711847, 0.6761215645170333}, Sobol: {0.657192274928093, 0.06351560354232788}} {
		if diff := cmp.Diff(want, draw(t, m, 7, names[:2], 4)[3]); diff != "" {
			t.Errorf("%s: %s", m, diff)
		}
	}
}

func TestMorePointsBeginWithTheSame(t *testing.T) {
	for _, m := range []Method{Random, Sobol} {
		few, many := draw(t, m, 3, names, 10), draw(t, m, 3, names, 40)
		if diff := cmp.Diff(few, many[:10]); diff != "" {
			t.Errorf("%s: %s", m, diff)
		}
		if cmp.Equal(few, draw(t, m, 4, names, 10)) {
			t.Errorf("%s: two seeds give the same points", m)
		}
	}
}

// Another parameter leaves the random draws of the others as they are.
func TestRandomDrawsBelongToTheName(t *testing.T) {
	alone, among := draw(t, Random, 3, []string{"lr"}, 20), draw(t, Random, 3, []string{"a", "lr", "b"}, 20)
	if diff := cmp.Diff(column(alone, 0), column(among, 1)); diff != "" {
		t.Error(diff)
	}
}

// Pearson's chi-squared over 16 parts: the bound is its .999 quantile at 15 degrees of freedom, for 5 coordinates.
func TestRandomIsUniform(t *testing.T) {
	points := draw(t, Random, 1, names, 8192)
	for i, name := range names {
		counts := [16]float64{}
		for _, u := range column(points, i) {
			if u < 0 || u >= 1 {
				t.Fatalf("%s: %v", name, u)
			}
			counts[int(u*16)]++
		}
		chi := 0.0
		for _, n := range counts {
			chi += (n - 512) * (n - 512) / 512
		}
		if chi > 37.7 {
			t.Errorf("%s: chi-squared %v", name, chi)
		}
	}
	for i := range names { // neighbours are not correlated: the bound is 5 standard errors
		a, b := column(points, i), column(points, (i+1)%len(names))
		sum := 0.0
		for j := range a {
			sum += (a[j] - 0.5) * (b[j] - 0.5) * 12
		}
		if r := sum / float64(len(a)); math.Abs(r) > 5/math.Sqrt(float64(len(a))) {
			t.Errorf("%s and the next: correlation %v", names[i], r)
		}
	}
}

// Each of n equal parts of every coordinate has one point.
func TestLatinHypercubeFillsEveryPart(t *testing.T) {
	const n = 33
	points := draw(t, LatinHypercube, 5, names, n)
	for i, name := range names {
		var parts []int
		for _, u := range column(points, i) {
			parts = append(parts, int(u*n))
		}
		if slices.IsSorted(parts) {
			t.Errorf("%s is in order", name)
		}
		slices.Sort(parts)
		for part, got := range parts {
			if got != part {
				t.Fatalf("%s: parts %v", name, parts)
			}
		}
	}
	s, err := New(LatinHypercube, 5, names, 1)
	if err != nil {
		t.Fatal(err)
	}
	if s.Next() == nil || s.Next() != nil {
		t.Error("a Latin hypercube of one point has not one point")
	}
}

// Every first 2^k points have one in each of 2^k equal parts of every coordinate, whatever the shift.
func TestSobolIsBalanced(t *testing.T) {
	many := make([]string, MaxSobol)
	for i := range many {
		many[i] = string(rune('a' + i))
	}
	for _, seed := range []uint64{0, 1, 99} {
		points := draw(t, Sobol, seed, many, 256)
		for k := 1; k <= 256; k *= 2 {
			for i := range many {
				seen := make([]bool, k)
				for _, p := range points[:k] {
					part := int(p[i] * float64(k))
					if seen[part] {
						t.Fatalf("seed %d, coordinate %d: two of %d points in part %d", seed, i, k, part)
					}
					seen[part] = true
				}
			}
		}
	}
	if _, err := New(Sobol, 0, append(many, "more"), 1); err == nil {
		t.Error("more parameters than direction numbers are not refused")
	}
}

// Without the shift it is scipy's sequence.
func TestSobolAgreesWithScipy(t *testing.T) {
	var golden struct{ Points [][]uint32 }
	readGolden(t, "sobol_golden.json", &golden)
	if len(golden.Points) != 64 || len(golden.Points[0]) != MaxSobol {
		t.Fatalf("%d points", len(golden.Points))
	}
	for i := range MaxSobol {
		v, state := direction(i), uint32(0)
		for n, point := range golden.Points {
			if n > 0 {
				digit := 0
				for n>>digit&1 == 0 {
					digit++
				}
				state ^= v[digit]
			}
			if state != point[i] {
				t.Fatalf("dimension %d, point %d: %d, scipy %d", i, n, state, point[i])
			}
		}
	}
}

func readGolden(t *testing.T, name string, into any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, into); err != nil {
		t.Fatal(err)
	}
}

func TestUnknownMethod(t *testing.T) {
	if _, err := New("bayes", 0, names, 3); err == nil {
		t.Error("not refused")
	}
	if _, err := New(LatinHypercube, 0, names, 0); err == nil {
		t.Error("no points are not refused")
	}
}
