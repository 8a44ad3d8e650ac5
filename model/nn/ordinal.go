package nn

import "math"

// mixOrdinal replaces most of a token's random row by waves of v/448: slow waves are strong, fast ones weak, so that
// near numbers have near rows and far ones do not. A third of the random row stays, which keeps the forms of a number
// with and without a space different.
func mixOrdinal(row []float32, v int, std float64) {
	half := len(row) / 2
	var power float64
	for k := range half {
		power += amplitude(k) * amplitude(k) / 2
	}
	scale := std / math.Sqrt(power/float64(half)) // the row's spread stays std
	x := math.Pi * float64(v) / 448
	for k := range half {
		a := scale * amplitude(k)
		row[2*k] = row[2*k]/3 + float32(a*math.Cos(float64(k+1)*x))
		row[2*k+1] = row[2*k+1]/3 + float32(a*math.Sin(float64(k+1)*x))
	}
}

func amplitude(k int) float64 { return 1 / (1 + float64(k)/4) }
