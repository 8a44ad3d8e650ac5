package reports

import (
	"math"
	"testing"

	"harness/registry"
)

func TestAverage(t *testing.T) {
	var long, short []registry.Point
	for step := int64(1); step <= 600; step++ {
		long = append(long, registry.Point{Step: step, Value: float64(step)})
		if step <= 300 {
			short = append(short, registry.Point{Step: step, Value: float64(step) + 2})
		}
	}
	long[5].Value = math.NaN()
	line := average("row", [][]registry.Point{long, short})
	if line.N != 2 || len(line.Step) != maxBins {
		t.Fatalf("%d seeds, %d bins", line.N, len(line.Step))
	}
	for i, step := range line.Step {
		want, spread := step+1, math.Sqrt2
		if step > 300 { // one seed is left
			want, spread = step, math.NaN()
		}
		if i == 1 { // where a value is not a number
			continue
		}
		if math.Abs(line.Mean[i]-want) > 1e-9 || math.Abs(line.Std[i]-spread) > 1e-9 || math.IsNaN(line.Std[i]) != math.IsNaN(spread) {
			t.Errorf("at step %v: %v ± %v, want %v ± %v", step, line.Mean[i], line.Std[i], want, spread)
		}
	}
}
