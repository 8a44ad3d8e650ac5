package probe

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

// One feature and one target have a closed form: x standardised has the square sum n, so that the slope is xᵀy / (n + penalty·n).
func TestRidgeClosedForm(t *testing.T) {
	x, present := [][]float32{{1}, {3}, {1}, {3}}, []bool{false, true, true, true}
	r, err := FitRidge(x, [][]bool{present}, 1)
	if err != nil {
		t.Fatal(err)
	}
	// centre 2, deviation 1; xᵀy = 3/4 + 1/4 - 1/4 + 1/4 = 1; n = 4
	for k, penalty := range Penalties {
		if got, want := r.At(k).Scores([]float32{4})[0], 2*1/(4+penalty*4); math.Abs(got-want) > 1e-14 {
			t.Errorf("penalty %v: got %v, want %v", penalty, got, want)
		}
	}
}

// Both forms solve the same problem: where rows and features are as many, the penalty is the same number, too.
func TestPrimalIsDual(t *testing.T) {
	for _, n := range []int{5, 64, 131} {
		x, y := random(n, n), labels(n, 3)
		d := newDesign(x)
		targets := centred(y, n)
		penalty := 0.1 * float64(n)
		primal := ridgeOf(t, d, d.transposedTimes(1, targets, 3), penalty, false)
		dual := d.transposedTimes(1, ridgeOf(t, d, targets, penalty, true), 3)
		close(t, "primal and dual", dual, primal, 1e-10)
	}
}

// ridgeOf solves (G + penalty I) b = y with the Gram matrix of one form.
func ridgeOf(t *testing.T, d *design, y []float64, penalty float64, dual bool) []float64 {
	t.Helper()
	a, _ := d.gram(1, dual)
	size := len(y) / 3
	n := padded(size)
	for i := range n {
		a[i*n+i] += penalty
	}
	b := make([]float64, n*panel)
	for i := range size {
		copy(b[i*panel:], y[i*3:][:3])
	}
	if !solve(1, a, n, b, panel) {
		t.Fatal("not positive definite")
	}
	var rows []float64
	for i := range size {
		rows = append(rows, b[i*panel:][:3]...)
	}
	return rows
}

func close(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	largest, off := 0.0, 0.0
	for i := range want {
		largest, off = max(largest, math.Abs(want[i])), max(off, math.Abs(got[i]-want[i]))
	}
	if !(off <= tolerance*largest) || largest == 0 {
		t.Errorf("%s: differ by %.2g of %.2g", what, off, largest)
	}
}

// The golden file was written by testdata/record_ridge.py: rows fewer and more than features, so that both forms are held.
func TestRidgeAgainstNumpy(t *testing.T) {
	var golden struct {
		Numpy string
		Cases []struct {
			X, Others [][]float32
			Present   [][]bool
			Scores    [][][]float64 // [penalty][row][target]
		}
	}
	data, err := os.ReadFile("testdata/ridge.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &golden); err != nil || len(golden.Cases) != 3 {
		t.Fatalf("%d cases: %v", len(golden.Cases), err)
	}
	for _, c := range golden.Cases {
		r, err := FitRidge(c.X, c.Present, 1)
		if err != nil {
			t.Fatal(err)
		}
		for k := range Penalties {
			one := r.At(k)
			var got []float64
			for _, row := range c.Others {
				got = append(got, one.Scores(row)...)
			}
			close(t, "scores", got, slices.Concat(c.Scores[k]...), 1e-9)
		}
	}
}

// No bit depends on the number of threads.
func TestRidgeThreads(t *testing.T) {
	for _, shape := range [][2]int{{300, 500}, {500, 300}} {
		x, y := random(shape[0], shape[1]), labels(shape[0], 4)
		one, err := FitRidge(x, y, 1)
		if err != nil {
			t.Fatal(err)
		}
		three, err := FitRidge(x, y, 3)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(one.weights, three.weights) || !slices.Equal(one.bias, three.bias) {
			t.Errorf("%v: three threads give other weights", shape)
		}
	}
}

func TestRidgeOfOddFeatures(t *testing.T) {
	nan := float32(math.NaN())
	if _, err := FitRidge([][]float32{{1, nan}, {2, 0}, {3, 1}}, [][]bool{{true, false, true}}, 1); err == nil {
		t.Error("features that are not numbers were accepted")
	}
	if _, err := FitPooled([][]float64{{1, math.NaN()}, {2, 0}, {3, 1}}, [][]bool{{true, false, true}}); err == nil {
		t.Error("pooled features that are not numbers were accepted")
	}
	still, err := FitRidge([][]float32{{1, 1}, {1, 1}, {1, 1}}, [][]bool{{true, false, true}}, 1)
	if err != nil || still.Scores([]float32{1, 1})[0] != 0 || still.Scores([]float32{9, 3})[0] != 0 {
		t.Errorf("features that are all the same: %v", err)
	}
	pooled, err := FitPooled([][]float64{{1, 1}, {1, 1}, {1, 1}}, [][]bool{{true, false, true}})
	if err != nil || pooled.Scores([][]float64{{9, 3}})[0][0][0] != 0 {
		t.Errorf("pooled features that are all the same: %v", err)
	}
	r, err := FitRidge([][]float32{{1, 0.1}, {2, 0.1}, {3, 0.1}}, [][]bool{{true, false, true}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := r.Scores([]float32{1, 0.1}), r.Scores([]float32{1, 9}); !slices.Equal(a, b) {
		t.Error("a feature that was constant in training has a weight")
	}
}

// A finding that is a direction of the features is read almost perfectly, one that is not is not, by either ridge.
func TestRidgeReadsADirection(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	draw := func(n int) (x [][]float32, pooled [][]float64, present [][]bool) {
		present = make([][]bool, 2)
		for range n {
			row, wide := make([]float32, 20), make([]float64, 20)
			for c := range row {
				row[c] = float32(rng.NormFloat64())
				wide[c] = float64(row[c])
			}
			x, pooled = append(x, row), append(pooled, wide)
			present[0], present[1] = append(present[0], row[3]-2*row[7] > 0.3), append(present[1], rng.IntN(3) == 0)
		}
		return x, pooled, present
	}
	x, wide, present := draw(400)
	others, wideOthers, truth := draw(200)
	all, err := FitRidge(x, present, 1)
	if err != nil {
		t.Fatal(err)
	}
	pooled, err := FitPooled(wide, present)
	if err != nil {
		t.Fatal(err)
	}
	for k := range Penalties {
		scores := make([][]float64, 2)
		for _, row := range others {
			for j, v := range all.At(k).Scores(row) {
				scores[j] = append(scores[j], v)
			}
		}
		close(t, "both ridges", slices.Concat(scores...), slices.Concat(pooled.Scores(wideOthers)[k]...), 1e-9)
		if auc := AUC(scores[0], truth[0]); auc < 0.98 {
			t.Errorf("a direction is read with AUC %v", auc)
		}
		if auc := AUC(scores[1], truth[1]); auc < 0.35 || auc > 0.65 {
			t.Errorf("chance is read with AUC %v", auc)
		}
	}
}
