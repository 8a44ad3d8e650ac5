package probe

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func random(rows, features int) [][]float32 {
	r := rand.New(rand.NewPCG(1, 2))
	x := make([][]float32, rows)
	for i := range x {
		x[i] = make([]float32, features)
		for f := range x[i] {
			x[i][f] = float32(r.NormFloat64())
		}
	}
	return x
}

func labels(rows, targets int) [][]bool {
	r := rand.New(rand.NewPCG(3, 4))
	y := make([][]bool, targets)
	for k := range y {
		y[k] = make([]bool, rows)
		for i := range y[k] {
			y[k][i] = r.IntN(3) == 0
		}
	}
	return y
}

// All tokens of the presets nano (49 tokens of 64 numbers) and small (196 of 96), as a trial reads them.
func BenchmarkRidge(b *testing.B) {
	for _, features := range []int{64, 49 * 64, 196 * 96} {
		b.Run(fmt.Sprint(features), func(b *testing.B) {
			x, y, others := random(2500, features), labels(2500, 6), random(900, features)
			b.ResetTimer()
			for range b.N {
				r, err := FitRidge(x, y, 1)
				if err != nil {
					b.Fatal(err)
				}
				for _, row := range others {
					r.Scores(row)
				}
				one := r.At(0)
				for _, row := range others {
					one.Scores(row)
				}
			}
		})
	}
}
