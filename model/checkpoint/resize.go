package checkpoint

import "math"

// cubicSharpness is the a of the cubic convolution kernel (Keys 1981), as PyTorch and OpenCV have it.
const cubicSharpness = -0.75

// ResizeGrid resamples a table of positions, from² rows of width values, to another grid of to² rows. It computes what SigLIP's
// interpolate_pos_encoding in transformers does: torch's interpolate with mode="bicubic", align_corners=False and no antialias.
func ResizeGrid(table []float32, from, to, width int) []float32 {
	taps := cubicTaps(from, to)
	rows := make([]float32, from*to*width) // [from, to, width]: resized along x
	for y := range from {
		for x, tap := range taps {
			cell := rows[(y*to+x)*width:][:width]
			for k, at := range tap.at {
				addScaled(cell, table[(y*from+at)*width:][:width], tap.share[k])
			}
		}
	}
	out := make([]float32, to*to*width)
	for y, tap := range taps {
		line := out[y*to*width:][:to*width]
		for k, at := range tap.at {
			addScaled(line, rows[at*to*width:][:to*width], tap.share[k])
		}
	}
	return out
}

// tap is what one cell of the new grid takes along one side of the old one.
type tap struct {
	at    [4]int
	share [4]float32
}

// cubicTaps are the taps of each of to cells over from cells. Beyond the border the outermost cell is repeated.
func cubicTaps(from, to int) []tap {
	taps := make([]tap, to)
	for i := range taps {
		at := (float64(i)+0.5)*float64(from)/float64(to) - 0.5 // cells of both grids cover the same square
		low := math.Floor(at)
		for k := range 4 {
			place := int(low) + k - 1
			taps[i].at[k] = min(max(place, 0), from-1)
			taps[i].share[k] = float32(cubic(math.Abs(at - float64(place))))
		}
	}
	return taps
}

// cubic is the kernel at a distance 0 … 2.
func cubic(x float64) float64 {
	const a = cubicSharpness
	if x <= 1 {
		return ((a+2)*x-(a+3))*x*x + 1
	}
	return ((a*x-5*a)*x+8*a)*x - 4*a
}

func addScaled(sum, x []float32, share float32) {
	for i := range sum {
		sum[i] += share * x[i]
	}
}
